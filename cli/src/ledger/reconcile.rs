//! Finds the extractions of unknown submits: by the marks in their names, in what the queue lists
//! and nobody has claimed.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use typless::drive::Clock;
use typless::machine::{Drain, DrainError, DrainEventKind, DrainOptions, RetryPolicy};
use typless::wire::{Extraction, ExtractionId};
use typless_ledger::{EntryKey, Ledger, LedgerError, Reconciled};
use typless_transports::SystemClock;
use typless_transports::blocking::Driver;

use crate::arguments::LimitArguments;
use crate::output::eprint_message;
use crate::service::{Connection, MAX_ATTEMPTS};
use crate::summary::pluralize;

/// What was found, by the entry.
pub(crate) type Found = BTreeMap<EntryKey, (ExtractionId, Extraction)>;

/// Fetches what the queue lists and nobody has claimed, if there are unknown submits. What has the
/// mark of one is its extraction.
pub(crate) fn reconcile(
    connection: &Connection,
    ledger: &Ledger,
    limits: &LimitArguments,
) -> Found {
    match has_unknown(ledger) {
        Ok(false) => return Found::new(),
        Ok(true) => {}
        Err(error) => {
            eprint_message(&error.to_string());
            return Found::new();
        }
    }
    let clock = SystemClock::new();
    let in_flight = limits.max_in_flight.into();
    let options = DrainOptions::new()
        .with_seed(RandomState::new().hash_one(0))
        .with_max_in_flight(in_flight)
        .with_rate(limits.rate, 1)
        .with_retry_policy(RetryPolicy::new().with_attempts(MAX_ATTEMPTS));
    let mut drain = Drain::new(&connection.api, options, clock.now());
    match ledger.begun_fetches() {
        Ok(begun) => begun.iter().for_each(|id| drain.retry(id, clock.now())),
        Err(error) => eprint_message(&error.to_string()),
    }
    let mut driver =
        Driver::new(drain, connection.transport.clone(), clock).with_threads(in_flight);
    let mut pass = Pass {
        ledger,
        clock,
        found: Found::new(),
        failed: 0,
    };
    // It never needs input: it drains the queue once.
    while let Ok(Some(event)) = driver.next_event() {
        if let Err(error) = pass.take(event.kind, driver.machine_mut()) {
            eprint_message(&format!("{error}: what is unknown stays unknown"));
            break;
        }
    }
    pass.print();
    pass.found
}

fn has_unknown(ledger: &Ledger) -> Result<bool, LedgerError> {
    for entry in ledger.entries() {
        match entry {
            Ok(entry) if entry.is_unknown() => return Ok(true),
            Ok(_) | Err(LedgerError::DamagedEntry(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// One pass over the queue.
struct Pass<'l> {
    ledger: &'l Ledger,
    clock: SystemClock,
    found: Found,
    /// Extractions that failed: they name no document.
    failed: u64,
}

impl Pass<'_> {
    fn take(&mut self, kind: DrainEventKind, drain: &mut Drain) -> Result<(), LedgerError> {
        match kind {
            DrainEventKind::FetchDue { extraction_id, .. } => {
                if self.ledger.is_unclaimed(&extraction_id)? {
                    // The service may list it no more once it was read.
                    self.ledger.begin_fetch(&extraction_id, self.clock.now())?;
                } else {
                    drain.acknowledge(&extraction_id);
                }
            }
            DrainEventKind::Extracted {
                extraction_id,
                extraction,
                ..
            } => {
                drain.acknowledge(&extraction_id);
                let now = self.clock.now();
                match extraction {
                    Ok(extraction) => {
                        let reconciled = self.ledger.reconcile(&extraction_id, &extraction, now)?;
                        if let Reconciled::Adopted(key) = reconciled {
                            self.found.insert(key, (extraction_id, extraction));
                        }
                    }
                    // Without a result it names no document.
                    Err(error) => {
                        self.failed += u64::from(matches!(error, DrainError::Failed { .. }));
                        self.ledger.note_foreign(&extraction_id, now)?;
                    }
                }
            }
            DrainEventKind::Paused(_) => drain.close(),
            DrainEventKind::ListingFailed { cause, .. } => {
                eprint_message(&format!(
                    "the queue can't be listed: {cause}: what is unknown stays unknown"
                ));
                drain.close();
            }
            _ => {}
        }
        Ok(())
    }

    fn print(&self) {
        if !self.found.is_empty() {
            let found = self.found.len() as u64;
            eprint_message(&format!(
                "{} whose submit was unknown: the extraction was found in the queue",
                pluralize(found, "document")
            ));
        }
        if self.failed > 0 {
            eprint_message(&format!(
                "{} in the queue failed and name no document: one may be that of an unknown submit",
                pluralize(self.failed, "extraction")
            ));
        }
    }
}

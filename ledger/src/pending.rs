//! What was recorded, and is not stored yet.

use std::collections::HashMap;
use std::sync::Arc;

use typless::machine::{JobKey, Snapshot, Ticket, Time};
use typless::wire::ExtractionId;

use crate::changes::Finish;
use crate::error::LedgerError;
use crate::key::EntryKey;
use crate::refused::Refused;

/// What was recorded, and is not stored yet: one change for each job. An entry has several, if one
/// of its jobs finishes and another one begins.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub(crate) changes: Vec<Change>,
    /// The change of each job.
    by_job: HashMap<JobKey, usize>,
    /// Jobs that are refused without a look at the file.
    pub(crate) refused: Vec<Refused>,
    /// The sequence of the last event.
    last: Option<u64>,
    /// The first event that was not recorded.
    missing: Option<u64>,
}

/// What changes an entry.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) key: EntryKey,
    /// The document is to be submitted.
    pub(crate) claim: Option<Claim>,
    /// The newest that is known.
    pub(crate) update: Option<Update>,
    pub(crate) ticket: Option<Ticket>,
    pub(crate) other_ids: Vec<ExtractionId>,
    pub(crate) at: Time,
}

/// A document that is to be submitted.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) job: JobKey,
    pub(crate) reference: Option<Arc<str>>,
    /// At its submit.
    pub(crate) snapshot: Snapshot,
}

/// What takes the place of what an entry had.
#[derive(Debug)]
pub(crate) enum Update {
    Snapshot(Snapshot),
    Finished(Finish),
    /// The id came after the outcome.
    Late,
}

impl Pending {
    /// Takes the sequence of an event. `false` if it was recorded before.
    pub(crate) fn advance(&mut self, sequence: u64) -> bool {
        match self.last {
            Some(last) if sequence <= last => return false,
            Some(last) if sequence > last + 1 => {
                self.missing.get_or_insert(last + 1);
            }
            _ => {}
        }
        self.last = Some(sequence);
        true
    }

    /// The sequence of the last event, if none before it is missing.
    pub(crate) fn sequence(&self) -> Result<Option<u64>, LedgerError> {
        match self.missing {
            Some(sequence) => Err(LedgerError::EventMissing { sequence }),
            None => Ok(self.last),
        }
    }

    /// Claims an entry for a job.
    pub(crate) fn claim(&mut self, key: EntryKey, claim: Claim, at: Time) {
        if let Some(change) = self.change(claim.job, key, at) {
            change.claim = Some(claim);
            change.update = None;
        }
    }

    /// The change of this job.
    pub(crate) fn change(&mut self, job: JobKey, key: EntryKey, at: Time) -> Option<&mut Change> {
        let next = self.changes.len();
        let index = *self.by_job.entry(job).or_insert(next);
        if index == next {
            self.changes.push(Change {
                key,
                claim: None,
                update: None,
                ticket: None,
                other_ids: Vec::new(),
                at,
            });
        }
        let change = self.changes.get_mut(index)?;
        change.at = at;
        Some(change)
    }

    /// What was recorded is stored.
    pub(crate) fn clear(&mut self) {
        self.changes.clear();
        self.by_job.clear();
        self.refused.clear();
    }
}

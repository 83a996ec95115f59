//! A batch whose steps are in the ledger before they are made.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use typless::machine::{
    Batch, BatchEvent, BatchOutcome, Failure, JobKey, Machine, Output, RequestId, Ticket, Time,
};
use typless::wire::{Document, printable};
use typless_ledger::{RefusedReason, Session};

/// A batch and, if the call has a ledger, the session that stores its steps.
///
/// Events are stored together when the batch has no more without waiting, and only then their
/// submits leave. While the ledger can't be written, nothing new is submitted, and all else goes
/// on.
pub(crate) struct Recorded {
    batch: Batch,
    session: Option<Session>,
    /// Why a job was abandoned although the user wants its document submitted.
    refused: BTreeMap<JobKey, RefusedReason>,
    /// When the ledger is written again, while it can't be.
    retry_at: Option<Time>,
    /// Until when that is waited for, once all else is done.
    give_up_at: Option<Time>,
    on_ledger: Box<dyn Fn(&LedgerState) + Send>,
}

/// How long to wait before the ledger is written again after it could not be.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// How long it is tried at the end of a call.
const LAST_TRIES: Duration = Duration::from_secs(30);

/// Whether the ledger can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LedgerState {
    /// It can't: why.
    Failing(String),
    /// It can again.
    Works,
}

impl fmt::Display for LedgerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failing(problem) => write!(
                f,
                "nothing new is submitted, because it can't be remembered: {}; all else goes on",
                printable(problem, 1000)
            ),
            Self::Works => f.write_str("the ledger can be written again: submits go on"),
        }
    }
}

impl Recorded {
    pub(crate) fn new(batch: Batch) -> Self {
        Self {
            batch,
            session: None,
            refused: BTreeMap::new(),
            retry_at: None,
            give_up_at: None,
            on_ledger: Box::new(|_| {}),
        }
    }

    /// `on_ledger` is called when the ledger can't be written, and when it can again.
    pub(crate) fn with_session(
        batch: Batch,
        session: Session,
        on_ledger: impl Fn(&LedgerState) + Send + 'static,
    ) -> Self {
        Self {
            session: Some(session),
            on_ledger: Box::new(on_ledger),
            ..Self::new(batch)
        }
    }

    pub(crate) fn batch(&self) -> &Batch {
        &self.batch
    }

    pub(crate) fn batch_mut(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// Adds a document that is known, and is to be submitted again.
    pub(crate) fn add_again(&mut self, document: Document, now: Time) -> Option<JobKey> {
        if let Some(session) = &mut self.session
            && let Ok(key) = session.key(&document)
        {
            session.again(key);
        }
        self.batch.add(document, now)
    }

    /// Follows an extraction; in the ledger, too, if that knows it and nobody else does so.
    pub(crate) fn resume(&mut self, ticket: &Ticket, now: Time) -> Option<JobKey> {
        self.resume_entry(ticket, now)
            .or_else(|| self.batch.resume(ticket, now))
    }

    fn resume_entry(&mut self, ticket: &Ticket, now: Time) -> Option<JobKey> {
        let session = self.session.as_mut()?;
        let entry = session.ledger().extraction(ticket.extraction_id()).ok()??;
        // Where the ledger can't be written, the result is fetched all the same.
        let resumed = session.resume(&mut self.batch, [entry.key()], now).ok()?;
        resumed.into_iter().find_map(|resumed| resumed.job.ok())
    }

    /// Whether what was recorded last is still to be stored, once all else is done.
    fn waits_for_ledger(&mut self, now: Time) -> bool {
        let is_stored = !self.session.as_ref().is_some_and(Session::has_recorded);
        !is_stored && *self.give_up_at.get_or_insert(now + LAST_TRIES) > now
    }

    /// Why the document of an abandoned job was not submitted, if the ledger is the reason.
    pub(crate) fn refused(&mut self, job: JobKey) -> Option<RefusedReason> {
        self.refused.remove(&job)
    }

    /// Stores what was recorded. Returns whether the batch may have more to do because of it.
    fn commit(&mut self, now: Time) -> bool {
        let Some(session) = &mut self.session else {
            return false;
        };
        if !session.has_recorded() {
            return false;
        }
        if self.retry_at.is_some_and(|at| at > now) {
            return false;
        }
        match session.commit(&mut self.batch, now) {
            Ok(committed) => {
                if self.retry_at.take().is_some() {
                    (self.on_ledger)(&LedgerState::Works);
                }
                let refused = committed.refused.into_iter();
                self.refused
                    .extend(refused.map(|refused| (refused.job, refused.reason)));
                true
            }
            Err(error) => {
                if self.retry_at.is_none() {
                    (self.on_ledger)(&LedgerState::Failing(error.to_string()));
                }
                self.retry_at = Some(now + RETRY_AFTER);
                false
            }
        }
    }
}

impl Machine for Recorded {
    type Event = BatchEvent;
    type Outcome = BatchOutcome;

    fn next_output(&mut self, now: Time) -> Output<BatchEvent> {
        loop {
            let wait = match self.batch.next_output(now) {
                Output::Event(event) => {
                    if let Some(session) = &mut self.session {
                        session.record(&self.batch, &event, now);
                    }
                    return Output::Event(event);
                }
                Output::Send(transmit) => {
                    // It may take all there is of threads, and what was received waits for none.
                    self.commit(now);
                    return Output::Send(transmit);
                }
                output @ (Output::Wait(_) | Output::NeedInput | Output::Done)
                    if self.commit(now) =>
                {
                    drop(output);
                    continue;
                }
                Output::Done if self.waits_for_ledger(now) => None,
                Output::Done => return Output::Done,
                Output::Wait(until) => Some(until),
                Output::NeedInput => None,
            };
            let next = [wait, self.retry_at].into_iter().flatten().min();
            return next.map_or(Output::NeedInput, Output::Wait);
        }
    }

    fn handle_response(&mut self, id: RequestId, response: Response<Bytes>, now: Time) {
        self.batch.handle_response(id, response, now);
    }

    fn handle_failure(&mut self, id: RequestId, failure: Failure, now: Time) {
        self.batch.handle_failure(id, failure, now);
    }

    fn into_outcome(event: BatchEvent) -> Result<BatchOutcome, BatchEvent> {
        Batch::into_outcome(event)
    }
}

#[cfg(test)]
mod tests {
    use typless::machine::{BatchEventKind, BatchOptions, JobEventKind};
    use typless::wire::Api;
    use typless_ledger::{EntryState, Ledger, LedgerOptions, with_digest};

    use super::*;

    const START: Time = Time::from_unix_seconds(1_700_000_000);

    /// Drives it until it waits or is done. The time until which it waits.
    fn drive(recorded: &mut Recorded, now: Time) -> Option<Time> {
        loop {
            match recorded.next_output(now) {
                Output::Event(event) => {
                    if let BatchEventKind::Job {
                        key,
                        event: JobEventKind::Submitted(_),
                        ..
                    } = event.kind
                    {
                        recorded.batch_mut().abandon(key, now);
                    }
                }
                Output::Send(transmit) => {
                    let body = br#"{"extraction_id": "0d14338251a6"}"#;
                    let response = Response::new(Bytes::from_static(body));
                    recorded.handle_response(transmit.id, response, now);
                }
                Output::Wait(until) => return Some(until),
                Output::NeedInput | Output::Done => return None,
            }
        }
    }

    #[test]
    fn the_last_ticket_is_stored_although_the_ledger_fails_when_all_is_done() {
        let place = tempfile::tempdir().expect("a place");
        let path = place.path().join("ledger.sqlite");
        let api = Api::new("http://localhost", "key").expect("an address");
        let options = LedgerOptions::new().with_busy_timeout(Duration::ZERO);
        let ledger = Ledger::open(&path, options).expect("a ledger");
        let options = BatchOptions::new().without_queue();
        let (session, batch) = ledger.start(&api, options, START);
        let mut recorded = Recorded::with_session(batch, session, |_| {});
        let document = Document::new("a.pdf", "line-item-invoice", &b"%PDF"[..]);
        let document = with_digest(document.expect("a document")).expect("it can be read");
        recorded.batch_mut().add(document, START).expect("a job");
        recorded.batch_mut().close();
        // Until the submit leaves.
        let transmit = loop {
            if let Output::Send(transmit) = recorded.next_output(START) {
                break transmit;
            }
        };
        let other = rusqlite::Connection::open(&path).expect("it opens");
        other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
        let body = br#"{"extraction_id": "0d14338251a6"}"#;
        let response = Response::new(Bytes::from_static(body));
        recorded.handle_response(transmit.id, response, START);
        let until = drive(&mut recorded, START);
        assert_eq!(until, Some(START + RETRY_AFTER));
        other.execute_batch("ROLLBACK").expect("no lock");
        assert_eq!(drive(&mut recorded, START + RETRY_AFTER), None);
        drop(recorded);
        let ledger = Ledger::open(&path, LedgerOptions::new()).expect("a ledger");
        let entry = ledger.entries().next().expect("one").expect("sound");
        assert_eq!(entry.state(), EntryState::Finished);
        assert!(entry.extraction_id().is_some());
    }
}

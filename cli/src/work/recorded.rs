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
    on_ledger: Box<dyn Fn(&LedgerState) + Send>,
}

/// How long to wait before the ledger is written again after it could not be.
const RETRY_AFTER: Duration = Duration::from_secs(5);

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
                Output::Send(transmit) => return Output::Send(transmit),
                output @ (Output::Wait(_) | Output::NeedInput | Output::Done)
                    if self.commit(now) =>
                {
                    drop(output);
                    continue;
                }
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

//! A batch whose steps are in the ledger before they are made.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use typless::machine::{
    Batch, BatchEvent, BatchOutcome, Failure, JobKey, Machine, Output, RequestId, Ticket, Time,
};
use typless::wire::Document;
use typless_ledger::{EntryKey, RefusedReason, Session, Standing};

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
    failing: Option<Failing>,
}

/// The ledger can't be written.
struct Failing {
    problem: String,
    is_reported: bool,
    retry_at: Time,
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

impl Recorded {
    pub(crate) fn new(batch: Batch) -> Self {
        Self::with_session(batch, None)
    }

    pub(crate) fn with_session(batch: Batch, session: Option<Session>) -> Self {
        Self {
            batch,
            session,
            refused: BTreeMap::new(),
            failing: None,
        }
    }

    pub(crate) fn batch(&self) -> &Batch {
        &self.batch
    }

    pub(crate) fn batch_mut(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// Adds a document that is known, and may be submitted again.
    pub(crate) fn add_again(
        &mut self,
        document: Document,
        key: EntryKey,
        now: Time,
    ) -> Option<JobKey> {
        if let Some(session) = &mut self.session {
            session.again(key);
        }
        self.batch.add(document, now)
    }

    /// Follows an entry that was accepted. `None` if that can't be; then the standing says why.
    pub(crate) fn fetch(&mut self, key: EntryKey, now: Time) -> Result<JobKey, FetchError> {
        let Some(session) = &mut self.session else {
            return Err(FetchError::Standing(Standing::New));
        };
        let resumed = session
            .resume(&mut self.batch, [key], now)
            .map_err(|error| FetchError::Ledger(error.to_string()))?;
        match resumed.into_iter().next() {
            Some((_, Ok(job))) => Ok(job),
            Some((_, Err(standing))) => Err(FetchError::Standing(standing)),
            None => Err(FetchError::Standing(Standing::New)),
        }
    }

    /// Follows an extraction, in the ledger if that knows it.
    pub(crate) fn resume(&mut self, ticket: &Ticket, now: Time) -> Option<JobKey> {
        let entry = self.session.as_ref().and_then(|session| {
            let entry = session.ledger().extraction(ticket.extraction_id()).ok()??;
            Some(entry.key())
        });
        if let Some(key) = entry
            && let Ok(job) = self.fetch(key, now)
        {
            return Some(job);
        }
        self.batch.resume(ticket, now)
    }

    /// Why the document of an abandoned job was not submitted, if the ledger is the reason.
    pub(crate) fn refused(&mut self, job: JobKey) -> Option<RefusedReason> {
        self.refused.remove(&job)
    }

    /// Whether the ledger has begun to fail, or works again, since this was last called.
    pub(crate) fn ledger_change(&mut self) -> Option<LedgerState> {
        match &mut self.failing {
            Some(failing) if !failing.is_reported => {
                failing.is_reported = true;
                Some(LedgerState::Failing(failing.problem.clone()))
            }
            _ => None,
        }
    }

    /// Stores what was recorded. Returns whether the batch may have more to do because of it.
    fn commit(&mut self, now: Time) -> bool {
        let Some(session) = &mut self.session else {
            return false;
        };
        if !session.has_recorded() {
            return false;
        }
        if self.failing.as_ref().is_some_and(|failing| failing.retry_at > now) {
            return false;
        }
        match session.commit(&mut self.batch, now) {
            Ok(committed) => {
                self.failing = None;
                let refused = committed.refused.into_iter();
                self.refused
                    .extend(refused.map(|refused| (refused.job, refused.reason)));
                true
            }
            Err(error) => {
                let is_reported = self.failing.as_ref().is_some_and(|failing| failing.is_reported);
                self.failing = Some(Failing {
                    problem: error.to_string(),
                    is_reported,
                    retry_at: now + RETRY_AFTER,
                });
                false
            }
        }
    }
}

/// Why an entry is not followed.
#[derive(Debug)]
pub(crate) enum FetchError {
    /// It changed since it was looked up, or the batch is closed.
    Standing(Standing),
    /// The ledger can't be written.
    Ledger(String),
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
            let retry = self.failing.as_ref().map(|failing| failing.retry_at);
            let next = [wait, retry].into_iter().flatten().min();
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

//! The events of a batch.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::machine::cause::Cause;
use crate::machine::collections::slab::Key;
use crate::machine::job::JobError;
use crate::machine::job::{JobEventKind, Snapshot, Ticket};
use crate::machine::pause::{Pause, PauseReason};
use crate::machine::stored;
use crate::machine::throttle::Change;
use crate::machine::time::Time;
use crate::wire::{ConfigError, Extraction};

/// The id of one job within its batch.
///
/// A [`Batch`](super::Batch) returns it for each document, ticket or snapshot. It is never used
/// twice, and has no meaning in another batch. Its text is two numbers, such as `17.0`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobKey(pub(super) Key);

/// As `Display` has it.
impl Serialize for JobKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for JobKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl FromStr for JobKey {
    type Err = ConfigError;

    /// Reads what `Display` wrote.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let numbers = text
            .split_once('.')
            .and_then(|(slot, generation)| Some((slot.parse().ok()?, generation.parse().ok()?)));
        let invalid = || ConfigError::new("key", "is not that of a job: two numbers such as 17.0");
        let (slot, generation) = numbers.ok_or_else(invalid)?;
        Ok(Self(Key { slot, generation }))
    }
}

impl fmt::Debug for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobKey({self})")
    }
}

impl fmt::Display for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0.slot, self.0.generation)
    }
}

/// An event of a batch or of one of its jobs, in order.
///
/// It is emitted *before* the request it belongs to is sent; see
/// [`JobEvent`](crate::machine::JobEvent) for the use of that.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BatchEvent {
    /// The event's number: grows by one with each event of the batch.
    pub sequence: u64,
    /// What happened.
    pub kind: BatchEventKind,
}

/// What happened to a batch or to one of its jobs. Only `Job` is about a document; all others are
/// about the whole batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BatchEventKind {
    /// Something happened to a job. After its `Finished` the batch has removed it.
    Job {
        /// Which job.
        key: JobKey,
        /// The caller's reference of its document.
        #[serde(with = "stored::shared_text")]
        reference: Option<Arc<str>>,
        /// What happened, as for a [`Job`](crate::machine::Job).
        event: JobEventKind,
    },
    /// Less is sent than could be, or nothing: why, since when, until when.
    Paused(Pause),
    /// A pause is over.
    Resumed {
        /// Why it was.
        reason: PauseReason,
        /// Since when.
        since: Time,
    },
    /// A listing of finished extractions is about to be requested.
    ListingDue,
    /// A listing was received.
    ListingReceived {
        /// How many extractions it contains.
        listed: usize,
        /// How many of them are this batch's.
        ours: usize,
        /// How many of those were not known to be finished.
        new: usize,
    },
    /// The list request brought no listing. It will be repeated.
    ListingFailed {
        /// Why.
        cause: Cause,
    },
    /// Listings are not useful now: from here on jobs are polled one by one. They are tried again
    /// every ten minutes.
    QueueDegraded(QueueProblem),
    /// Listings are useful again.
    QueueRestored,
    /// The batch was [shut down](super::Batch::shutdown) before this job finished. It has no
    /// outcome, and the batch has removed it.
    Unfinished {
        /// Which job.
        key: JobKey,
        /// The caller's reference of its document.
        #[serde(with = "stored::shared_text")]
        reference: Option<Arc<str>>,
        /// What [restores](super::Batch::restore) it in another process. A submit that was
        /// announced and not sent does not count.
        snapshot: Snapshot,
    },
    /// A submit with an unknown outcome had been accepted after all. Its job has finished: this
    /// ticket resumes it.
    SubmittedLate {
        /// The key that the job had.
        key: JobKey,
        /// The job at the service.
        ticket: Ticket,
    },
}

impl BatchEvent {
    /// Whether something must be stored at this event, before the loop goes on: as
    /// [`JobEventKind::must_be_stored`], the ticket of [`BatchEventKind::SubmittedLate`], and the
    /// snapshot of [`BatchEventKind::Unfinished`].
    pub fn must_be_stored(&self) -> bool {
        match &self.kind {
            BatchEventKind::Job { event, .. } => event.must_be_stored(),
            BatchEventKind::SubmittedLate { .. } | BatchEventKind::Unfinished { .. } => true,
            _ => false,
        }
    }
}

impl From<Change> for BatchEventKind {
    fn from(change: Change) -> Self {
        match change {
            Change::Paused(pause) => Self::Paused(pause),
            Change::Resumed { reason, since } => Self::Resumed { reason, since },
        }
    }
}

/// Why listings of finished extractions are not useful.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QueueProblem {
    /// Three listings in a row contained none of this batch's jobs, though polls found some
    /// finished. Perhaps they are for a customer that no document was submitted for: the service
    /// returns an empty list for it (vendor's guide).
    NotListed,
    /// The listing is larger than the response limit
    /// ([`BatchOptions::with_response_limit`](super::BatchOptions::with_response_limit)).
    TooLarge,
    /// The listing is larger than 8 MiB, and fewer than 1% of its ids are this batch's.
    Foreign,
    /// Three responses in a row were no listing: they could not be read, or were a 4xx other than
    /// 401, 403, 408 and 429.
    Unreadable,
}

/// The outcome of one job of a batch.
/// [`Machine::into_outcome`](crate::machine::Machine::into_outcome) takes it out of an event.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BatchOutcome {
    /// Which job.
    pub key: JobKey,
    /// The caller's reference of its document.
    pub reference: Option<Arc<str>>,
    /// Its result, or why there is none.
    pub result: Result<Extraction, JobError>,
}

impl TryFrom<BatchEvent> for BatchOutcome {
    type Error = BatchEvent;

    /// The outcome in an event, or the event back if there is none in it.
    fn try_from(event: BatchEvent) -> Result<Self, BatchEvent> {
        match event.kind {
            BatchEventKind::Job {
                key,
                reference,
                event: JobEventKind::Finished(result),
            } => Ok(Self {
                key,
                reference,
                result,
            }),
            kind => Err(BatchEvent {
                sequence: event.sequence,
                kind,
            }),
        }
    }
}

//! What a batch tells its application.

use std::fmt;
use std::sync::Arc;

use crate::machine::cause::Cause;
use crate::machine::collections::slab::Key;
use crate::machine::job::JobError;
use crate::machine::job::JobEventKind;
use crate::machine::job::Ticket;
use crate::machine::time::Time;
use crate::wire::{Extraction, ServiceError};

/// The name of one job within its batch, for as long as the batch lives.
///
/// Made by a [`Batch`](super::Batch) when it takes a document, ticket or snapshot. Never used twice by it, and of no meaning to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobKey(pub(super) Key);

impl fmt::Display for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0.slot, self.0.generation)
    }
}

/// Something that happened to a batch or to one of its jobs, in order.
///
/// Made by [`Batch`](super::Batch) *before* the request it announces leaves; see [`JobEvent`](crate::machine::JobEvent) for what that is good for.
#[derive(Debug)]
#[non_exhaustive]
pub struct BatchEvent {
    /// The event's number: grows by one with each event of the batch.
    pub sequence: u64,
    /// What happened.
    pub kind: BatchEventKind,
}

/// What happened to a batch or to one of its jobs. Only `Job` is about a document; all else is about the whole batch.
#[derive(Debug)]
#[non_exhaustive]
pub enum BatchEventKind {
    /// Something happened to a job. After its `Finished` the batch knows nothing of it any more.
    Job {
        /// Which job.
        key: JobKey,
        /// The caller's own name for its document.
        reference: Option<Arc<str>>,
        /// What happened, as a [`Job`](crate::machine::Job) would tell it.
        event: JobEventKind,
    },
    /// The service does not take the key. Nothing is sent until [`Batch::set_key`](super::Batch::set_key) gives another; no job ends because of it, but by its deadline. Told once for each pause.
    KeyRefused(ServiceError),
    /// The service had too many requests (429), or asked for a pause (`Retry-After`). Nothing is sent until it is over; then the rate is halved, and comes back by a 64th each second.
    Throttled {
        /// When the pause is over.
        until: Time,
    },
    /// The queue of finished extractions is about to be asked.
    ListingDue,
    /// The queue was read.
    ListingReceived {
        /// How many extractions it lists.
        listed: usize,
        /// How many of them are this batch's.
        ours: usize,
        /// How many of those were not known to have finished.
        new: usize,
    },
    /// The call to the queue brought no listing. It will be made again.
    ListingFailed {
        /// Why.
        cause: Cause,
    },
    /// The queue is of no use: from here on jobs are polled one by one. It is tried again every ten minutes.
    QueueDegraded(QueueProblem),
    /// The queue is of use again.
    QueueRestored,
    /// A submit that was given up as unknown had been taken after all. Its job has ended: with this ticket it can be resumed.
    SubmittedLate {
        /// The key that the job had.
        key: JobKey,
        /// The job at the service.
        ticket: Ticket,
    },
}

/// Why the queue of finished extractions is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueueProblem {
    /// Three times in a row it named none of this batch's jobs, though polls found some finished. Perhaps it is asked for a customer that no document was submitted for: the service answers that
    /// with an empty list (vendor's guide).
    NotListed,
    /// Its listing is larger than the response limit ([`BatchOptions::with_response_limit`](super::BatchOptions::with_response_limit)).
    TooLarge,
    /// Its listing is larger than 8 MiB, and fewer than one in a hundred of the ids in it are this batch's.
    Foreign,
    /// Three answers in a row were no listing: they could not be read, or refused the call with a 4xx other than 401, 403, 408 and 429.
    Unreadable,
}

/// How one job of a batch ended. Taken out of an event by [`Machine::into_outcome`](crate::machine::Machine::into_outcome).
#[derive(Debug)]
#[non_exhaustive]
pub struct BatchOutcome {
    /// Which job.
    pub key: JobKey,
    /// The caller's own name for its document.
    pub reference: Option<Arc<str>>,
    /// Its result, or why there is none.
    pub result: Result<Extraction, JobError>,
}

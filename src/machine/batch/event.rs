//! What a batch tells its application.

use std::fmt;
use std::sync::Arc;

use super::slab::Key;
use crate::machine::cause::Cause;
use crate::machine::event::JobEventKind;
use crate::machine::job_error::JobError;
use crate::machine::ticket::Ticket;
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

/// What happened to a batch or to one of its jobs.
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
    /// The service asked to be left alone, or had too many requests: nothing is sent before, and more slowly for a while after.
    Throttled {
        /// Until when.
        until: Time,
    },
    /// The queue of finished extractions is about to be asked.
    QueueDue,
    /// The queue was read.
    QueueRead {
        /// How many extractions it lists.
        listed: usize,
        /// How many of them are this batch's.
        ours: usize,
        /// How many of those were not known to be finished.
        new: usize,
    },
    /// The queue could not be read. It will be asked again.
    QueueFailed {
        /// Why.
        cause: Cause,
    },
    /// The queue is of no use: from here on jobs are looked at by themselves. It is tried again each ten minutes.
    QueueUntrusted(QueueProblem),
    /// The queue is of use again.
    QueueTrusted,
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
    /// It did not name jobs that looks found finished. Perhaps it is asked for a customer that no document was submitted for: the service answers that with silence.
    Silent,
    /// Its listing is larger than the response limit.
    TooLarge,
    /// Its listing is large, and less than one in a hundred that it names is this batch's.
    Foreign,
    /// Its listing can't be read.
    Unreadable,
}

/// How one job of a batch ended.
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

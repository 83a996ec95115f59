//! What a job tells its application.

use super::error::JobError;
use super::record::PollReason;
use super::ticket::Ticket;
use crate::machine::cause::Cause;
use crate::machine::time::Time;
use crate::wire::{Extraction, ExtractionId, Status};

/// Something that happened to a job, in order.
///
/// Made by [`Job`](crate::machine::Job) *before* the request it announces leaves. Stored as they come, before the loop goes on, events are a write-ahead log: whoever reads it
/// after a crash knows what may have been sent.
#[derive(Debug)]
#[non_exhaustive]
pub struct JobEvent {
    /// The event's number: grows by one with each event of the job.
    pub sequence: u64,
    /// What happened.
    pub kind: JobEventKind,
}

/// What happened to a job.
#[derive(Debug)]
#[non_exhaustive]
pub enum JobEventKind {
    /// The submit is about to leave; from here on it may be billed. With [`JobOptions::with_confirmation`](crate::machine::JobOptions::with_confirmation) it leaves
    /// once this event was confirmed.
    Submitting {
        /// The number of the attempt, from 1.
        attempt: u16,
    },
    /// The submit certainly was not processed, or the caller allowed to repeat it; it will be tried again.
    SubmitFailed {
        /// Why.
        cause: Cause,
        /// When it will be tried again.
        retry_at: Time,
    },
    /// The service took the document. Keep the ticket: with it the job can be resumed in another process.
    Submitted(Ticket),
    /// The service took the document once more: an earlier attempt had arrived after all. It is probably billed twice. Comes with
    /// [`RetryPolicy::with_resubmissions`](crate::machine::RetryPolicy::with_resubmissions), or where one submit is answered twice with different ids.
    SubmittedAgain(ExtractionId),
    /// A poll is about to be made.
    PollDue {
        /// The number of the poll, from 1.
        poll: u32,
        /// Why it is made now.
        reason: PollReason,
    },
    /// The extraction is not finished.
    Progressed {
        /// The status; `None` while the service does not know the id yet.
        status: Option<Status>,
        /// When the next poll is due.
        next_poll: Time,
    },
    /// The poll failed, which says nothing about the job.
    PollFailed {
        /// Why.
        cause: Cause,
        /// When the next poll is due.
        next_poll: Time,
    },
    /// The job has ended; the last event.
    Finished(Result<Extraction, JobError>),
}

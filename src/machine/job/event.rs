//! The events of a job.

use serde::{Deserialize, Serialize};

use super::error::JobError;
use super::record::PollReason;
use super::ticket::Ticket;
use crate::machine::cause::Cause;
use crate::machine::stored;
use crate::machine::time::Time;
use crate::wire::{Extraction, ExtractionId, Status};

/// An event of a job, in order.
///
/// An event is emitted *before* the request it belongs to is sent. If each event is stored before
/// the loop goes on, the events are a write-ahead log: after a crash it shows what may have been
/// sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct JobEvent {
    /// The event's number: grows by one with each event of the job.
    pub sequence: u64,
    /// What happened.
    pub kind: JobEventKind,
}

impl JobEvent {
    /// As [`JobEventKind::must_be_stored`].
    pub fn must_be_stored(&self) -> bool {
        self.kind.must_be_stored()
    }
}

/// What happened to a job.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JobEventKind {
    /// The submit is about to be sent; from here on it may be billed. With
    /// [`JobOptions::with_confirmation`](crate::machine::JobOptions::with_confirmation) it is sent
    /// once this event is confirmed.
    Submitting {
        /// The number of the attempt, from 1.
        attempt: u16,
    },
    /// The submit was certainly not processed, or the caller allows resubmissions; it will be
    /// retried.
    SubmitFailed {
        /// Why.
        cause: Cause,
        /// When it will be retried.
        retry_at: Time,
    },
    /// The service accepted the document. Store the ticket: with it another process can resume the
    /// job.
    Submitted(Ticket),
    /// The service accepted the document once more: an earlier attempt had arrived after all. It is
    /// probably billed twice. Occurs with
    /// [`RetryPolicy::with_resubmissions`](crate::machine::RetryPolicy::with_resubmissions), or
    /// when one submit gets two responses with different ids.
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
        /// How many polls in a row failed for a cause of this kind, this one included. From 3 on it
        /// is probably no accident: a proxy or a captive network may be in between.
        alike: u16,
        /// When the next poll is due.
        next_poll: Time,
    },
    /// The job has finished; this is the last event.
    Finished(#[serde(with = "stored::outcome")] Result<Extraction, JobError>),
}

impl JobEventKind {
    /// Whether a job that must survive its process is stored at this event, before the loop goes
    /// on: its [snapshot](crate::machine::Job::snapshot), or at the last event its outcome. After a
    /// crash, what is stored then shows all that may be billed, and nothing is submitted twice. At
    /// other events there is only time to win.
    pub fn must_be_stored(&self) -> bool {
        match self {
            Self::Submitting { .. }
            | Self::SubmitFailed { .. }
            | Self::Submitted(_)
            | Self::SubmittedAgain(_)
            | Self::Finished(_) => true,
            Self::PollDue { .. } | Self::Progressed { .. } | Self::PollFailed { .. } => false,
        }
    }
}

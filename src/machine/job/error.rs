//! Why a job finishes without a result.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ticket::Ticket;
use crate::machine::cause::Cause;
use crate::machine::failed_attempts::{FailedAttempts, Rounded};
use crate::machine::stored;
use crate::machine::time::Time;
use crate::wire::{DecodeError, ServiceError, Status};

/// Why a job finished without a result, with the ticket to resume it if there is one.
///
/// It is part of the last event of a [`Job`](crate::machine::Job), or of each job of a
/// [`Batch`](crate::machine::Batch). Only the job finishes; the extraction itself, once
/// [submitted](Self::ticket), goes on at the service, and its result is kept for 48 hours after it
/// has finished.
///
/// | variant | may it be billed? | what to do |
/// | --- | --- | --- |
/// | `Failed` | yes | fix the document: the service could not read it |
/// | `Expired` | yes | submit again: the data is deleted |
/// | `NotFound` | yes | check key and base URL: the service does not know the id |
/// | `Refused` | no without a ticket, yes with one | fix the problem; with a ticket, resume |
/// | `TooLarge` | yes | resume with a higher limit |
/// | `Unreadable` | yes | inspect the raw response; resume later |
/// | `Deadline` | yes | resume |
/// | `Exhausted` | no | submit again later |
/// | `SubmitUnknown` | perhaps | find out before submitting again |
/// | `SourceFailed` | no | fix the source |
/// | `Abandoned` | yes with a ticket, no without one | resume, with the ticket |
///
/// ```
/// use typless::machine::JobError;
///
/// /// What to write into the document's row, besides `error.code()`.
/// fn next_step(error: &JobError) -> String {
///     match error {
///         JobError::SubmitUnknown { .. } => "find out whether it was submitted".to_owned(),
///         _ => match error.ticket() {
///             Some(ticket) => format!("it is at the service: {}", ticket.to_json()),
///             None => "it was not submitted".to_owned(),
///         },
///     }
/// }
/// # let error = JobError::Abandoned { ticket: None };
/// # assert_eq!((error.code(), &*next_step(&error)), ("abandoned", "it was not submitted"));
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JobError {
    /// The service could not process the document (status `ERROR`).
    Failed {
        /// The job at the service.
        ticket: Ticket,
        /// The service's explanation.
        error: ServiceError,
    },
    /// The extraction finished more than 48 hours ago, and its data is deleted (status `EXPIRED`).
    Expired {
        /// The job at the service.
        ticket: Ticket,
    },
    /// The service does not know the extraction.
    NotFound {
        /// The job at the service.
        ticket: Ticket,
        /// The service's explanation, if its response had one.
        cause: Option<Cause>,
    },
    /// The service refused a request permanently: a wrong key, document type or URL.
    Refused {
        /// The job at the service; `None` where the submit was refused.
        ticket: Option<Ticket>,
        /// The service's explanation.
        error: ServiceError,
    },
    /// The result is larger than the limit.
    TooLarge {
        /// The job at the service.
        ticket: Ticket,
        /// What the transport reported.
        cause: Option<Cause>,
    },
    /// The extraction succeeded, and its result can't be read.
    Unreadable {
        /// The job at the service.
        ticket: Ticket,
        /// What could not be read, and the raw response.
        error: DecodeError,
    },
    /// The deadline passed before the extraction finished.
    Deadline {
        /// The job at the service.
        ticket: Ticket,
        /// When the job finished.
        at: Time,
        /// How long the service asked to wait, if that was beyond the deadline: the job then
        /// finished early.
        #[serde(with = "stored::milliseconds")]
        retry_after: Option<Duration>,
        /// What the last poll brought; `None` if there was none.
        last: Option<LastPoll>,
    },
    /// The document was not submitted: each attempt certainly failed, or the deadline came first.
    Exhausted {
        /// How many attempts were made, by earlier processes too.
        attempts: u16,
        /// Those of this process that failed; `None` if there were none.
        failed: Option<FailedAttempts>,
    },
    /// It is unknown whether the document was submitted. It may be, and be billed, so it is not
    /// submitted again.
    SubmitUnknown {
        /// The attempts that failed up to the one of which it is unknown, and why it is.
        failed: FailedAttempts,
        /// How the last attempt ended, where it certainly did not arrive: an earlier one, which
        /// [`with_resubmissions`](crate::machine::RetryPolicy::with_resubmissions) let repeat, may
        /// have arrived.
        otherwise: Option<Box<Self>>,
    },
    /// The document could not be read, so it was not submitted.
    SourceFailed {
        /// What is wrong with it.
        cause: Cause,
    },
    /// The caller abandoned the job.
    Abandoned {
        /// The job at the service, if it was submitted.
        ticket: Option<Ticket>,
    },
}

/// What the last poll before a deadline brought.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LastPoll {
    /// This status.
    Status(Status),
    /// Nothing: it and perhaps those before it failed.
    Failed(FailedAttempts),
}

impl JobError {
    /// A short name of the variant, such as `submit_unknown`, for a column of a database. It stays
    /// the same in later versions.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Failed { .. } => "failed",
            Self::Expired { .. } => "expired",
            Self::NotFound { .. } => "not_found",
            Self::Refused { .. } => "refused",
            Self::TooLarge { .. } => "too_large",
            Self::Unreadable { .. } => "unreadable",
            Self::Deadline { .. } => "deadline",
            Self::Exhausted { .. } => "exhausted",
            Self::SubmitUnknown { .. } => "submit_unknown",
            Self::SourceFailed { .. } => "source_failed",
            Self::Abandoned { .. } => "abandoned",
        }
    }

    /// The ticket to resume the job; `None` if it was not submitted, or is not known to be.
    pub fn ticket(&self) -> Option<&Ticket> {
        match self {
            Self::Failed { ticket, .. }
            | Self::Expired { ticket }
            | Self::NotFound { ticket, .. }
            | Self::TooLarge { ticket, .. }
            | Self::Unreadable { ticket, .. }
            | Self::Deadline { ticket, .. } => Some(ticket),
            Self::Refused { ticket, .. } | Self::Abandoned { ticket } => ticket.as_ref(),
            Self::Exhausted { .. } | Self::SubmitUnknown { .. } | Self::SourceFailed { .. } => None,
        }
    }

    /// Why the last attempt failed, if the job finished because of that.
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Self::NotFound { cause, .. } | Self::TooLarge { cause, .. } => cause.as_ref(),
            Self::Deadline {
                last: Some(LastPoll::Failed(failed)),
                ..
            }
            | Self::Exhausted {
                failed: Some(failed),
                ..
            }
            | Self::SubmitUnknown { failed, .. } => Some(failed.cause()),
            Self::Deadline { .. } | Self::Exhausted { .. } => None,
            Self::SourceFailed { cause } => Some(cause),
            Self::Failed { .. } | Self::Refused { .. } | Self::Unreadable { .. } => None,
            Self::Expired { .. } | Self::Abandoned { .. } => None,
        }
    }

    /// The service's error, if the service reported one.
    pub fn service_error(&self) -> Option<&ServiceError> {
        match self {
            Self::Failed { error, .. } | Self::Refused { error, .. } => Some(error),
            _ => match self.cause()? {
                Cause::Service(error) => Some(error),
                Cause::Failure(_) | Cause::Decode(_) => None,
                Cause::TimeLimit | Cause::Restarted | Cause::Stored => None,
            },
        }
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { error, .. } => {
                write!(f, "the service could not process the document: {error}")
            }
            Self::Expired { .. } => {
                f.write_str("the result expired: it was not fetched within 48 hours and is deleted")
            }
            Self::NotFound { .. } => f.write_str("the service does not know the extraction"),
            Self::Refused { error, .. } => write!(f, "the service refused the request: {error}"),
            Self::TooLarge { .. } => f.write_str("the result is larger than the limit"),
            Self::Unreadable { error, .. } => write!(f, "the extraction succeeded, but {error}"),
            Self::Deadline {
                ticket,
                at,
                retry_after,
                last,
            } => {
                match retry_after {
                    Some(wait) => write!(
                        f,
                        "the service asks to wait {}, which is past the deadline",
                        Rounded(*wait)
                    )?,
                    None => write!(
                        f,
                        "the extraction did not finish before the deadline, {} after its submit",
                        Rounded(at.saturating_since(ticket.submitted_at()))
                    )?,
                }
                match last {
                    Some(LastPoll::Failed(failed)) => write!(f, ": {failed}"),
                    Some(LastPoll::Status(status @ Status::Other(_))) => write!(
                        f,
                        ": its status is {status}, which this version does not know"
                    ),
                    Some(LastPoll::Status(status)) => write!(f, ": its status is {status}"),
                    None => Ok(()),
                }
            }
            Self::Exhausted {
                failed: Some(failed),
                ..
            } => write!(f, "the document was not submitted: {failed}"),
            Self::Exhausted { .. } => {
                f.write_str("the document was not submitted before the deadline")
            }
            Self::SubmitUnknown { failed, otherwise } => {
                write!(
                    f,
                    "it is unknown whether the document was submitted, \
                     so it is not submitted again: {failed}"
                )?;
                match otherwise {
                    Some(last) => write!(f, "; the last attempt: {last}"),
                    None => Ok(()),
                }
            }
            Self::SourceFailed { cause } => write!(f, "the document was not submitted: {cause}"),
            Self::Abandoned { .. } => f.write_str("the job was abandoned"),
        }
    }
}

impl Error for JobError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotFound { cause, .. } | Self::TooLarge { cause, .. } => {
                cause.as_ref().map(|cause| cause as &(dyn Error + 'static))
            }
            // Display of the others shows their cause already.
            _ => None,
        }
    }
}

//! Errors that end the whole command.

use typless::machine::{Cause, JobError, Ticket};
use typless::wire::ServiceError;

/// Why no document can continue.
pub(super) enum FatalError {
    /// The service refused the API key.
    KeyRefused(ServiceError),
    /// The service was never reached.
    Unreachable { attempts: u16, cause: Cause },
}

impl FatalError {
    /// The fatal error in a job's error, if it is not specific to this document: the service was
    /// not reached.
    pub(super) fn from_job_error(error: &JobError) -> Option<Self> {
        match error {
            JobError::Exhausted {
                attempts,
                cause: Some(cause @ Cause::Failure(_)),
            } => Some(Self::Unreachable {
                attempts: *attempts,
                cause: cause.clone(),
            }),
            _ => None,
        }
    }

    /// The error of every other document.
    pub(super) fn to_job_error(&self, ticket: Option<Ticket>) -> JobError {
        match (self, ticket) {
            (Self::KeyRefused(error), ticket) => JobError::Refused {
                ticket,
                error: error.clone(),
            },
            (Self::Unreachable { cause, .. }, Some(ticket)) => JobError::Deadline {
                ticket,
                retry_after: None,
                cause: Some(cause.clone()),
            },
            (Self::Unreachable { attempts, cause }, None) => JobError::Exhausted {
                attempts: *attempts,
                cause: Some(cause.clone()),
            },
        }
    }
}

//! What ends a whole call.

use typless::machine::{Cause, JobError, Ticket};
use typless::wire::ServiceError;

/// Why nothing more can be done for any document.
pub(super) enum Halt {
    /// The service does not take the key.
    KeyRefused(ServiceError),
    /// The service was never reached.
    Unreachable { attempts: u16, cause: Cause },
}

impl Halt {
    /// What the end of one document says of it, if it is none of this document alone: that of a service that was not reached before either.
    pub(super) fn of(error: &JobError) -> Option<Self> {
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

    /// How another document ends because of it.
    pub(super) fn end(&self, ticket: Option<Ticket>) -> JobError {
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

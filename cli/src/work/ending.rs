//! What ends a call before its documents have finished.

use typless::machine::{FailedAttempts, JobError, Ticket};
use typless::wire::ServiceError;

/// Why everything was ended.
#[derive(Debug, Clone)]
pub(crate) enum Ending {
    /// The service refuses the key, and never accepted it in this call.
    KeyRefused(ServiceError),
    /// No connection to the service could be made in this call.
    Unreachable(FailedAttempts),
    /// The time of the whole call is used up.
    GivenUp,
    /// By the user, or because results cannot be written.
    Interrupted,
}

impl Ending {
    /// The outcome of a document that it ends. `ticket` is `None` if it certainly was not
    /// submitted.
    pub(super) fn to_job_error(&self, ticket: Option<Ticket>, attempts: u16) -> JobError {
        match (self, ticket) {
            (Self::KeyRefused(error), ticket) => JobError::Refused {
                ticket,
                error: error.clone(),
            },
            (Self::Unreachable(failed), None) => JobError::Exhausted {
                attempts,
                failed: Some(failed.clone()),
            },
            (_, ticket) => JobError::Abandoned { ticket },
        }
    }
}

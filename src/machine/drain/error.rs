//! Why a listed extraction brings no result.

use std::error::Error;
use std::fmt;

use super::super::cause::Cause;
use crate::wire::{DecodeError, ServiceError, Status};

/// Why a listed extraction brings no result.
///
/// Made by [`Drain`](super::Drain) in its events. The first two are how extractions end, and are [handed out](super::DrainEventKind::Extracted) like results; the others are what went wrong
/// with a fetch: tried again, and in the end [set aside](super::DrainEventKind::SetAside).
///
/// | variant | tried again? | what to do once it is set aside |
/// | --- | --- | --- |
/// | `Failed` | no: it is an answer | mend the document: the service could not read it. Then acknowledge |
/// | `Expired` | no: it is an answer | submit again: the data is deleted. Then acknowledge |
/// | `NotFound` | yes | check key and base URL; else it is gone |
/// | `Refused` | yes | mend what the service complains of |
/// | `TooLarge` | no | drain with a higher limit |
/// | `Unreadable` | no | keep the raw answer: it is the result, in a form this version can't read |
/// | `Unfinished` | yes | retry later |
/// | `Unanswered` | yes | retry later |
#[derive(Debug)]
#[non_exhaustive]
pub enum DrainError {
    /// The service could not process the document (status `ERROR`).
    Failed {
        /// The service's explanation.
        error: ServiceError,
    },
    /// The extraction finished more than 48 hours ago, and its data is deleted (status `EXPIRED`).
    Expired,
    /// The service lists the extraction and does not know it (404).
    NotFound {
        /// The service's explanation.
        error: ServiceError,
    },
    /// The service refused the request: another 4xx, or a redirect.
    Refused {
        /// The service's explanation.
        error: ServiceError,
    },
    /// The result is larger than the limit.
    TooLarge {
        /// What the transport said.
        cause: Cause,
    },
    /// The extraction succeeded, and its result can't be read.
    Unreadable {
        /// What could not be read, and the raw answer.
        error: DecodeError,
    },
    /// The service lists the extraction, and says that it is in progress.
    Unfinished {
        /// Its status.
        status: Status,
    },
    /// No answer, one that can't be read, or one that says nothing about the extraction.
    Unanswered {
        /// Why.
        cause: Cause,
    },
}

impl fmt::Display for DrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { error } => {
                write!(f, "the service could not process the document: {error}")
            }
            Self::Expired => {
                f.write_str("the result expired: it was not fetched within 48 hours and is deleted")
            }
            Self::NotFound { error } => write!(
                f,
                "the service lists the extraction and does not know it: {error}"
            ),
            Self::Refused { error } => write!(f, "the service refused the request: {error}"),
            Self::TooLarge { .. } => f.write_str("the result is larger than the limit"),
            Self::Unreadable { error } => write!(f, "the extraction succeeded, but {error}"),
            Self::Unfinished { status } => write!(
                f,
                "the service lists the extraction as finished and says {status}"
            ),
            Self::Unanswered { cause } => write!(f, "the result could not be fetched: {cause}"),
        }
    }
}

impl Error for DrainError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::TooLarge { cause } => Some(cause),
            // The others have told their cause already.
            _ => None,
        }
    }
}

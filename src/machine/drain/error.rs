//! Why a listed extraction brings no result.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::cause::Cause;
use super::super::failed_attempts::FailedAttempts;
use crate::wire::{DecodeError, ServiceError, Status};

/// Why a listed extraction brings no result.
///
/// The first two are outcomes of extractions, and are [delivered](super::DrainEventKind::Extracted)
/// like results. The others are failed fetches: they are retried, and finally [set
/// aside](super::DrainEventKind::SetAside).
///
/// | variant | tried again? | what to do once it is set aside |
/// | --- | --- | --- |
/// | `Failed` | no: it is an outcome | fix the document (it was not readable); acknowledge |
/// | `Expired` | no: it is an outcome | submit again, as the data is deleted; acknowledge |
/// | `NotFound` | yes | check key and base URL; otherwise it is deleted |
/// | `Refused` | yes | fix the reported problem |
/// | `TooLarge` | no | drain with a higher limit |
/// | `Unreadable` | no | keep the raw response: it is the result, which this version can't read |
/// | `Unfinished` | yes | retry later |
/// | `Unanswered` | yes | retry later |
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DrainError {
    /// The service could not process the document (status `ERROR`).
    Failed {
        /// The service's explanation.
        error: ServiceError,
    },
    /// The extraction finished more than 48 hours ago, and its data is deleted (status `EXPIRED`).
    Expired,
    /// The service lists the extraction, but does not know it (404).
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
        /// What the transport reported.
        cause: Cause,
    },
    /// The extraction succeeded, and its result can't be read.
    Unreadable {
        /// What could not be read, and the raw response.
        error: DecodeError,
    },
    /// The service lists the extraction, but its status is in progress.
    Unfinished {
        /// Its status.
        status: Status,
    },
    /// No response, one that can't be read, or one that contains nothing about the extraction.
    Unanswered {
        /// The attempts.
        failed: FailedAttempts,
    },
}

impl DrainError {
    /// A short name of the variant, such as `not_found`, for a column of a database. It stays the
    /// same in later versions.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Failed { .. } => "failed",
            Self::Expired => "expired",
            Self::NotFound { .. } => "not_found",
            Self::Refused { .. } => "refused",
            Self::TooLarge { .. } => "too_large",
            Self::Unreadable { .. } => "unreadable",
            Self::Unfinished { .. } => "unfinished",
            Self::Unanswered { .. } => "unanswered",
        }
    }
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
            Self::Unanswered { failed } => write!(f, "the result could not be fetched: {failed}"),
        }
    }
}

impl Error for DrainError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::TooLarge { cause } => Some(cause),
            // Display of the others shows their cause already.
            _ => None,
        }
    }
}

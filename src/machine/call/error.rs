//! How a call ends without a response.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::cause::Cause;
use super::super::failed_attempts::FailedAttempts;
use super::super::stored;
use crate::wire::{DecodeError, ServiceError};

/// Why a call finished without a response.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CallError {
    /// The service refused the request; a retry would not help.
    Refused(ServiceError),
    /// A call that must not be repeated got a response that can't be read.
    Unreadable(DecodeError),
    /// It is unknown whether a call that must not be repeated was processed.
    Unknown {
        /// Why it is unknown.
        cause: Cause,
    },
    /// Every attempt failed.
    Exhausted {
        /// The attempts.
        failed: FailedAttempts,
    },
    /// The deadline passed before another attempt was due.
    Deadline {
        /// How long the service asked to wait, if it did.
        #[serde(with = "stored::milliseconds")]
        retry_after: Option<Duration>,
        /// The attempts, if there were any.
        failed: Option<FailedAttempts>,
    },
    /// The response is larger than the limit.
    TooLarge {
        /// What the transport reported.
        cause: Cause,
    },
    /// The document could not be read.
    SourceFailed {
        /// What is wrong with it.
        cause: Cause,
    },
    /// The caller abandoned the call.
    Abandoned,
}

impl CallError {
    /// A short name of the variant, such as `refused`, for a column of a database. It stays the
    /// same in later versions.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Unreadable(_) => "unreadable",
            Self::Unknown { .. } => "unknown",
            Self::Exhausted { .. } => "exhausted",
            Self::Deadline { .. } => "deadline",
            Self::TooLarge { .. } => "too_large",
            Self::SourceFailed { .. } => "source_failed",
            Self::Abandoned => "abandoned",
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => write!(f, "the service refused the request: {error}"),
            Self::Unreadable(error) => error.fmt(f),
            Self::Unknown { cause } => write!(
                f,
                "it is unknown whether the request was processed, so it is not repeated: {cause}"
            ),
            Self::Exhausted { failed } => write!(f, "there was no response: {failed}"),
            Self::Deadline {
                failed: Some(failed),
                ..
            } => write!(f, "there was no response before the deadline: {failed}"),
            Self::Deadline { failed: None, .. } => {
                f.write_str("there was no response before the deadline")
            }
            Self::TooLarge { .. } => f.write_str("the response is larger than the limit"),
            Self::SourceFailed { cause } => cause.fmt(f),
            Self::Abandoned => f.write_str("the call was abandoned"),
        }
    }
}

// Display shows the cause already.
impl Error for CallError {}

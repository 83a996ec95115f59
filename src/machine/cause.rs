//! Why an exchange failed.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::exchange::Failure;
use crate::wire::{DecodeError, ResponseError, ServiceError};

/// Why an exchange failed, for people and logs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// There was no response.
    Failure(Failure),
    /// The response was an error.
    Service(ServiceError),
    /// The response could not be read.
    Decode(DecodeError),
    /// The time limit passed before the transport reported anything.
    TimeLimit,
    /// The process ended before the response was known.
    Restarted,
    /// An earlier process found out, and stored it: see
    /// [`ThrottleState`](crate::machine::ThrottleState).
    Stored,
}

impl Cause {
    /// Whether it is of the same kind: the same kind of failure, the same status.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Failure(own), Self::Failure(other)) => own.kind() == other.kind(),
            (Self::Service(own), Self::Service(other)) => own.http_status() == other.http_status(),
            (own, other) => std::mem::discriminant(own) == std::mem::discriminant(other),
        }
    }
}

impl From<ResponseError> for Cause {
    fn from(error: ResponseError) -> Self {
        match error {
            ResponseError::Service(error) => Self::Service(error),
            ResponseError::Decode(error) => Self::Decode(error),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failure(failure) => failure.fmt(f),
            Self::Service(error) => error.fmt(f),
            Self::Decode(error) => error.fmt(f),
            Self::TimeLimit => f.write_str("there was no response within the time limit"),
            Self::Restarted => f.write_str("the process ended before the response was known"),
            Self::Stored => f.write_str("an earlier process found out"),
        }
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failure(failure) => failure.source(),
            Self::Service(_) | Self::Decode(_) => None,
            Self::TimeLimit | Self::Restarted | Self::Stored => None,
        }
    }
}

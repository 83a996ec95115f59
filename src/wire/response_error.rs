//! What can be wrong with one answer.

use std::error::Error;
use std::fmt;

use super::{DecodeError, ServiceError};

/// An answer that is not the one hoped for: the service refused, or what it wrote could not be read.
///
/// Made by the `decode` functions of this module; consumed by whoever performs single calls, and by the machines.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ResponseError {
    /// The HTTP status says no.
    Service(ServiceError),
    /// The HTTP status says yes, and the body can't be read.
    Decode(DecodeError),
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(error) => error.fmt(f),
            Self::Decode(error) => error.fmt(f),
        }
    }
}

impl Error for ResponseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Service(error) => error.source(),
            Self::Decode(error) => error.source(),
        }
    }
}

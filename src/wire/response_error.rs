//! Why a response is an error.

use std::error::Error;
use std::fmt;

use super::{DecodeError, ServiceError};

/// A response that is an error: the service refused the request, or the body could not be decoded.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ResponseError {
    /// The HTTP status is not 2xx.
    Service(ServiceError),
    /// The HTTP status is 2xx, but the body can't be decoded.
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

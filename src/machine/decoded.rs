//! What a response carries, without what it means: for the events, and for the causes in them.

use bytes::Bytes;

use super::cause::Cause;
use super::exchange::Failure;
use crate::wire::{DecodeError, Extraction, ExtractionId, ServiceError, Status};

/// What a response carries, for the events.
#[derive(Debug)]
pub(crate) enum Decoded {
    /// Nothing came, or nothing that an event carries.
    Nothing,
    Id(ExtractionId),
    Status(Status),
    Extraction(Box<Extraction>),
    Service(ServiceError),
    Decode(DecodeError),
    Failure(Failure),
    /// The process that waited for the response is gone.
    Restarted,
}

impl Decoded {
    /// The service's error; for a response that had none, an error without an explanation.
    pub(crate) fn into_service_error(self) -> ServiceError {
        match self {
            Self::Service(error) => error,
            _ => ServiceError::unexplained(&Bytes::new()),
        }
    }

    /// What could not be read; for a response that had nothing to read, that.
    pub(crate) fn into_decode_error(self) -> DecodeError {
        match self {
            Self::Decode(error) => error,
            _ => DecodeError::new("status response", None, "there is no result", Bytes::new()),
        }
    }

    /// Why an exchange failed; `None` for what is no failure.
    pub(crate) fn into_cause(self) -> Option<Cause> {
        match self {
            Self::Service(error) => Some(Cause::Service(error)),
            Self::Decode(error) => Some(Cause::Decode(error)),
            Self::Failure(failure) => Some(Cause::Failure(failure)),
            Self::Restarted => Some(Cause::Restarted),
            Self::Nothing | Self::Id(_) | Self::Status(_) | Self::Extraction(_) => None,
        }
    }

    /// Why an exchange failed of which it is known that it did: where nothing came, that is why.
    pub(crate) fn into_reason(self) -> Cause {
        self.into_cause().unwrap_or(Cause::TimeLimit)
    }

    /// As [`into_reason`](Self::into_reason), for somebody who needs it as well.
    pub(crate) fn reason(&self) -> Cause {
        self.cause().unwrap_or(Cause::TimeLimit)
    }

    /// As [`into_cause`](Self::into_cause), for somebody who needs it as well.
    fn cause(&self) -> Option<Cause> {
        match self {
            Self::Service(error) => Some(Cause::Service(error.clone())),
            Self::Decode(error) => Some(Cause::Decode(error.clone())),
            Self::Failure(failure) => Some(Cause::Failure(failure.clone())),
            Self::Restarted => Some(Cause::Restarted),
            Self::Nothing | Self::Id(_) | Self::Status(_) | Self::Extraction(_) => None,
        }
    }
}

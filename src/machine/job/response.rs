//! What a response means for a submit and for a poll, as tables.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};

use super::record::OutcomeKind;
use crate::machine::cause::Cause;
use crate::machine::exchange::{Failure, FailureKind};
use crate::wire::{
    DecodeError, Extraction, ExtractionId, ResponseError, ServiceError, Status, StatusResponse,
    SubmitResponse, retry_after,
};

/// The result of a submit, for the life cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubmitResult {
    /// Accepted, with an id.
    Accepted { hint: Option<Duration> },
    /// Certainly not processed.
    NotProcessed { hint: Option<Duration> },
    /// Not processed, as there were too many requests.
    Throttled { hint: Option<Duration> },
    /// Refused permanently.
    Refused,
    /// The document could not be read.
    Source,
    /// It may have been accepted.
    Unknown,
}

/// The result of a poll, for the life cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PollResult {
    /// Not finished.
    InProgress { hint: Option<Duration> },
    /// The service does not know the id.
    NotFound,
    /// The poll failed, which says nothing about the job.
    Failed { hint: Option<Duration> },
    /// The job has finished.
    Final(OutcomeKind),
}

/// What an error status means for the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 408: the service did not receive it.
    NotProcessed,
    /// 429: too many requests; later.
    Throttled,
    /// Any other 4xx, or a redirect: permanently refused.
    Final,
    /// 5xx, and unknown classes: a proxy may have passed the request on.
    Unclear,
}

impl Refusal {
    pub(crate) fn from_status(status: StatusCode) -> Self {
        match status {
            StatusCode::REQUEST_TIMEOUT => Self::NotProcessed,
            StatusCode::TOO_MANY_REQUESTS => Self::Throttled,
            status if status.is_client_error() || status.is_redirection() => Self::Final,
            _ => Self::Unclear,
        }
    }
}

/// The decoded content of a response, for the events.
#[derive(Debug)]
pub(crate) enum Decoded {
    Nothing,
    Id(ExtractionId),
    Status(Status),
    Extraction(Box<Extraction>),
    Service(ServiceError),
    Decode(DecodeError),
    Failure(Failure),
    /// The process that waited for the response has ended.
    Restarted,
}

impl Decoded {
    /// The service's error; an error without an explanation if the response had none.
    pub(crate) fn into_service_error(self) -> ServiceError {
        if let Self::Service(error) = self {
            error
        } else {
            ServiceError::unexplained(&Bytes::new())
        }
    }

    /// The decode error; if there is none, one for a response without a result.
    pub(crate) fn into_decode_error(self) -> DecodeError {
        if let Self::Decode(error) = self {
            error
        } else {
            DecodeError::new("status response", None, "there is no result", Bytes::new())
        }
    }

    /// The cause of a failure; `None` if it is none.
    pub(crate) fn into_cause(self) -> Option<Cause> {
        match self {
            Self::Service(error) => Some(Cause::Service(error)),
            Self::Decode(error) => Some(Cause::Decode(error)),
            Self::Failure(failure) => Some(Cause::Failure(failure)),
            Self::Restarted => Some(Cause::Restarted),
            Self::Nothing | Self::Id(_) | Self::Status(_) | Self::Extraction(_) => None,
        }
    }
}

/// The result of a submit, by its response.
///
/// | response | then |
/// | --- | --- |
/// | 2xx with a usable id | accepted |
/// | 2xx without one | unknown: it is probably accepted, and billed |
/// | 408 | not processed: again |
/// | 429 | not processed: again, when the rate allows it |
/// | 503 | unknown, or again if the retry policy allows it |
/// | other 5xx, and unknown classes | unknown: a proxy may have passed it on |
/// | other 4xx, a redirect | refused |
pub(crate) fn for_submit(
    response: &Response<Bytes>,
    trusts_overload: bool,
) -> (SubmitResult, Decoded) {
    let hint = retry_after(response.headers());
    let error = match SubmitResponse::decode(response) {
        Ok(result) => {
            return (
                SubmitResult::Accepted { hint },
                Decoded::Id(result.into_extraction_id()),
            );
        }
        Err(ResponseError::Decode(error)) => {
            return (SubmitResult::Unknown, Decoded::Decode(error));
        }
        Err(ResponseError::Service(error)) => error,
    };
    let result = match Refusal::from_status(response.status()) {
        Refusal::NotProcessed => SubmitResult::NotProcessed { hint },
        Refusal::Throttled => SubmitResult::Throttled { hint },
        Refusal::Final => SubmitResult::Refused,
        Refusal::Unclear
            if trusts_overload && response.status() == StatusCode::SERVICE_UNAVAILABLE =>
        {
            SubmitResult::NotProcessed { hint }
        }
        Refusal::Unclear => SubmitResult::Unknown,
    };
    (result, Decoded::Service(error))
}

/// The result of a submit that failed.
pub(crate) fn for_submit_failure(failure: Failure) -> (SubmitResult, Decoded) {
    let result = match failure.kind() {
        FailureKind::NotSent => SubmitResult::NotProcessed { hint: None },
        FailureKind::Source => SubmitResult::Source,
        // A response that is too large is a response: the submit was processed.
        FailureKind::Interrupted | FailureKind::TooLarge => SubmitResult::Unknown,
    };
    (result, Decoded::Failure(failure))
}

/// The result of a poll, by its response.
///
/// | response | then |
/// | --- | --- |
/// | 2xx with `SUCCESS`, `ERROR`, `EXPIRED` | the outcome |
/// | 2xx with any other status | in progress |
/// | 2xx that can't be read; 408, 429, 5xx, unknown classes | only the poll failed: poll again |
/// | 404 | not found; for a new id, in progress |
/// | other 4xx, a redirect | refused |
pub(crate) fn for_poll(response: &Response<Bytes>) -> (PollResult, Decoded) {
    let hint = retry_after(response.headers());
    match StatusResponse::decode(response) {
        Ok(result) => for_status(result, hint),
        Err(ResponseError::Decode(error)) => (PollResult::Failed { hint }, Decoded::Decode(error)),
        Err(ResponseError::Service(error)) => {
            let result = match Refusal::from_status(response.status()) {
                Refusal::Final if response.status() == StatusCode::NOT_FOUND => {
                    PollResult::NotFound
                }
                Refusal::Final => PollResult::Final(OutcomeKind::Refused),
                Refusal::NotProcessed | Refusal::Throttled | Refusal::Unclear => {
                    PollResult::Failed { hint }
                }
            };
            (result, Decoded::Service(error))
        }
    }
}

fn for_status(result: StatusResponse, hint: Option<Duration>) -> (PollResult, Decoded) {
    match result.status() {
        Status::Success => match result.into_extraction() {
            Ok(extraction) => (
                PollResult::Final(OutcomeKind::Succeeded),
                Decoded::Extraction(Box::new(extraction)),
            ),
            Err(error) => (
                PollResult::Final(OutcomeKind::Unreadable),
                Decoded::Decode(error),
            ),
        },
        Status::Error => {
            let error = result.error().cloned();
            (
                PollResult::Final(OutcomeKind::Failed),
                error.map_or(Decoded::Nothing, Decoded::Service),
            )
        }
        Status::Expired => (PollResult::Final(OutcomeKind::Expired), Decoded::Nothing),
        Status::InProgress | Status::Other(_) => (
            PollResult::InProgress { hint },
            Decoded::Status(result.status().clone()),
        ),
    }
}

/// The result of a poll that failed.
pub(crate) fn for_poll_failure(failure: Failure) -> (PollResult, Decoded) {
    let result = match failure.kind() {
        FailureKind::TooLarge => PollResult::Final(OutcomeKind::TooLarge),
        FailureKind::NotSent | FailureKind::Interrupted | FailureKind::Source => {
            PollResult::Failed { hint: None }
        }
    };
    (result, Decoded::Failure(failure))
}

//! What an answer means: the tables *what follows a submit's answer* and *what follows a poll's answer*.

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

/// What became of a submit, as far as the life cycle cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubmitResult {
    /// Taken, with an id.
    Accepted { hint: Option<Duration> },
    /// Certainly not processed.
    NotProcessed { hint: Option<Duration> },
    /// Not processed, as there were too many requests.
    Throttled { hint: Option<Duration> },
    /// Refused for good.
    Refused,
    /// The document could not be read.
    Source,
    /// It may have been accepted.
    Unknown,
}

/// What became of a poll, as far as the life cycle cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PollResult {
    /// Not finished.
    InProgress { hint: Option<Duration> },
    /// The service does not know the id.
    NotFound,
    /// The poll failed, which says nothing about the job.
    Failed { hint: Option<Duration> },
    /// The job has ended.
    Final(OutcomeKind),
}

/// What a status that is no success says about the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 408: the service did not receive it.
    NotProcessed,
    /// 429: not now.
    Throttled,
    /// Any other 4xx, or a redirect: not ever.
    Final,
    /// 5xx, and what is no known class: something on the way may have passed it on.
    Unclear,
}

impl Refusal {
    pub(crate) fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::REQUEST_TIMEOUT => Self::NotProcessed,
            StatusCode::TOO_MANY_REQUESTS => Self::Throttled,
            status if status.is_client_error() || status.is_redirection() => Self::Final,
            _ => Self::Unclear,
        }
    }
}

/// What an answer brings along, for the events.
#[derive(Debug)]
pub(crate) enum Decoded {
    Nothing,
    Id(ExtractionId),
    Status(Status),
    Extraction(Box<Extraction>),
    Service(ServiceError),
    Decode(DecodeError),
    Failure(Failure),
    /// The process that waited for the answer is gone.
    Restarted,
}

impl Decoded {
    /// The service's error; for an answer that had none, an error without an explanation.
    pub(crate) fn into_service_error(self) -> ServiceError {
        if let Self::Service(error) = self {
            error
        } else {
            ServiceError::unexplained(&Bytes::new())
        }
    }

    /// What could not be read; for an answer that had nothing to read, that.
    pub(crate) fn into_decode_error(self) -> DecodeError {
        if let Self::Decode(error) = self {
            error
        } else {
            DecodeError::new("status response", None, "there is no result", Bytes::new())
        }
    }

    /// The cause of a failure; `None` for what is none.
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

/// What follows a submit's answer.
///
/// | answer | then |
/// | --- | --- |
/// | 2xx with a usable id | accepted |
/// | 2xx without one | unknown: it is probably accepted, and billed |
/// | 408 | not processed: again |
/// | 429 | not processed: again, when there is room |
/// | 503 | unknown, or again where the caller trusts it |
/// | other 5xx, and what is no known class | unknown: something on the way may have passed it on |
/// | other 4xx, a redirect | refused |
pub(crate) fn for_submit(
    response: &Response<Bytes>,
    trusts_overload: bool,
) -> (SubmitResult, Decoded) {
    let hint = retry_after(response.headers());
    let error = match SubmitResponse::decode(response) {
        Ok(answer) => {
            return (
                SubmitResult::Accepted { hint },
                Decoded::Id(answer.into_extraction_id()),
            );
        }
        Err(ResponseError::Decode(error)) => {
            return (SubmitResult::Unknown, Decoded::Decode(error));
        }
        Err(ResponseError::Service(error)) => error,
    };
    let answer = match Refusal::of(response.status()) {
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
    (answer, Decoded::Service(error))
}

/// What follows a submit's failure.
pub(crate) fn for_submit_failure(failure: Failure) -> (SubmitResult, Decoded) {
    let answer = match failure.kind() {
        FailureKind::NotSent => SubmitResult::NotProcessed { hint: None },
        FailureKind::Source => SubmitResult::Source,
        // An answer too large was an answer all the same: the submit was processed.
        FailureKind::Interrupted | FailureKind::TooLarge => SubmitResult::Unknown,
    };
    (answer, Decoded::Failure(failure))
}

/// What follows a poll's answer.
///
/// | answer | then |
/// | --- | --- |
/// | 2xx with `SUCCESS`, `ERROR`, `EXPIRED` | the end |
/// | 2xx with any other status | in progress |
/// | 2xx that can't be read; 408, 429, 5xx, and what is no known class | the poll failed, not the job: poll again |
/// | 404 | not found; for an id just given, in progress |
/// | other 4xx, a redirect | refused |
pub(crate) fn for_poll(response: &Response<Bytes>) -> (PollResult, Decoded) {
    let hint = retry_after(response.headers());
    match StatusResponse::decode(response) {
        Ok(answer) => of_status(answer, hint),
        Err(ResponseError::Decode(error)) => (PollResult::Failed { hint }, Decoded::Decode(error)),
        Err(ResponseError::Service(error)) => {
            let answer = match Refusal::of(response.status()) {
                Refusal::Final if response.status() == StatusCode::NOT_FOUND => {
                    PollResult::NotFound
                }
                Refusal::Final => PollResult::Final(OutcomeKind::Refused),
                Refusal::NotProcessed | Refusal::Throttled | Refusal::Unclear => {
                    PollResult::Failed { hint }
                }
            };
            (answer, Decoded::Service(error))
        }
    }
}

fn of_status(answer: StatusResponse, hint: Option<Duration>) -> (PollResult, Decoded) {
    match answer.status() {
        Status::Success => match answer.into_extraction() {
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
            let error = answer.error().cloned();
            (
                PollResult::Final(OutcomeKind::Failed),
                error.map_or(Decoded::Nothing, Decoded::Service),
            )
        }
        Status::Expired => (PollResult::Final(OutcomeKind::Expired), Decoded::Nothing),
        Status::InProgress | Status::Other(_) => (
            PollResult::InProgress { hint },
            Decoded::Status(answer.status().clone()),
        ),
    }
}

/// What follows a poll's failure.
pub(crate) fn for_poll_failure(failure: Failure) -> (PollResult, Decoded) {
    let answer = match failure.kind() {
        FailureKind::TooLarge => PollResult::Final(OutcomeKind::TooLarge),
        FailureKind::NotSent | FailureKind::Interrupted | FailureKind::Source => {
            PollResult::Failed { hint: None }
        }
    };
    (answer, Decoded::Failure(failure))
}

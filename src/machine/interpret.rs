//! What came of an exchange, in one place: no other file looks at a status, a header or the kind of
//! a failure.
//!
//! Each function turns a [`Reply`] into what it says of the exchange, what it says of the service
//! ([`Signal`]), and what the events carry. `tests/decision_table.txt` is this file as a table.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};

use super::collections::id_index::IdIndex;
pub(crate) use super::decoded::Decoded;
use super::exchange::{Failure, FailureKind};
use super::job::record::OutcomeKind;
use crate::wire::{
    AwaitingResponse, DecodeError, Request, ResponseError, ServiceError, Status, StatusResponse,
    SubmitResponse, retry_after,
};

/// What a transport reported of an exchange: a response, or why there is none.
pub(crate) enum Reply {
    Response(Response<Bytes>),
    Failure(Failure),
    /// Nothing, within the time that there was.
    TimeLimit,
}

impl Reply {
    /// Whether the request certainly did not leave.
    pub(crate) fn is_unsent(&self) -> bool {
        matches!(self, Self::Failure(failure) if failure.kind() == FailureKind::NotSent)
    }
}

/// What an exchange says: of itself, of the service, and for the events.
pub(crate) struct Meaning<T> {
    pub(crate) result: T,
    pub(crate) signal: Signal,
    pub(crate) decoded: Decoded,
}

/// What an exchange says of the service.
///
/// Only what the service alone can have said is evidence that it works. What decoders merely
/// tolerate, such as an empty body for an empty list, is no evidence: a captive network or a proxy
/// may have said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// It works: an accepted submit, one of the four statuses, a list of ids, or a refusal in its
    /// own format.
    Works,
    /// It asks for a pause, perhaps of this length: 429, or any error with a `Retry-After`.
    Busy(Option<Duration>),
    /// It does not work, or cannot be reached: no response, 408, 5xx, or a success that cannot be
    /// read.
    Down,
    /// It refuses the key: 401 or 403.
    KeyRefused,
    /// Nothing either way.
    Nothing,
}

/// What became of a submit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubmitResult {
    /// Accepted, with an id.
    Accepted { hint: Option<Duration> },
    /// Certainly not processed; the attempt counts.
    NotProcessed { hint: Option<Duration> },
    /// Certainly not processed, for a reason that is not specific to the document: the attempt does
    /// not count.
    Deferred { hint: Option<Duration> },
    /// Refused for good.
    Refused,
    /// The key was refused, so it was not processed.
    KeyRefused,
    /// The document could not be read.
    SourceFailed,
    /// It may have been accepted.
    Unknown,
}

/// What became of a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PollResult {
    /// Not finished.
    InProgress { hint: Option<Duration> },
    /// The service does not know the id.
    NotFound { hint: Option<Duration> },
    /// The poll failed, which says nothing about the job.
    Failed { hint: Option<Duration> },
    /// It failed for a reason that is not specific to the job.
    Deferred { hint: Option<Duration> },
    /// The key was refused, which says nothing about the job.
    KeyRefused,
    /// The job has finished.
    Final(OutcomeKind),
}

/// What became of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListingResult {
    /// Read to its end, and this many bytes long.
    Received { bytes: u64, hint: Option<Duration> },
    /// No listing came; another try may bring one.
    Failed { hint: Option<Duration> },
    /// What came is no listing, and will not become one by trying again: a refusal, a redirect.
    Refused,
    /// What came cannot be read as a listing.
    Unreadable { hint: Option<Duration> },
    /// Larger than the limit.
    TooLarge,
    /// The key was refused.
    KeyRefused,
}

/// What became of any other call.
#[derive(Debug)]
pub(crate) enum CallResult<T> {
    Done(T),
    /// Refused for good, the key included: a single call has nobody to wait for.
    Refused,
    /// Certainly not processed.
    NotProcessed {
        hint: Option<Duration>,
    },
    /// It may have been processed.
    Unknown {
        hint: Option<Duration>,
    },
    /// It was processed, and its response cannot be read.
    Unreadable {
        hint: Option<Duration>,
    },
    /// It was processed, and its response is larger than the limit.
    TooLarge,
    /// The document could not be read.
    SourceFailed,
}

/// What a status that is no success says of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// 401, 403.
    Key,
    /// 404.
    NotFound,
    /// 408: the service did not receive the request.
    NotReceived,
    /// 429: too many requests.
    TooMany,
    /// Any other 4xx: the same request will be refused again.
    Final,
    /// 307, 308: the same, but it is not the service that refuses.
    Redirect,
    /// 300 to 303 and other redirects: what was sent to be processed may be processed.
    SeeOther,
    /// 503: perhaps not processed; the caller may know.
    Overload,
    /// Other 5xx, and what is no known class: something on the way may have passed it on.
    Unclear,
}

impl Refusal {
    fn from_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Self::Key,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::REQUEST_TIMEOUT => Self::NotReceived,
            StatusCode::TOO_MANY_REQUESTS => Self::TooMany,
            StatusCode::SERVICE_UNAVAILABLE => Self::Overload,
            status if status.is_client_error() => Self::Final,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => Self::Redirect,
            status if status.is_redirection() => Self::SeeOther,
            _ => Self::Unclear,
        }
    }

    /// What it says of the service.
    fn signal(self, error: &ServiceError, hint: Option<Duration>) -> Signal {
        match self {
            Self::Key => Signal::KeyRefused,
            Self::TooMany => Signal::Busy(hint),
            _ if hint.is_some() => Signal::Busy(hint),
            Self::NotReceived | Self::Overload | Self::Unclear => Signal::Down,
            // In its own words it refuses this request, and so it works.
            Self::NotFound | Self::Final if error.is_standard() => Signal::Works,
            Self::NotFound | Self::Final | Self::Redirect | Self::SeeOther => Signal::Nothing,
        }
    }
}

/// What the failure of an exchange says of the service.
fn failure_signal(failure: &Failure) -> Signal {
    match failure.kind() {
        FailureKind::NotSent | FailureKind::Interrupted => Signal::Down,
        FailureKind::Source | FailureKind::TooLarge => Signal::Nothing,
    }
}

/// What follows a submit.
///
/// | what came | then |
/// | --- | --- |
/// | 2xx with a usable id | accepted |
/// | 2xx without one | unknown: it is probably accepted, and billed |
/// | 401, 403 | the key was refused |
/// | 408, not sent | not processed: again |
/// | 429 | not processed, and not counted: again, when there is room |
/// | 503 | unknown, or not processed where the caller declared it |
/// | other 5xx, no known class | unknown: it may have been processed |
/// | broken off, too large, nothing in time | the same |
/// | a redirect, but 307 and 308 | the same: normally it means that it was processed |
/// | other 4xx, 307, 308 | refused |
pub(crate) fn submit(reply: Reply, trusts_overload: bool) -> Meaning<SubmitResult> {
    let response = match reply {
        Reply::Response(response) => response,
        Reply::Failure(failure) => return submit_failure(failure),
        Reply::TimeLimit => return nothing_came(SubmitResult::Unknown),
    };
    let hint = retry_after(response.headers());
    let error = match SubmitResponse::decode(&response) {
        Ok(accepted) => {
            return Meaning {
                result: SubmitResult::Accepted { hint },
                signal: Signal::Works,
                decoded: Decoded::Id(accepted.into_extraction_id()),
            };
        }
        Err(ResponseError::Decode(error)) => {
            return Meaning {
                result: SubmitResult::Unknown,
                signal: Signal::Down,
                decoded: Decoded::Decode(error),
            };
        }
        Err(ResponseError::Service(error)) => error,
    };
    let refusal = Refusal::from_status(response.status());
    let result = match refusal {
        Refusal::Key => SubmitResult::KeyRefused,
        Refusal::NotReceived => SubmitResult::NotProcessed { hint },
        Refusal::TooMany => SubmitResult::Deferred { hint },
        Refusal::NotFound | Refusal::Final | Refusal::Redirect => SubmitResult::Refused,
        Refusal::Overload if trusts_overload => SubmitResult::NotProcessed { hint },
        Refusal::Overload | Refusal::Unclear | Refusal::SeeOther => SubmitResult::Unknown,
    };
    Meaning {
        result,
        signal: refusal.signal(&error, hint),
        decoded: Decoded::Service(error),
    }
}

/// The time limit has passed without a response.
fn nothing_came<T>(result: T) -> Meaning<T> {
    Meaning {
        result,
        signal: Signal::Down,
        decoded: Decoded::Nothing,
    }
}

fn submit_failure(failure: Failure) -> Meaning<SubmitResult> {
    let result = match failure.kind() {
        FailureKind::NotSent => SubmitResult::NotProcessed { hint: None },
        FailureKind::Source => SubmitResult::SourceFailed,
        // A response too large was a response all the same: the submit was processed.
        FailureKind::Interrupted | FailureKind::TooLarge => SubmitResult::Unknown,
    };
    Meaning {
        result,
        signal: failure_signal(&failure),
        decoded: Decoded::Failure(failure),
    }
}

/// What follows a poll.
///
/// | what came | then |
/// | --- | --- |
/// | 2xx with `SUCCESS`, `ERROR`, `EXPIRED` | the outcome |
/// | 2xx with any other status | in progress |
/// | 2xx that cannot be read, or has no status; 408, 429, 5xx; no response | failed |
/// | 401, 403 | the key was refused |
/// | 404 | not found; for an id just given, in progress |
/// | other 4xx, a redirect | refused |
pub(crate) fn poll(reply: Reply) -> Meaning<PollResult> {
    let response = match reply {
        Reply::Response(response) => response,
        Reply::Failure(failure) => return poll_failure(failure),
        Reply::TimeLimit => return nothing_came(PollResult::Failed { hint: None }),
    };
    let hint = retry_after(response.headers());
    match StatusResponse::decode(&response) {
        Ok(status) => poll_status(status, response.body(), hint),
        Err(ResponseError::Decode(error)) => Meaning {
            result: PollResult::Failed { hint },
            signal: Signal::Down,
            decoded: Decoded::Decode(error),
        },
        Err(ResponseError::Service(error)) => {
            let refusal = Refusal::from_status(response.status());
            let result = match refusal {
                Refusal::Key => PollResult::KeyRefused,
                Refusal::NotFound => PollResult::NotFound { hint },
                Refusal::Final | Refusal::Redirect | Refusal::SeeOther => {
                    PollResult::Final(OutcomeKind::Refused)
                }
                Refusal::TooMany => PollResult::Deferred { hint },
                _ if hint.is_some() => PollResult::Deferred { hint },
                Refusal::NotReceived | Refusal::Overload | Refusal::Unclear => {
                    PollResult::Failed { hint }
                }
            };
            Meaning {
                result,
                signal: refusal.signal(&error, hint),
                decoded: Decoded::Service(error),
            }
        }
    }
}

fn poll_status(
    response: StatusResponse,
    body: &Bytes,
    hint: Option<Duration>,
) -> Meaning<PollResult> {
    let status = response.status().clone();
    let (result, decoded) = match &status {
        Status::Success => match response.into_extraction() {
            Ok(extraction) => (
                PollResult::Final(OutcomeKind::Succeeded),
                Decoded::Extraction(Box::new(extraction)),
            ),
            Err(error) => (
                PollResult::Final(OutcomeKind::Unreadable),
                Decoded::Decode(error),
            ),
        },
        Status::Error => (
            PollResult::Final(OutcomeKind::Failed),
            response
                .error()
                .cloned()
                .map_or(Decoded::Nothing, Decoded::Service),
        ),
        Status::Expired => (PollResult::Final(OutcomeKind::Expired), Decoded::Nothing),
        Status::Other(text) if text.is_empty() => {
            let problem = "there is no status";
            let error = DecodeError::new("status response", Some("status"), problem, body.clone());
            return Meaning {
                result: PollResult::Failed { hint },
                signal: Signal::Down,
                decoded: Decoded::Decode(error),
            };
        }
        Status::InProgress | Status::Other(_) => (
            PollResult::InProgress { hint },
            Decoded::Status(status.clone()),
        ),
    };
    let signal = match status {
        Status::Other(_) => Signal::Nothing,
        _ => Signal::Works,
    };
    Meaning {
        result,
        signal,
        decoded,
    }
}

fn poll_failure(failure: Failure) -> Meaning<PollResult> {
    let result = match failure.kind() {
        FailureKind::TooLarge => PollResult::Final(OutcomeKind::TooLarge),
        FailureKind::NotSent | FailureKind::Interrupted | FailureKind::Source => {
            PollResult::Failed { hint: None }
        }
    };
    Meaning {
        result,
        signal: failure_signal(&failure),
        decoded: Decoded::Failure(failure),
    }
}

/// What follows a listing. Its ids go to `take` as they are read, some at a time, those before a
/// fault included.
pub(crate) fn listing<'r>(
    reply: &'r Reply,
    mut take: impl FnMut(&[Cow<'r, str>]),
) -> Meaning<ListingResult> {
    let response = match reply {
        Reply::Response(response) => response,
        Reply::Failure(failure) => {
            let result = match failure.kind() {
                FailureKind::TooLarge => ListingResult::TooLarge,
                FailureKind::NotSent | FailureKind::Interrupted | FailureKind::Source => {
                    ListingResult::Failed { hint: None }
                }
            };
            return Meaning {
                result,
                signal: failure_signal(failure),
                decoded: Decoded::Failure(failure.clone()),
            };
        }
        Reply::TimeLimit => return nothing_came(ListingResult::Failed { hint: None }),
    };
    let hint = retry_after(response.headers());
    let mut together = Vec::with_capacity(IdIndex::TOGETHER);
    let listing = AwaitingResponse::visit(response, |id| {
        together.push(id);
        if together.len() == IdIndex::TOGETHER {
            take(&together);
            together.clear();
        }
    });
    take(&together);
    match listing {
        Ok(listing) => Meaning {
            result: ListingResult::Received {
                bytes: response.body().len() as u64,
                hint,
            },
            signal: if listing.has_ids {
                Signal::Works
            } else {
                Signal::Nothing
            },
            decoded: Decoded::Nothing,
        },
        Err(ResponseError::Decode(error)) => Meaning {
            result: ListingResult::Unreadable { hint },
            signal: Signal::Down,
            decoded: Decoded::Decode(error),
        },
        Err(ResponseError::Service(error)) => {
            let refusal = Refusal::from_status(response.status());
            let result = match refusal {
                Refusal::Key => ListingResult::KeyRefused,
                Refusal::NotFound | Refusal::Final | Refusal::Redirect | Refusal::SeeOther => {
                    ListingResult::Refused
                }
                Refusal::NotReceived | Refusal::TooMany | Refusal::Overload | Refusal::Unclear => {
                    ListingResult::Failed { hint }
                }
            };
            Meaning {
                result,
                signal: refusal.signal(&error, hint),
                decoded: Decoded::Service(error),
            }
        }
    }
}

/// What follows any other call.
pub(crate) fn call<R: Request>(reply: Reply) -> (CallResult<R::Response>, Decoded) {
    let response = match reply {
        Reply::Response(response) => response,
        Reply::Failure(failure) => {
            let result = match failure.kind() {
                FailureKind::NotSent => CallResult::NotProcessed { hint: None },
                FailureKind::Interrupted => CallResult::Unknown { hint: None },
                FailureKind::Source => CallResult::SourceFailed,
                FailureKind::TooLarge => CallResult::TooLarge,
            };
            return (result, Decoded::Failure(failure));
        }
        Reply::TimeLimit => return (CallResult::Unknown { hint: None }, Decoded::Nothing),
    };
    let hint = retry_after(response.headers());
    match R::decode(&response) {
        Ok(response) => (CallResult::Done(response), Decoded::Nothing),
        Err(ResponseError::Decode(error)) => {
            (CallResult::Unreadable { hint }, Decoded::Decode(error))
        }
        Err(ResponseError::Service(error)) => {
            let result = match Refusal::from_status(response.status()) {
                Refusal::SeeOther if !R::REPEATABLE => CallResult::Unknown { hint },
                Refusal::Key
                | Refusal::NotFound
                | Refusal::Final
                | Refusal::Redirect
                | Refusal::SeeOther => CallResult::Refused,
                Refusal::NotReceived | Refusal::TooMany => CallResult::NotProcessed { hint },
                Refusal::Overload | Refusal::Unclear => CallResult::Unknown { hint },
            };
            (result, Decoded::Service(error))
        }
    }
}

//! One request with retries: any call that is not a job.

mod error;
mod event;
mod options;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

pub use error::CallError;
pub use event::{CallEvent, CallEventKind};
pub use options::CallOptions;

use super::cause::Cause;
use super::exchange::{Failure, Limits, Purpose, RequestId, Transmit};
use super::failed_attempts::FailedAttempts;
use super::interpret::{self, CallResult, Reply};
use super::random;
use super::time::Time;
use super::{Machine, Output};
use crate::wire::{Api, Request};

/// Performs one call, and repeats it where that is safe and may help.
///
/// For everything that is not a job: a single poll, a listing, a synchronous extraction, an
/// endpoint of your own. A call that is [repeatable](Request::REPEATABLE) is retried after any
/// temporary failure; any other only if it certainly was not processed.
///
/// ```
/// use typless::machine::{Call, CallEventKind, CallOptions, Machine, Output, Time};
/// use typless::wire::{Api, AwaitingRequest};
/// # fn perform(_: typless::machine::Transmit) -> http::Response<bytes::Bytes> {
/// #     http::Response::new(bytes::Bytes::from_static(br#"{"extraction_ids": ["0d14"]}"#))
/// # }
///
/// let api = Api::new(Api::PRODUCTION, "my-key")?;
/// let now = Time::from_unix_seconds(1_700_000_000);
/// let mut call = Call::new(&api, AwaitingRequest::new(), CallOptions::default(), now);
/// loop {
///     match call.next_output(now) {
///         Output::Send(transmit) => call.handle_response(transmit.id, perform(transmit), now),
///         Output::Event(event) => {
///             if let CallEventKind::Finished(Ok(response)) = event.kind {
///                 assert_eq!(response.extraction_ids().len(), 1);
///             }
///         }
///         Output::Wait(_) | Output::NeedInput | Output::Done => break,
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Call<R: Request> {
    api: Api,
    request: R,
    options: CallOptions,
    limits: Limits,
    deadline: Time,
    state: State,
    attempts: u16,
    failed: Option<FailedAttempts>,
    event: Option<CallEventKind<R::Response>>,
    next_sequence: u64,
    latest: Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// To be sent when due.
    Ready { due: Time },
    /// In flight, at most until this time.
    Sent { until: Time },
    /// Finished.
    Finished,
}

impl<R: Request> Call<R> {
    /// A call that is to be performed immediately.
    pub fn new(api: &Api, request: R, options: CallOptions, now: Time) -> Self {
        let limits =
            Limits::for_exchange(request.request(api).body().len(), options.response_bytes);
        let deadline = now + options.deadline;
        let state = State::Ready { due: now };
        Self {
            api: api.clone(),
            request,
            options,
            limits,
            deadline,
            state,
            attempts: 0,
            failed: None,
            event: None,
            next_sequence: 1,
            latest: now,
        }
    }

    /// Abandons the call. It finishes immediately, as [`CallError::Abandoned`]; the service may
    /// still process a request in flight.
    pub fn abandon(&mut self, now: Time) {
        self.advance(now);
        if self.state != State::Finished {
            self.finish(Err(CallError::Abandoned));
        }
    }

    /// The parameters of the call, for a transcript.
    pub(crate) fn origin(&self) -> String {
        let request = self.request.request(&self.api);
        format!(
            "Call, {} {}, {} bytes\n{:?}",
            request.method(),
            request.uri(),
            request.body().len(),
            self.options
        )
    }

    fn advance(&mut self, now: Time) -> Time {
        self.latest = self.latest.max(now);
        self.latest
    }

    fn finish(&mut self, outcome: Result<R::Response, CallError>) {
        self.state = State::Finished;
        self.event = Some(CallEventKind::Finished(outcome));
    }

    fn send(&mut self, now: Time) -> Output<CallEvent<R::Response>> {
        self.attempts = self.attempts.saturating_add(1);
        self.state = State::Sent {
            until: now + self.limits.total,
        };
        let is_repeatable = R::REPEATABLE;
        Output::Send(Transmit::new(
            self.id(),
            Purpose::Call { is_repeatable },
            self.request.request(&self.api),
            self.limits,
        ))
    }

    fn id(&self) -> RequestId {
        RequestId::new(u64::from(self.attempts))
    }

    fn awaits(&self, id: RequestId) -> bool {
        matches!(self.state, State::Sent { .. }) && id == self.id()
    }

    /// Takes what came of the exchange that is out.
    fn complete(&mut self, reply: Reply, now: Time) {
        let (result, decoded) = interpret::call::<R>(reply);
        let (hint, is_repeatable) = match result {
            CallResult::Done(response) => return self.finish(Ok(response)),
            CallResult::Refused => {
                let error = decoded.into_service_error();
                return self.finish(Err(CallError::Refused(error)));
            }
            // It was processed, and must not be repeated.
            CallResult::Unreadable { .. } if !R::REPEATABLE => {
                let error = decoded.into_decode_error();
                return self.finish(Err(CallError::Unreadable(error)));
            }
            CallResult::NotProcessed { hint } | CallResult::Unreadable { hint } => (hint, true),
            CallResult::Unknown { hint } => (hint, R::REPEATABLE),
            CallResult::TooLarge => {
                let cause = decoded.into_reason();
                return self.finish(Err(CallError::TooLarge { cause }));
            }
            CallResult::SourceFailed => {
                let cause = decoded.into_reason();
                return self.finish(Err(CallError::SourceFailed { cause }));
            }
        };
        let cause = decoded.into_reason();
        if is_repeatable {
            self.try_again(cause, hint, now);
        } else {
            // It may have been processed.
            self.finish(Err(CallError::Unknown { cause }));
        }
    }

    /// A retry is safe and may help.
    fn try_again(&mut self, cause: Cause, hint: Option<Duration>, now: Time) {
        let failed = FailedAttempts::after(self.failed.take(), cause.clone(), now);
        if self.attempts >= self.options.retry.attempts() {
            return self.finish(Err(CallError::Exhausted { failed }));
        }
        let random = random::draw(self.options.seed, u32::from(self.attempts));
        let due = now
            + self
                .options
                .retry
                .delay(self.attempts, random)
                .max(hint.unwrap_or_default());
        if due > self.deadline {
            return self.finish(Err(CallError::Deadline {
                retry_after: hint,
                failed: Some(failed),
            }));
        }
        self.state = State::Ready { due };
        self.failed = Some(failed);
        self.event = Some(CallEventKind::AttemptFailed {
            cause,
            retry_at: due,
        });
    }
}

impl<R: Request> Machine for Call<R> {
    type Event = CallEvent<R::Response>;
    type Outcome = Result<R::Response, CallError>;

    fn next_output(&mut self, now: Time) -> Output<Self::Event> {
        let now = self.advance(now);
        loop {
            if let Some(kind) = self.event.take() {
                let sequence = self.next_sequence;
                self.next_sequence = sequence.saturating_add(1);
                return Output::Event(CallEvent { sequence, kind });
            }
            match self.state {
                State::Finished => return Output::Done,
                State::Ready { .. } if now >= self.deadline => {
                    let failed = self.failed.take();
                    self.finish(Err(CallError::Deadline {
                        retry_after: None,
                        failed,
                    }));
                }
                State::Ready { due } if now >= due => return self.send(now),
                State::Ready { due } => return Output::Wait(due),
                State::Sent { until } if now >= until => self.complete(Reply::TimeLimit, now),
                State::Sent { until } => return Output::Wait(until),
            }
        }
    }

    fn handle_response(&mut self, id: RequestId, response: http::Response<Bytes>, now: Time) {
        let now = self.advance(now);
        if !self.awaits(id) {
            return;
        }
        self.complete(Reply::Response(response), now);
    }

    fn handle_failure(&mut self, id: RequestId, failure: Failure, now: Time) {
        let now = self.advance(now);
        if !self.awaits(id) {
            return;
        }
        self.complete(Reply::Failure(failure), now);
    }

    fn into_outcome(event: Self::Event) -> Result<Self::Outcome, Self::Event> {
        match event.kind {
            CallEventKind::Finished(outcome) => Ok(outcome),
            kind @ CallEventKind::AttemptFailed { .. } => Err(CallEvent {
                sequence: event.sequence,
                kind,
            }),
        }
    }
}

impl<R: Request> fmt::Debug for Call<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("state", &self.state)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

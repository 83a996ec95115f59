//! The service as a transport: no sockets, no threads, any clock.

use std::fmt;

use bytes::Bytes;
use http::{Request, Response};
use typless::drive::{AsyncTransport, BlockingTransport, Clock};
use typless::machine::{Failure, FailureKind, Limits};
use typless::wire::{Body, SourceError};

use crate::service::Received;
use crate::shared::Shared;
use crate::{Answer, Service};

/// A transport that hands each request to a [`Service`] of its own, at the time its clock tells.
///
/// With a virtual clock a test of 48 hours takes microseconds. Exchanges take no time, so a [delayed](crate::Fault::AnswerDelayed) answer comes at once, unless it would be later than the limit;
/// one that stalls or breaks off is [`Interrupted`](FailureKind::Interrupted) at once. Documents and their sources are read on the calling thread, in the asynchronous case too.
///
/// Several threads may use it at once. Clones go to the same service.
///
/// # Example
///
/// ```
/// use typless::drive::{BlockingTransport, Clock};
/// use typless::machine::{Limits, Time};
/// use typless::wire::{Api, Document, SubmitRequest, SubmitResponse};
/// use typless_emulator::{InProcess, Service, ServiceOptions};
///
/// struct Noon;
/// impl Clock for Noon {
///     fn now(&self) -> Time {
///         Time::from_unix_seconds(1_700_000_000)
///     }
/// }
///
/// let transport = InProcess::new(Service::new(ServiceOptions::new()), Noon);
/// let api = Api::new("http://localhost", "any-key")?;
/// let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF-1.7"[..])?;
/// let answer = transport.send(SubmitRequest::new(document).request(&api), Limits::default())?;
/// assert_eq!(SubmitResponse::decode(&answer)?.extraction_id().as_str().len(), 40);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct InProcess<C> {
    service: Shared,
    clock: C,
}

impl<C> InProcess<C> {
    /// A transport to this service.
    pub fn new(service: Service, clock: C) -> Self {
        Self {
            service: Shared::new(service),
            clock,
        }
    }

    /// The clock that tells the service the time.
    pub fn clock(&self) -> &C {
        &self.clock
    }

    /// Polls the service between exchanges.
    pub fn with_service<R>(&self, poll: impl FnOnce(&mut Service) -> R) -> R {
        self.service.with(poll)
    }
}

impl<C: Clock> InProcess<C> {
    /// The next webhook message that is due by the clock, for the test to hand to its receiver; `None` if none is due yet.
    ///
    /// [`Service::next_webhook_at`] says when one will be.
    #[must_use]
    pub fn next_webhook(&self) -> Option<Request<Bytes>> {
        let now = self.clock.now();
        self.with_service(|service| service.next_webhook(now))
    }

    fn exchange(&self, request: Request<Body>, limits: Limits) -> Result<Response<Bytes>, Failure> {
        let (head, body) = request.into_parts();
        let body = body.to_bytes().map_err(|error| {
            // Either way the service has seen nothing of the request.
            let kind = if SourceError::find_in(&error).is_some() {
                FailureKind::Source
            } else {
                FailureKind::NotSent
            };
            Failure::new(kind, error)
        })?;
        let response = arrived(self.answer(Request::from_parts(head, body)), limits)?;
        let length = response.body().len() as u64;
        if length > limits.response_bytes {
            let cause = format!(
                "the response has {length} bytes, and at most {} are taken",
                limits.response_bytes
            );
            return Err(Failure::new(FailureKind::TooLarge, cause));
        }
        Ok(response)
    }

    /// The service is not locked while the document is read.
    fn answer(&self, request: Request<Bytes>) -> Answer {
        let under_way = self.service.begin(request.uri(), self.clock.now());
        let received = self.with_service(|service| {
            service.receive(request, under_way.arrival(), self.clock.now())
        });
        match received {
            Received::Answered(answer) => answer,
            Received::Submission(submission) => {
                let reading = submission.read();
                self.with_service(|service| {
                    service.accept(reading, under_way.arrival(), self.clock.now())
                })
            }
        }
    }
}

/// What the client sees of an answer.
fn arrived(answer: Answer, limits: Limits) -> Result<Response<Bytes>, Failure> {
    let (kind, cause) = match answer {
        Answer::Whole(response) => return Ok(response),
        Answer::Delayed(response, by) if by < limits.total => return Ok(response),
        Answer::Delayed(..) => (FailureKind::Interrupted, "the answer did not come in time"),
        Answer::Stalled(..) => (FailureKind::Interrupted, "the answer stopped coming"),
        Answer::Cut(..) => (
            FailureKind::Interrupted,
            "the connection broke in the middle of the answer",
        ),
        Answer::Lost { .. } => (
            FailureKind::Interrupted,
            "the connection broke before the answer",
        ),
        Answer::Unreachable => (FailureKind::NotSent, "there is no connection"),
    };
    Err(Failure::new(kind, cause))
}

impl<C: Clock> BlockingTransport for InProcess<C> {
    fn send(&self, request: Request<Body>, limits: Limits) -> Result<Response<Bytes>, Failure> {
        self.exchange(request, limits)
    }
}

impl<C: Clock + Send + Sync> AsyncTransport for InProcess<C> {
    async fn send(
        &self,
        request: Request<Body>,
        limits: Limits,
    ) -> Result<Response<Bytes>, Failure> {
        self.exchange(request, limits)
    }
}

impl<C> fmt::Debug for InProcess<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").finish_non_exhaustive()
    }
}

//! The service as a transport: no sockets, no threads, any clock.

use std::fmt;

use bytes::Bytes;
use http::{Request, Response};
use typless::drive::{AsyncTransport, BlockingTransport, Clock};
use typless::machine::{Failure, FailureKind, Limits};
use typless::wire::{Body, SourceError};

use crate::service::Received;
use crate::shared::Shared;
use crate::{Delivery, Service};

/// A transport that passes each request to a [`Service`] in the same process, at the time of its
/// clock.
///
/// With a virtual clock a test of 48 hours takes microseconds. Exchanges take no time: a
/// [delayed](crate::Fault::ResponseDelayed) response arrives at once, unless it would be later than
/// the total or the idle limit, and one that stalls or breaks off is
/// [`Interrupted`](FailureKind::Interrupted) at once. Documents and their sources are read on the
/// calling thread, in the asynchronous case too.
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
/// let response = transport.send(SubmitRequest::new(document).request(&api), Limits::default())?;
/// assert_eq!(SubmitResponse::decode(&response)?.extraction_id().as_str().len(), 40);
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

    /// The clock that the service runs by.
    pub fn clock(&self) -> &C {
        &self.clock
    }

    /// Accesses the service between exchanges.
    pub fn with_service<R>(&self, access: impl FnOnce(&mut Service) -> R) -> R {
        self.service.with(access)
    }
}

impl<C: Clock> InProcess<C> {
    /// The next webhook message that is due by the clock, for the test to pass to its receiver;
    /// `None` if none is due yet.
    ///
    /// [`Service::next_webhook_at`] returns when one will be.
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
        let response = arrived(self.deliver(Request::from_parts(head, body)), limits)?;
        let length = response.body().len() as u64;
        if length > limits.response_bytes {
            let cause = format!(
                "the response has {length} bytes, more than the limit of {}",
                limits.response_bytes
            );
            return Err(Failure::new(FailureKind::TooLarge, cause));
        }
        Ok(response)
    }

    /// The service is not locked while the document is read.
    fn deliver(&self, request: Request<Bytes>) -> Delivery {
        let in_flight = self.service.begin(request.uri(), self.clock.now());
        let received = self.with_service(|service| {
            service.receive(request, in_flight.arrival(), self.clock.now())
        });
        match received {
            Received::Delivered(delivery) => delivery,
            Received::Submission(submission) => {
                let reading = submission.read();
                self.with_service(|service| {
                    service.accept(reading, in_flight.arrival(), self.clock.now())
                })
            }
        }
    }
}

/// What the client sees of a response.
fn arrived(delivery: Delivery, limits: Limits) -> Result<Response<Bytes>, Failure> {
    let (kind, cause) = match delivery {
        Delivery::Whole(response) => return Ok(response),
        // Nothing moves before a late response.
        Delivery::Delayed(response, by) if by < limits.idle.min(limits.total) => {
            return Ok(response);
        }
        Delivery::Delayed(..) => (
            FailureKind::Interrupted,
            "the response did not arrive in time",
        ),
        Delivery::Stalled(..) => (
            FailureKind::Interrupted,
            "the response stopped before its end",
        ),
        Delivery::Cut(..) => (
            FailureKind::Interrupted,
            "the connection broke in the middle of the response",
        ),
        Delivery::Lost { .. } => (
            FailureKind::Interrupted,
            "the connection broke before the response",
        ),
        Delivery::Unreachable => (FailureKind::NotSent, "there is no connection"),
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

//! The service as a transport: no sockets, no threads, any clock.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use typless::drive::{AsyncTransport, BlockingTransport, Clock};
use typless::machine::{Failure, FailureKind, Limits};
use typless::wire::{Body, SourceError};

use crate::Service;

/// A transport that hands each request to a [`Service`] of its own, at the time its clock tells.
///
/// With a virtual clock a test of 48 hours takes microseconds. Exchanges take no time, so of the limits only that of the response's length can be reached. Document
/// sources are read on the calling thread, in the asynchronous case too.
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
pub struct InProcess<C> {
    service: Mutex<Service>,
    clock: C,
}

impl<C> InProcess<C> {
    /// A transport to this service.
    pub fn new(service: Service, clock: C) -> Self {
        Self { service: Mutex::new(service), clock }
    }

    /// The clock that tells the service the time.
    pub fn clock(&self) -> &C {
        &self.clock
    }

    /// Looks at the service between exchanges.
    pub fn with_service<R>(&self, look: impl FnOnce(&mut Service) -> R) -> R {
        look(&mut self.service.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<C: Clock> InProcess<C> {
    fn exchange(&self, request: Request<Body>, limits: Limits) -> Result<Response<Bytes>, Failure> {
        let (head, body) = request.into_parts();
        let body = body.to_bytes().map_err(|error| {
            // Either way the service has seen nothing of the request.
            let kind = if SourceError::of(&error).is_some() { FailureKind::Source } else { FailureKind::NotSent };
            Failure::new(kind, error)
        })?;
        let now = self.clock.now();
        let response = self.with_service(|service| service.handle(Request::from_parts(head, body), now));
        let length = response.body().len() as u64;
        if length > limits.response_bytes {
            let cause = format!("the response has {length} bytes, and at most {} are taken", limits.response_bytes);
            return Err(Failure::new(FailureKind::TooLarge, cause));
        }
        Ok(response)
    }
}

impl<C: Clock> BlockingTransport for InProcess<C> {
    fn send(&self, request: Request<Body>, limits: Limits) -> Result<Response<Bytes>, Failure> {
        self.exchange(request, limits)
    }
}

impl<C: Clock + Send + Sync> AsyncTransport for InProcess<C> {
    async fn send(&self, request: Request<Body>, limits: Limits) -> Result<Response<Bytes>, Failure> {
        self.exchange(request, limits)
    }
}

impl<C> fmt::Debug for InProcess<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").finish_non_exhaustive()
    }
}

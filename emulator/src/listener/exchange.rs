//! One request and its response, in real time.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::task::spawn_blocking;
use typless::machine::Time;

use super::body::{self, Incomplete};
use super::with;
use crate::Service;
use crate::service::{Received, Refusal};

/// Answers the requests of all connections.
#[derive(Clone)]
pub(super) struct Exchange {
    service: Arc<Mutex<Service>>,
    clock: SystemClock,
}

impl Exchange {
    pub(super) fn new(service: Arc<Mutex<Service>>) -> Self {
        Self { service, clock: SystemClock::new() }
    }

    /// Answers one request. The service is locked for moments only: it is not while a body comes in or a document is read.
    ///
    /// # Errors
    ///
    /// The connection broke off before the whole request was there.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
        let (head, incoming) = request.into_parts();
        let limit = with(&self.service, |service| service.body_limit());
        let body = match body::read(incoming, limit).await {
            Ok(body) => body,
            Err(Incomplete::TooLarge) => return Ok(last(&Refusal::BodyTooLarge { limit })),
            Err(Incomplete::Stalled) => return Ok(last(&Refusal::RequestTimeout)),
            Err(Incomplete::Broken(error)) => return Err(error),
        };
        let received = with(&self.service, |service| service.receive(Request::from_parts(head, body), self.clock.now()));
        let response = match received {
            Received::Answered(response) => response,
            Received::Submission(submission) => match spawn_blocking(|| submission.read()).await {
                Ok(reading) => with(&self.service, |service| service.accept(reading, self.clock.now())),
                // It panicked, or the listener is stopping.
                Err(_) => Refusal::Internal.response(),
            },
        };
        Ok(response.map(Full::new))
    }
}

/// The time since the Unix epoch at the start, plus what has gone by since; it does not follow later changes of the wall clock.
#[derive(Clone, Copy)]
struct SystemClock {
    epoch_at_start: Duration,
    start: Instant,
}

impl SystemClock {
    fn new() -> Self {
        // A wall clock before 1970 is not set; the epoch is as good a beginning as any.
        let epoch_at_start = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { epoch_at_start, start: Instant::now() }
    }

    fn now(&self) -> Time {
        Time::from_unix(self.epoch_at_start + self.start.elapsed())
    }
}

/// An answer to a request that was not read to its end: no other can follow it on this connection.
fn last(refusal: &Refusal) -> Response<Full<Bytes>> {
    let mut response = refusal.response();
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response.map(Full::new)
}

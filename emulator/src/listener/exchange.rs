//! One request and its response, in real time.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::body::{self, Incomplete};
use super::response_body::ResponseBody;
use super::system_clock::SystemClock;
use crate::Delivery;
use crate::service::{Received, Refusal};
use crate::shared::{InFlight, Shared};

/// Responds to the requests of all connections.
#[derive(Clone)]
pub(super) struct Exchange {
    service: Shared,
    /// Notified of each new extraction.
    changed: Arc<Notify>,
    clock: SystemClock,
}

impl Exchange {
    pub(super) fn new(service: Shared, changed: Arc<Notify>, clock: SystemClock) -> Self {
        Self {
            service,
            changed,
            clock,
        }
    }

    /// Responds to one request. The service is not locked while a body arrives or a document is
    /// read.
    ///
    /// # Errors
    ///
    /// There is no response; close the connection.
    pub(super) async fn respond(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<ResponseBody>, NoResponse> {
        let in_flight = self.service.begin(request.uri(), self.clock.now());
        if in_flight.arrival().is_unreachable() {
            return Err(NoResponse);
        }
        let (head, incoming) = request.into_parts();
        let limit = self.service.with(|service| service.body_limit());
        let body = match body::read(incoming, limit).await {
            Ok(body) => body,
            Err(Incomplete::TooLarge) => {
                return Ok(last(&Refusal::BodyTooLarge { limit }, in_flight));
            }
            Err(Incomplete::Stalled) => return Ok(last(&Refusal::RequestTimeout, in_flight)),
            Err(Incomplete::Broken) => return Err(NoResponse),
        };
        let delivery = self
            .process(Request::from_parts(head, body), &in_flight)
            .await;
        play(delivery, in_flight).await
    }

    async fn process(&self, request: Request<Bytes>, in_flight: &InFlight) -> Delivery {
        let arrival = in_flight.arrival();
        match self
            .service
            .with(|service| service.receive(request, arrival, self.clock.now()))
        {
            Received::Delivered(delivery) => delivery,
            Received::Submission(submission) => match spawn_blocking(|| submission.read()).await {
                Ok(reading) => {
                    let delivery = self
                        .service
                        .with(|service| service.accept(reading, arrival, self.clock.now()));
                    self.changed.notify_one();
                    delivery
                }
                // It panicked, or the listener is stopping.
                Err(_) => Delivery::Whole(Refusal::Internal.response()),
            },
        }
    }
}

/// Delivers a response as its fault requires.
async fn play(
    delivery: Delivery,
    in_flight: InFlight,
) -> Result<Response<ResponseBody>, NoResponse> {
    match delivery {
        Delivery::Whole(response) => Ok(response.map(|body| ResponseBody::whole(body, in_flight))),
        Delivery::Delayed(response, by) => {
            sleep(by).await;
            Ok(response.map(|body| ResponseBody::whole(body, in_flight)))
        }
        Delivery::Cut(response, bytes) => {
            Ok(response.map(|body| ResponseBody::cut(&body, bytes, in_flight)))
        }
        Delivery::Stalled(response, bytes, time) => {
            Ok(response.map(|body| ResponseBody::stalled(&body, bytes, time, in_flight)))
        }
        Delivery::Lost { .. } | Delivery::Unreachable => Err(NoResponse),
    }
}

/// A response to a request that was not read to its end: no other can follow on this connection.
fn last(refusal: &Refusal, in_flight: InFlight) -> Response<ResponseBody> {
    let mut response = refusal.response();
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response.map(|body| ResponseBody::whole(body, in_flight))
}

/// There is no response: the connection broke, or must be closed.
#[derive(Debug)]
pub(super) struct NoResponse;

impl fmt::Display for NoResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was closed without a response")
    }
}

impl Error for NoResponse {}

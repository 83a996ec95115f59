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

use super::response_body::ResponseBody;
use super::body::{self, Incomplete};
use super::system_clock::SystemClock;
use crate::Delivery;
use crate::service::{Received, Refusal};
use crate::shared::{Shared, UnderWay};

/// Answers the requests of all connections.
#[derive(Clone)]
pub(super) struct Exchange {
    service: Shared,
    /// Is told when there is an extraction more.
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

    /// Answers one request. The service is locked for moments only: it is not while a body comes in or a document is read.
    ///
    /// # Errors
    ///
    /// There is no answer, and the connection is to be closed.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<ResponseBody>, NoResponse> {
        let under_way = self.service.begin(request.uri(), self.clock.now());
        if under_way.arrival().is_unreachable() {
            return Err(NoResponse);
        }
        let (head, incoming) = request.into_parts();
        let limit = self.service.with(|service| service.body_limit());
        let body = match body::read(incoming, limit).await {
            Ok(body) => body,
            Err(Incomplete::TooLarge) => {
                return Ok(last(&Refusal::BodyTooLarge { limit }, under_way));
            }
            Err(Incomplete::Stalled) => return Ok(last(&Refusal::RequestTimeout, under_way)),
            Err(Incomplete::Broken) => return Err(NoResponse),
        };
        let answer = self
            .process(Request::from_parts(head, body), &under_way)
            .await;
        play(answer, under_way).await
    }

    async fn process(&self, request: Request<Bytes>, under_way: &UnderWay) -> Delivery {
        let arrival = under_way.arrival();
        match self
            .service
            .with(|service| service.receive(request, arrival, self.clock.now()))
        {
            Received::Delivered(answer) => answer,
            Received::Submission(submission) => match spawn_blocking(|| submission.read()).await {
                Ok(reading) => {
                    let answer = self
                        .service
                        .with(|service| service.accept(reading, arrival, self.clock.now()));
                    self.changed.notify_one();
                    answer
                }
                // It panicked, or the listener is stopping.
                Err(_) => Delivery::Whole(Refusal::Internal.response()),
            },
        }
    }
}

/// Lets happen to an answer what is to happen to it.
async fn play(answer: Delivery, under_way: UnderWay) -> Result<Response<ResponseBody>, NoResponse> {
    match answer {
        Delivery::Whole(response) => Ok(response.map(|body| ResponseBody::whole(body, under_way))),
        Delivery::Delayed(response, by) => {
            sleep(by).await;
            Ok(response.map(|body| ResponseBody::whole(body, under_way)))
        }
        Delivery::Cut(response, bytes) => {
            Ok(response.map(|body| ResponseBody::cut(&body, bytes, under_way)))
        }
        Delivery::Stalled(response, bytes, time) => {
            Ok(response.map(|body| ResponseBody::stalled(&body, bytes, time, under_way)))
        }
        Delivery::Lost { .. } | Delivery::Unreachable => Err(NoResponse),
    }
}

/// An answer to a request that was not read to its end: no other can follow it on this connection.
fn last(refusal: &Refusal, under_way: UnderWay) -> Response<ResponseBody> {
    let mut response = refusal.response();
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response.map(|body| ResponseBody::whole(body, under_way))
}

/// There is no answer: the connection broke off, or is to break off.
#[derive(Debug)]
pub(super) struct NoResponse;

impl fmt::Display for NoResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection breaks off")
    }
}

impl Error for NoResponse {}

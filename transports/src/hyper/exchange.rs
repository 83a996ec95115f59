//! One exchange over a client, within its limits.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use http::header::TRANSFER_ENCODING;
use http::{Request, Response, Version, response};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::{Connect, capture_connection};
use hyper_util::client::legacy::{Client, Error};
use tokio::runtime::Handle;
use typless::machine::{Failure, FailureKind, Limits};
use typless::wire::{Body, SourceError};

use super::failure::{self, ErrorChain};
use super::progress::Progress;
use super::request_body::{RequestBody, SharedError};
use super::watch::Watch;
use crate::response_limit::{capacity, too_large};

pub(super) async fn perform<C>(
    client: &Client<C, RequestBody>,
    request: Request<Body>,
    limits: Limits,
) -> Result<Response<Bytes>, Failure>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    if Handle::try_current().is_err() {
        return Err(Failure::new(
            FailureKind::NotSent,
            "there is no tokio runtime here, and this transport needs one",
        ));
    }
    // Dropped with this future.
    let in_flight = InFlight {
        progress: Arc::new(Progress::new()),
        has_body: !request.body().is_empty(),
    };
    let progress = &*in_flight.progress;
    let mut watch = Watch::new(limits, progress);
    let mut exchange = pin!(in_flight.exchange(client, request, limits));
    poll_fn(|cx| match exchange.as_mut().poll(cx) {
        Poll::Ready(result) => Poll::Ready(result),
        Poll::Pending => watch
            .poll(progress, cx)
            .map(|exceeded| Err(Failure::new(in_flight.kind_if_stopped(), exceeded))),
    })
    .await
}

/// An exchange in flight. Dropping it ends the exchange and its request body.
struct InFlight {
    progress: Arc<Progress>,
    has_body: bool,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.progress.end();
    }
}

impl InFlight {
    async fn exchange<C>(
        &self,
        client: &Client<C, RequestBody>,
        request: Request<Body>,
        limits: Limits,
    ) -> Result<Response<Bytes>, Failure>
    where
        C: Connect + Clone + Send + Sync + 'static,
    {
        let (parts, body) = request.into_parts();
        let mut body = RequestBody::new(body, self.progress.clone());
        // A source that can't be read fails before a connection is made. The first block is sent
        // together with the head.
        poll_fn(|cx| body.poll_block(cx))
            .await
            .map_err(first_block_failure)?;
        self.progress.prepared();
        match self.respond(client, Request::from_parts(parts, body)).await {
            Ok(response) => {
                // After a refusal the rest of the body is not needed. It is paused, not ended: an
                // end would close the connection before the response is read.
                if !response.status().is_success() {
                    self.progress.pause();
                }
                self.collect(response, limits).await
            }
            Err(error) => Err(self.failure(error)),
        }
    }

    /// Sends the request and records when it is given to a connection.
    async fn respond<C>(
        &self,
        client: &Client<C, RequestBody>,
        mut request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, Error>
    where
        C: Connect + Clone + Send + Sync + 'static,
    {
        let captured = capture_connection(&mut request);
        let mut response = client.request(request);
        poll_fn(|cx| {
            let polled = Pin::new(&mut response).poll(cx);
            if !self.progress.is_connected() && captured.connection_metadata().is_some() {
                self.progress.connected();
            }
            polled
        })
        .await
    }

    /// Reads the body of a response, up to the limit.
    async fn collect(
        &self,
        response: Response<Incoming>,
        limits: Limits,
    ) -> Result<Response<Bytes>, Failure> {
        let limit = limits.response_bytes;
        let (parts, mut body) = response.into_parts();
        let ends_with_connection = ends_with_connection(&parts, &body);
        let declared = body.size_hint().lower();
        if declared > limit {
            return Err(too_large(limit));
        }
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        while let Some(frame) = body.frame().await {
            self.progress.touch();
            let frame = match frame {
                Err(error) if ends_with_connection && failure::is_end_of_connection(&error) => {
                    break;
                }
                frame => frame
                    .map_err(|error| Failure::new(FailureKind::Interrupted, ErrorChain(error)))?,
            };
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if (first.len() + rest.len() + data.len()) as u64 > limit {
                return Err(too_large(limit));
            }
            if first.is_empty() && rest.is_empty() {
                // Most responses are one frame, which need not be copied.
                first = data;
                continue;
            }
            if rest.is_empty() {
                rest.reserve(capacity(declared).max(first.len() + data.len()));
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&data);
        }
        Ok(Response::from_parts(
            parts,
            if rest.is_empty() {
                first
            } else {
                rest.freeze()
            },
        ))
    }

    fn failure(&self, error: Error) -> Failure {
        match self.progress.take_source_error() {
            Some(error) => Failure::new(FailureKind::Source, SharedError(error)),
            None if self.end_without_document() => {
                Failure::new(FailureKind::NotSent, ErrorChain(error))
            }
            None => failure::from_hyper(error, self.progress.is_connected()),
        }
    }

    /// The kind of failure if the exchange is stopped now.
    fn kind_if_stopped(&self) -> FailureKind {
        // Without a connection so far, the request gets none later: this future gives it to the
        // connection, and this future ends here.
        if !self.progress.is_connected() || self.end_without_document() {
            FailureKind::NotSent
        } else {
            FailureKind::Interrupted
        }
    }

    /// Ends the exchange. `true` if the request has a document and no byte of it was sent, so the
    /// service can't have processed the request.
    fn end_without_document(&self) -> bool {
        let is_body_started = self.progress.end();
        self.has_body && !is_body_started
    }
}

/// Whether the end of the connection is the end of the body, whatever the reason for it.
///
/// Most often it is TLS without `close_notify`. The bytes received are the response, as with ureq:
/// if they are cut, they are no whole JSON, and the machine finds out.
fn ends_with_connection(parts: &response::Parts, body: &Incoming) -> bool {
    parts.version < Version::HTTP_2
        && body.size_hint().exact().is_none()
        && !parts.headers.contains_key(TRANSFER_ENCODING)
}

/// The failure if the first block of the body could not be read. No byte was sent.
fn first_block_failure(error: io::Error) -> Failure {
    let kind = if SourceError::find_in(&error).is_some() {
        FailureKind::Source
    } else {
        FailureKind::NotSent
    };
    Failure::new(kind, error)
}

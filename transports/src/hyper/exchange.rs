//! One exchange over a client, within its limits.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::{Connect, capture_connection};
use hyper_util::client::legacy::{Client, Error};
use tokio::runtime::Handle;
use typless::machine::{Failure, FailureKind, Limits};
use typless::wire::{Body, SourceError};

use super::failure::{self, Told};
use super::progress::Progress;
use super::request_body::{Fault, RequestBody};
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
    // Held to the end, and dropped with the future.
    let under_way = UnderWay {
        progress: Arc::new(Progress::new()),
        has_body: !request.body().is_empty(),
    };
    let progress = &*under_way.progress;
    let mut watch = Watch::new(limits, progress);
    let mut exchange = pin!(under_way.exchange(client, request, limits));
    poll_fn(|cx| match exchange.as_mut().poll(cx) {
        Poll::Ready(result) => Poll::Ready(result),
        Poll::Pending => watch
            .poll(progress, cx)
            .map(|passed| Err(Failure::new(under_way.kind_of_break(), passed))),
    })
    .await
}

/// An exchange under way; dropped, it is over, and so is its request's body.
struct UnderWay {
    progress: Arc<Progress>,
    has_body: bool,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.progress.end();
    }
}

impl UnderWay {
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
        // A source that can't be read at all need not bother the server; and what is read already leaves together with the head.
        poll_fn(|cx| body.poll_block(cx))
            .await
            .map_err(unprepared)?;
        self.progress.prepared();
        match self.respond(client, Request::from_parts(parts, body)).await {
            Ok(response) => {
                // After a refusal the rest of the body is of no use. It is held back, not ended: that would close the connection under the answer.
                if !response.status().is_success() {
                    self.progress.pause();
                }
                self.collect(response, limits).await
            }
            Err(error) => Err(self.failure(error)),
        }
    }

    /// Sends the request and notes when it is given to a connection.
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

    /// Reads the body of a response, and no more of it than the limit.
    async fn collect(
        &self,
        response: Response<Incoming>,
        limits: Limits,
    ) -> Result<Response<Bytes>, Failure> {
        let limit = limits.response_bytes;
        let (parts, mut body) = response.into_parts();
        let declared = body.size_hint().lower();
        if declared > limit {
            return Err(too_large(limit));
        }
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        while let Some(frame) = body.frame().await {
            self.progress.touch();
            let frame =
                frame.map_err(|error| Failure::new(FailureKind::Interrupted, Told(error)))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if (first.len() + rest.len() + data.len()) as u64 > limit {
                return Err(too_large(limit));
            }
            if first.is_empty() && rest.is_empty() {
                // Most answers are one frame, which need not be copied.
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
        match self.progress.take_fault() {
            Some(fault) => Failure::new(FailureKind::Source, Fault(fault)),
            None if self.is_without_document() => Failure::new(FailureKind::NotSent, Told(error)),
            None => failure::of(error, self.progress.is_connected()),
        }
    }

    /// What it means for the request that the exchange is broken off now.
    fn kind_of_break(&self) -> FailureKind {
        // A request that no connection has taken is taken by none any more: that happens in our own future, which ends here.
        if !self.progress.is_connected() || self.is_without_document() {
            FailureKind::NotSent
        } else {
            FailureKind::Interrupted
        }
    }

    /// Whether the service can't have processed the request, since it lacks all of its document. From here on it will get none of it.
    fn is_without_document(&self) -> bool {
        let begun = self.progress.end();
        self.has_body && !begun
    }
}

/// Not even the first block of the body could be read, and no byte was sent.
fn unprepared(error: io::Error) -> Failure {
    let kind = if SourceError::find_in(&error).is_some() {
        FailureKind::Source
    } else {
        FailureKind::NotSent
    };
    Failure::new(kind, error)
}

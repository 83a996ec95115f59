//! The service in a few lines: it accepts a document, and a few polls later has its result.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Method, Request, Response};
use typless::drive::{AsyncTransport, BlockingTransport};
use typless::machine::{Failure, FailureKind, Limits};
use typless::wire::{Body, SourceError};

/// Reads each document, and has its result after this many polls.
#[derive(Default)]
pub(crate) struct Service {
    pub(crate) polls_needed: usize,
    pub(crate) polls: AtomicUsize,
    /// How often an async exchange yields to the executor before it finishes.
    pub(crate) yields: usize,
}

impl Service {
    fn respond(&self, request: &Request<Body>) -> Result<Response<Bytes>, Failure> {
        request.body().to_bytes().map_err(|error| {
            let is_source = SourceError::find_in(&error).is_some();
            let source = is_source.then_some(FailureKind::Source);
            Failure::new(source.unwrap_or(FailureKind::Interrupted), error)
        })?;
        let body = if request.method() == Method::POST {
            r#"{"extraction_id": "0d14"}"#
        } else if self.polls.fetch_add(1, Ordering::SeqCst) < self.polls_needed {
            r#"{"status": "IN_PROGRESS"}"#
        } else {
            r#"{"status": "SUCCESS", "result": {"object_id": "1"}}"#
        };
        Ok(Response::new(Bytes::from_static(body.as_bytes())))
    }
}

impl BlockingTransport for Service {
    fn send(&self, request: Request<Body>, _: Limits) -> Result<Response<Bytes>, Failure> {
        self.respond(&request)
    }
}

impl AsyncTransport for Service {
    async fn send(&self, request: Request<Body>, _: Limits) -> Result<Response<Bytes>, Failure> {
        for _ in 0..self.yields {
            smol::future::yield_now().await;
        }
        self.respond(&request)
    }
}

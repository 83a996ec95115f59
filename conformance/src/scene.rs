//! What a row works with: a new transport, servers, requests, and what to expect.

use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use tokio::sync::oneshot;
use typless::machine::{Failure, FailureKind, Limits};
use typless::wire::{
    Api, Body, Document, DocumentSource, ExtractionId, StatusRequest, SubmitRequest,
};

use crate::row::Objection;
use crate::runtime::Runtime;
use crate::server::{Connection, Http2Answer, Http2Server, Server};
use crate::subject::{Dropped, Outcome, Subject};

/// The key that every request of the suite carries.
pub(crate) const KEY: &str = "conformance-s3cret-0b5f3c7a";

/// A time limit that is meant to be reached.
pub(crate) const SHORT: Duration = Duration::from_millis(40);

/// What a row works with.
pub(crate) struct Scene {
    subject: Box<dyn Subject>,
    runtime: Runtime,
    patience: Duration,
    large: u64,
}

impl Scene {
    pub(crate) fn new(
        subject: Box<dyn Subject>,
        patience: Duration,
        large: u64,
    ) -> io::Result<Self> {
        Ok(Self {
            subject,
            runtime: Runtime::new()?,
            patience,
            large,
        })
    }

    /// How long to wait for what should have happened at once.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// The number of bytes of the largest bodies.
    pub(crate) fn large(&self) -> u64 {
        self.large
    }

    /// Limits for what takes its time even where all is well.
    pub(crate) fn long_limits(&self) -> Limits {
        let mut limits = self.limits();
        (limits.idle, limits.total) = (self.patience * 4, self.patience * 4);
        limits
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    pub(crate) fn serve(
        &self,
        script: impl Fn(&mut Connection) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Server> {
        Server::new(&self.runtime, self.patience, script)
    }

    /// A server that answers each request with these bytes.
    pub(crate) fn serve_bytes(&self, bytes: Vec<u8>) -> io::Result<Server> {
        self.serve(move |connection| connection.answer_all(&bytes))
    }

    pub(crate) fn serve_http2(
        &self,
        answer: impl Fn(&Request<Vec<u8>>) -> Http2Answer + Send + Sync + 'static,
    ) -> io::Result<Http2Server> {
        Http2Server::new(&self.runtime, answer)
    }

    /// Limits that no exchange reaches where all is well.
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        (limits.connect, limits.idle, limits.total) = (self.patience, self.patience, self.patience);
        limits
    }

    /// One exchange within such limits.
    pub(crate) fn send(&self, request: Request<Body>) -> Result<Outcome, Objection> {
        self.send_within(request, self.limits())
    }

    /// One exchange within these limits; it is an objection if it goes on long after them.
    pub(crate) fn send_within(
        &self,
        request: Request<Body>,
        limits: Limits,
    ) -> Result<Outcome, Objection> {
        let began = Instant::now();
        let outcome = self.subject.send(request, limits);
        let took = began.elapsed();
        if took > limits.total.saturating_add(self.patience / 2) {
            let ended = shown(&outcome);
            return Objection::failed(format!(
                "it ended only after {took:?}, with a limit of {:?} in all: {ended}",
                limits.total
            ));
        }
        Ok(outcome)
    }

    pub(crate) fn send_all(&self, requests: Vec<Request<Body>>) -> Vec<Outcome> {
        self.subject.send_all(requests, self.limits())
    }

    pub(crate) fn send_and_drop(
        &self,
        request: Request<Body>,
        midway: oneshot::Receiver<()>,
    ) -> Option<Dropped> {
        self.subject.send_and_drop(request, self.limits(), midway)
    }
}

pub(crate) fn api(url: &str) -> Result<Api, Objection> {
    Ok(Api::over_plain_http(url, KEY)?)
}

/// A request without a body.
pub(crate) fn poll(url: &str) -> Result<Request<Body>, Objection> {
    poll_at(url, "0d14")
}

pub(crate) fn poll_at(url: &str, id: &str) -> Result<Request<Body>, Objection> {
    Ok(StatusRequest::new(ExtractionId::new(id)?).request(&api(url)?))
}

/// A request with a document of this many bytes in memory.
pub(crate) fn submit(url: &str, bytes: usize) -> Result<Request<Body>, Objection> {
    let mut content = (0..=250).collect::<Vec<u8>>().repeat(bytes / 251 + 1);
    content.truncate(bytes);
    Ok(SubmitRequest::new(Document::new("invoice.pdf", "invoice", content)?).request(&api(url)?))
}

/// A request with a document that is read while it is sent.
pub(crate) fn submit_source(
    url: &str,
    source: impl DocumentSource,
) -> Result<Request<Body>, Objection> {
    Ok(
        SubmitRequest::new(Document::from_source("invoice.pdf", "invoice", source)?)
            .request(&api(url)?),
    )
}

/// The bytes of an answer with its length.
pub(crate) fn answer(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len()).into_bytes();
    headers
        .iter()
        .for_each(|header| bytes.extend_from_slice(format!("{header}\r\n").as_bytes()));
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

/// The answer, which there should be.
pub(crate) fn answered(outcome: Outcome) -> Result<Response<Bytes>, Objection> {
    outcome.or_else(|failure| {
        Objection::failed(format!(
            "there was an answer, but it reported {}",
            shown_failure(&failure)
        ))
    })
}

/// The answer, which should have this status and body.
pub(crate) fn answered_with(
    outcome: Outcome,
    status: u16,
    body: &[u8],
) -> Result<Response<Bytes>, Objection> {
    let response = answered(outcome)?;
    if response.status() != status {
        return Objection::failed(format!(
            "the answer was {status}, and it reported {}",
            response.status()
        ));
    }
    if response.body() != body {
        return Objection::failed(format!(
            "the body of {} bytes was not handed on as it came: {}",
            body.len(),
            shown_body(response.body())
        ));
    }
    Ok(response)
}

/// The failure, which there should be, of one of these kinds.
pub(crate) fn failed(outcome: Outcome, kinds: &[FailureKind]) -> Result<Failure, Objection> {
    match outcome {
        Err(failure) if kinds.contains(&failure.kind()) => Ok(failure),
        outcome => Objection::failed(format!(
            "{}, where it should have been {kinds:?}",
            shown(&outcome)
        )),
    }
}

/// The failure's kind, as an observation.
pub(crate) fn failed_as(outcome: Outcome, kinds: &[FailureKind]) -> Result<String, Objection> {
    failed(outcome, kinds).map(|failure| format!("{:?}", failure.kind()))
}

pub(crate) fn shown(outcome: &Outcome) -> String {
    match outcome {
        Ok(response) => format!("{} with {}", response.status(), shown_body(response.body())),
        Err(failure) => shown_failure(failure),
    }
}

fn shown_failure(failure: &Failure) -> String {
    format!("{:?} ({})", failure.kind(), failure.cause())
}

fn shown_body(body: &Bytes) -> String {
    let start = String::from_utf8_lossy(body.get(..60).unwrap_or(body)).into_owned();
    format!("{} bytes: {start:?}", body.len())
}

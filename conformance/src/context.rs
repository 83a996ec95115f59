//! What a check uses: a new transport, servers, requests, and expectations.

use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use tokio::sync::oneshot;
use typless::machine::{Failure, FailureKind, Limits};
use typless::wire::{
    Api, Body, Document, DocumentSource, ExtractionId, StatusRequest, SubmitRequest,
};

use crate::check::{CheckError, fail};
use crate::runtime::Runtime;
#[cfg(feature = "tls")]
use crate::server::{Certificate, Certificates};
use crate::server::{Connection, Http2Response, Http2Server, Server};
use crate::subject::{Dropped, ExchangeResult, Subject};

/// The key that every request of the suite carries.
pub(crate) const KEY: &str = "conformance-s3cret-0b5f3c7a";

/// A time limit that a check exceeds on purpose.
pub(crate) const SHORT: Duration = Duration::from_millis(40);

/// What a check uses.
pub(crate) struct TestContext {
    subject: Box<dyn Subject>,
    runtime: Runtime,
    timeout: Duration,
    large_body_bytes: u64,
    #[cfg(feature = "tls")]
    certificates: Option<Certificates>,
}

impl TestContext {
    pub(crate) fn new(
        subject: Box<dyn Subject>,
        timeout: Duration,
        large_body_bytes: u64,
    ) -> io::Result<Self> {
        Ok(Self {
            subject,
            runtime: Runtime::new()?,
            timeout,
            large_body_bytes,
            #[cfg(feature = "tls")]
            certificates: None,
        })
    }

    /// The root that the transport trusts, and what depends on it.
    #[cfg(feature = "tls")]
    pub(crate) fn with_certificates(mut self, certificates: Option<Certificates>) -> Self {
        self.certificates = certificates;
        self
    }

    /// How long to wait for something that should happen immediately.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The number of bytes of the largest bodies.
    pub(crate) fn large_body_bytes(&self) -> u64 {
        self.large_body_bytes
    }

    /// Limits for exchanges that take long even if all is well.
    pub(crate) fn long_limits(&self) -> Limits {
        let mut limits = self.limits();
        (limits.idle, limits.total) = (self.timeout * 4, self.timeout * 4);
        limits
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    pub(crate) fn serve(
        &self,
        script: impl Fn(&mut Connection) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Server> {
        Server::new(&self.runtime, self.timeout, script)
    }

    /// A server that responds to each request with these bytes.
    pub(crate) fn serve_bytes(&self, bytes: Vec<u8>) -> io::Result<Server> {
        self.serve(move |connection| connection.respond_to_all(&bytes))
    }

    /// A server whose connections begin TLS, with this certificate.
    #[cfg(feature = "tls")]
    pub(crate) fn serve_tls(
        &self,
        certificate: Certificate,
        script: impl Fn(&mut Connection) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Server> {
        let certificates = self.certificates.as_ref();
        let config = certificates
            .ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))?
            .config(certificate)?;
        self.serve(move |connection| {
            connection.begin_tls(config.clone())?;
            script(connection)
        })
    }

    pub(crate) fn serve_http2(
        &self,
        respond: impl Fn(&Request<Vec<u8>>) -> Http2Response + Send + Sync + 'static,
    ) -> io::Result<Http2Server> {
        Http2Server::new(&self.runtime, respond)
    }

    /// Limits that no exchange exceeds if all is well.
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        (limits.connect, limits.idle, limits.total) = (self.timeout, self.timeout, self.timeout);
        limits
    }

    /// One exchange within [`limits`](Self::limits).
    pub(crate) fn send(&self, request: Request<Body>) -> Result<ExchangeResult, CheckError> {
        self.send_within(request, self.limits())
    }

    /// One exchange within these limits. An error if it takes much longer.
    pub(crate) fn send_within(
        &self,
        request: Request<Body>,
        limits: Limits,
    ) -> Result<ExchangeResult, CheckError> {
        let started_at = Instant::now();
        let result = self.subject.send(request, limits);
        let took = started_at.elapsed();
        if took > limits.total.saturating_add(self.timeout / 2) {
            let result = describe(&result);
            return fail(format!(
                "it finished only after {took:?}, with a total limit of {:?}: {result}",
                limits.total
            ));
        }
        Ok(result)
    }

    pub(crate) fn send_all(&self, requests: Vec<Request<Body>>) -> Vec<ExchangeResult> {
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

pub(crate) fn api(url: &str) -> Result<Api, CheckError> {
    Ok(Api::over_plain_http(url, KEY)?)
}

/// A request without a body.
pub(crate) fn poll(url: &str) -> Result<Request<Body>, CheckError> {
    poll_at(url, "0d14")
}

pub(crate) fn poll_at(url: &str, id: &str) -> Result<Request<Body>, CheckError> {
    Ok(StatusRequest::new(ExtractionId::new(id)?).request(&api(url)?))
}

/// A request with a document of this many bytes in memory.
pub(crate) fn submit(url: &str, bytes: usize) -> Result<Request<Body>, CheckError> {
    let mut content = (0..=250).collect::<Vec<u8>>().repeat(bytes / 251 + 1);
    content.truncate(bytes);
    Ok(SubmitRequest::new(Document::new("invoice.pdf", "invoice", content)?).request(&api(url)?))
}

/// A request with a document that is read while it is sent.
pub(crate) fn submit_source(
    url: &str,
    source: impl DocumentSource,
) -> Result<Request<Body>, CheckError> {
    Ok(
        SubmitRequest::new(Document::from_source("invoice.pdf", "invoice", source)?)
            .request(&api(url)?),
    )
}

/// The bytes of a response with a `content-length`.
pub(crate) fn response_bytes(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len()).into_bytes();
    headers
        .iter()
        .for_each(|header| bytes.extend_from_slice(format!("{header}\r\n").as_bytes()));
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

/// The response. An error if there is none.
pub(crate) fn expect_response(result: ExchangeResult) -> Result<Response<Bytes>, CheckError> {
    result.or_else(|failure| {
        fail(format!(
            "there was a response, but it reported {}",
            describe_failure(&failure)
        ))
    })
}

/// The response. An error if it has another status or body.
pub(crate) fn expect_response_with(
    result: ExchangeResult,
    status: u16,
    body: &[u8],
) -> Result<Response<Bytes>, CheckError> {
    let response = expect_response(result)?;
    if response.status() != status {
        return fail(format!(
            "the response was {status}, but it reported {}",
            response.status()
        ));
    }
    if response.body() != body {
        return fail(format!(
            "the body of {} bytes was not returned as sent: {}",
            body.len(),
            describe_body(response.body())
        ));
    }
    Ok(response)
}

/// The failure. An error if it is of none of these kinds.
pub(crate) fn expect_failure(
    result: ExchangeResult,
    kinds: &[FailureKind],
) -> Result<Failure, CheckError> {
    match result {
        Err(failure) if kinds.contains(&failure.kind()) => Ok(failure),
        result => fail(format!("{}, expected {kinds:?}", describe(&result))),
    }
}

/// The kind of the failure, as an observation.
pub(crate) fn expect_failure_kind(
    result: ExchangeResult,
    kinds: &[FailureKind],
) -> Result<String, CheckError> {
    expect_failure(result, kinds).map(|failure| format!("{:?}", failure.kind()))
}

/// All that a failure shows, with every cause.
pub(crate) fn shown(failure: &Failure) -> String {
    let mut shown = format!("{failure} {failure:?}");
    let mut cause = failure.cause().source();
    while let Some(next) = cause {
        shown.push_str(&format!(" {next} {next:?}"));
        cause = next.source();
    }
    shown
}

pub(crate) fn describe(result: &ExchangeResult) -> String {
    match result {
        Ok(response) => format!(
            "{} with {}",
            response.status(),
            describe_body(response.body())
        ),
        Err(failure) => describe_failure(failure),
    }
}

fn describe_failure(failure: &Failure) -> String {
    format!("{:?} ({})", failure.kind(), failure.cause())
}

fn describe_body(body: &Bytes) -> String {
    let start = String::from_utf8_lossy(body.get(..60).unwrap_or(body)).into_owned();
    format!("{} bytes: {start:?}", body.len())
}

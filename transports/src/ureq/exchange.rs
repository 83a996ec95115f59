//! One exchange over an agent, within its limits.

use std::io::{self, Read};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::{Request, Response};
use typless::machine::{Failure, FailureKind, Limits};
use typless::wire::{Body, SourceError};
use ureq::config::AutoHeaderValue;
use ureq::{AsSendBody, SendBody};

use super::failure;
use crate::MAX_RESPONSE_HEAD_BYTES;
use crate::response_limit::{capacity, too_large};
use crate::submit_idle::SUBMIT_IDLE;

/// Performs a request without a body.
pub(super) fn perform(
    agent: &ureq::Agent,
    request: Request<()>,
    limits: Limits,
) -> Result<Response<Bytes>, Failure> {
    match run(agent, request, limits, agent.config().max_idle_age()) {
        Ok(response) => collect(response, limits),
        Err(error) => Err(failure::from_ureq(error)),
    }
}

/// Performs a request with a body. A small body is sent from one buffer, a large one is encoded
/// while it is sent.
pub(super) fn perform_with_body(
    agent: &ureq::Agent,
    request: Request<Body>,
    limits: Limits,
) -> Result<Response<Bytes>, Failure> {
    let (parts, body) = request.into_parts();
    let source = |error: io::Error| Failure::new(FailureKind::Source, error);
    let mut outgoing = if body.is_small() {
        Outgoing::new(Box::new(body.to_bytes().map_err(source)?.reader()))
    } else {
        Outgoing::new(Box::new(body.reader().map_err(source)?))
    };
    let max_idle = agent.config().max_idle_age().min(SUBMIT_IDLE);
    let result = run(
        agent,
        Request::from_parts(parts, SendBody::from_reader(&mut outgoing)),
        limits,
        max_idle,
    );
    match (result, outgoing) {
        // An early response counts, even if the body was not sent whole.
        (Ok(response), _) => collect(response, limits),
        (
            Err(_),
            Outgoing {
                source_error: Some(source_error),
                ..
            },
        ) => Err(Failure::new(FailureKind::Source, source_error)),
        // The service did not get the document, so it can't have processed the request.
        (
            Err(error),
            Outgoing {
                is_started: false, ..
            },
        ) => Err(Failure::new(FailureKind::NotSent, error)),
        (Err(error), Outgoing { .. }) => Err(failure::from_ureq(error)),
    }
}

/// The agent adds a limit to the current time, which panics on overflow, so limits are capped.
const MAX_LIMIT: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

fn run<S: AsSendBody>(
    agent: &ureq::Agent,
    request: Request<S>,
    limits: Limits,
    max_idle: Duration,
) -> Result<Response<ureq::Body>, ureq::Error> {
    let within = |limit: Duration| Some(limit.min(MAX_LIMIT));
    let request = agent
        .configure_request(request)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .accept_encoding(AutoHeaderValue::None)
        .max_response_header_size(MAX_RESPONSE_HEAD_BYTES)
        .max_idle_age(max_idle)
        .timeout_resolve(within(limits.connect))
        .timeout_connect(within(limits.connect))
        .timeout_per_read(within(limits.idle))
        .timeout_per_write(within(limits.idle))
        .timeout_global(within(limits.total))
        .build();
    agent.run(request)
}

/// Reads the body of a response, up to the limit.
fn collect(response: Response<ureq::Body>, limits: Limits) -> Result<Response<Bytes>, Failure> {
    let (parts, body) = response.into_parts();
    let declared = body.content_length();
    let limit = limits.response_bytes;
    if declared.is_some_and(|declared| declared > limit) {
        return Err(too_large(limit));
    }
    let mut bytes = Vec::with_capacity(capacity(declared.unwrap_or(0)));
    let read = body
        .into_with_config()
        .limit(u64::MAX)
        .reader()
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes);
    match read {
        Ok(_) if bytes.len() as u64 > limit => Err(too_large(limit)),
        Ok(_) => Ok(Response::from_parts(parts, Bytes::from(bytes))),
        Err(error) => Err(Failure::new(FailureKind::Interrupted, error)),
    }
}

/// A request body that records whether reading has started and whether its source failed.
struct Outgoing {
    reader: Box<dyn Read>,
    is_started: bool,
    source_error: Option<io::Error>,
}

impl Outgoing {
    fn new(reader: Box<dyn Read>) -> Self {
        Self {
            reader,
            is_started: false,
            source_error: None,
        }
    }
}

impl Read for Outgoing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.is_started = true;
        self.reader.read(buffer).map_err(|error| {
            let kind = error.kind();
            if SourceError::find_in(&error).is_some() {
                self.source_error = Some(error);
            }
            io::Error::from(kind)
        })
    }
}

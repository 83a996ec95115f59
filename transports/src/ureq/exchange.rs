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
use crate::response_limit::{capacity, too_large};
use crate::submit_idle::SUBMIT_IDLE;

/// A request without a body.
pub(super) fn perform(
    agent: &ureq::Agent,
    request: Request<()>,
    limits: Limits,
) -> Result<Response<Bytes>, Failure> {
    match run(agent, request, limits, agent.config().max_idle_age()) {
        Ok(response) => collect(response, limits),
        Err(error) => Err(failure::of(error)),
    }
}

/// A request with a body: from one buffer if it is small, else as it is encoded.
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
    let idle = agent.config().max_idle_age().min(SUBMIT_IDLE);
    let result = run(
        agent,
        Request::from_parts(parts, SendBody::from_reader(&mut outgoing)),
        limits,
        idle,
    );
    match (result, outgoing) {
        // An early answer is an answer, whatever became of the rest of the body.
        (Ok(response), _) => collect(response, limits),
        (
            Err(_),
            Outgoing {
                fault: Some(fault), ..
            },
        ) => Err(Failure::new(FailureKind::Source, fault)),
        // Until the first byte of the body is asked for, the request can't have been processed: the service lacks the document.
        (Err(error), Outgoing { begun: false, .. }) => {
            Err(Failure::new(FailureKind::NotSent, error))
        }
        (Err(error), Outgoing { .. }) => Err(failure::of(error)),
    }
}

/// The agent adds its limits to the time, which panics where that can't be told any more.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

fn run<S: AsSendBody>(
    agent: &ureq::Agent,
    request: Request<S>,
    limits: Limits,
    idle: Duration,
) -> Result<Response<ureq::Body>, ureq::Error> {
    let within = |limit: Duration| Some(limit.min(LONGEST));
    let request = agent
        .configure_request(request)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .accept_encoding(AutoHeaderValue::None)
        .max_idle_age(idle)
        .timeout_resolve(within(limits.connect))
        .timeout_connect(within(limits.connect))
        .timeout_per_read(within(limits.idle))
        .timeout_per_write(within(limits.idle))
        .timeout_global(within(limits.total))
        .build();
    agent.run(request)
}

/// Reads the body of a response, and no more of it than the limit.
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

/// A body on its way out, which remembers whether it was begun and whether its source failed.
struct Outgoing {
    reader: Box<dyn Read>,
    begun: bool,
    fault: Option<io::Error>,
}

impl Outgoing {
    fn new(reader: Box<dyn Read>) -> Self {
        Self {
            reader,
            begun: false,
            fault: None,
        }
    }
}

impl Read for Outgoing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.begun = true;
        self.reader.read(buffer).map_err(|error| {
            let kind = error.kind();
            if SourceError::find_in(&error).is_some() {
                self.fault = Some(error);
            }
            io::Error::from(kind)
        })
    }
}

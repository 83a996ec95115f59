//! A transport over plain sockets, without faults or with one chosen fault.

mod asynchronous;
mod connection;
mod fault;
mod http2;
mod outgoing;
mod response;
mod tls;

use std::error::Error;
use std::io;
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response};
use typless::drive::BlockingTransport;
use typless::machine::{Failure, FailureKind, Limits};
use typless::wire::{Body, SourceError};

pub(crate) use asynchronous::AsyncReference;
use connection::{Abort, Pooled};
pub(crate) use fault::{FAULTS, Fault};
use outgoing::{Sent, Upload};
use response::Incoming;

pub(crate) type Outcome = Result<Response<Bytes>, Failure>;

/// The reference transport, correct except for its fault.
pub(crate) struct Reference {
    fault: Option<Fault>,
    http2: bool,
    /// With TLS: the root to trust.
    root: Option<Vec<u8>>,
    idle: Mutex<Vec<Pooled>>,
    turn: Mutex<()>,
    first_response: Mutex<Option<Bytes>>,
}

impl BlockingTransport for Reference {
    fn send(&self, request: Request<Body>, limits: Limits) -> Outcome {
        self.send_unless_aborted(&request, limits, &Abort::default())
    }
}

impl Reference {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        Self {
            fault,
            http2: false,
            root: None,
            idle: Mutex::default(),
            turn: Mutex::default(),
            first_response: Mutex::default(),
        }
    }

    pub(crate) fn over_http2(fault: Option<Fault>) -> Self {
        Self {
            http2: true,
            ..Self::new(fault)
        }
    }

    pub(crate) fn over_tls(fault: Option<Fault>, root: &[u8]) -> Self {
        Self {
            root: Some(root.to_vec()),
            ..Self::new(fault)
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn send_unless_aborted(
        &self,
        request: &Request<Body>,
        limits: Limits,
        abort: &Abort,
    ) -> Outcome {
        if self.http2 {
            return http2::exchange(self, request, limits);
        }
        if let Some(root) = &self.root {
            return tls::exchange(self, root, request, limits);
        }
        let _turn = self
            .has(Fault::SendsOneByOne)
            .then(|| self.turn.lock().unwrap_or_else(PoisonError::into_inner));
        let outcome = self.exchange(request, limits, abort);
        match outcome {
            Ok(response)
                if self.has(Fault::FollowsRedirects)
                    && response.status().is_redirection()
                    && response.headers().contains_key("location") =>
            {
                let mut request = request.clone();
                *request.uri_mut() = response.headers()["location"]
                    .to_str()
                    .unwrap()
                    .parse()
                    .unwrap();
                self.exchange(&request, limits, abort)
            }
            Ok(response) => self.tamper(response),
            Err(failure) if self.has(Fault::ShowsKey) => {
                let message = format!(
                    "{} {:?}",
                    failure.cause(),
                    request.headers()["authorization"].to_str()
                );
                Err(Failure::new(failure.kind(), message))
            }
            Err(failure) => Err(failure),
        }
    }

    /// One exchange, over an idle connection or a new one.
    fn exchange(&self, request: &Request<Body>, limits: Limits, abort: &Abort) -> Outcome {
        let deadline = match self.fault {
            Some(Fault::AddsLimitsToClock) => Some(Instant::now() + limits.total),
            Some(Fault::TakesIdleForTotal) => {
                Instant::now().checked_add(limits.total.min(limits.idle))
            }
            _ => Instant::now().checked_add(limits.total),
        };
        let mut upload = Upload::open(self, request).map_err(|error| self.source_failure(error))?;
        let authority = request.uri().authority().unwrap().to_string();
        let pooled = self.pooled(&authority);
        let reused = pooled.is_some();
        let stream = match pooled {
            Some(stream) => stream,
            None => self.connect(request.uri(), limits)?,
        };
        abort.watch(&stream);
        let result = self.over(&stream, request, &mut upload, Times { limits, deadline });
        abort.release();
        match result {
            Ok((response, reusable)) => {
                if reusable {
                    self.keep(authority, stream, true);
                }
                Ok(response)
            }
            Err(ExchangeError::Source(error)) => Err(self.source_failure(error)),
            Err(ExchangeError::TooLarge) => {
                if self.has(Fault::KeepsUnreadConnections) {
                    self.keep(authority, stream, false);
                }
                Err(Failure::new(
                    FailureKind::TooLarge,
                    format!("more than {} bytes", limits.response_bytes),
                ))
            }
            Err(ExchangeError::Network { at, error }) => {
                let late = self.has(Fault::KeepsLateConnections)
                    && at == At::NoResponse
                    && timed_out(&error);
                let dead = self.has(Fault::KeepsDeadConnections)
                    && reused
                    && matches!(at, At::NoResponse | At::Upload);
                if late || dead {
                    self.keep(authority, stream, false);
                }
                let lost = matches!(at, At::NoResponse | At::Upload) && !timed_out(&error);
                if lost
                    && (reused && self.has(Fault::SendsLostSubmitsAgain)
                        || !reused && self.has(Fault::Retries))
                {
                    return Self::new(None).exchange(request, limits, abort);
                }
                Err(Failure::new(self.kind(at, reused, &error), error))
            }
        }
    }

    fn over(
        &self,
        stream: &TcpStream,
        request: &Request<Body>,
        upload: &mut Upload,
        times: Times,
    ) -> Result<(Response<Bytes>, bool), ExchangeError> {
        let sent = outgoing::send(self, stream, request, upload, times)?;
        if sent == Sent::Partly && self.has(Fault::FailsEarlyResponses) {
            return Err(ExchangeError::network(
                At::Upload,
                io::ErrorKind::BrokenPipe.into(),
            ));
        }
        let mut incoming = Incoming::new(self, stream, times, !request.body().is_empty());
        match incoming.response() {
            Err(ExchangeError::Network {
                at: At::NoResponse,
                error,
            }) if sent == Sent::Partly => Err(ExchangeError::Network {
                at: At::Upload,
                error,
            }),
            Err(error) => Err(error),
            Ok(_)
                if sent == Sent::Partly
                    && self.has(Fault::CallsResetResponsesNotSent)
                    && connection::is_closed_soon(stream) =>
            {
                Err(ExchangeError::network(
                    At::Reset,
                    io::ErrorKind::ConnectionReset.into(),
                ))
            }
            Ok(response) => Ok((response, incoming.is_reusable() && sent == Sent::Whole)),
        }
    }

    fn kind(&self, at: At, reused: bool, error: &io::Error) -> FailureKind {
        let wrong = match at {
            At::Reset => Some(Fault::CallsResetResponsesNotSent),
            At::Upload if !timed_out(error) => Some(Fault::CallsCutRequestNotSent),
            At::NoResponse if !timed_out(error) && !reused => Some(Fault::CallsNoResponseNotSent),
            At::Head => Some(Fault::CallsCutHeadNotSent),
            At::Garbage => Some(Fault::CallsGarbageNotSent),
            _ => None,
        };
        if wrong.is_some() && self.fault == wrong {
            FailureKind::NotSent
        } else {
            FailureKind::Interrupted
        }
    }

    fn source_failure(&self, error: io::Error) -> Failure {
        let kind = match (self.fault, SourceError::find_in(&error)) {
            (Some(Fault::BlamesNetworkForPanic), Some(SourceError::Unreadable(cause)))
                if cause.to_string().contains("panicked") =>
            {
                FailureKind::Interrupted
            }
            (
                Some(Fault::BlamesNetworkForEmptySource),
                Some(SourceError::Shorter { yielded: 0, .. }),
            ) => FailureKind::Interrupted,
            (Some(Fault::BlamesNetworkForSource), Some(SourceError::Unreadable(cause)))
                if cause.kind() == io::ErrorKind::PermissionDenied =>
            {
                FailureKind::Interrupted
            }
            (Some(Fault::CallsUnopenedSourceNotSent), Some(SourceError::Unreadable(cause)))
                if cause.kind() == io::ErrorKind::NotFound =>
            {
                FailureKind::NotSent
            }
            _ => FailureKind::Source,
        };
        Failure::new(kind, error)
    }
}

/// The limits of an exchange, and its deadline.
#[derive(Clone, Copy)]
struct Times {
    limits: Limits,
    deadline: Option<Instant>,
}

/// Why there is no response.
enum ExchangeError {
    Source(io::Error),
    TooLarge,
    Network { at: At, error: io::Error },
}

/// How far an exchange got.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// The request is not sent whole.
    Upload,
    /// The request is sent, and no byte was received.
    NoResponse,
    Head,
    Garbage,
    /// The head has too many bytes or lines.
    Limit,
    Body,
    /// A response was received, and then a reset.
    Reset,
}

impl ExchangeError {
    fn network(at: At, error: io::Error) -> Self {
        Self::Network { at, error }
    }
}

fn timed_out(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

fn not_sent(error: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
    Failure::new(FailureKind::NotSent, error)
}

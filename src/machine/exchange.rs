//! One exchange with the service: the request of a machine, and the failure that a transport
//! reports.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::wire::Body;

/// The id of one exchange, to report its response or failure under.
///
/// Numbers grow within a machine and are never used twice by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u64);

impl RequestId {
    /// The id with this number; for machines and recorded transcripts.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A request to perform within limits and to report under its id.
#[derive(Debug)]
#[non_exhaustive]
pub struct Transmit {
    /// What to report the response or the failure under.
    pub id: RequestId,
    /// What it is for.
    pub purpose: Purpose,
    /// The request, complete with every header that matters.
    pub request: http::Request<Body>,
    /// The bounds of the exchange.
    pub limits: Limits,
}

impl Transmit {
    /// A request to perform; for your own machines.
    pub fn new(
        id: RequestId,
        purpose: Purpose,
        request: http::Request<Body>,
        limits: Limits,
    ) -> Self {
        Self {
            id,
            purpose,
            request,
            limits,
        }
    }

    /// Whether the service may charge for it. If it is lost, nobody knows whether it did: a program
    /// that may end at any time stores that it sends it, before it does.
    pub fn may_be_billed(&self) -> bool {
        match self.purpose {
            Purpose::Submit => true,
            Purpose::Poll | Purpose::Listing => false,
            Purpose::Call { is_repeatable } => !is_repeatable,
        }
    }
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// It submits a document.
    Submit,
    /// It asks for the status of one extraction, and for its result.
    Poll,
    /// It asks which extractions have finished.
    Listing,
    /// It is another call.
    Call {
        /// Whether it can be repeated without harm: see
        /// [`Request::REPEATABLE`](crate::wire::Request::REPEATABLE).
        is_repeatable: bool,
    },
}

/// The bounds of one exchange, enforced by the transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest time to resolve the host and to connect, TLS included.
    pub connect: Duration,
    /// The longest time without a byte moving in either direction, for transports that can tell.
    pub idle: Duration,
    /// The longest time for the whole exchange. A submit's limit grows with its length, so that a
    /// slow line does not cut it off and leave it unknown.
    pub total: Duration,
    /// The most bytes of a response body; reading stops there.
    pub response_bytes: u64,
}

impl Limits {
    /// The slowest upload that does not exceed the limit of a submit, in bytes per second.
    pub const SLOWEST_UPLOAD: u64 = 32 * 1024;

    /// The bounds for a request with a body of `length` bytes: 10 s to connect, 60 s idle, 60 s in
    /// total plus 1 s for each 32 KiB of body, 32 MiB of response.
    pub const fn for_body(length: u64) -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            total: Duration::from_secs(60 + length / Self::SLOWEST_UPLOAD),
            response_bytes: 32 * 1024 * 1024,
        }
    }

    /// The bounds for a request with a body of `length` bytes, with another response limit if one
    /// is set.
    pub(super) fn for_exchange(length: u64, response_bytes: Option<u64>) -> Self {
        let limits = Self::for_body(length);
        Self {
            response_bytes: response_bytes.unwrap_or(limits.response_bytes),
            ..limits
        }
    }
}

impl Default for Limits {
    /// The bounds for a request without a body.
    fn default() -> Self {
        Self::for_body(0)
    }
}

/// Why an exchange brought no response: a kind, which machines act on, and a cause, which is for
/// people.
///
/// Machines read only the kind, and pass the cause on in their events.
#[derive(Clone)]
pub struct Failure {
    kind: FailureKind,
    cause: Arc<dyn Error + Send + Sync>,
}

/// What a failed exchange means for the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "a machine that forgets a kind should not compile"
)]
pub enum FailureKind {
    /// Certainly not processed: not one byte of the request can have reached the service, or the
    /// service said that it did not process it. Any request can be sent again. Transports report it
    /// only when they are sure.
    NotSent,
    /// Perhaps processed: the exchange was cut off or took too long. Use this when in doubt.
    Interrupted,
    /// The document's source could not be read, or its length was not the stated one; the request
    /// was not completed.
    Source,
    /// The response was larger than [`Limits::response_bytes`]; the request was processed.
    TooLarge,
}

/// So many characters of a cause are shown.
const SHOWN_CHARS: usize = 500;

impl Failure {
    /// A failure of this kind, for this cause.
    pub fn new(kind: FailureKind, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind,
            cause: Arc::from(cause.into()),
        }
    }

    /// What it means for the request.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// What went wrong, as reported by the HTTP client.
    pub fn cause(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.cause
    }

    /// The cause as text that is fit for a log, at most 500 characters.
    pub(crate) fn shown_cause(&self) -> String {
        crate::wire::printable(&self.cause.to_string(), SHOWN_CHARS)
    }

    /// As much of the cause as [`shown_cause`](Self::shown_cause) depends on, as it is.
    pub(crate) fn recorded_cause(&self) -> String {
        let cause = self.cause.to_string();
        cause.chars().take(SHOWN_CHARS + 1).collect()
    }
}

impl fmt::Debug for Failure {
    /// Shows the cause as its message, not its structure: a recorded failure looks the same, and
    /// the text is fit for a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("kind", &self.kind)
            .field("cause", &self.shown_cause())
            .finish()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = match self.kind {
            FailureKind::NotSent => "the service could not be reached",
            FailureKind::Interrupted => "the exchange with the service broke off",
            FailureKind::Source => "the document could not be sent",
            FailureKind::TooLarge => "the response is larger than the limit",
        };
        write!(f, "{start}: {}", self.shown_cause())
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}

//! What may go wrong with an exchange.

use std::time::Duration;

/// What may go wrong with an exchange, each as a client would see it.
///
/// Some faults happen after the request was [taken](Self::is_processed), that is, processed; a client can't tell which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fault {
    /// 429 with `Retry-After`; not taken.
    TooManyRequests,
    /// 503 with `Retry-After`; not taken.
    Unavailable,
    /// 408; not taken.
    RequestTimeout,
    /// 500; not taken.
    InternalError,
    /// 502 with a page of HTML, from a gateway that did not reach the service; not taken.
    BadGateway,
    /// 504 with a page of HTML, from a gateway that lost patience; taken.
    GatewayTimeout,
    /// 200 with a page of HTML, as from a hotel's network; not taken.
    Portal,
    /// 401, whatever the key; not taken. Not among [`Fault::USUAL`], since a client should stop at it.
    Unauthorized,
    /// There is no connection; not taken. Behind a socket, the connection is closed before the body is read.
    Unreachable,
    /// The connection breaks before the request is taken.
    Dropped,
    /// The connection breaks instead of the answer; taken.
    ResponseLost,
    /// The connection breaks in the middle of the answer; taken.
    ResponseCut,
    /// The answer stops in the middle, and the connection stays open for a while ([`Faults::DEFAULT_STALL`]); taken.
    ResponseStalled,
    /// The answer comes late ([`Faults::DEFAULT_DELAY`]); taken.
    ResponseDelayed,
    /// The answer is whole as HTTP goes, but half of its JSON is missing; taken.
    ResponseHalved,
    /// The answer has its JSON twice; taken.
    ResponseDoubled,
}

impl Fault {
    /// All that networks, gateways and busy services do by themselves: every fault but [`Fault::Unauthorized`].
    pub const USUAL: [Self; 15] = [
        Self::TooManyRequests,
        Self::Unavailable,
        Self::RequestTimeout,
        Self::InternalError,
        Self::BadGateway,
        Self::GatewayTimeout,
        Self::Portal,
        Self::Unreachable,
        Self::Dropped,
        Self::ResponseLost,
        Self::ResponseCut,
        Self::ResponseStalled,
        Self::ResponseDelayed,
        Self::ResponseHalved,
        Self::ResponseDoubled,
    ];

    /// Whether the service gets and processes the request nevertheless; a submit is then accepted.
    pub const fn is_processed(self) -> bool {
        match self {
            Self::TooManyRequests
            | Self::Unavailable
            | Self::RequestTimeout
            | Self::InternalError
            | Self::BadGateway
            | Self::Portal
            | Self::Unauthorized
            | Self::Unreachable
            | Self::Dropped => false,
            Self::GatewayTimeout
            | Self::ResponseLost
            | Self::ResponseCut
            | Self::ResponseStalled
            | Self::ResponseDelayed
            | Self::ResponseHalved
            | Self::ResponseDoubled => true,
        }
    }
}

/// Which faults happen by chance, how often, and what they are like. The default is none.
///
/// They follow from the seed of [`ServiceOptions`](super::ServiceOptions). Faults at a moment of one's choice are asked of the [`Service`](super::Service) itself, with
/// [`fail_next`](super::Service::fail_next), [`fail_next_submits`](super::Service::fail_next_submits) and [`fail_until`](super::Service::fail_until).
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    pub(super) share: f64,
    pub(super) kinds: Vec<Fault>,
    pub(super) delay: Duration,
    pub(super) stall: Duration,
    pub(super) retry_after: Duration,
}

impl Faults {
    /// How late a delayed answer is unless told otherwise: 1 s.
    pub const DEFAULT_DELAY: Duration = Duration::from_secs(1);

    /// How long a stalled answer keeps its connection open unless told otherwise: 2 minutes, which is longer than most clients wait.
    pub const DEFAULT_STALL: Duration = Duration::from_mins(2);

    /// What `Retry-After` says with 429 and 503 unless told otherwise: 1 s.
    pub const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

    /// Faults in this share of all exchanges, from 0 (never) to 1 (always); each of [`Fault::USUAL`] as often as the others.
    pub fn new(share: f64) -> Self {
        Self {
            share,
            kinds: Fault::USUAL.to_vec(),
            delay: Self::DEFAULT_DELAY,
            stall: Self::DEFAULT_STALL,
            retry_after: Self::DEFAULT_RETRY_AFTER,
        }
    }

    /// Only these, each as often as the others; one that is named twice is twice as frequent. Without any, nothing happens by chance.
    #[must_use]
    pub fn with_kinds(mut self, kinds: impl IntoIterator<Item = Fault>) -> Self {
        self.kinds = kinds.into_iter().collect();
        self
    }

    /// Sets how late a delayed answer is.
    #[must_use]
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sets how long a stalled answer keeps its connection open.
    #[must_use]
    pub fn with_stall(mut self, stall: Duration) -> Self {
        self.stall = stall;
        self
    }

    /// Sets what `Retry-After` says with the 429 and 503 of these faults.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = retry_after;
        self
    }
}

impl Default for Faults {
    /// Nothing happens by chance.
    fn default() -> Self {
        Self::new(0.0)
    }
}

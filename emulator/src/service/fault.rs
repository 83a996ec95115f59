//! What can go wrong with an exchange.

use std::time::Duration;

/// What can go wrong with an exchange, as a client sees it.
///
/// Some happen after the request was [processed](Self::is_processed); a client can't know which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fault {
    /// 429 with `Retry-After`; not processed.
    TooManyRequests,
    /// 503 with `Retry-After`; not processed.
    Unavailable,
    /// 408; not processed.
    RequestTimeout,
    /// 500; not processed.
    InternalError,
    /// 502 with a page of HTML, from a gateway that did not reach the service; not processed.
    BadGateway,
    /// 504 with a page of HTML, from a gateway that did not wait any longer; processed.
    GatewayTimeout,
    /// 200 with a page of HTML, as from a captive portal; not processed.
    Portal,
    /// 401, whatever the key; not processed. Not among [`Fault::USUAL`], since a client should stop
    /// at it.
    Unauthorized,
    /// There is no connection; not processed. The listener closes the connection before it reads
    /// the body.
    Unreachable,
    /// The connection breaks before the request is processed.
    Dropped,
    /// The connection breaks before the response; processed.
    ResponseLost,
    /// The connection breaks in the middle of the response; processed.
    ResponseCut,
    /// The response stops in the middle, and the connection stays open for a while
    /// ([`Faults::DEFAULT_STALL`]); processed.
    ResponseStalled,
    /// The response is late ([`Faults::DEFAULT_DELAY`]); processed.
    ResponseDelayed,
    /// The response is complete HTTP, but half of its JSON is missing; processed.
    ResponseHalved,
    /// The response has its JSON twice; processed.
    ResponseDoubled,
}

impl Fault {
    /// The faults of networks, gateways and busy services: all but [`Fault::Unauthorized`].
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

    /// Whether the service processes the request nevertheless; a submit is then accepted.
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

/// Which faults happen at random, how often, and their times. The default is none.
///
/// They follow from the seed of [`ServiceOptions`](super::ServiceOptions). For a fault at a chosen
/// moment, see the methods of [`Service`](super::Service):
/// [`fail_next`](super::Service::fail_next),
/// [`fail_next_submits`](super::Service::fail_next_submits) and
/// [`fail_until`](super::Service::fail_until).
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    pub(super) share: f64,
    pub(super) kinds: Vec<Fault>,
    pub(super) delay: Duration,
    pub(super) stall: Duration,
    pub(super) retry_after: Duration,
}

impl Faults {
    /// How late a delayed response is by default: 1 s.
    pub const DEFAULT_DELAY: Duration = Duration::from_secs(1);

    /// How long a stalled response keeps its connection open by default: 2 minutes, longer than
    /// most clients wait.
    pub const DEFAULT_STALL: Duration = Duration::from_mins(2);

    /// `Retry-After` of 429 and 503 by default: 1 s.
    pub const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

    /// Faults in this share of all exchanges, from 0 (never) to 1 (always); each of
    /// [`Fault::USUAL`] as often as the others.
    pub fn new(share: f64) -> Self {
        Self {
            share,
            kinds: Fault::USUAL.to_vec(),
            delay: Self::DEFAULT_DELAY,
            stall: Self::DEFAULT_STALL,
            retry_after: Self::DEFAULT_RETRY_AFTER,
        }
    }

    /// Only these, each as often as the others; one that is named twice is twice as frequent. If
    /// there are none, nothing fails at random.
    #[must_use]
    pub fn with_kinds(mut self, kinds: impl IntoIterator<Item = Fault>) -> Self {
        self.kinds = kinds.into_iter().collect();
        self
    }

    /// Sets how late a delayed response is.
    #[must_use]
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sets how long a stalled response keeps its connection open.
    #[must_use]
    pub fn with_stall(mut self, stall: Duration) -> Self {
        self.stall = stall;
        self
    }

    /// Sets `Retry-After` of the 429 and 503 of these faults.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = retry_after;
        self
    }
}

impl Default for Faults {
    /// Nothing fails at random.
    fn default() -> Self {
        Self::new(0.0)
    }
}

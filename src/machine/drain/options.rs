//! How to drain a queue.

use std::time::Duration;

use super::super::retry_policy::RetryPolicy;
use crate::wire::{AwaitingRequest, ConfigError};

/// How to drain a queue, and within which limits. By default it is drained once.
///
/// ```
/// use std::time::Duration;
/// use typless::machine::DrainOptions;
///
/// // Runs until it is closed, lists once a minute, and fetches the results of one customer.
/// let options = DrainOptions::new()
///     .with_interval(Duration::from_secs(60))
///     .with_customer("acme")?;
/// # let _ = options;
/// # Ok::<(), typless::wire::ConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct DrainOptions {
    pub(super) seed: u64,
    pub(super) interval: Option<Duration>,
    /// Without a customer, the unfiltered listing.
    pub(super) listing: AwaitingRequest,
    pub(super) has_customer: bool,
    pub(crate) max_in_flight: usize,
    pub(super) rate: u32,
    pub(super) burst: u32,
    pub(super) retry: RetryPolicy,
    pub(super) acknowledgement: bool,
    pub(super) redelivery: Duration,
    pub(super) unacknowledged: usize,
    pub(super) response_bytes: Option<u64>,
    pub(super) listing_bytes: u64,
    pub(super) text_blocks: bool,
    pub(crate) first_sequence: u64,
}

impl DrainOptions {
    /// The default redelivery time: 5 minutes.
    pub const REDELIVERY: Duration = Duration::from_secs(300);

    /// The default listing limit: 64 MiB, which is one and a half million ids.
    pub const LISTING_BYTES: u64 = 64 * 1024 * 1024;

    /// The default options: seed 0, drained once, all customers, 8 requests in flight, 20 requests
    /// per second with a burst of 20, 5 attempts for each id after delays that double from 5 s to
    /// at most 300 s, 256 unacknowledged results, redelivery after 5 minutes.
    pub fn new() -> Self {
        Self {
            seed: 0,
            interval: None,
            listing: AwaitingRequest::new(),
            has_customer: false,
            max_in_flight: 8,
            rate: 20,
            burst: 20,
            retry: RetryPolicy::new()
                .with_attempts(5)
                .with_delays(Duration::from_secs(5), Duration::from_secs(300)),
            acknowledgement: true,
            redelivery: Self::REDELIVERY,
            unacknowledged: 256,
            response_bytes: None,
            listing_bytes: Self::LISTING_BYTES,
            text_blocks: false,
            first_sequence: 1,
        }
    }

    /// Sets the seed of all randomness: the same seed and the same inputs give the same outputs,
    /// byte for byte.
    #[must_use]
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Drains continuously: lists again this long after the last listing was sent (at least a
    /// second), or when the fetch of each listed id was tried once, whichever is later. While
    /// fetches leave one at a time, it waits for none.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval.max(Duration::from_secs(1)));
        self
    }

    /// Drains only what was submitted for this customer.
    ///
    /// # Errors
    ///
    /// As [`Document::with_customer`](crate::wire::Document::with_customer).
    pub fn with_customer(mut self, customer: &str) -> Result<Self, ConfigError> {
        self.listing = AwaitingRequest::new().with_customer(customer)?;
        self.has_customer = true;
        Ok(self)
    }

    /// Sets how many requests may be in flight; at least one.
    #[must_use]
    pub fn with_max_in_flight(mut self, requests: usize) -> Self {
        self.max_in_flight = requests.max(1);
        self
    }

    /// Sets how many requests may be sent per second, and how many immediately after a rest. Both
    /// are at least one.
    #[must_use]
    pub fn with_rate(mut self, per_second: u32, burst: u32) -> Self {
        self.rate = per_second.max(1);
        self.burst = burst.max(1);
        self
    }

    /// Sets the retry policy: how often an id is tried before it is set aside, how often a listing
    /// is tried before a drain without an interval stops, and the delays.
    #[must_use]
    pub const fn with_retry_policy(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Counts each result as acknowledged when it is delivered: none is delivered twice, and one
    /// that is lost after that is lost.
    #[must_use]
    pub const fn without_acknowledgement(mut self) -> Self {
        self.acknowledgement = false;
        self
    }

    /// Sets how long a delivered result may stay unacknowledged before it is fetched and delivered
    /// again; at least a second.
    #[must_use]
    pub fn with_redelivery(mut self, after: Duration) -> Self {
        self.redelivery = after.max(Duration::from_secs(1));
        self
    }

    /// Sets how many results may be unacknowledged before no more are fetched; at least one.
    #[must_use]
    pub fn with_max_unacknowledged(mut self, results: usize) -> Self {
        self.unacknowledged = results.max(1);
        self
    }

    /// Sets the maximum size of one result in bytes; see [`Limits`](super::super::Limits) for the
    /// default.
    #[must_use]
    pub const fn with_response_limit(mut self, bytes: u64) -> Self {
        self.response_bytes = Some(bytes);
        self
    }

    /// Sets the maximum size of one listing in bytes; otherwise
    /// [`LISTING_BYTES`](Self::LISTING_BYTES).
    #[must_use]
    pub const fn with_listing_limit(mut self, bytes: u64) -> Self {
        self.listing_bytes = bytes;
        self
    }

    /// Requests the documents' text blocks as well; see
    /// [`StatusRequest::with_text_blocks`](crate::wire::StatusRequest::with_text_blocks).
    #[must_use]
    pub const fn with_text_blocks(mut self) -> Self {
        self.text_blocks = true;
        self
    }

    /// Sets the sequence of the first event, to continue a log after a restart: one more than the
    /// last stored event.
    #[must_use]
    pub const fn with_first_sequence(mut self, sequence: u64) -> Self {
        self.first_sequence = sequence;
        self
    }
}

impl Default for DrainOptions {
    fn default() -> Self {
        Self::new()
    }
}

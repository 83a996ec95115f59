//! How to follow many jobs.

use std::sync::Arc;
use std::time::Duration;

use crate::machine::job::JobOptions;
use crate::machine::poll_policy::PollPolicy;
use crate::machine::retry_policy::RetryPolicy;
use crate::machine::throttle::limiter::Limiter;
use crate::wire::{AwaitingRequest, ConfigError};

/// How to follow the jobs of a [`Batch`](super::Batch), and within which limits. The default puts
/// little load on the service.
///
/// | limit | default | what it bounds |
/// | --- | --- | --- |
/// | [`with_max_in_flight`](Self::with_max_in_flight) | 16 | requests in flight, of all kinds |
/// | [`with_max_submits`](Self::with_max_submits) | 4 | submits in flight |
/// | [`with_rate`](Self::with_rate) | 10 per second | requests of all kinds |
/// | [`with_burst`](Self::with_burst) | 10 | requests sent immediately after a rest |
/// | [`with_max_bytes`](Self::with_max_bytes) | 64 MiB | documents that are being sent |
/// | [`with_max_unfinished`](Self::with_max_unfinished) | 100 000 | jobs from iterators |
/// | [`with_retry_budget`](Self::with_retry_budget) | 100 | retries of all jobs together |
///
/// The service documents no limits: the default rate is an assumption. Where the rate is the
/// bottleneck, each listing and each poll of a job in progress delays all documents and results
/// that wait for it. So fewer of them are made then: results wait a little longer, and the whole
/// batch finishes sooner.
///
/// Any number may be set: one that is too small is raised to the minimum stated below.
///
/// ```
/// use std::time::Duration;
/// use typless::machine::{BatchOptions, PollPolicy};
///
/// // A nightly run: 5 requests per second, few polls, results within two days.
/// let options = BatchOptions::new()
///     .with_seed(4711) // random, so that clients that fail together do not retry together
///     .with_rate(5, Duration::from_secs(1))
///     .with_poll_policy(PollPolicy::frugal())
///     .with_deadline(Duration::from_secs(2 * 24 * 3600));
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct BatchOptions {
    pub(super) jobs: JobOptions,
    pub(super) max_in_flight: usize,
    pub(super) max_submits: usize,
    pub(super) rate: Option<(u32, Duration)>,
    pub(super) burst: u32,
    pub(super) max_bytes: u64,
    pub(super) max_unfinished: usize,
    pub(super) retry_budget: u32,
    pub(super) queue: bool,
    pub(super) learns: bool,
    pub(super) customer: Option<Arc<str>>,
}

impl BatchOptions {
    /// The default options: the limits of the table above, seed 0, a deadline of 24 hours for each
    /// job, [`PollPolicy::balanced`], [`RetryPolicy::new`], listings in use, no confirmation.
    pub const fn new() -> Self {
        Self {
            jobs: JobOptions::new(),
            max_in_flight: 16,
            max_submits: 4,
            rate: Some((10, Duration::from_secs(1))),
            burst: 10,
            max_bytes: 64 * 1024 * 1024,
            max_unfinished: 100_000,
            retry_budget: 100,
            queue: true,
            learns: true,
            customer: None,
        }
    }

    /// Sets the seed of all randomness; see [`JobOptions::with_seed`]. It also prevents an attacker
    /// from choosing ids that make the look-up slow.
    #[must_use]
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.jobs = self.jobs.with_seed(seed);
        self
    }

    /// Sets how long each job is followed, from when it is added, read from an iterator, or
    /// resumed. By default 24 hours, and a resumed job to the deadline of its ticket.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.jobs = self.jobs.with_deadline(deadline);
        self
    }

    /// Sets the poll policy for single jobs and listings. Its price applies to either request.
    #[must_use]
    pub const fn with_poll_policy(mut self, poll_policy: PollPolicy) -> Self {
        self.jobs = self.jobs.with_poll_policy(poll_policy);
        self
    }

    /// Sets the retry policy for jobs and listings.
    #[must_use]
    pub const fn with_retry_policy(mut self, retry: RetryPolicy) -> Self {
        self.jobs = self.jobs.with_retry_policy(retry);
        self
    }

    /// Sets how many requests may be in flight, of all kinds; at least one.
    #[must_use]
    pub const fn with_max_in_flight(mut self, requests: usize) -> Self {
        self.max_in_flight = if requests == 0 { 1 } else { requests };
        self
    }

    /// Sets how many of the requests in flight may be submits; at least one.
    #[must_use]
    pub const fn with_max_submits(mut self, submits: usize) -> Self {
        self.max_submits = if submits == 0 { 1 } else { submits };
        self
    }

    /// Sets how many requests of all kinds may be sent in a span of this length; at least one
    /// request and one nanosecond.
    #[must_use]
    pub const fn with_rate(mut self, requests: u32, per: Duration) -> Self {
        self.rate = Some((requests, per));
        self
    }

    /// Removes the rate limit: only the requests in flight are bounded. Pauses that the service
    /// asks for still apply.
    #[must_use]
    pub const fn without_rate(mut self) -> Self {
        self.rate = None;
        self
    }

    /// Sets how many requests may be sent immediately after a rest; at least one. No span of time
    /// has more requests than its length allows at the rate, plus this many.
    #[must_use]
    pub const fn with_burst(mut self, burst: u32) -> Self {
        self.burst = burst;
        self
    }

    /// Sets how many bytes of documents, before base64, may be in submits that are in flight or
    /// whose event was emitted. A document that is larger is sent alone.
    #[must_use]
    pub const fn with_max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets how many jobs may be unfinished before no more are read from iterators
    /// ([`Batch::add_all`](super::Batch::add_all)); at least one. Single documents are always
    /// added.
    #[must_use]
    pub const fn with_max_unfinished(mut self, jobs: usize) -> Self {
        self.max_unfinished = if jobs == 0 { 1 } else { jobs };
        self
    }

    /// Sets how many failed requests may be retried, by all jobs together (a token bucket). Ten
    /// successes give one retry back, and a successful retry gives back its own. Once the budget is
    /// spent, there is one retry each 30 s. What finds out whether an outage is over is not charged
    /// to it.
    #[must_use]
    pub const fn with_retry_budget(mut self, retries: u32) -> Self {
        self.retry_budget = retries;
        self
    }

    /// Requests no listings: each job is polled. By default listings start as soon as two jobs are
    /// in progress.
    #[must_use]
    pub const fn without_queue(mut self) -> Self {
        self.queue = false;
        self
    }

    /// Requests listings only for this customer, for a key that others use for other customers.
    /// Jobs of other customers are then polled.
    ///
    /// # Errors
    ///
    /// As [`AwaitingRequest::with_customer`].
    pub fn with_queue_customer(mut self, customer: &str) -> Result<Self, ConfigError> {
        AwaitingRequest::new().with_customer(customer)?;
        self.customer = Some(customer.into());
        Ok(self)
    }

    /// Does not learn processing times; polls by what the policy assumes.
    #[must_use]
    pub const fn without_learning(mut self) -> Self {
        self.learns = false;
        self
    }

    /// Sends each submit only after [`Batch::confirm`](super::Batch::confirm) was called with the
    /// sequence of its `Submitting` event, or a later one. Everything else continues.
    #[must_use]
    pub const fn with_confirmation(mut self) -> Self {
        self.jobs = self.jobs.with_confirmation();
        self
    }

    /// Sets the sequence of the first event; see [`JobOptions::with_first_sequence`].
    #[must_use]
    pub const fn with_first_sequence(mut self, sequence: u64) -> Self {
        self.jobs = self.jobs.with_first_sequence(sequence);
        self
    }

    /// Sets the maximum size of one response in bytes; see [`JobOptions::with_response_limit`]. A
    /// listing that is larger is not read: jobs are polled instead.
    #[must_use]
    pub const fn with_response_limit(mut self, bytes: u64) -> Self {
        self.jobs = self.jobs.with_response_limit(bytes);
        self
    }

    /// Requests the text blocks of all documents as well; see [`JobOptions::with_text_blocks`].
    #[must_use]
    pub const fn with_text_blocks(mut self) -> Self {
        self.jobs = self.jobs.with_text_blocks();
        self
    }
}

impl BatchOptions {
    /// The limit of the rate.
    pub(super) fn limiter(&self) -> Limiter {
        self.rate
            .map_or_else(Limiter::unlimited, |(requests, per)| {
                Limiter::new(requests, per, self.burst)
            })
    }
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self::new()
    }
}

//! How many jobs are to be followed at once.

use std::sync::Arc;
use std::time::Duration;

use crate::machine::job::JobOptions;
use crate::machine::poll_policy::PollPolicy;
use crate::machine::retry_policy::RetryPolicy;
use crate::wire::{AwaitingRequest, ConfigError};

/// How the jobs of a [`Batch`](super::Batch) are to be followed, and within which limits. Made by the application; the default is gentle with the service.
///
/// | limit | default | what it bounds |
/// | --- | --- | --- |
/// | [`with_max_in_flight`](Self::with_max_in_flight) | 16 | requests that are out, of all kinds |
/// | [`with_max_submits`](Self::with_max_submits) | 4 | submits that are out |
/// | [`with_rate`](Self::with_rate), [`with_burst`](Self::with_burst) | 10 each second, 10 at once | requests of all kinds |
/// | [`with_max_bytes`](Self::with_max_bytes) | 64 MiB | documents that are being sent |
/// | [`with_max_unfinished`](Self::with_max_unfinished) | 100 000 | jobs taken from iterators before others have ended |
/// | [`with_retry_budget`](Self::with_retry_budget) | 100 | repetitions of what failed, by all jobs together |
///
/// The service documents no limits: the rate is an assumption that no service should mind. Where it is short, each question (a call to the queue, a poll a job in progress) delays
/// all documents and results that wait for it. So fewer questions are asked then: what is ready waits a little longer, and the whole is done sooner.
///
/// Any number may be set: one that can't be kept is raised to the least that can, which is told below.
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
    /// The default options: the limits of the table above, seed 0, a deadline of 24 hours for each job, [`PollPolicy::balanced`], [`RetryPolicy::new`], the queue in use, no confirmation.
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

    /// Sets the seed, from which all chance follows; see [`JobOptions::with_seed`]. It also keeps those who choose ids from choosing ones that slow the look-up down.
    #[must_use]
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.jobs = self.jobs.with_seed(seed);
        self
    }

    /// Sets how long each job is followed, from when it is added, drawn from an iterator, or resumed. Without it, 24 hours, and a resumed job to the deadline of its ticket.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.jobs = self.jobs.with_deadline(deadline);
        self
    }

    /// Sets when to poll single jobs and at the queue. The policy's price is that of either request.
    #[must_use]
    pub const fn with_poll_policy(mut self, poll_policy: PollPolicy) -> Self {
        self.jobs = self.jobs.with_poll_policy(poll_policy);
        self
    }

    /// Sets when a job tries again what failed, and the queue is asked again.
    #[must_use]
    pub const fn with_retry_policy(mut self, retry: RetryPolicy) -> Self {
        self.jobs = self.jobs.with_retry_policy(retry);
        self
    }

    /// Sets how many requests may be out at once, of all kinds; at least one.
    #[must_use]
    pub const fn with_max_in_flight(mut self, requests: usize) -> Self {
        self.max_in_flight = if requests == 0 { 1 } else { requests };
        self
    }

    /// Sets how many submits may be out at once, among the requests; at least one.
    #[must_use]
    pub const fn with_max_submits(mut self, submits: usize) -> Self {
        self.max_submits = if submits == 0 { 1 } else { submits };
        self
    }

    /// Sets how many requests of all kinds may be sent in a span of this length; at least one, and a nanosecond.
    #[must_use]
    pub const fn with_rate(mut self, requests: u32, per: Duration) -> Self {
        self.rate = Some((requests, per));
        self
    }

    /// Sets no rate: only the requests in flight are bounded. Pauses that the service asks for hold all the same.
    #[must_use]
    pub const fn without_rate(mut self) -> Self {
        self.rate = None;
        self
    }

    /// Sets how many requests may follow each other at once after a rest; at least one. No span of time has more requests than its length allows at the rate, plus this many.
    #[must_use]
    pub const fn with_burst(mut self, burst: u32) -> Self {
        self.burst = burst;
        self
    }

    /// Sets how many bytes of documents may be in the submits that are announced or out, before base64. A document that is larger goes alone.
    #[must_use]
    pub const fn with_max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets how many jobs may be unfinished before nothing more is taken from iterators ([`Batch::add_all`](super::Batch::feed)); at least one. What is added one by one is always taken.
    #[must_use]
    pub const fn with_max_unfinished(mut self, jobs: usize) -> Self {
        self.max_unfinished = if jobs == 0 { 1 } else { jobs };
        self
    }

    /// Sets how many requests that failed may be repeated, by all jobs together (a token bucket). Ten successes give one back, a repetition that succeeds its own. Once it is
    /// empty, there is one each 30 s, to find out whether the service is back.
    #[must_use]
    pub const fn with_retry_budget(mut self, retries: u32) -> Self {
        self.retry_budget = retries;
        self
    }

    /// Does not ask the queue of finished extractions: each job is polled by itself. Without this call it is asked as soon as there are two jobs in progress.
    #[must_use]
    pub const fn without_queue(mut self) -> Self {
        self.queue = false;
        self
    }

    /// Asks the queue for this customer's extractions only, for a key that others use for other customers. Jobs of other customers are then polled by themselves.
    ///
    /// # Errors
    ///
    /// As [`AwaitingRequest::with_customer`].
    pub fn with_queue_customer(mut self, customer: &str) -> Result<Self, ConfigError> {
        AwaitingRequest::new().with_customer(customer)?;
        self.customer = Some(customer.into());
        Ok(self)
    }

    /// Learns nothing of the time that jobs take, and polls by what the policy assumes.
    #[must_use]
    pub const fn without_learning(mut self) -> Self {
        self.learns = false;
        self
    }

    /// Holds each submit back until [`Batch::confirm`](super::Batch::confirm) was called with the sequence of its `Submitting` event, or a later one. Everything else goes on.
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

    /// Sets the most bytes taken of one response; see [`JobOptions::with_response_limit`]. A listing of the queue that is larger is not read: single polls take over.
    #[must_use]
    pub const fn with_response_limit(mut self, bytes: u64) -> Self {
        self.jobs = self.jobs.with_response_limit(bytes);
        self
    }

    /// Asks for the text blocks of all documents as well; see [`JobOptions::with_text_blocks`].
    #[must_use]
    pub const fn with_text_blocks(mut self) -> Self {
        self.jobs = self.jobs.with_text_blocks();
        self
    }
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self::new()
    }
}

//! How one call is to be performed.

use std::time::Duration;

use super::super::retry_policy::RetryPolicy;

/// How one call is to be performed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallOptions {
    pub(super) seed: u64,
    pub(super) deadline: Duration,
    pub(super) retry: RetryPolicy,
    pub(super) response_bytes: Option<u64>,
}

impl CallOptions {
    /// The deadline of a call unless one is set: 5 minutes.
    pub const DEADLINE: Duration = Duration::from_secs(300);

    /// The default options: seed 0, a deadline of 5 minutes, [`RetryPolicy::new`], whose number of
    /// attempts counts all failures here.
    pub const fn new() -> Self {
        Self {
            seed: 0,
            deadline: Self::DEADLINE,
            retry: RetryPolicy::new(),
            response_bytes: None,
        }
    }

    /// Sets the seed, from which all randomness follows.
    #[must_use]
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets how long new attempts may start, from now. An attempt in flight is waited for within
    /// its own limit.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets the retry policy.
    #[must_use]
    pub const fn with_retry_policy(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Sets the maximum size of one response in bytes; see [`Limits`](super::super::Limits) for the
    /// default.
    #[must_use]
    pub const fn with_response_limit(mut self, bytes: u64) -> Self {
        self.response_bytes = Some(bytes);
        self
    }
}

impl Default for CallOptions {
    fn default() -> Self {
        Self::new()
    }
}

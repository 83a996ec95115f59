//! How one call is to be performed.

use std::time::Duration;

use super::super::retry_policy::RetryPolicy;

/// How one call is to be performed. Made by the application.
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

    /// The default options: seed 0, a deadline of 5 minutes, [`RetryPolicy::new`], whose number of attempts holds for any failure here.
    pub const fn new() -> Self {
        Self {
            seed: 0,
            deadline: Self::DEADLINE,
            retry: RetryPolicy::new(),
            response_bytes: None,
        }
    }

    /// Sets the seed, from which all chance follows.
    #[must_use]
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets until when attempts are begun, from now. One that is out is waited for within its own limit.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets when and how often to try again.
    #[must_use]
    pub const fn with_retry_policy(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Sets the most bytes taken of one response; see [`Limits`](super::super::Limits) for the default.
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

//! How one job is to be followed.

use std::time::Duration;

use crate::machine::poll_policy::PollPolicy;
use crate::machine::retry_policy::RetryPolicy;

/// How to follow one job. The default suits a background service.
///
/// ```
/// use std::time::Duration;
/// use typless::machine::{JobOptions, PollPolicy, RetryPolicy};
///
/// // Somebody waits for the result: it is noticed sooner, and the job ends after ten minutes.
/// let options = JobOptions::new()
///     .with_poll_policy(PollPolicy::eager())
///     .with_deadline(Duration::from_secs(600))
///     .with_retry_policy(RetryPolicy::new().with_attempts(4));
/// # drop(options);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JobOptions {
    pub(crate) seed: u64,
    pub(crate) deadline: Option<Duration>,
    pub(crate) poll_policy: PollPolicy,
    pub(crate) retry: RetryPolicy,
    pub(crate) confirmation: bool,
    pub(crate) first_sequence: u64,
    pub(crate) response_bytes: Option<u64>,
    pub(crate) text_blocks: bool,
}

impl JobOptions {
    /// The deadline of a job unless one is set: 24 hours.
    pub const DEADLINE: Duration = Duration::from_secs(24 * 3600);

    /// The default options: seed 0, a deadline of 24 hours, [`PollPolicy::balanced`],
    /// [`RetryPolicy::new`], no confirmation.
    pub const fn new() -> Self {
        Self {
            seed: 0,
            deadline: None,
            poll_policy: PollPolicy::balanced(),
            retry: RetryPolicy::new(),
            confirmation: false,
            first_sequence: 1,
            response_bytes: None,
            text_blocks: false,
        }
    }

    /// Sets the seed of all randomness: the same seed and the same inputs give the same outputs,
    /// byte for byte. Clients that must not act in step need different seeds.
    #[must_use]
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets how long the job is followed, from now. By default a new job is followed for
    /// [`DEADLINE`](Self::DEADLINE), and a resumed one to the deadline of its ticket.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets the poll policy.
    #[must_use]
    pub const fn with_poll_policy(mut self, poll_policy: PollPolicy) -> Self {
        self.poll_policy = poll_policy;
        self
    }

    /// Sets the retry policy.
    #[must_use]
    pub const fn with_retry_policy(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Sends each submit only after [`Job::confirm`](crate::machine::Job::confirm) was called with
    /// the sequence of its `Submitting` event: for applications that must store the intent first.
    #[must_use]
    pub const fn with_confirmation(mut self) -> Self {
        self.confirmation = true;
        self
    }

    /// Sets the sequence of the first event, to continue a log after a restart: one more than the
    /// last stored event.
    #[must_use]
    pub const fn with_first_sequence(mut self, sequence: u64) -> Self {
        self.first_sequence = sequence;
        self
    }

    /// Sets the maximum size of one response in bytes; see [`Limits`](crate::machine::Limits) for
    /// the default.
    #[must_use]
    pub const fn with_response_limit(mut self, bytes: u64) -> Self {
        self.response_bytes = Some(bytes);
        self
    }

    /// Requests the document's text blocks as well; see
    /// [`StatusRequest::with_text_blocks`](crate::wire::StatusRequest::with_text_blocks). A ticket
    /// does not store this option: set it again for a resumed job.
    #[must_use]
    pub const fn with_text_blocks(mut self) -> Self {
        self.text_blocks = true;
        self
    }
}

impl Default for JobOptions {
    fn default() -> Self {
        Self::new()
    }
}

//! When to retry after a failure.

use std::time::Duration;

/// When to retry after a failure: a pure function of the number of failures and a random number.
///
/// Used for submits that certainly did not arrive and for failed polls. Delays double from the
/// first to the longest. Each delay is a random value between half and all of that, so that clients
/// that failed together do not come back together.
///
/// ```
/// use std::time::Duration;
/// use typless::machine::{JobOptions, RetryPolicy};
///
/// // A person waits: three attempts within some seconds.
/// let retry = RetryPolicy::new()
///     .with_attempts(3)
///     .with_delays(Duration::from_millis(200), Duration::from_secs(2));
/// let options = JobOptions::new().with_retry_policy(retry);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    attempts: u16,
    first_delay: Duration,
    longest_delay: Duration,
    trust_overload: bool,
    resubmissions: u16,
}

impl RetryPolicy {
    /// The default: 8 attempts to submit, delays from 0.5 s to 30 s, no submit repeated that may
    /// have arrived.
    pub const fn new() -> Self {
        Self {
            attempts: 8,
            first_delay: Duration::from_millis(500),
            longest_delay: Duration::from_secs(30),
            trust_overload: false,
            resubmissions: 0,
        }
    }

    /// Sets how often a submit is tried while it certainly does not arrive, and how often a
    /// [`Call`](super::Call) is tried; at least once. Responses of 429 to a submit do not count:
    /// the deadline bounds them.
    #[must_use]
    pub const fn with_attempts(mut self, attempts: u16) -> Self {
        self.attempts = if attempts == 0 { 1 } else { attempts };
        self
    }

    /// Sets the first and the longest delay. Both are held within 1 ms to 1 h; the longest is at
    /// least the first.
    #[must_use]
    pub fn with_delays(mut self, first: Duration, longest: Duration) -> Self {
        let (least, most) = (Duration::from_millis(1), Duration::from_secs(3600));
        self.first_delay = first.clamp(least, most);
        self.longest_delay = longest.clamp(self.first_delay, most);
        self
    }

    /// Treats a 503 on a submit as not processed, and tries again. The service does not document
    /// that this is safe.
    #[must_use]
    pub const fn trusting_overload(mut self) -> Self {
        self.trust_overload = true;
        self
    }

    /// Allows to submit a document again, at most this many times, when it is unknown whether it
    /// arrived. **It may then be billed more than once.**
    #[must_use]
    pub const fn with_resubmissions(mut self, resubmissions: u16) -> Self {
        self.resubmissions = resubmissions;
        self
    }

    /// How often a submit is tried while it certainly does not arrive, and how often a call is
    /// tried.
    pub const fn attempts(&self) -> u16 {
        self.attempts
    }

    /// Whether a 503 on a submit is taken as not processed.
    pub const fn trusts_overload(&self) -> bool {
        self.trust_overload
    }

    /// How often a document may be submitted again when it is unknown whether it arrived.
    pub const fn resubmissions(&self) -> u16 {
        self.resubmissions
    }

    /// The delay after this many failures in a row (from 1). `random` selects a value in the upper
    /// half.
    pub fn delay(&self, failures: u16, random: u64) -> Duration {
        // At most 20 doublings, so the shift fits in 32 bits; the product saturates.
        let doublings = u32::from(failures.saturating_sub(1)).min(20);
        let full = self
            .first_delay
            .saturating_mul(1 << doublings)
            .min(self.longest_delay);
        let half = full / 2;
        // Nanoseconds from half to all of it, inclusive; `full` is at most 1 h, 3.6e12 ns.
        let span = u64::try_from((full - half).as_nanos())
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        half + Duration::from_nanos(random % span)
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest_and_keep_to_the_upper_half() {
        let policy = RetryPolicy::new();
        for (failures, milliseconds) in [
            (1, 500),
            (2, 1000),
            (3, 2000),
            (7, 30_000),
            (u16::MAX, 30_000),
        ] {
            let full = Duration::from_millis(milliseconds);
            for random in [0, 1, 12_345_678_901, u64::MAX] {
                let delay = policy.delay(failures, random);
                assert!(
                    delay >= full / 2 && delay <= full,
                    "{failures} {random}: {delay:?}"
                );
            }
        }
    }

    #[test]
    fn odd_settings_are_held_within_bounds() {
        let policy = RetryPolicy::new()
            .with_attempts(0)
            .with_delays(Duration::ZERO, Duration::ZERO);
        assert_eq!(policy.attempts(), 1);
        assert!(policy.delay(1, 0) > Duration::ZERO);
    }
}

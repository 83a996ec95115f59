//! A rate limit: it applies to rivals, and checks our requests.

use std::time::Duration;

use typless::machine::Time;

/// A token bucket: in any interval no more requests than its length allows, plus the burst.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// Requests per period.
    pub requests: u32,
    /// The period.
    pub per: Duration,
    /// The burst.
    pub burst: u32,
    /// The theoretical time of the next request at equal distances.
    next: Time,
}

impl Rate {
    /// A rate with a burst.
    pub const fn new(requests: u32, per: Duration, burst: u32) -> Self {
        Self {
            requests,
            per,
            burst,
            next: Time::EPOCH,
        }
    }

    /// A rate per second, with a resolution of a thousandth.
    pub fn per_second(requests: f64, burst: u32) -> Self {
        Self::new((requests * 1000.0) as u32, Duration::from_secs(1000), burst)
    }

    /// The earliest time of the next request.
    pub fn ready_at(&self) -> Time {
        let tolerance = self.interval() * (self.burst - 1);
        Time::from_unix(self.next.since_epoch().saturating_sub(tolerance))
    }

    /// Counts a request; false if it is too early.
    pub fn take(&mut self, now: Time) -> bool {
        let is_allowed = now >= self.ready_at();
        self.next = self.next.max(now) + self.interval();
        is_allowed
    }

    /// Rounded down, so that the check never reports a false breach.
    fn interval(&self) -> Duration {
        self.per / self.requests
    }
}

//! A limit of requests per second: what rivals are held to, and what our requests are checked against.

use std::time::Duration;

use typless::machine::Time;

/// So many requests in a span, and so many at once after a rest: in any time no more than its length allows, and the burst.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// Requests, and the span.
    pub requests: u32,
    /// The span they may be sent in.
    pub per: Duration,
    /// How many at once.
    pub burst: u32,
    /// When the next would be sent if all kept their distance.
    next: Time,
}

impl Rate {
    /// A rate, and what it allows at once.
    pub const fn new(requests: u32, per: Duration, burst: u32) -> Self {
        Self {
            requests,
            per,
            burst,
            next: Time::EPOCH,
        }
    }

    /// So many a second, to a thousandth.
    pub fn per_second(requests: f64, burst: u32) -> Self {
        Self::new((requests * 1000.0) as u32, Duration::from_secs(1000), burst)
    }

    /// From when on the next request may be sent.
    pub fn ready_at(&self) -> Time {
        let tolerance = self.interval() * (self.burst - 1);
        Time::from_unix(self.next.since_epoch().saturating_sub(tolerance))
    }

    /// Takes note of a request; false if it is too soon.
    pub fn take(&mut self, now: Time) -> bool {
        let is_allowed = now >= self.ready_at();
        self.next = self.next.max(now) + self.interval();
        is_allowed
    }

    /// Rounded down: a checker that errs should not accuse.
    fn interval(&self) -> Duration {
        self.per / self.requests
    }
}

//! How many requests are accepted within a time.

use std::collections::BTreeMap;
use std::time::Duration;

use typless::machine::Time;

/// How many requests of one key are accepted within a time. Those above it are refused with 429 and
/// `Retry-After`.
///
/// The vendor documents no limit. This one is a token bucket: after a pause it accepts a burst,
/// then requests at an even rate. Refused requests don't count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// The time between requests at an even rate.
    interval: Duration,
    burst: u32,
}

impl RateLimit {
    /// This many requests in each second, and as many at once.
    pub const fn per_second(requests: u32) -> Self {
        Self::new(requests, Duration::from_secs(1))
    }

    /// This many requests in each period, and as many at once. Zero counts as one.
    pub const fn new(requests: u32, period: Duration) -> Self {
        let requests = if requests == 0 { 1 } else { requests };
        let nanoseconds = period.as_nanos() / requests as u128;
        let interval = if nanoseconds > u64::MAX as u128 {
            Duration::MAX
        } else {
            Duration::from_nanos(nanoseconds as u64)
        };
        Self {
            interval,
            burst: requests,
        }
    }

    /// Sets how many requests may come at once after a pause. Zero counts as one.
    #[must_use]
    pub const fn with_burst(mut self, requests: u32) -> Self {
        self.burst = if requests == 0 { 1 } else { requests };
        self
    }
}

/// The state of each key.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    /// When all accepted requests would have arrived at an even rate.
    even_until: BTreeMap<String, Time>,
}

impl Throttle {
    /// With this many keys, those with a full bucket are dropped.
    const MAX_KEYS: usize = 1024;

    /// Accepts a request, or returns how long to wait.
    pub(super) fn admit(&mut self, limit: RateLimit, key: &str, now: Time) -> Result<(), Duration> {
        let ahead = self
            .even_until
            .get(key)
            .map_or(Duration::ZERO, |until| until.saturating_since(now));
        let allowed = limit.interval.saturating_mul(limit.burst - 1);
        if ahead > allowed {
            return Err(ahead - allowed);
        }
        if self.even_until.len() >= Self::MAX_KEYS {
            self.even_until.retain(|_, until| *until > now);
        }
        self.even_until
            .insert(key.to_owned(), now + ahead.saturating_add(limit.interval));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    fn at(milliseconds: u64) -> Time {
        Time::EPOCH + Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_burst_is_accepted_and_then_an_even_rate() {
        let limit = RateLimit::per_second(10).with_burst(3);
        let mut throttle = Throttle::default();
        let accepted = (0..3000)
            .filter(|milliseconds| throttle.admit(limit, "key", at(*milliseconds)).is_ok())
            .count();
        assert_eq!(accepted, 3 + 29);
        assert_eq!(throttle.admit(limit, "key", at(3000)), Ok(()));
        assert_eq!(
            throttle.admit(limit, "key", at(3030)),
            Err(70 * MILLISECOND)
        );
        assert_eq!(throttle.admit(limit, "another", at(3030)), Ok(()));
    }

    #[test]
    fn a_request_after_the_wait_is_accepted() {
        let limit = RateLimit::new(3, Duration::from_secs(60));
        let mut throttle = Throttle::default();
        let mut now = at(0);
        for _ in 0..10 {
            if let Err(wait) = throttle.admit(limit, "key", now) {
                assert!(
                    throttle
                        .admit(limit, "key", now + (wait - Duration::from_nanos(1)))
                        .is_err()
                );
                now = now + wait;
                assert_eq!(throttle.admit(limit, "key", now), Ok(()));
            }
        }
        assert_eq!(now, at(140_000));
    }

    #[test]
    fn keys_with_a_full_bucket_are_dropped() {
        let limit = RateLimit::per_second(0);
        let mut throttle = Throttle::default();
        for key in 0..10_000 {
            assert_eq!(throttle.admit(limit, &key.to_string(), at(key)), Ok(()));
        }
        assert!(throttle.even_until.len() <= Throttle::MAX_KEYS);
    }
}

//! When to poll a job again.

use std::time::Duration;

use super::delay::{DelayEstimator, MEDIAN, PRIOR, to_duration, to_ticks};

/// When to poll a job again: a pure function of the job's age at the last poll, and of what is
/// known of the time jobs take.
///
/// One number decides everything: the *price*, the delay in seconds that one request is worth. A
/// poll is due when the expected lateness since the last poll has reached the price. Ages count
/// from the response to the submit.
///
/// A [`DelayEstimator`] learns the processing times. Without one the policy assumes a log-logistic
/// distribution with a median of 15 s and a shape of 1.2, as the vendor publishes no figures; it
/// costs little when it is wrong. Its gaps grow with the square root of the age:
///
/// | age of the polls | 1 | 2 | 3 | 4 | 5 | 6 |
/// | --- | --- | --- | --- | --- | --- | --- |
/// | [`eager`](Self::eager) | 3.0 s | 5.8 s | 8.5 s | 11.4 s | 14.4 s | 17.5 s |
/// | [`balanced`](Self::balanced) | 6.3 s | 12.4 s | 19.2 s | 26.5 s | 34.6 s | 43.4 s |
/// | [`frugal`](Self::frugal) | 16.1 s | 35.8 s | 60.7 s | 91.2 s | 127.6 s | 169.9 s |
///
/// There is no jitter (it makes polls later or more numerous, never better) and no limit to the
/// number of polls: a job has a deadline instead, and is polled at least once in twelve hours. All
/// arithmetic is in whole numbers, so the polls are the same on every platform.
///
/// ```
/// use std::time::Duration;
/// use typless::machine::{JobOptions, PollPolicy};
///
/// let policy = PollPolicy::eager().with_gaps(Duration::from_secs(1), Duration::from_secs(60));
/// let options = JobOptions::new().with_poll_policy(policy);
/// # drop(options);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollPolicy {
    rule: Rule,
    /// The delay that one poll is worth.
    price: Duration,
    smallest_gap: Duration,
    largest_gap: Duration,
}

/// What decides the gap, between the smallest and the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// The accumulated lateness reaches the price.
    Lateness,
    /// It reaches the price times the [`weight`] of the age.
    RelativeLateness,
    /// Each gap is longer than the previous one by a factor. The value is the factor minus one, in
    /// parts of [`FACTOR_PARTS`].
    Growth(u32),
}

/// A growth factor of 1 has this many parts.
const FACTOR_PARTS: u32 = 1 << 16;

const DEFAULT_SMALLEST_GAP: Duration = Duration::from_millis(500);
const DEFAULT_LARGEST_GAP: Duration = Duration::from_secs(300);

/// The bounds of gaps and prices. The service keeps results for 48 hours, so a poll each 12 hours
/// finds every one.
const MIN_GAP: Duration = Duration::from_millis(1);
const MAX_GAP: Duration = Duration::from_secs(12 * 3600);
const MAX_PRICE: Duration = Duration::from_secs(3600);

impl PollPolicy {
    /// For a person who waits for the result: a poll is worth 0.2 s of delay.
    pub const fn eager() -> Self {
        Self {
            rule: Rule::Lateness,
            price: Duration::from_millis(200),
            smallest_gap: DEFAULT_SMALLEST_GAP,
            largest_gap: DEFAULT_LARGEST_GAP,
        }
    }

    /// The default: a poll is worth 1 s of delay.
    pub const fn balanced() -> Self {
        Self {
            price: Duration::from_secs(1),
            ..Self::eager()
        }
    }

    /// For results that nobody waits for: a poll is worth 8 s of delay.
    pub const fn frugal() -> Self {
        Self {
            price: Duration::from_secs(8),
            ..Self::eager()
        }
    }

    /// A poll each `interval`, whatever is known. Clamped to 1 ms to 12 h.
    pub fn fixed(interval: Duration) -> Self {
        Self::balanced().with_gaps(interval, interval)
    }

    /// Gaps that grow by a factor, from the first to the longest, whatever is known. Gaps are
    /// clamped as by [`with_gaps`](Self::with_gaps), the factor to 1 to 1000; NaN counts as 1.
    ///
    /// A late poll lengthens the gap after it as the polls in between would have done: gaps follow
    /// the age, not the number of polls.
    pub fn exponential(first: Duration, factor: f64, longest: Duration) -> Self {
        // At most 999 * 2^16, which fits in 32 bits. The conversion to whole numbers is exact on
        // every platform, and turns NaN into 0.
        let excess = ((factor.clamp(1.0, 1000.0) - 1.0) * f64::from(FACTOR_PARTS)) as u32;
        Self {
            rule: Rule::Growth(excess),
            ..Self::balanced()
        }
        .with_gaps(first, longest)
    }

    /// Sets the price: how much delay one poll is worth. Clamped to 1 ms to 1 h.
    #[must_use]
    pub fn with_price(mut self, price: Duration) -> Self {
        self.price = price.clamp(MIN_GAP, MAX_PRICE);
        self
    }

    /// Sets the smallest and the largest gap between two polls. Both are clamped to 1 ms to 12 h;
    /// the largest is at least the smallest.
    #[must_use]
    pub fn with_gaps(mut self, smallest: Duration, largest: Duration) -> Self {
        self.smallest_gap = smallest.clamp(MIN_GAP, MAX_GAP);
        self.largest_gap = largest.clamp(self.smallest_gap, MAX_GAP);
        self
    }

    /// Weighs lateness by the age of the job: a delay of a minute matters little to a job that took
    /// an hour. The price is unchanged at an age of 15 s, and grows with the age to the power of
    /// 3/2: at a minute it is eight times as much.
    ///
    /// The delay is then about the same share of the time of each job. A price in proportion to the
    /// age would make that share a little smaller on average, but larger where it is largest: for
    /// the few jobs that finish early.
    #[must_use]
    pub const fn with_relative_lateness(mut self) -> Self {
        self.rule = Rule::RelativeLateness;
        self
    }

    /// The delay that one poll is worth; 1 s unless set.
    pub const fn price(&self) -> Duration {
        self.price
    }

    /// The smallest gap between two polls; 0.5 s unless set.
    pub const fn smallest_gap(&self) -> Duration {
        self.smallest_gap
    }

    /// The largest gap between two polls; 300 s unless set.
    pub const fn largest_gap(&self) -> Duration {
        self.largest_gap
    }

    /// The age at which the next poll is due, by the assumed distribution. Ages count from the
    /// response to the submit.
    ///
    /// `age_at_last_poll` is zero before the first poll. `not_before` is the age before which the
    /// service asked not to be polled: it can delay a poll, but never make it earlier. The result
    /// is at least the smallest gap later than the last poll, and the same on every platform.
    pub fn next_poll(&self, age_at_last_poll: Duration, not_before: Option<Duration>) -> Duration {
        self.next_poll_by(None, age_at_last_poll, not_before)
    }

    /// The age at which the next poll is due by what `estimator` has learned; otherwise as
    /// [`next_poll`](Self::next_poll).
    pub fn next_poll_by(
        &self,
        estimator: Option<&DelayEstimator>,
        age_at_last_poll: Duration,
        not_before: Option<Duration>,
    ) -> Duration {
        let gap = if self.smallest_gap == self.largest_gap {
            self.largest_gap
        } else {
            self.gap(estimator, age_at_last_poll)
        };
        let due = age_at_last_poll.saturating_add(gap.clamp(self.smallest_gap, self.largest_gap));
        not_before.map_or(due, |floor| due.max(floor))
    }

    /// The expected lateness when a job in progress at the age `from` is not polled before the age
    /// `to`. It is comparable with the [`price`](Self::price), as the policy weighs it, and uses
    /// the estimator if there is one. It is additive: a request that reveals many jobs is worth it
    /// when their sum reaches the price.
    pub fn lateness(
        &self,
        estimator: Option<&DelayEstimator>,
        from: Duration,
        to: Duration,
    ) -> Duration {
        let (from, to) = (to_ticks(from), to_ticks(to));
        let lateness = estimator
            .map_or(&PRIOR, DelayEstimator::curve)
            .lateness(from, to);
        match self.rule {
            Rule::Lateness | Rule::Growth(_) => to_duration(lateness),
            Rule::RelativeLateness => {
                to_duration(scaled(lateness, WEIGHT_AT_MEDIAN, weight(to).max(1)))
            }
        }
    }

    fn gap(&self, estimator: Option<&DelayEstimator>, age: Duration) -> Duration {
        let curve = estimator.map_or(&PRIOR, DelayEstimator::curve);
        let gaps = (to_ticks(self.smallest_gap), to_ticks(self.largest_gap));
        let price = to_ticks(self.price);
        match self.rule {
            Rule::Lateness => to_duration(curve.gap(to_ticks(age), gaps, |_| price)),
            Rule::RelativeLateness => to_duration(curve.gap(to_ticks(age), gaps, |age| {
                scaled(price, weight(age), WEIGHT_AT_MEDIAN)
            })),
            // Gaps of a geometric series: each is the smallest gap plus the factor's excess times
            // the age, as the gaps so far make up the age.
            Rule::Growth(excess) => {
                self.smallest_gap
                    + to_duration(scaled(to_ticks(age), excess.into(), FACTOR_PARTS.into()))
            }
        }
    }
}

/// The weight of an age of 15 s, where relative lateness equals lateness: 983 040 ticks * 2^14,
/// below 2^34.
const WEIGHT_AT_MEDIAN: u64 = MEDIAN << ROOT_BITS;

/// The number of binary places of the root in a [`weight`].
const ROOT_BITS: u32 = 14;

/// The delay that is worth a poll at an age, relative to [`WEIGHT_AT_MEDIAN`]: the age to the power
/// of 3/2. `age` is in ticks.
///
/// Gaps are nearly the root of twice the price over the rate at which jobs finish. They are the
/// same share of any age if the price grows with the age where that rate falls as one over the age,
/// and with its square where the rate is constant. Processing times lie between the two, and so
/// does the power.
const fn weight(age: u64) -> u64 {
    // sqrt(age / MEDIAN) with 14 binary places: the ratio is shifted by 28 bits before the root. An
    // age is at most 2^34 ticks (`to_ticks`) plus a gap, so age * 2^28 is below 2^63; the root is
    // below 2^22, and the product below 2^57.
    let root = (age.saturating_mul(1 << (2 * ROOT_BITS)) / MEDIAN).isqrt();
    age.saturating_mul(root)
}

/// `ticks * numerator / denominator`, rounded down. The product of two 64-bit numbers fits in 128
/// bits; a larger quotient than 64 bits saturates.
fn scaled(ticks: u64, numerator: u64, denominator: u64) -> u64 {
    u64::try_from(u128::from(ticks) * u128::from(numerator) / u128::from(denominator))
        .unwrap_or(u64::MAX)
}

impl Default for PollPolicy {
    /// [`balanced`](Self::balanced).
    fn default() -> Self {
        Self::balanced()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polls(policy: PollPolicy, count: usize) -> Vec<f64> {
        let mut age = Duration::ZERO;
        let next = |age: &mut Duration| {
            *age = policy.next_poll(*age, None);
            (age.as_secs_f64() * 10.0).round() / 10.0
        };
        (0..count).map(|_| next(&mut age)).collect()
    }

    #[test]
    fn the_documented_ages_are_the_computed_ones() {
        assert_eq!(
            polls(PollPolicy::eager(), 6),
            [3.0, 5.8, 8.5, 11.4, 14.4, 17.5]
        );
        assert_eq!(
            polls(PollPolicy::balanced(), 6),
            [6.3, 12.4, 19.2, 26.5, 34.6, 43.4]
        );
        assert_eq!(
            polls(PollPolicy::frugal(), 6),
            [16.1, 35.8, 60.7, 91.2, 127.6, 169.9]
        );
    }

    #[test]
    fn schedules_that_follow_no_rule_are_what_they_say() {
        assert_eq!(
            polls(PollPolicy::fixed(Duration::from_secs(2)), 4),
            [2.0, 4.0, 6.0, 8.0]
        );
        let exponential = |first, factor, longest| {
            PollPolicy::exponential(
                Duration::from_secs(first),
                factor,
                Duration::from_secs(longest),
            )
        };
        assert_eq!(
            polls(exponential(1, 2.0, 60), 8),
            [1.0, 3.0, 7.0, 15.0, 31.0, 63.0, 123.0, 183.0]
        );
        assert_eq!(polls(exponential(5, 1.5, 45), 4), [5.0, 12.5, 23.8, 40.6]);
        for odd in [f64::NAN, f64::NEG_INFINITY, 0.0, 1.0] {
            assert_eq!(polls(exponential(3, odd, 60), 3), [3.0, 6.0, 9.0], "{odd}");
        }
        assert_eq!(
            polls(exponential(1, f64::INFINITY, 60), 3),
            [1.0, 61.0, 121.0]
        );
    }

    #[test]
    fn relative_lateness_polls_sooner_at_young_jobs_and_later_at_old_ones() {
        let (absolute, relative) = (
            PollPolicy::balanced(),
            PollPolicy::balanced().with_relative_lateness(),
        );
        assert!(
            relative.next_poll(Duration::ZERO, None) < absolute.next_poll(Duration::ZERO, None)
        );
        let hour = Duration::from_secs(3600);
        assert!(relative.next_poll(hour, None) > absolute.next_poll(hour, None));
        let lateness = |policy: PollPolicy, to| {
            policy.lateness(None, Duration::from_secs(5), Duration::from_secs(to))
        };
        assert_eq!(lateness(relative, 15), lateness(absolute, 15));
        assert!(lateness(relative, 30) < lateness(absolute, 30));
    }

    #[test]
    fn a_poll_is_due_when_the_lateness_has_reached_the_price() {
        for policy in [
            PollPolicy::eager(),
            PollPolicy::balanced(),
            PollPolicy::frugal(),
            PollPolicy::balanced().with_relative_lateness(),
        ] {
            let mut age = Duration::ZERO;
            for _ in 0..10 {
                let next = policy.next_poll(age, None);
                let short =
                    policy.price.as_secs_f64() - policy.lateness(None, age, next).as_secs_f64();
                // At the age of a second the lateness that is worth a poll is a thousand ticks, two
                // of which are lost to rounding.
                assert!(short.abs() < 2e-3, "{policy:?} {age:?} {next:?}: {short}");
                age = next;
            }
        }
    }

    #[test]
    fn a_poll_is_never_sooner_than_asked_nor_later_than_the_largest_gap() {
        let policy = PollPolicy::balanced();
        let (age, floor) = (Duration::from_secs(20), Duration::from_secs(3000));
        assert_eq!(policy.next_poll(age, Some(floor)), floor);
        assert_eq!(
            policy.next_poll(age, Some(Duration::from_secs(1))),
            policy.next_poll(age, None)
        );
        let day = Duration::from_secs(24 * 3600);
        assert!(policy.next_poll(day, None) - day <= DEFAULT_LARGEST_GAP);
        assert_eq!(policy.next_poll(Duration::MAX, None), Duration::MAX);
        let largest = policy
            .with_price(Duration::MAX)
            .with_gaps(Duration::ZERO, Duration::MAX);
        assert!(largest.next_poll(day, None) - day <= Duration::from_secs(12 * 3600));
    }
}

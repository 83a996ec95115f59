//! When to poll a job again.

use std::time::Duration;

use super::delay::{DelayEstimator, MEDIAN, PRIOR, to_duration, to_ticks};

/// When to poll a job again: a pure function of the job's age at the last poll, and of what is known of the time jobs take.
///
/// One number decides everything: the *price*, which says how many seconds of delay one request is worth. A poll is due when the lateness to be expected
/// since the last poll has reached the price. Ages count from the answer to the submit.
///
/// What may be expected is learned by a [`DelayEstimator`]. Without one it is assumed, as the vendor names no figures: a log-logistic distribution of processing times with a median of 15 s
/// and a shape of 1.2, chosen so that it costs little when it is wrong. Its gaps grow with the square root of the age:
///
/// | age of the polls | 1 | 2 | 3 | 4 | 5 | 6 |
/// | --- | --- | --- | --- | --- | --- | --- |
/// | [`eager`](Self::eager) | 3.0 s | 5.8 s | 8.5 s | 11.4 s | 14.4 s | 17.5 s |
/// | [`balanced`](Self::balanced) | 6.3 s | 12.4 s | 19.2 s | 26.5 s | 34.6 s | 43.4 s |
/// | [`frugal`](Self::frugal) | 16.1 s | 35.8 s | 60.7 s | 91.2 s | 127.6 s | 169.9 s |
///
/// There is no jitter (it makes polls later or more numerous, never better) and no limit to the number of polls: a job has a deadline instead, and is polled once in twelve hours at least. All
/// is counted in whole numbers, so the polls are the same on every platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollPolicy {
    rule: Rule,
    /// The delay that one poll is worth.
    price: Duration,
    smallest_gap: Duration,
    largest_gap: Duration,
}

/// What decides between the smallest and the largest gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// The lateness that has gathered reaches the price.
    Lateness,
    /// It reaches the price times the [`weight`] of the age.
    RelativeLateness,
    /// Each gap is longer than the one before by a factor, of which this is the excess over one, in parts of [`FACTOR`].
    Growth(u32),
}

/// A factor of growth has this many parts.
const FACTOR: u32 = 1 << 16;

const SMALLEST_GAP: Duration = Duration::from_millis(500);
const LARGEST_GAP: Duration = Duration::from_secs(300);

/// What gaps and prices are held within. The service keeps results for 48 hours, so a poll in twelve finds every one.
const LEAST: Duration = Duration::from_millis(1);
const MAX: Duration = Duration::from_secs(12 * 3600);
const MAX_PRICE: Duration = Duration::from_secs(3600);

impl PollPolicy {
    /// For a person who waits: a poll is worth 0.2 s of delay.
    pub const fn eager() -> Self {
        Self {
            rule: Rule::Lateness,
            price: Duration::from_millis(200),
            smallest_gap: SMALLEST_GAP,
            largest_gap: LARGEST_GAP,
        }
    }

    /// The default: a poll is worth a second of delay.
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

    /// A poll every interval, whatever is known. Most clients do so, and are either rude or late. Held within 1 ms to 12 h.
    pub fn fixed(interval: Duration) -> Self {
        Self::balanced().with_gaps(interval, interval)
    }

    /// Gaps that grow by a factor, from the first to the longest, whatever is known. The gaps are held as by [`with_gaps`](Self::with_gaps), the factor within 1 to 1000.
    ///
    /// A poll that came late lengthens the gap after it as those before would have done: the gaps follow the age, not the number of polls.
    pub fn exponential(first: Duration, factor: f64, longest: Duration) -> Self {
        // A conversion to whole numbers is exact on every platform, and makes zero of what is not a number.
        let excess = ((factor.clamp(1.0, 1000.0) - 1.0) * f64::from(FACTOR)) as u32;
        Self {
            rule: Rule::Growth(excess),
            ..Self::balanced()
        }
        .with_gaps(first, longest)
    }

    /// Sets the price: how much delay one poll is worth. Held within 1 ms to 1 h.
    #[must_use]
    pub fn with_price(mut self, price: Duration) -> Self {
        self.price = price.clamp(LEAST, MAX_PRICE);
        self
    }

    /// Sets the smallest and the largest gap between two polls. Both are held within 1 ms to 12 h; the largest is at least the smallest.
    #[must_use]
    pub fn with_gaps(mut self, smallest: Duration, largest: Duration) -> Self {
        self.smallest_gap = smallest.clamp(LEAST, MAX);
        self.largest_gap = largest.clamp(self.smallest_gap, MAX);
        self
    }

    /// Counts lateness by the age of the job: a delay of a minute matters little to what took an hour. The price is what it is at an age of 15 s, and goes with the age to the power of
    /// 3/2 before and after: at a minute it is eight times as much.
    ///
    /// So the delay is much the same share of the time of each job. A price in proportion to the age would make that share a little smaller on average, but larger where it is largest:
    /// for the few jobs that finish early.
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

    /// The age at which the next poll is due, in time since the submit was answered, by what is assumed.
    ///
    /// `age_at_last_poll` is zero before the first poll. `not_before` is the age before which the service asked not to be asked: a floor, never a reason to poll sooner.
    /// The result is always at least the smallest gap later than the last poll, and the same on every platform.
    pub fn next_poll(&self, age_at_last_poll: Duration, not_before: Option<Duration>) -> Duration {
        self.next_poll_by(None, age_at_last_poll, not_before)
    }

    /// The age at which the next poll is due by what an estimator has learned; else as [`next_poll`](Self::next_poll).
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

    /// The lateness to be expected when a job in progress at the age `from` is polled no sooner than at the age `to`, comparable with the [`price`](Self::price): as the
    /// policy's objective counts it, and the estimator, if there is one, knows it. It adds up: many jobs that one request reveals are worth a request as soon as their sum is.
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
            Rule::RelativeLateness => to_duration(scaled(lateness, PAR, weight(to).max(1))),
        }
    }

    fn gap(&self, estimator: Option<&DelayEstimator>, age: Duration) -> Duration {
        let curve = estimator.map_or(&PRIOR, DelayEstimator::curve);
        let gaps = (to_ticks(self.smallest_gap), to_ticks(self.largest_gap));
        let price = to_ticks(self.price);
        match self.rule {
            Rule::Lateness => to_duration(curve.gap(to_ticks(age), gaps, |_| price)),
            Rule::RelativeLateness => {
                to_duration(curve.gap(to_ticks(age), gaps, |age| scaled(price, weight(age), PAR)))
            }
            // By then a gap has grown by the factor's excess over each gap before, and these make up the age.
            Rule::Growth(excess) => {
                self.smallest_gap + to_duration(scaled(to_ticks(age), excess.into(), FACTOR.into()))
            }
        }
    }
}

/// The weight of an age of 15 s, at which relative lateness is what lateness is.
const PAR: u64 = MEDIAN << ROOT_PLACES;

/// The binary places of the root in a [`weight`].
const ROOT_PLACES: u32 = 14;

/// How much delay is worth a poll an age, compared with [`PAR`]: the age to the power of 3/2.
///
/// Gaps are nearly the root of twice the price over the rate at which jobs finish. They are the same share of the age, whatever it is, if the price goes with the age where that rate
/// falls as one over the age, and with its square where the rate is constant. Processing times lie between the two, and so does the power.
const fn weight(age: u64) -> u64 {
    // No age here is so old that this saturates.
    let root = (age.saturating_mul(1 << (2 * ROOT_PLACES)) / MEDIAN).isqrt();
    age.saturating_mul(root)
}

/// A number of ticks times a ratio, at most the largest there is.
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
                // At the age of a second the lateness that is worth a poll is a thousand ticks, two of which are lost to rounding.
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
        assert!(policy.next_poll(day, None) - day <= LARGEST_GAP);
        assert_eq!(policy.next_poll(Duration::MAX, None), Duration::MAX);
        let largest = policy
            .with_price(Duration::MAX)
            .with_gaps(Duration::ZERO, Duration::MAX);
        assert!(largest.next_poll(day, None) - day <= Duration::from_secs(12 * 3600));
    }
}

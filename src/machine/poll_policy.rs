//! When to look at a job again.

use std::time::Duration;

/// When to look at a job again: a pure function of the job's age at the last look.
///
/// One number decides everything: the *price*, which says how many seconds of delay one request is worth. A look is due when the lateness to be expected
/// since the last look has reached the price. What may be expected comes from a log-logistic distribution of processing times with a median of 15 s and
/// a shape of 1.2: an assumption, as the vendor names no figures, chosen so that it costs little when it is wrong. The gaps grow with the square root of the age.
///
/// | age of the looks | 1 | 2 | 3 | 4 | 5 | 6 |
/// | --- | --- | --- | --- | --- | --- | --- |
/// | [`eager`](Self::eager) | 3.0 s | 5.8 s | 8.5 s | 11.4 s | 14.4 s | 17.5 s |
/// | [`balanced`](Self::balanced) | 6.3 s | 12.4 s | 19.2 s | 26.5 s | 34.6 s | 43.4 s |
/// | [`frugal`](Self::frugal) | 16.1 s | 35.8 s | 60.7 s | 91.2 s | 127.6 s | 169.9 s |
///
/// There is no jitter (it makes looks later or more numerous, never better) and no limit to the number of looks: a job has a deadline instead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PollPolicy {
    /// Seconds of delay that one look is worth.
    price: f64,
    smallest_gap: Duration,
    largest_gap: Duration,
}

/// The median of the assumed processing times, in seconds. Their shape, 1.2, is built into [`power_of_shape`].
const MEDIAN: f64 = 15.0;
const SHAPE: f64 = 1.2;

/// The halvings that find the next look: of a gap of at most a day, a hundredth of a millisecond remains.
const HALVINGS: u32 = 33;

impl PollPolicy {
    /// For a person who waits: a look is worth 0.2 s of delay.
    pub const fn eager() -> Self {
        Self { price: 0.2, smallest_gap: SMALLEST_GAP, largest_gap: LARGEST_GAP }
    }

    /// The default: a look is worth a second of delay.
    pub const fn balanced() -> Self {
        Self { price: 1.0, ..Self::eager() }
    }

    /// For results that nobody waits for: a look is worth 8 s of delay.
    pub const fn frugal() -> Self {
        Self { price: 8.0, ..Self::eager() }
    }

    /// Sets the price: how much delay one look is worth. Held within 1 ms to 1 h.
    #[must_use]
    pub fn with_price(mut self, price: Duration) -> Self {
        self.price = price.clamp(Duration::from_millis(1), Duration::from_secs(3600)).as_secs_f64();
        self
    }

    /// Sets the smallest and the largest gap between two looks. Both are held within 1 ms to 24 h; the largest is at least the smallest.
    #[must_use]
    pub fn with_gaps(mut self, smallest: Duration, largest: Duration) -> Self {
        let (least, most) = (Duration::from_millis(1), Duration::from_secs(24 * 3600));
        self.smallest_gap = smallest.clamp(least, most);
        self.largest_gap = largest.clamp(self.smallest_gap, most);
        self
    }

    /// The smallest gap between two looks; 0.5 s unless set.
    pub const fn smallest_gap(&self) -> Duration {
        self.smallest_gap
    }

    /// The largest gap between two looks; 300 s unless set.
    pub const fn largest_gap(&self) -> Duration {
        self.largest_gap
    }

    /// The age at which the next look is due, in time since the submit was answered.
    ///
    /// `age_at_last_look` is zero before the first look. `not_before` is the age before which the service asked not to be asked: a floor, never a reason to look sooner.
    /// The result is always at least the smallest gap later than the last look, and the same on every platform.
    pub fn next_look(&self, age_at_last_look: Duration, not_before: Option<Duration>) -> Duration {
        let last = age_at_last_look.as_secs_f64();
        let (mut early, mut late) = (self.smallest_gap.as_secs_f64(), self.largest_gap.as_secs_f64());
        for _ in 0..HALVINGS {
            let middle = early + (late - early) / 2.0;
            if lateness(last, last + middle) < self.price {
                early = middle;
            } else {
                late = middle;
            }
        }
        // The range is that of the gaps, so the conversion can't fail; the largest gap is what it would mean.
        let gap = Duration::try_from_secs_f64(late).unwrap_or(self.largest_gap);
        let due = age_at_last_look.saturating_add(gap.clamp(self.smallest_gap, self.largest_gap));
        not_before.map_or(due, |floor| due.max(floor))
    }
}

const SMALLEST_GAP: Duration = Duration::from_millis(500);
const LARGEST_GAP: Duration = Duration::from_secs(300);

impl Default for PollPolicy {
    /// [`balanced`](Self::balanced).
    fn default() -> Self {
        Self::balanced()
    }
}

/// The lateness, in weighted seconds, that has gathered at the age `to` since a look at the age `from` (the odds rule: the integral of
/// `S(from) / S(t) - 1`, with S the share of jobs not yet finished). For the log-logistic distribution the integral has a closed form.
fn lateness(from: f64, to: f64) -> f64 {
    let (a, b) = (from / MEDIAN, to / MEDIAN);
    let (odds_a, odds_b) = (power_of_shape(a), power_of_shape(b));
    MEDIAN * ((odds_b * b - odds_a * a) / (SHAPE + 1.0) - (b - a) * odds_a) / (1.0 + odds_a)
}

/// `x` to the power of 1.2, with nothing but the four basic operations, whose results are the same on every platform; a library's `powf` is not.
fn power_of_shape(x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    // A fifth of the exponent is a guess within a few per cent; each step of Newton's method squares the error.
    let mut root = f64::from_bits(x.to_bits() / 5 + GUESS_BIAS);
    for _ in 0..5 {
        let square = root * root;
        root = (4.0 * root + x / (square * square)) / 5.0;
    }
    x * root
}

/// Four fifths of the bits of 1.0: dividing the bits of a number by five divides its exponent's bias as well, and this gives it back.
const GUESS_BIAS: u64 = 1.0_f64.to_bits() / 5 * 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(policy: PollPolicy, count: usize) -> Vec<f64> {
        let mut age = Duration::ZERO;
        let next = |age: &mut Duration| {
            *age = policy.next_look(*age, None);
            (age.as_secs_f64() * 10.0).round() / 10.0
        };
        (0..count).map(|_| next(&mut age)).collect()
    }

    #[test]
    fn the_documented_ages_are_the_computed_ones() {
        assert_eq!(looks(PollPolicy::eager(), 6), [3.0, 5.8, 8.5, 11.4, 14.4, 17.5]);
        assert_eq!(looks(PollPolicy::balanced(), 6), [6.3, 12.4, 19.2, 26.5, 34.6, 43.4]);
        assert_eq!(looks(PollPolicy::frugal(), 6), [16.1, 35.8, 60.7, 91.2, 127.6, 169.9]);
    }

    #[test]
    fn the_fifth_root_is_right() {
        for x in [1e-12, 0.001, 0.4, 1.0, 2.0, 32.0, 5760.0, 1e9, 1.3e18] {
            let expected = f64::powf(x, 1.2);
            assert!((power_of_shape(x) - expected).abs() <= expected * 1e-12, "{x}");
        }
    }

    #[test]
    fn a_look_is_never_sooner_than_asked_nor_later_than_the_largest_gap() {
        let policy = PollPolicy::balanced();
        let (age, floor) = (Duration::from_secs(20), Duration::from_secs(3000));
        assert_eq!(policy.next_look(age, Some(floor)), floor);
        assert_eq!(policy.next_look(age, Some(Duration::from_secs(1))), policy.next_look(age, None));
        let day = Duration::from_secs(24 * 3600);
        assert!(policy.next_look(day, None) - day <= LARGEST_GAP);
        assert_eq!(policy.next_look(Duration::MAX, None), Duration::MAX);
    }
}

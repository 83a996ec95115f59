//! How long extractions take.

use std::time::Duration;

use super::rng::Rng;

/// How long extractions take: always the same, or drawn from a distribution.
///
/// How long they take at the vendor is not known. What is drawn follows from the seed of
/// [`ServiceOptions`](super::ServiceOptions); it is rounded to microseconds, and a year at most. No
/// number is refused: NaN and what would give a negative time give zero.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use typless_emulator::{Pace, ServiceOptions};
///
/// let seconds = Duration::from_secs;
/// // Most are quick, a few are slow, and at the busiest hour all take three times as long.
/// let pace = Pace::mixture([
///     (0.95, Pace::lognormal(seconds(8), 0.5)),
///     (0.05, Pace::lognormal(seconds(300), 0.7)),
/// ]);
/// let options = ServiceOptions::new().with_pace(pace.with_drift(3.0, seconds(24 * 3600)));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Pace(Shape);

#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Fixed(Duration),
    Lognormal {
        median: Duration,
        sigma: f64,
    },
    Mixture(Vec<(f64, Pace)>),
    Drifting {
        pace: Box<Pace>,
        factor: f64,
        period: Duration,
    },
}

impl Pace {
    /// The longest that is drawn.
    const MAX: Duration = Duration::from_hours(365 * 24);

    /// Always this long.
    pub const fn fixed(duration: Duration) -> Self {
        Self(Shape::Fixed(duration))
    }

    /// A lognormal distribution: half of the extractions are done within the median. Sigma is the
    /// standard deviation of the natural logarithm: at 0.5, 95 % are done within 2.3 medians; at
    /// 1.0, within 5.2.
    pub const fn lognormal(median: Duration, sigma: f64) -> Self {
        Self(Shape::Lognormal { median, sigma })
    }

    /// A mixture: one pace or another, each as often as its weight says in proportion to the
    /// others. Weights that are not positive numbers count as 0. If none is above 0, every
    /// extraction takes no time.
    pub fn mixture(parts: impl IntoIterator<Item = (f64, Self)>) -> Self {
        let positive = |weight: f64| {
            if weight.is_finite() && weight > 0.0 {
                weight
            } else {
                0.0
            }
        };
        Self(Shape::Mixture(
            parts
                .into_iter()
                .map(|(weight, pace)| (positive(weight), pace))
                .collect(),
        ))
    }

    /// Lets the pace drift: what is drawn is multiplied by a number that goes from 1 to `factor`
    /// (above 0) and back once in each period, evenly on a logarithmic scale, beginning with the
    /// first submit. A period of zero is no drift.
    #[must_use]
    pub fn with_drift(self, factor: f64, period: Duration) -> Self {
        Self(Shape::Drifting {
            pace: Box::new(self),
            factor,
            period,
        })
    }

    /// How long one takes that is submitted this long after the first.
    pub(super) fn draw(&self, age: Duration, rng: &mut Rng) -> Duration {
        match &self.0 {
            Shape::Fixed(duration) => *duration,
            Shape::Lognormal { median, sigma } => times(*median, (sigma * rng.normal()).exp()),
            Shape::Mixture(parts) => {
                let mut left = rng.unit() * parts.iter().map(|(weight, _)| weight).sum::<f64>();
                let drawn = parts.iter().find(|(weight, _)| {
                    left -= weight;
                    left < 0.0
                });
                drawn.map_or(Duration::ZERO, |(_, pace)| pace.draw(age, rng))
            }
            Shape::Drifting {
                pace,
                factor,
                period,
            } => times(pace.draw(age, rng), factor.powf(swing(age, *period))),
        }
    }
}

impl From<Duration> for Pace {
    fn from(duration: Duration) -> Self {
        Self::fixed(duration)
    }
}

/// A duration multiplied, in whole microseconds: the last bits of a logarithm may differ from one
/// machine to another.
fn times(duration: Duration, factor: f64) -> Duration {
    let microseconds = (duration.as_secs_f64() * factor * 1e6).round();
    // Conversion from a float stops at both ends, and makes 0 of what is no number.
    Duration::from_micros(microseconds as u64).min(Pace::MAX)
}

/// Goes from 0 to 1 and back once in each period.
fn swing(age: Duration, period: Duration) -> f64 {
    if period.is_zero() {
        return 0.0;
    }
    let phase = (age.as_secs_f64() / period.as_secs_f64()).fract();
    1.0 - (2.0 * phase - 1.0).abs()
}

#[cfg(test)]
mod tests {
    use super::super::rng::Purpose;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn sorted(pace: &Pace, age: Duration) -> Vec<Duration> {
        let mut rng = Rng::for_purpose(Purpose::Pace, 7);
        let mut drawn: Vec<Duration> = (0..10_000).map(|_| pace.draw(age, &mut rng)).collect();
        drawn.sort();
        drawn
    }

    fn is_about(duration: Duration, seconds: f64) -> bool {
        (duration.as_secs_f64() / seconds - 1.0).abs() < 0.05
    }

    #[test]
    fn a_lognormal_pace_has_its_median_and_its_tail() {
        let drawn = sorted(&Pace::lognormal(20 * SECOND, 1.0), Duration::ZERO);
        assert!(
            is_about(drawn[5_000], 20.0) && is_about(drawn[9_500], 103.6),
            "{:?} {:?}",
            drawn[5_000],
            drawn[9_500]
        );
    }

    #[test]
    fn a_mixture_has_each_part_as_often_as_its_weight_says() {
        let parts = [
            (1.0, Pace::fixed(SECOND)),
            (f64::NAN, Pace::fixed(9 * SECOND)),
            (3.0, Pace::fixed(2 * SECOND)),
        ];
        let drawn = sorted(&Pace::mixture(parts), Duration::ZERO);
        let quick = drawn.iter().filter(|duration| **duration == SECOND).count();
        assert!(
            (2_400..2_600).contains(&quick) && drawn[9_999] == 2 * SECOND,
            "{quick}"
        );
        assert_eq!(
            sorted(&Pace::mixture([]), Duration::ZERO)[9_999],
            Duration::ZERO
        );
    }

    #[test]
    fn a_drifting_pace_goes_there_and_back() {
        let pace = Pace::fixed(10 * SECOND).with_drift(4.0, 100 * SECOND);
        let at = |seconds| sorted(&pace, seconds * SECOND)[0].as_secs();
        assert_eq!(
            [at(0), at(25), at(50), at(75), at(100), at(150)],
            [10, 20, 40, 20, 10, 40]
        );
    }

    #[test]
    fn nonsense_stops_at_both_ends() {
        let drawn = |pace: Pace| sorted(&pace, SECOND)[9_999];
        assert_eq!(drawn(Pace::lognormal(SECOND, f64::INFINITY)), Pace::MAX);
        assert_eq!(drawn(Pace::lognormal(Duration::MAX, 9.0)), Pace::MAX);
        assert_eq!(drawn(Pace::lognormal(SECOND, f64::NAN)), Duration::ZERO);
        assert_eq!(
            drawn(Pace::fixed(SECOND).with_drift(2.0, Duration::ZERO)),
            SECOND
        );
        assert_eq!(
            drawn(Pace::fixed(SECOND).with_drift(-2.0, 3 * SECOND)),
            Duration::ZERO
        );
    }
}

//! Our policy at all prices: the delay for a number of polls.

use typless::machine::{DelayEstimator, PollPolicy};

use super::outcome::Outcome;
use super::rivals::ours;
use super::single::by_learning;

/// The cost of our policy at each price, from the lowest to the highest.
#[derive(Debug)]
pub struct Curve {
    points: Vec<Point>,
}

#[derive(Debug)]
struct Point {
    polls: f64,
    /// Indexed by measure.
    delays: [f64; 3],
}

/// A measure of delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the set is complete")]
pub enum Measure {
    /// The mean.
    Mean,
    /// The 95th percentile.
    P95,
    /// The 95th percentile, relative to the processing time.
    RelativeP95,
}

impl Measure {
    const ALL: [Self; 3] = [Self::Mean, Self::P95, Self::RelativeP95];

    /// The delay of an outcome in this measure.
    pub fn delay(self, outcome: &Outcome) -> f64 {
        match self {
            Self::Mean => outcome.mean_delay(),
            Self::P95 => outcome.p95_delay(),
            Self::RelativeP95 => outcome.p95_relative_delay(),
        }
    }
}

/// Prices from 2 ms to about two minutes of delay for a poll.
const PRICES: i32 = 46;
const LOWEST: f64 = 0.0017;
const STEP: f64 = 1.28;

impl Curve {
    /// The costs of a policy that starts to learn from nothing at each price.
    pub fn new(jobs: &[f64], objective: impl Fn(PollPolicy) -> PollPolicy) -> Self {
        let point = |step| {
            let outcome = by_learning(
                objective(ours(LOWEST * STEP.powi(step))),
                DelayEstimator::new(),
                jobs,
            );
            Point {
                polls: outcome.polls(),
                delays: Measure::ALL.map(|measure| measure.delay(&outcome)),
            }
        };
        Self {
            points: (0..PRICES).map(point).collect(),
        }
    }

    /// The minimum of polls for each job with at most this delay, interpolated between prices.
    pub fn polls_at(&self, target: f64, measure: Measure) -> f64 {
        let points: Vec<(f64, f64)> = self
            .points
            .iter()
            .map(|point| (point.delays[measure as usize], point.polls))
            .collect();
        let met = points
            .iter()
            .filter(|(delay, _)| *delay <= target)
            .map(|(_, polls)| *polls);
        let between = points.windows(2).filter_map(|pair| {
            let [(before, more), (after, fewer)] = [pair[0], pair[1]];
            let part = (target / before).ln() / (after / before).ln();
            (before <= target && after > target).then(|| more * (fewer / more).powf(part))
        });
        met.chain(between).fold(f64::INFINITY, f64::min)
    }
}

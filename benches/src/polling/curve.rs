//! Our policy over all prices: what delay so many polls buy.

use typless::machine::{DelayEstimator, PollPolicy};

use super::outcome::Outcome;
use super::single::by_learning;
use super::ways::ours;

/// What our policy costs at each price, from the lowest to the highest.
#[derive(Debug)]
pub struct Curve {
    points: Vec<Point>,
}

#[derive(Debug)]
struct Point {
    polls: f64,
    /// By measure.
    delays: [f64; 3],
}

/// How delay is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are these")]
pub enum Measure {
    /// On average.
    Mean,
    /// What one in twenty exceeds.
    P95,
    /// The same, as a share of the processing time.
    RelativeP95,
}

impl Measure {
    const ALL: [Self; 3] = [Self::Mean, Self::P95, Self::RelativeP95];

    /// The delay of an outcome.
    pub fn of(self, outcome: &Outcome) -> f64 {
        match self {
            Self::Mean => outcome.mean_delay(),
            Self::P95 => outcome.p95_delay(),
            Self::RelativeP95 => outcome.p95_relative_delay(),
        }
    }
}

/// From 2 ms to some two minutes of delay for a poll.
const PRICES: i32 = 46;
const LOWEST: f64 = 0.0017;
const STEP: f64 = 1.28;

impl Curve {
    /// The costs of a policy, learning from nothing on at each price.
    pub fn of(jobs: &[f64], objective: impl Fn(PollPolicy) -> PollPolicy) -> Self {
        let point = |step| {
            let outcome = by_learning(
                objective(ours(LOWEST * STEP.powi(step))),
                DelayEstimator::new(),
                jobs,
            );
            Point {
                polls: outcome.polls(),
                delays: Measure::ALL.map(|measure| measure.of(&outcome)),
            }
        };
        Self {
            points: (0..PRICES).map(point).collect(),
        }
    }

    /// The fewest polls for each job with which the delay is no worse than this: what lies between two prices is taken from both.
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

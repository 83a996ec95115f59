//! Our policy over all prices: what delay so many looks buy.

use typless::machine::{DelayEstimator, PollPolicy};

use super::outcome::Outcome;
use super::single::by_learning;
use super::ways::ours;

/// What our policy costs at each price, from the lowest to the highest.
#[derive(Debug)]
pub struct Curve {
    outcomes: Vec<(f64, Outcome)>,
}

/// From 2 ms to some two minutes of delay for a look.
const PRICES: i32 = 46;
const LOWEST: f64 = 0.0017;
const STEP: f64 = 1.28;

impl Curve {
    /// The costs of a policy, learning from nothing on at each price.
    pub fn of(jobs: &[f64], objective: impl Fn(PollPolicy) -> PollPolicy) -> Self {
        let outcome = |step| {
            let price = LOWEST * STEP.powi(step);
            (price, by_learning(objective(ours(price)), DelayEstimator::new(), jobs))
        };
        Self { outcomes: (0..PRICES).map(outcome).collect() }
    }

    /// Prices and what they lead to.
    pub fn outcomes(&self) -> impl Iterator<Item = &(f64, Outcome)> {
        self.outcomes.iter()
    }

    /// The fewest looks for each job with which a figure is no worse than this: what lies between two prices is taken from both.
    pub fn looks_at(&self, target: f64, figure: impl Fn(&Outcome) -> f64) -> f64 {
        let points: Vec<(f64, f64)> = self.outcomes.iter().map(|(_, outcome)| (figure(outcome), outcome.looks())).collect();
        let met = points.iter().filter(|(figure, _)| *figure <= target).map(|(_, looks)| *looks);
        let between = points.windows(2).filter_map(|pair| {
            let [(before, more), (after, fewer)] = [pair[0], pair[1]];
            let part = (target / before).ln() / (after / before).ln();
            (before <= target && after > target).then(|| more * (fewer / more).powf(part))
        });
        met.chain(between).fold(f64::INFINITY, f64::min)
    }
}

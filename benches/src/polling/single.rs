//! Jobs followed one by one.

use std::time::Duration;

use typless::machine::{DelayEstimator, PollPolicy};

use super::outcome::Outcome;
use super::rivals::{Rival, duration};

/// The cost of another client's schedule.
pub fn by_rival(rival: Rival, jobs: &[f64]) -> Outcome {
    let mut outcome = Outcome::default();
    for takes in jobs {
        let mut polls = 0;
        for age in rival.polls() {
            if rival.attempts.is_some_and(|attempts| polls >= attempts) {
                outcome.abandoned();
                break;
            }
            polls += 1;
            if age >= *takes {
                outcome.found(*takes, polls, age);
                break;
            }
        }
    }
    outcome
}

/// The cost of our policy without learning.
pub fn by_policy(policy: PollPolicy, jobs: &[f64]) -> Outcome {
    let mut outcome = Outcome::default();
    for takes in jobs {
        let (mut age, mut polls) = (Duration::ZERO, 0);
        while age < duration(*takes) {
            age = policy.next_poll(age, None);
            polls += 1;
        }
        outcome.found(*takes, polls, age.as_secs_f64());
    }
    outcome
}

/// The cost of our policy while it learns from nothing.
pub fn by_learning(policy: PollPolicy, mut estimator: DelayEstimator, jobs: &[f64]) -> Outcome {
    let mut outcome = Outcome::default();
    for takes in jobs {
        let (mut last, mut polls) = (Duration::ZERO, 0);
        loop {
            let age = policy.next_poll_by(Some(&estimator), last, None);
            polls += 1;
            if age >= duration(*takes) {
                estimator.observe_finished(last, age);
                outcome.found(*takes, polls, age.as_secs_f64());
                break;
            }
            estimator.observe_pending(1, last, age);
            last = age;
        }
    }
    outcome
}

/// The cost of a precomputed schedule; its last gap repeats.
pub fn by_ages(ages: &[f64], jobs: &[f64]) -> Outcome {
    let mut outcome = Outcome::default();
    let end = ages.last().copied().unwrap_or(1.0);
    let gap = ages
        .len()
        .checked_sub(2)
        .map_or(end, |before| end - ages[before])
        .max(1.0);
    for takes in jobs {
        let index = ages.partition_point(|age| age < takes);
        let beyond = ((takes - end) / gap).ceil().max(0.0);
        let age = ages.get(index).copied().unwrap_or(end + beyond * gap);
        outcome.found(
            *takes,
            ages.len().min(index + 1) as u32 + beyond as u32,
            age,
        );
    }
    outcome
}

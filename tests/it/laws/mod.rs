//! Properties that hold for random inputs, and the tools that check them.

mod batch;
mod batch_random;
mod checker;
mod coverage;
mod drain;
mod job;
mod limits;
mod parse;
mod recovery;
mod repair;
mod resets;
mod restore;
mod resume;
mod strategies;
mod waits;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestCaseResult, TestRng, TestRunner};

use serde::Serialize;
use serde::de::DeserializeOwned;
use typless::machine::Output;
use typless::proptest::{Flavour, Moment};

use crate::support::cases;
use crate::support::reached::Reached;

/// All flavours of scripts.
const FLAVOURS: [Flavour; 4] = [
    Flavour::WellFormed,
    Flavour::Hostile,
    Flavour::Mixed,
    Flavour::Outages,
];

/// A law for any machine: what it says can be stored, and is read as it was.
fn events_can_be_stored<M, E: Serialize + DeserializeOwned>(
    _: &M,
    output: &Output<E>,
    _: &Moment,
) -> Result<(), String> {
    let Output::Event(event) = output else {
        return Ok(());
    };
    let stored = serde_json::to_string(event).map_err(|error| error.to_string())?;
    let read: E = serde_json::from_str(&stored).map_err(|error| format!("{error}: {stored}"))?;
    let again = serde_json::to_string(&read).map_err(|error| error.to_string())?;
    if again == stored {
        Ok(())
    } else {
        Err(format!("{stored} is read as {again}"))
    }
}

/// Runs so many cases, the same ones each time, and counts what each reached.
fn same_cases<S: Strategy>(
    number: u32,
    strategy: &S,
    reached: &Reached,
    test: impl Fn(S::Value) -> TestCaseResult,
) {
    // Of the generators of proptest, the one that is fast without optimisation.
    let rng = TestRng::deterministic_rng(RngAlgorithm::XorShift);
    let mut runner = TestRunner::new_with_rng(cases(number), rng);
    let result = runner.run(strategy, |value| {
        reached.begin_case();
        test(value)
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

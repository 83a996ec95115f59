//! Many documents through the emulator over loopback, with every kind of fault.
//!
//! The emulator records what it accepted and how many requests it got; the client records the
//! outcome of each document. Afterwards the two are compared.

mod asynchronous;
mod audit;
mod blocking;
mod outcome_log;
mod receiver;
mod scenario;

use std::time::Duration;

use typless::machine::BatchProgress;
use typless_emulator::{Fault, ServiceCounts};

pub use asynchronous::on_tokio;
pub use blocking::over_threads;
pub use outcome_log::OutcomeCounts;
pub use scenario::{Limits, Scenario};

/// The report of a run.
#[derive(Debug)]
#[non_exhaustive]
pub struct RunReport {
    /// The limits of the run.
    pub limits: Limits,
    /// How many documents had which outcome, by the client's record.
    pub outcomes: OutcomeCounts,
    /// How many documents with an unknown outcome were accepted, by the emulator's record.
    pub unknown_but_accepted: usize,
    /// The emulator's counts.
    pub counts: ServiceCounts,
    /// The kinds of faults that never happened.
    pub missing_faults: Vec<Fault>,
    /// The number of injected 429 responses. Those of the rate limit are in `counts`.
    pub injected_429s: usize,
    /// The client's counts.
    pub sent: BatchProgress,
    /// The time from the first document to the last outcome.
    pub elapsed: Duration,
    /// The CPU time of the client: machine, driver and requests, without the emulator and the
    /// webhook receiver.
    pub cpu: Duration,
    /// The problems with documents: each that is not accounted for, was accepted twice, or has an
    /// outcome that no fault explains.
    pub unaccounted: Vec<String>,
    /// The limits that were exceeded.
    pub exceeded: Vec<String>,
}

impl RunReport {
    /// The number of requests that the client sent.
    pub fn requests(&self) -> u64 {
        self.sent.submits + self.sent.polls + self.sent.listings
    }
}

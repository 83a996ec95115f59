//! A bad day: many documents through the emulator over loopback, while exchanges fail in every way the emulator knows.
//!
//! The emulator keeps a ledger of what it accepted, and counts of what it was asked; the client keeps one of how each document ended. Afterwards they are
//! held against each other.

mod asynchronous;
mod audit;
mod blocking;
mod ledger;
mod receiver;
mod scene;

use std::time::Duration;

use typless::machine::BatchProgress;
use typless_emulator::{Fault, ServiceCounts};

pub use asynchronous::on_tokio;
pub use blocking::over_threads;
pub use ledger::Tally;
pub use scene::{Limits, Scene};

/// How a day went. Made by [`over_threads`] and [`on_tokio`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Day {
    /// The limits that were to be kept.
    pub limits: Limits,
    /// How documents ended, by the client's ledger.
    pub tally: Tally,
    /// How many documents were accepted whose submit ended as unknown, by the emulator's ledger.
    pub unknown_but_taken: usize,
    /// What the emulator counted.
    pub counts: ServiceCounts,
    /// The kinds of faults that never happened.
    pub spared: Vec<Fault>,
    /// The 429 that chance brought. Those for being above the rate limit are among the counts.
    pub busy: usize,
    /// What the client sent, by its own count.
    pub sent: BatchProgress,
    /// From the first document to the last end.
    pub elapsed: Duration,
    /// The CPU time of the client: machine, driver and exchanges. Not of the emulator, nor of receiving webhooks.
    pub cpu: Duration,
    /// What is wrong with the documents: each that is not accounted for, was accepted twice, or ended as no fault explains.
    pub unaccounted: Vec<String>,
    /// The limits that were exceeded.
    pub exceeded: Vec<String>,
}

impl Day {
    /// How many requests the client made.
    pub fn requests(&self) -> u64 {
        self.sent.submits + self.sent.polls + self.sent.listings
    }
}

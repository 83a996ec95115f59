//! The tests of the ledger.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails")]

mod damage;
mod drivers;
mod files;
mod keys;
mod processes;
mod reconcile;
mod recovery;
mod reruns;
mod sessions;
mod simulation;
mod support;
mod upkeep;

//! What the benches run, at a size that fits a test, and what needs the same simulation.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_day;
mod interruptions;
mod outages;
mod poison;

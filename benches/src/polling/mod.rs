//! When to poll: our policy, the schedules of other clients, and the optimum, on the same jobs.
//!
//! Nothing here is timed. Ages and delays are floating-point seconds; the policy itself uses
//! `Duration` as always.

pub mod chart;
pub mod curve;
pub mod many;
pub mod optimum;
pub mod outcome;
pub mod random;
pub mod rivals;
pub mod single;
pub mod trace;

//! When to poll: our policy, the schedules of other clients, and what can be known, on the same jobs.
//!
//! Nothing here is timed. Ages and delays are seconds as floating-point numbers; the policy that is measured counts as it always does.

pub mod curve;
pub mod fleet;
pub mod optimum;
pub mod outcome;
pub mod picture;
pub mod random;
pub mod single;
pub mod trace;
pub mod ways;

//! How long jobs take: what is assumed of it, what is learned, and how late a poll may be.
//!
//! All of it counts in whole numbers, so that the same observations give the same polls on every platform: neither floating point nor a library's `exp` and `ln` are
//! needed, as the share of jobs not yet finished is a life table, whose steps are quotients of counts.

mod bins;
mod curve;
mod estimator;
mod estimators;
mod stored;
mod ticks;

pub use estimator::DelayEstimator;
pub use estimators::DelayEstimators;
pub(super) use estimators::DelaySlot;

pub(super) use curve::{MEDIAN, PRIOR};
pub(super) use ticks::{to_duration, to_ticks};

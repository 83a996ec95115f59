//! How long jobs take: the assumed distribution, what is learned, and how late a poll may be.
//!
//! All arithmetic is in whole numbers, so the same observations give the same polls on every
//! platform. The share of jobs not yet finished is a life table, whose steps are quotients of
//! counts, so neither floating point nor `exp` and `ln` are needed.

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

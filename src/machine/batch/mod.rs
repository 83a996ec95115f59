//! Many jobs, one machine: what it stands on.

mod blocks;
mod fair;
pub(super) mod id_index;
pub(super) mod limiter;
mod retry_budget;
mod schedule;
#[cfg(test)]
mod schedule_tests;
pub(super) mod slab;

// The modules below name it as `super::Time`, so that the benches can take them in as they are.
use super::Time;

//! Many jobs, one machine: what it stands on.

mod blocks;
mod fair;
mod id_index;
mod limiter;
mod retry_budget;
mod schedule;
#[cfg(test)]
mod schedule_tests;
mod slab;

// The modules below name it as `super::Time`, so that the benches can take them in as they are.
use super::Time;

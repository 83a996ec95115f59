//! Many jobs, one machine: what it stands on.

mod blocks;
#[cfg(test)]
mod blocks_tests;
mod fair;
mod id_index;
#[cfg(test)]
mod id_index_tests;
mod limiter;
mod retry_budget;
mod schedule;
#[cfg(test)]
mod schedule_tests;
mod slab;
#[cfg(test)]
mod slab_tests;

// The modules below name it as `super::Time`, so that the benches can take them in as they are.
use super::Time;

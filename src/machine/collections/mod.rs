//! Collections for many jobs or ids at a constant cost. They know nothing of jobs.

pub(crate) mod blocks;
#[cfg(test)]
mod blocks_tests;
pub(crate) mod id_index;
#[cfg(test)]
mod id_index_tests;
pub(crate) mod id_slab;
pub(crate) mod schedule;
#[cfg(test)]
mod schedule_tests;
pub(crate) mod slab;
#[cfg(test)]
mod slab_tests;

// The modules use `super::Time`, so that the benches can include them unchanged.
use super::time::Time;

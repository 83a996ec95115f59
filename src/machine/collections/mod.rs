//! What holds many jobs or ids at a flat cost: nothing here knows what it holds.

pub(crate) mod blocks;
#[cfg(test)]
mod blocks_tests;
pub(crate) mod id_index;
#[cfg(test)]
mod id_index_tests;
pub(crate) mod schedule;
#[cfg(test)]
mod schedule_tests;
pub(crate) mod slab;
#[cfg(test)]
mod slab_tests;

// The modules name it as `super::Time`, so that the benches can take them in as they are.
use super::time::Time;

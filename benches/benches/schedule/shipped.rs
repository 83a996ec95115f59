//! What ships, taken in as it is: the core keeps it to itself.

#[path = "../../../src/machine/batch/blocks.rs"]
mod blocks;
#[path = "../../../src/machine/batch/id_index.rs"]
pub(crate) mod id_index;
#[path = "../../../src/machine/batch/schedule.rs"]
pub(crate) mod schedule;
#[path = "../../../src/machine/batch/slab.rs"]
pub(crate) mod slab;

use typless::machine::Time;

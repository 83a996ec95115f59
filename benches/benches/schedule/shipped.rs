//! The shipped files of the core, included unchanged: the core keeps them private, and a public
//! module for the sake of one bench would become a part of its API.

#[path = "../../../src/machine/collections/blocks.rs"]
mod blocks;
#[path = "../../../src/machine/collections/id_index.rs"]
pub(crate) mod id_index;
#[allow(
    clippy::collapsible_if,
    clippy::manual_is_multiple_of,
    reason = "the core supports an older Rust than the benches"
)]
#[path = "../../../src/machine/collections/schedule.rs"]
pub(crate) mod schedule;
#[path = "../../../src/machine/collections/slab.rs"]
pub(crate) mod slab;

use typless::machine::Time;

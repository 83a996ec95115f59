//! Measurements of the typless client against what a user writes without it.
//!
//! What all benches share: clocks of CPU time and interleaved rounds, counts of allocations, bounds and tables, and the submission
//! that is measured, with and without the client.

pub mod bounds;
pub mod counting;
pub mod naive;
pub mod noise;
pub mod process;
pub mod rounds;
pub mod server;
pub mod submission;
pub mod table;
pub mod taking;

//! Measurements of the typless client against what a user writes without it.
//!
//! What all benches share: clocks of CPU time and interleaved rounds, counts of allocations, bounds and tables, and the submission
//! and the answers that are measured, with and without the client.

pub mod answer;
pub mod bounds;
pub mod counting;
pub mod naive;
pub mod noise;
pub mod polling;
pub mod process;
pub mod reading;
pub mod rounds;
pub mod server;
pub mod submission;
pub mod table;
pub mod taking;

//! Measurements of the typless client against what a user writes without it.
//!
//! What the benches share: CPU clocks and interleaved rounds, counts of allocations, bounds and
//! tables, the submission and the responses that are measured, with and without the client, and
//! simulations.

pub mod bad_day;
pub mod bounds;
pub mod consuming;
pub mod counting;
pub mod decoding;
pub mod end_to_end;
pub mod naive;
pub mod noise;
pub mod polling;
pub mod process;
pub mod rounds;
pub mod server;
pub mod simulation;
pub mod status_body;
pub mod submission;
pub mod table;

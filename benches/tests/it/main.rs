//! What the benches run, at a size that fits a test.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_day;

//! The tests of the suite.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails")]

mod faults;
mod reference;

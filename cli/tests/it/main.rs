//! The integration tests of the command `typless`: they run it as a user does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod drain;
mod emulator;
mod extract;
mod get;
#[cfg(unix)]
mod interrupt;
#[cfg(unix)]
mod interruptions;
#[cfg(unix)]
mod kills;
mod ledger;
mod ledger_command;
mod listen;
mod many;
mod pauses;
mod review;
mod submit;
mod support;
mod unreadable;

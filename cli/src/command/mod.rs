//! The commands, one file each.

mod awaiting;
mod drain;
mod emulator;
mod extract;
mod follow;
mod get;
mod ledger;
mod listen;
mod resume;
mod submit;

use crate::arguments::Command;
use crate::exit::Exit;
use crate::failure::Failure;

/// Runs a command.
pub(crate) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Extract(arguments) => extract::run(arguments),
        Command::Submit(arguments) => submit::run(arguments),
        Command::Resume(arguments) => resume::run(arguments),
        Command::Get(arguments) => get::run(arguments),
        Command::Awaiting(arguments) => awaiting::run(arguments),
        Command::Drain(arguments) => drain::run(arguments),
        Command::Listen(arguments) => listen::run(arguments),
        Command::Emulator(arguments) => emulator::run(arguments),
        Command::Ledger(arguments) => ledger::run(arguments),
    }
}

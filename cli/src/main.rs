//! The `typless` command: extracts documents, and runs an emulator of the service.

mod arguments;
mod duration;
mod emulator;
mod extract;
mod failure;
mod service;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Extract(arguments) => extract::run(&arguments),
        Command::Emulator(arguments) => emulator::run(&arguments),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.tell();
            failure.exit().into()
        }
    }
}

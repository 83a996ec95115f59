//! The `typless` command: extracts documents, one or ten thousand, goes on with what was submitted, fetches what has finished, and runs an emulator of the service.

// They panic where nobody reads any more: `output` is for that.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod address;
mod arguments;
mod command;
mod document_types;
mod documents;
mod duration;
mod exit;
mod failure;
mod folder;
mod output;
mod pace;
mod progress;
mod receiver;
mod report;
mod service;
mod share;
mod summary;
mod work;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;

fn main() -> ExitCode {
    match command::run(&Arguments::parse().command) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.tell();
            failure.exit().into()
        }
    }
}

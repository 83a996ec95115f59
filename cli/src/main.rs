//! The `typless` command. It extracts documents, resumes jobs that were submitted, fetches finished
//! results, and runs an emulator of the service.

// `println!` and `eprintln!` panic when the stream is closed; use `output` instead.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod address;
mod arguments;
mod clock_time;
mod command;
mod destination;
mod document_types;
mod documents;
mod duration;
mod exit;
mod failure;
mod folder;
mod fraction;
mod ledger;
mod output;
mod pace;
mod pauses;
mod progress;
mod raw_file;
mod receiver;
mod report;
mod results_file;
mod service;
mod summary;
mod work;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;

fn main() -> ExitCode {
    match command::run(&Arguments::parse().command) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.print();
            failure.exit().into()
        }
    }
}

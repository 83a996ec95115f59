//! Standard output and standard error, either of which may be closed.

use std::io::{self, Write};

use crate::exit::Exit;

/// Prints output that can be requested again. If the reader has closed the pipe, it has what it
/// wanted, and the process ends; any other failure is reported.
pub(crate) fn print(text: &str) -> Exit {
    match write(text) {
        Ok(()) => Exit::Success,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            eprint_message(&format!(
                "standard output can't be written: {error}: free some space, and run it again"
            ));
            Exit::InvalidUsage
        }
    }
}

/// Writes a line to standard output.
pub(crate) fn write(line: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

/// The exit status for a write error: a closed pipe is a success, anything else a failure.
pub(crate) fn exit_for(error: &io::Error) -> Exit {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Exit::Success
    } else {
        Exit::InvalidUsage
    }
}

/// Prints a message for people to standard error, with [`MESSAGE_PREFIX`] before it.
pub(crate) fn eprint_message(sentence: &str) {
    eprint_line(&format!("{MESSAGE_PREFIX}{sentence}"));
}

/// The prefix of messages for people.
pub(crate) const MESSAGE_PREFIX: &str = "typless: ";

/// Writes a line to standard error in one write. Unlike `eprintln!`, it ignores a closed stream, so
/// that nothing stops in the middle.
pub(crate) fn eprint_line(line: &str) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

//! The standard output, which may go away.

use std::io::{self, Write};

use crate::failure::Exit;

/// Prints a result. If whoever read our output has gone, they have what they wanted, and the process ends; any other failure is told.
pub(crate) fn print(text: &str) -> Exit {
    match write(text) {
        Ok(()) => Exit::Success,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            eprintln!("typless: the result can't be written: {error}");
            Exit::WrongCall
        }
    }
}

/// Writes a line.
pub(crate) fn write(line: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

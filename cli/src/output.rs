//! The standard output and the standard error, either of which may go away.

use std::io::{self, Write};

use crate::exit::Exit;

/// Prints what can be asked for again. If whoever read our output has gone, they have what they wanted, and the process ends; any other failure is told.
pub(crate) fn print(text: &str) -> Exit {
    match write(text) {
        Ok(()) => Exit::Success,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            say(&format!(
                "the standard output can't be written: {error}: make room, and call again"
            ));
            Exit::WrongCall
        }
    }
}

/// Writes a line.
pub(crate) fn write(line: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

/// Whoever has closed our output has what they wanted; anything else that keeps us from writing is a failure.
pub(crate) fn exit_of(error: &io::Error) -> Exit {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Exit::Success
    } else {
        Exit::WrongCall
    }
}

/// Tells people something, on the standard error, where our lines begin with [`OURS`].
pub(crate) fn say(sentence: &str) {
    say_line(&format!("{OURS}{sentence}"));
}

/// What the lines begin with that tell people something.
pub(crate) const OURS: &str = "typless: ";

/// Writes a line to the standard error, all of it at once. That nobody hears it is no reason to stop in the middle of something, as `eprintln!` would.
pub(crate) fn say_line(line: &str) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

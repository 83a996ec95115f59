//! How a call went, in one number for scripts.

use std::process::ExitCode;

/// The exit status: 0, or the highest of what went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// All is well.
    Success = 0,
    /// A document failed.
    DocumentFailed = 1,
    /// The call was wrong.
    WrongCall = 2,
    /// The service could not be reached, or refused us.
    NoService = 3,
    /// Interrupted with Ctrl-C; the number is that of shells, 128 and the signal's.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

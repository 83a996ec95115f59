//! The exit status, for scripts.

use std::process::ExitCode;

/// The exit status: 0, or the highest of all problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Success.
    Success = 0,
    /// A document failed.
    DocumentFailed = 1,
    /// Invalid usage.
    InvalidUsage = 2,
    /// The service could not be reached, or refused the request.
    ServiceUnavailable = 3,
    /// Interrupted by Ctrl-C or SIGTERM; 128 plus the number of SIGINT, as in shells.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

//! The exit status, for scripts.

use std::cmp::Ordering;
use std::process::ExitCode;

/// The exit status: that of the worst problem, which is first that a document may be billed and has
/// no result, then invalid usage, then a service that does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Success.
    Success = 0,
    /// A document has no result.
    DocumentFailed = 1,
    /// Invalid usage.
    InvalidUsage = 2,
    /// The service could not be reached, refused the request, or did not respond usefully.
    ServiceUnavailable = 3,
    /// Interrupted by Ctrl-C or SIGTERM; 128 plus the number of SIGINT, as in shells.
    Interrupted = 130,
}

impl Exit {
    /// The exit status of a call: where the service has accepted anything or responded usefully,
    /// what failed besides is a matter of the documents.
    pub(crate) fn for_call(self, has_worked: bool) -> Self {
        match self {
            Self::ServiceUnavailable if has_worked => Self::DocumentFailed,
            exit => exit,
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::ServiceUnavailable => 1,
            Self::InvalidUsage => 2,
            Self::DocumentFailed => 3,
            Self::Interrupted => 4,
        }
    }
}

impl Ord for Exit {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Exit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

//! The result of a check.

use std::io;

use typless::wire::ConfigError;

/// What was observed, if the requirement is met.
pub(crate) type CheckResult = Result<String, CheckError>;

/// Why a check did not pass.
#[derive(Debug)]
pub(crate) enum CheckError {
    Failed(String),
    NotApplicable(String),
}

/// A failed check, with what was observed.
pub(crate) fn fail<T>(observed: impl Into<String>) -> Result<T, CheckError> {
    Err(CheckError::Failed(observed.into()))
}

impl From<io::Error> for CheckError {
    fn from(error: io::Error) -> Self {
        Self::Failed(format!("the row could not be set up: {error}"))
    }
}

impl From<ConfigError> for CheckError {
    fn from(error: ConfigError) -> Self {
        Self::Failed(format!("the row could not be set up: {error}"))
    }
}

//! Invalid values from the caller, reported before anything is sent.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// A value that can't be used; names the field and says how to fix it.
///
/// Returned by every constructor that takes a value from the caller, such as [`Api`](super::Api),
/// [`Document`](super::Document) and [`ExtractionId`](super::ExtractionId). It never quotes a key.
#[derive(Debug, Clone)]
pub struct ConfigError {
    field: &'static str,
    problem: Cow<'static, str>,
}

impl ConfigError {
    /// An error about `field`. `problem` continues the sentence: what is wrong, and how to fix it.
    pub(crate) fn new(field: &'static str, problem: impl Into<Cow<'static, str>>) -> Self {
        Self {
            field,
            problem: problem.into(),
        }
    }

    /// The name of the invalid field, such as `base_url` or `file_name`.
    pub fn field(&self) -> &'static str {
        self.field
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.problem)
    }
}

impl Error for ConfigError {}

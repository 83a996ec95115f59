//! What the caller got wrong, told before anything is sent.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// A value that can't be used: names the field and says what to do.
///
/// Made by every constructor that takes a caller's value ([`Api`](super::Api), [`Document`](super::Document),
/// [`ExtractionId`](super::ExtractionId), ..); meant for the person who wrote the value. Never quotes a key.
#[derive(Debug, Clone)]
pub struct ConfigError {
    field: &'static str,
    problem: Cow<'static, str>,
}

impl ConfigError {
    /// An error about `field`; `problem` goes on from its name: what is wrong, and the remedy.
    pub(crate) fn new(field: &'static str, problem: impl Into<Cow<'static, str>>) -> Self {
        Self {
            field,
            problem: problem.into(),
        }
    }

    /// The name of the field that was wrong, such as `base_url` or `file_name`.
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

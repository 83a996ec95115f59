//! Why a document could not be read, in the service's standard error shape.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
#[cfg(not(feature = "reader"))]
use serde_json::json;

/// Why a document could not be read.
///
/// Serialises as the service's standard error object: `{"code", "message", "details"}`.
#[derive(Debug, Clone, Serialize)]
pub struct ReadError {
    code: &'static str,
    message: String,
    details: Value,
}

impl ReadError {
    /// A stable word for programs.
    ///
    /// One of `empty_file`, `invalid_file`, `unsupported_file`, `file_cut_off`, `damaged_file`,
    /// `password_protected`, `no_text`, `unreadable_text`, `too_many_pages` and `too_complex`; or
    /// `no_reader` in a build without the feature `reader`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// One sentence for people: what is wrong and what to do.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What else is known, as a JSON object (it may be empty).
    #[must_use]
    pub fn details(&self) -> &Value {
        &self.details
    }

    #[cfg(not(feature = "reader"))]
    pub(crate) fn no_reader() -> Self {
        Self::new(
            "no_reader",
            "This emulator was built without a reader, so it cannot read documents; build \
             `typless-emulator` with its feature `reader`, which is on by default.",
            json!({"feature": "reader"}),
        )
    }

    pub(crate) fn new(code: &'static str, message: impl Into<String>, details: Value) -> Self {
        Self {
            code,
            message: message.into(),
            details,
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

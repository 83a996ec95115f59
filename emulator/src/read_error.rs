//! Why a document could not be read, in the service's standard error shape.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

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
    /// A stable word for programs: `empty_file`, `invalid_file`, `unsupported_file`, `file_cut_off`, `damaged_file`,
    /// `password_protected`, `no_text`, `unreadable_text`, `too_many_pages` or `too_complex`.
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

    pub(crate) fn empty_file() -> Self {
        Self::new(
            "empty_file",
            "The file is empty; send the document itself.",
            json!({}),
        )
    }

    pub(crate) fn not_a_pdf(length: usize) -> Self {
        Self::new(
            "invalid_file",
            "The file is not a PDF: it does not begin with a PDF header; send a PDF.",
            json!({"length": length}),
        )
    }

    pub(crate) fn image(kind: &str) -> Self {
        Self::new(
            "unsupported_file",
            format!(
                "The file is a {kind} image, and this emulator has no OCR: it reads the text layer of PDFs; send a PDF with text in it."
            ),
            json!({"file_type": kind}),
        )
    }

    pub(crate) fn cut_off(reason: &str) -> Self {
        Self::new(
            "file_cut_off",
            format!("The PDF is not complete: {reason}; send the whole file."),
            json!({"reason": reason}),
        )
    }

    pub(crate) fn damaged(reason: &str) -> Self {
        Self::new(
            "damaged_file",
            format!("The PDF is damaged: {reason}; save it again and send the new file."),
            json!({"reason": reason}),
        )
    }

    pub(crate) fn password_protected(reason: &str) -> Self {
        Self::new(
            "password_protected",
            format!("The PDF is encrypted: {reason}; send it without password protection."),
            json!({"reason": reason}),
        )
    }

    pub(crate) fn no_text(pages: usize) -> Self {
        Self::new(
            "no_text",
            "The PDF holds no text, as a scan does, and this emulator has no OCR; send a PDF with text in it.",
            json!({"pages": pages}),
        )
    }

    pub(crate) fn unreadable_text(glyphs: usize, unreadable: usize) -> Self {
        Self::new(
            "unreadable_text",
            "The PDF does not say which characters its glyphs stand for; save it again with another program.",
            json!({"glyphs": glyphs, "unreadable_glyphs": unreadable}),
        )
    }

    pub(crate) fn too_many_pages(pages: usize, limit: usize) -> Self {
        Self::new(
            "too_many_pages",
            format!("The PDF has {pages} pages, more than the {limit} that are read; split it."),
            json!({"pages": pages, "limit": limit}),
        )
    }

    pub(crate) fn too_complex(limit: usize) -> Self {
        Self::new(
            "too_complex",
            "The PDF takes too many drawing steps to read; save it again with another program.",
            json!({"limit": limit}),
        )
    }

    fn new(code: &'static str, message: impl Into<String>, details: Value) -> Self {
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

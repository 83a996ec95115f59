//! The errors of the reader.

use serde_json::json;

use crate::ReadError;

impl ReadError {
    pub(super) fn empty_file() -> Self {
        Self::new(
            "empty_file",
            "The file is empty; send the document itself.",
            json!({}),
        )
    }

    pub(super) fn not_a_pdf(length: usize) -> Self {
        Self::new(
            "invalid_file",
            "The file is not a PDF: it does not begin with a PDF header; send a PDF.",
            json!({"length": length}),
        )
    }

    pub(super) fn image(kind: &str) -> Self {
        Self::new(
            "unsupported_file",
            format!(
                "The file is a {kind} image, and this emulator has no OCR: it reads the text layer \
                 of PDFs; send a PDF with text in it."
            ),
            json!({"file_type": kind}),
        )
    }

    pub(super) fn cut_off(reason: &str) -> Self {
        Self::new(
            "file_cut_off",
            format!("The PDF is not complete: {reason}; send the whole file."),
            json!({"reason": reason}),
        )
    }

    pub(super) fn damaged(reason: &str) -> Self {
        Self::new(
            "damaged_file",
            format!("The PDF is damaged: {reason}; save it again and send the new file."),
            json!({"reason": reason}),
        )
    }

    pub(super) fn password_protected(reason: &str) -> Self {
        Self::new(
            "password_protected",
            format!("The PDF is encrypted: {reason}; send it without password protection."),
            json!({"reason": reason}),
        )
    }

    pub(super) fn no_text(pages: usize) -> Self {
        Self::new(
            "no_text",
            "The PDF has no text, like a scan, and this emulator has no OCR; send a PDF with text \
             in it.",
            json!({"pages": pages}),
        )
    }

    pub(super) fn unreadable_text(glyphs: usize, unreadable: usize) -> Self {
        Self::new(
            "unreadable_text",
            "The PDF does not say which characters its glyphs stand for; save it again with \
             another program.",
            json!({"glyphs": glyphs, "unreadable_glyphs": unreadable}),
        )
    }

    pub(super) fn too_many_pages(pages: usize, limit: usize) -> Self {
        Self::new(
            "too_many_pages",
            format!("The PDF has {pages} pages, more than the {limit} that are read; split it."),
            json!({"pages": pages, "limit": limit}),
        )
    }

    pub(super) fn too_complex(limit: usize) -> Self {
        Self::new(
            "too_complex",
            "The PDF takes too many drawing steps to read; save it again with another program.",
            json!({"limit": limit}),
        )
    }
}

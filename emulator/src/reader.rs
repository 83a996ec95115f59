//! Reads a document: its fields and line items, as a document type describes them.

use crate::document_type::DocumentType;
use crate::extract::{Findings, extract};
use crate::pdf::read_pages;
use crate::read_error::ReadError;
use crate::text_block::{TextBlock, text_blocks};

/// Reads a PDF and finds what the document type asks for.
///
/// Only what is in the document is answered: a field that is not there has a value of `null`, and nothing is looked up.
///
/// # Errors
///
/// If the file is no PDF, not complete, encrypted, damaged, too large, or has no text (a scan).
pub fn read(document: &[u8], document_type: &DocumentType) -> Result<Findings, ReadError> {
    read_document(document, document_type, false).map(|read| read.findings)
}

/// What comes of reading a document.
pub(crate) struct ReadDocument {
    pub(crate) findings: Findings,
    /// The text, where it was asked for.
    pub(crate) text_blocks: Option<Vec<TextBlock>>,
}

/// As [`read`], with the text itself where it is asked for.
pub(crate) fn read_document(
    document: &[u8],
    document_type: &DocumentType,
    with_text: bool,
) -> Result<ReadDocument, ReadError> {
    let pages = read_pages(document)?;
    let findings = extract(&pages, document_type);
    Ok(ReadDocument {
        findings,
        text_blocks: with_text.then(|| text_blocks(&pages)),
    })
}

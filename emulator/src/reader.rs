//! Reads a document: its fields and line items, as a document type describes them.

use crate::document_type::DocumentType;
use crate::extract::{Findings, extract};
use crate::pdf::read_pages;
use crate::read_error::ReadError;

/// Reads a PDF and finds what the document type asks for.
///
/// Only what is in the document is answered: a field that is not there has a value of `null`, and nothing is looked up.
///
/// # Errors
///
/// If the file is no PDF, not complete, encrypted, damaged, too large, or has no text (a scan).
pub fn read(document: &[u8], document_type: &DocumentType) -> Result<Findings, ReadError> {
    let pages = read_pages(document)?;
    Ok(extract(&pages, document_type))
}

//! Reads a document: its fields and line items, as a document type describes them.

mod errors;
mod extract;
mod findings;
mod pdf;
mod text_block;

use crate::read_document::ReadDocument;
use crate::{DocumentType, Findings, ReadError};

/// Reads a PDF and finds what the document type describes.
///
/// Only what is in the document is found: a field that is not there has no value, and nothing is
/// looked up elsewhere. Needs the feature `reader`, which is on by default.
///
/// # Errors
///
/// If the file is no PDF, not complete, encrypted, damaged, too large, or has no text (a scan).
///
/// # Example
///
/// ```no_run
/// use typless_emulator::{DocumentType, ExtractionResult, read};
///
/// let findings = read(&std::fs::read("invoice.pdf")?, &DocumentType::line_item_invoice())?;
/// let result = ExtractionResult::new(&findings, "0d3d", "invoice.pdf");
/// println!("{}", serde_json::to_string(&result)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read(document: &[u8], document_type: &DocumentType) -> Result<Findings, ReadError> {
    read_document(document, document_type, false).map(|read| read.findings)
}

/// As [`read`], with the text itself if it is requested.
pub(crate) fn read_document(
    document: &[u8],
    document_type: &DocumentType,
    with_text: bool,
) -> Result<ReadDocument, ReadError> {
    let pages = pdf::read_pages(document)?;
    let findings = extract::extract(&pages, document_type);
    Ok(ReadDocument {
        findings,
        text_blocks: with_text.then(|| text_block::to_json(&pages)),
    })
}

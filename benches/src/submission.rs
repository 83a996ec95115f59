//! The submission that is measured.

use bytes::Bytes;
use typless::wire::{Api, Body, ConfigError, Document, SubmitRequest};

/// The file's name.
pub const FILE_NAME: &str = "invoice-2024-0117.pdf";

/// The name of the document type.
pub const DOCUMENT_TYPE: &str = "line-item-invoice";

/// The body of a submit of this document, made anew.
///
/// # Errors
///
/// The document is empty.
pub fn body(api: &Api, document: &Bytes) -> Result<Body, ConfigError> {
    let document = Document::new(FILE_NAME, DOCUMENT_TYPE, document.clone())?;
    Ok(SubmitRequest::new(document).request(api).into_body())
}

/// Everything before the document in the body.
pub fn head() -> String {
    format!(r#"{{"file_name":"{FILE_NAME}","document_type_name":"{DOCUMENT_TYPE}","file":""#)
}

/// Everything after the document in the body.
pub const TAIL: &str = r#""}"#;

/// The number of bytes the body of a document of this length has to have.
pub fn body_len(document: u64) -> u64 {
    head().len() as u64 + document.div_ceil(3) * 4 + TAIL.len() as u64
}

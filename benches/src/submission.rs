//! The submission that is measured.

use std::io::{self, Read};

use bytes::Bytes;
use typless::wire::{Api, Body, ConfigError, Document, DocumentSource, SubmitRequest};

/// The file name.
pub const FILE_NAME: &str = "invoice-2024-0117.pdf";

/// The name of the document type.
pub const DOCUMENT_TYPE: &str = "line-item-invoice";

/// The body of a submit of this document, newly made.
///
/// # Errors
///
/// The document is empty.
pub fn body(api: &Api, document: &Bytes) -> Result<Body, ConfigError> {
    let document = Document::new(FILE_NAME, DOCUMENT_TYPE, document.clone())?;
    Ok(SubmitRequest::new(document).request(api).into_body())
}

/// The same from a source, as for a file.
///
/// # Errors
///
/// The document is empty.
pub fn body_from_source(api: &Api, document: &Bytes) -> Result<Body, ConfigError> {
    let document = Document::from_source(FILE_NAME, DOCUMENT_TYPE, Memory(document.clone()))?;
    Ok(SubmitRequest::new(document).request(api).into_body())
}

/// Everything before the document in the body.
pub fn head() -> String {
    format!(r#"{{"file_name":"{FILE_NAME}","document_type_name":"{DOCUMENT_TYPE}","file":""#)
}

/// Everything after the document in the body.
pub const TAIL: &str = r#""}"#;

/// The length of the body for a document of this length, in bytes.
pub fn body_len(document: u64) -> u64 {
    head().len() as u64 + document.div_ceil(3) * 4 + TAIL.len() as u64
}

/// A source in memory.
struct Memory(Bytes);

impl DocumentSource for Memory {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(io::Cursor::new(self.0.clone())))
    }
}

//! The result of reading a document, with or without a reader.

use bytes::Bytes;

use crate::Findings;

/// What was found in a document.
pub(crate) struct ReadDocument {
    pub(crate) findings: Findings,
    /// The lines of its text as JSON, if they were requested.
    pub(crate) text_blocks: Option<Bytes>,
}

#[cfg(feature = "reader")]
pub(crate) use crate::reader::read_document;

/// Without a reader, every document ends in the same error.
#[cfg(not(feature = "reader"))]
pub(crate) fn read_document(
    _: &[u8],
    _: &crate::DocumentType,
    _with_text: bool,
) -> Result<ReadDocument, crate::ReadError> {
    Err(crate::ReadError::no_reader())
}

//! From a document to what a finished extraction is answered with.

use bytes::Bytes;
use serde::Serialize;

use super::id::Id;
use crate::{DocumentType, Findings, ReadError};

/// What came of reading a document.
pub(super) struct Outcome(Result<Findings, ReadError>);

/// Reads a document: the one place where the service meets the reader.
pub(super) fn process(document: &[u8], document_type: &DocumentType) -> Outcome {
    Outcome(crate::read(document, document_type))
}

impl Outcome {
    /// The body of the answer to a look: `SUCCESS` with the result, or `ERROR` with the reason in the standard error format.
    pub(super) fn status_body(&self, object_id: Id, file_name: &str, customer: Option<&str>) -> Bytes {
        match &self.0 {
            Ok(findings) => super::to_body(&Envelope {
                error: Empty {},
                result: ExtractionResult { object_id, file_name, customer, findings },
                status: "SUCCESS",
            }),
            Err(error) => super::to_body(&Envelope { error, result: Empty {}, status: "ERROR" }),
        }
    }
}

/// "Always the same three properties", says the vendor.
#[derive(Serialize)]
struct Envelope<E, R> {
    error: E,
    result: R,
    status: &'static str,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct ExtractionResult<'a> {
    object_id: Id,
    file_name: &'a str,
    customer: Option<&'a str>,
    #[serde(flatten)]
    findings: &'a Findings,
}

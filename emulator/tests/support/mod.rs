//! What the tests of the service share.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// An invoice of this package's own.
pub(crate) const INVOICE: &[u8] = include_bytes!("../../samples/invoice.pdf");

/// The body of a submit of this document.
pub(crate) fn submit_body(document: &[u8]) -> Value {
    json!({"file_name": "invoice.pdf", "document_type_name": "line-item-invoice", "file": BASE64_STANDARD.encode(document)})
}

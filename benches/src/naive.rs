//! What a user writes without the client.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::submission::{DOCUMENT_TYPE, FILE_NAME};

/// The body of a submit as most programs define it.
#[derive(Serialize)]
struct Submit<'a> {
    file_name: &'a str,
    document_type_name: &'a str,
    file: String,
}

/// A struct with the document in a string, serialized.
///
/// # Panics
///
/// Never: strings always serialize.
pub fn to_vec(document: &[u8]) -> Vec<u8> {
    let submit = Submit {
        file_name: FILE_NAME,
        document_type_name: DOCUMENT_TYPE,
        file: STANDARD.encode(document),
    };
    serde_json::to_vec(&submit).expect("strings serialize")
}

/// A value from the `json!` macro, as text. Its keys are in another order.
pub fn to_text(document: &[u8]) -> String {
    serde_json::json!({
        "file_name": FILE_NAME,
        "document_type_name": DOCUMENT_TYPE,
        "file": STANDARD.encode(document),
    })
    .to_string()
}

//! The response to a poll: "always the same three properties", says the vendor.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::choices::NoError;

#[derive(Serialize)]
struct Envelope<E, R> {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<E>,
    result: R,
    status: &'static str,
}

#[derive(Serialize)]
struct Empty {}

/// What follows after the last property of a result.
const AFTER_RESULT: &[u8] = br#"},"status":"SUCCESS"}"#;

/// The response for an extraction that succeeded.
pub(super) fn success(result: &impl Serialize, no_error: NoError) -> Bytes {
    super::to_body(&Envelope {
        error: property(no_error),
        result,
        status: "SUCCESS",
    })
}

/// The response for a document that can't be processed, or an id that is unknown.
pub(super) fn error(error: &impl Serialize) -> Bytes {
    super::to_body(&Envelope {
        error: Some(error),
        result: Empty {},
        status: "ERROR",
    })
}

/// A response with neither result nor error.
pub(super) fn empty(status: &'static str, no_error: NoError) -> Bytes {
    super::to_body(&Envelope {
        error: property(no_error),
        result: Empty {},
        status,
    })
}

/// The response for an extraction that succeeded, with the text blocks in its result.
pub(super) fn with_text_blocks(success: &Bytes, text_blocks: &Bytes) -> Bytes {
    add_text_blocks(success, text_blocks, AFTER_RESULT)
}

/// Adds the text blocks, which are JSON already, as the last property before what ends the result.
/// This is done on request, so that no result is held twice.
pub(super) fn add_text_blocks(json: &Bytes, text_blocks: &Bytes, end: &[u8]) -> Bytes {
    let Some(before) = json.strip_suffix(end) else {
        return json.clone();
    };
    [before, br#","text_blocks":"#, text_blocks, end]
        .concat()
        .into()
}

/// What `error` is when there is none; `None` where the property is missing.
fn property(no_error: NoError) -> Option<Value> {
    match no_error {
        NoError::EmptyObject => Some(json!({})),
        NoError::Null => Some(Value::Null),
        NoError::Missing => None,
        NoError::EmptyList => Some(json!([])),
        NoError::EmptyText => Some(json!("")),
    }
}

//! The webhook message: a hint, and nothing more.

use serde::Deserialize;

use super::lenient::Object;
use super::{DecodeError, ExtractionId, decode_error};

/// What the service posts to a webhook when an extraction has finished (vendor's webhook page).
///
/// Unsigned and without a result: anybody can write one. It only brings the next look forward; the result is always fetched with our own key.
/// Made by a webhook's receiver from the body of the `POST`; consumed by [`Job::handle_notification`](crate::machine::Job::handle_notification).
#[derive(Debug, Clone)]
pub struct Notification {
    extraction_id: ExtractionId,
}

impl Notification {
    /// The longest message read, in bytes; the vendor's sample has about 200.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// Reads a message. Only `data.id` is needed; times, texts and types that are unknown don't matter.
    ///
    /// # Errors
    ///
    /// Too long, not JSON, or without a usable `data.id`; answer such a `POST` with 400.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "webhook message";
        #[derive(Deserialize)]
        struct Message {
            data: Object<Data>,
        }
        #[derive(Deserialize)]
        struct Data {
            id: String,
        }
        let raw = bytes::Bytes::copy_from_slice(body.get(..Self::MAX_BYTES).unwrap_or(body));
        if body.len() > Self::MAX_BYTES {
            return Err(DecodeError::new(WHAT, None, "longer than 64 KiB", raw));
        }
        let text = decode_error::text(WHAT, &raw)?;
        let Ok(Object(message)) = serde_json::from_str::<Object<Message>>(text) else {
            return Err(DecodeError::explain::<Object<Message>>(WHAT, text, raw.clone()));
        };
        let extraction_id = ExtractionId::new(&message.data.0.id)
            .map_err(|error| DecodeError::new(WHAT, Some("data.id"), &error.to_string(), raw.clone()))?;
        Ok(Self { extraction_id })
    }

    /// The extraction that is said to have finished.
    pub fn extraction_id(&self) -> &ExtractionId {
        &self.extraction_id
    }
}

//! The webhook message: a hint, and nothing more.

use serde::Deserialize;

use super::lenient::Object;
use super::{DecodeError, ExtractionId, decode_error, lenient};

/// What the service posts to a webhook when an extraction has finished (vendor's webhook page).
///
/// Unsigned and without a result: anybody can write one. It only brings the next poll forward; the result is always fetched with our own key.
/// Made from the body of the `POST` by [`Webhook::receive`](super::Webhook::receive), or by a receiver of one's own; consumed by
/// [`Batch::handle_notification`](crate::machine::Batch::handle_notification) and [`Job::handle_notification`](crate::machine::Job::handle_notification).
#[derive(Debug, Clone)]
pub struct Notification {
    extraction_id: ExtractionId,
    event_type: Option<Box<str>>,
    event_id: Option<Box<str>>,
    event_time: Option<Box<str>>,
}

impl Notification {
    /// The longest message read, in bytes; the vendor's sample has about 200.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// The only type of event the vendor names.
    pub const FINISHED: &str = "extraction.finished";

    /// Reads a message. Only `data.id` is needed; times, texts and types that are unknown don't matter.
    ///
    /// # Errors
    ///
    /// Too long, not JSON, or without a usable `data.id`; answer such a `POST` with 400.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "webhook message";
        let raw = bytes::Bytes::copy_from_slice(body.get(..Self::MAX_BYTES).unwrap_or(body));
        if body.len() > Self::MAX_BYTES {
            return Err(DecodeError::new(WHAT, None, "longer than 64 KiB", raw));
        }
        let text = decode_error::text(WHAT, &raw)?;
        let Ok(Object(message)) = serde_json::from_str::<Object<Message>>(text) else {
            return Err(DecodeError::explain::<Object<Message>>(
                WHAT,
                text,
                raw.clone(),
            ));
        };
        let Message {
            data: Object(data),
            kind,
            event_id,
            event_time,
        } = message;
        let extraction_id = ExtractionId::new(&data.id).map_err(|error| {
            DecodeError::new(WHAT, Some("data.id"), &error.to_string(), raw.clone())
        })?;
        Ok(Self {
            extraction_id,
            event_type: kind,
            event_id,
            event_time,
        })
    }

    /// The extraction that is said to have finished.
    pub fn extraction_id(&self) -> &ExtractionId {
        &self.extraction_id
    }

    /// The type of the event as it was written, usually [`FINISHED`](Self::FINISHED); `None` where there was none.
    ///
    /// Foreign text, as the other two: pass it through [`printable`](super::printable) before it reaches a terminal.
    pub fn event_type(&self) -> Option<&str> {
        self.event_type.as_deref()
    }

    /// The event's own id, which a repetition has as well; `None` where there was none. Not that of the extraction.
    pub fn event_id(&self) -> Option<&str> {
        self.event_id.as_deref()
    }

    /// When it happened, as it was written; `None` where it was not.
    ///
    /// The vendor's sample is ISO 8601 with microseconds and no zone, which is probably UTC: `2022-02-03T10:19:17.388584`. Readers that insist on a zone refuse it.
    pub fn event_time(&self) -> Option<&str> {
        self.event_time.as_deref()
    }

    /// Whether it says that an extraction has finished; so does one without a type. Messages of other types are to be ignored.
    pub fn is_finished(&self) -> bool {
        is_finished(self.event_type())
    }

    /// Whether a message is of another type than ours, whatever else is in it: such a one may well have no `data.id`.
    pub(super) fn is_other_type(body: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Typed {
            #[serde(rename = "type", default, deserialize_with = "lenient::text")]
            kind: Option<Box<str>>,
        }
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        serde_json::from_slice::<Object<Typed>>(body)
            .is_ok_and(|Object(typed)| !is_finished(typed.kind.as_deref()))
    }
}

#[derive(Deserialize)]
struct Message {
    data: Object<Data>,
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    kind: Option<Box<str>>,
    #[serde(default, deserialize_with = "lenient::text")]
    event_id: Option<Box<str>>,
    #[serde(default, deserialize_with = "lenient::text")]
    event_time: Option<Box<str>>,
}

#[derive(Deserialize)]
struct Data {
    id: String,
}

fn is_finished(event_type: Option<&str>) -> bool {
    event_type.is_none_or(|event_type| {
        event_type
            .trim()
            .eq_ignore_ascii_case(Notification::FINISHED)
    })
}

//! The message of a webhook.

use serde::Deserialize;

use super::lenient::Object;
use super::{DecodeError, ExtractionId, decode_error, lenient};

/// The message that the service posts to a webhook when an extraction has finished (vendor's
/// webhook page).
///
/// It is unsigned and has no result, so anybody can send one. It only makes the next poll earlier;
/// the result is always fetched with your own key. Pass it to
/// [`Job::handle_notification`](crate::machine::Job::handle_notification) or
/// [`Batch::handle_notification`](crate::machine::Batch::handle_notification).
#[derive(Debug, Clone)]
pub struct Notification {
    extraction_id: ExtractionId,
    event_type: Option<Box<str>>,
    event_id: Option<Box<str>>,
    event_time: Option<Box<str>>,
}

impl Notification {
    /// The maximum length of a message, in bytes. The vendor's sample has about 200.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// The only event type that the vendor names.
    pub const FINISHED: &str = "extraction.finished";

    /// Decodes a message.
    ///
    /// Only `data.id` is required. Other fields and unknown types are accepted.
    ///
    /// # Errors
    ///
    /// The message is too long, not JSON, or has no valid `data.id`. Respond to such a `POST` with
    /// 400.
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

    /// The extraction that has finished, according to the message.
    pub fn extraction_id(&self) -> &ExtractionId {
        &self.extraction_id
    }

    /// The event type as written, usually [`FINISHED`](Self::FINISHED); `None` if there is none.
    ///
    /// Foreign text, like the id and time of the event: pass it through
    /// [`printable`](super::printable) before you print it to a terminal.
    pub fn event_type(&self) -> Option<&str> {
        self.event_type.as_deref()
    }

    /// The id of the event, not that of the extraction; `None` if there is none. A repeated message
    /// has the same id.
    pub fn event_id(&self) -> Option<&str> {
        self.event_id.as_deref()
    }

    /// The time of the event as written; `None` if there is none.
    ///
    /// The vendor's sample is `2022-02-03T10:19:17.388584`: ISO 8601 with microseconds and without
    /// a time zone, probably UTC. Parsers that require a time zone reject it.
    pub fn event_time(&self) -> Option<&str> {
        self.event_time.as_deref()
    }

    /// Whether the message says that an extraction has finished. A message without a type counts as
    /// such; ignore messages of other types.
    pub fn is_finished(&self) -> bool {
        is_finished(self.event_type())
    }

    /// Whether a message has another type. Such a message may have no `data.id`.
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

//! The service's name for one submitted document.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::ConfigError;

/// The service's name for one submitted document.
///
/// Opaque: 39 and 40 hexadecimal digits were seen, but neither length nor alphabet is promised, and it differs from the result's
/// `object_id`. Comes from [`SubmitResponse`](super::SubmitResponse), a [`Notification`](super::Notification), or the caller's own records;
/// consumed by [`StatusRequest`](super::StatusRequest). Cheap to clone.
#[derive(Clone)]
pub struct ExtractionId(Text);

/// Ids of the lengths that were seen are kept in place: a listing may name a million, and a batch compares with as many.
#[derive(Clone)]
enum Text {
    Inline {
        length: u8,
        bytes: [u8; MAX_INLINE_BYTES],
    },
    Shared(Arc<str>),
}

/// The longest id kept in place; 48 bytes with what goes with it.
const MAX_INLINE_BYTES: usize = 46;

impl ExtractionId {
    /// The longest id taken, in bytes; longer ones are no ids but a fault.
    pub const MAX_BYTES: usize = 256;

    /// Takes an id as the service wrote it.
    ///
    /// # Errors
    ///
    /// Empty, longer than [`MAX_BYTES`](Self::MAX_BYTES), or with control characters.
    pub fn new(id: &str) -> Result<Self, ConfigError> {
        Self::check(id).map(|()| Self(Text::new(id)))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            // It was made from text, so it is text.
            Text::Inline { .. } => std::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Text::Shared(text) => text,
        }
    }

    /// The bytes of its text: the cheapest way to compare it with a text.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Text::Inline { length, bytes } => &bytes[..usize::from(*length)],
            Text::Shared(text) => text.as_bytes(),
        }
    }

    fn check(id: &str) -> Result<(), ConfigError> {
        const FIELD: &str = "extraction_id";
        if id.is_empty() {
            return Err(ConfigError::new(
                FIELD,
                "is empty: give the id that the submit was answered with",
            ));
        }
        if id.len() > Self::MAX_BYTES {
            return Err(ConfigError::new(
                FIELD,
                format!(
                    "has {} bytes: at most {} are taken",
                    id.len(),
                    Self::MAX_BYTES
                ),
            ));
        }
        // All ids that were seen are plain, which is quicker to tell.
        let is_plain = id
            .bytes()
            .fold(true, |plain, byte| plain & byte.is_ascii_graphic());
        if !is_plain && id.chars().any(char::is_control) {
            return Err(ConfigError::new(
                FIELD,
                "has control characters: give the id as the service wrote it",
            ));
        }
        Ok(())
    }
}

impl Text {
    fn new(id: &str) -> Self {
        let mut bytes = [0; MAX_INLINE_BYTES];
        match (bytes.get_mut(..id.len()), u8::try_from(id.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(id.as_bytes());
                Self::Inline { length, bytes }
            }
            _ => Self::Shared(Arc::from(id)),
        }
    }
}

impl PartialEq for ExtractionId {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for ExtractionId {}

impl PartialOrd for ExtractionId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ExtractionId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for ExtractionId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for ExtractionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExtractionId({:?})", self.as_str())
    }
}

impl fmt::Display for ExtractionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::printable(self.as_str(), Self::MAX_BYTES))
    }
}

/// The text of an id in JSON: a string, or an integer as its digits; `None` for anything else.
pub(super) fn from_json(json: &str) -> Option<Cow<'_, str>> {
    let quoted = json
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    if let Some(plain) = quoted.filter(|plain| !plain.contains('\\')) {
        return Some(Cow::Borrowed(plain));
    }
    if json.starts_with('"') {
        return serde_json::from_str(json).ok().map(Cow::Owned);
    }
    (!json.is_empty() && json.bytes().all(|byte| byte.is_ascii_digit()))
        .then_some(Cow::Borrowed(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_every_length_are_kept_whole_and_compare_as_their_text_does() {
        let texts: Vec<String> = (1..=ExtractionId::MAX_BYTES)
            .map(|length| "é9a"[..].chars().cycle().take(length).collect())
            .collect();
        let texts: Vec<String> = texts
            .into_iter()
            .filter(|text| text.len() <= ExtractionId::MAX_BYTES)
            .collect();
        let ids: Vec<ExtractionId> = texts
            .iter()
            .filter_map(|text| ExtractionId::new(text).ok())
            .collect();
        assert_eq!(
            ids.iter().map(ExtractionId::as_str).collect::<Vec<_>>(),
            texts
        );
        for (id, text) in ids.iter().zip(&texts) {
            assert!(
                ids.iter()
                    .zip(&texts)
                    .all(|(other, other_text)| id.cmp(other) == text.cmp(other_text)
                        && (id == other) == (text == other_text))
            );
        }
        assert_eq!(size_of::<Option<ExtractionId>>(), 48);
    }
}

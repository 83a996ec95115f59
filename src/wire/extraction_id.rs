//! The service's id of a submitted document.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ConfigError, lenient};

/// The service's id of a submitted document.
///
/// It is opaque: ids of 39 and 40 hexadecimal digits were seen, but neither length nor alphabet is
/// documented. It differs from the `object_id` of the result. Cheap to clone.
///
/// ```
/// use typless::wire::ExtractionId;
///
/// let id: ExtractionId = "0d14338251a6db69".parse()?;
///
/// assert_eq!(id.as_str(), "0d14338251a6db69");
/// assert_eq!(ExtractionId::try_from(id.to_string())?, id);
/// # Ok::<(), typless::wire::ConfigError>(())
/// ```
///
/// With serde it is its text, which is checked when it is read.
#[derive(Clone)]
pub struct ExtractionId(Text);

/// Ids of usual length are stored inline: a listing may have a million, and a batch compares them
/// with as many.
#[derive(Clone)]
enum Text {
    Inline {
        length: u8,
        bytes: [u8; MAX_INLINE_BYTES],
    },
    Shared(Arc<str>),
}

/// The longest id stored inline, in bytes. Together with its length and tag it takes 48 bytes.
const MAX_INLINE_BYTES: usize = 46;

impl ExtractionId {
    /// The maximum length of an id, in bytes.
    pub const MAX_BYTES: usize = 256;

    /// Creates an id from the text that the service wrote.
    ///
    /// # Errors
    ///
    /// The text is empty, longer than [`MAX_BYTES`](Self::MAX_BYTES), or has control characters.
    pub fn new(id: &str) -> Result<Self, ConfigError> {
        Self::check(id).map(|()| Self(Text::new(id)))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            // It was created from text, so it is valid UTF-8.
            Text::Inline { .. } => std::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Text::Shared(text) => text,
        }
    }

    /// The bytes of the id, which are the fastest to compare.
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
                "is empty: give the id from the response to the submit",
            ));
        }
        if id.len() > Self::MAX_BYTES {
            return Err(ConfigError::new(
                FIELD,
                format!(
                    "has {} bytes: at most {} are allowed",
                    id.len(),
                    Self::MAX_BYTES
                ),
            ));
        }
        // All ids that were seen are plain ASCII, and that is faster to check.
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

impl FromStr for ExtractionId {
    type Err = ConfigError;

    /// Like [`new`](Self::new).
    fn from_str(id: &str) -> Result<Self, ConfigError> {
        Self::new(id)
    }
}

impl TryFrom<&str> for ExtractionId {
    type Error = ConfigError;

    /// Like [`new`](Self::new).
    fn try_from(id: &str) -> Result<Self, ConfigError> {
        Self::new(id)
    }
}

impl TryFrom<String> for ExtractionId {
    type Error = ConfigError;

    /// Like [`new`](Self::new).
    fn try_from(id: String) -> Result<Self, ConfigError> {
        Self::new(&id)
    }
}

impl AsRef<str> for ExtractionId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Serialize for ExtractionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ExtractionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(IdVisitor)
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = ExtractionId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the text of an extraction id")
    }

    fn visit_str<E: Error>(self, id: &str) -> Result<ExtractionId, E> {
        ExtractionId::new(id).map_err(E::custom)
    }
}

/// The text of an id in JSON: a string, or an integer as its digits. `None` for anything else.
pub(super) fn from_json(json: &str) -> Option<Cow<'_, str>> {
    if json.starts_with('"') {
        return lenient::unquoted(json);
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

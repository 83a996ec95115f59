//! The service's name for one submitted document.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::ConfigError;

/// The service's name for one submitted document.
///
/// Opaque: 39 and 40 hexadecimal digits were seen, but neither length nor alphabet is promised, and it differs from the result's
/// `object_id`. Comes from [`SubmitResponse`](super::SubmitResponse), a [`Notification`](super::Notification), or the caller's own records;
/// consumed by [`StatusRequest`](super::StatusRequest). Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExtractionId(Arc<str>);

impl ExtractionId {
    /// The longest id taken, in bytes; longer ones are no ids but a fault.
    pub const MAX_BYTES: usize = 256;

    /// Takes an id as the service wrote it.
    ///
    /// # Errors
    ///
    /// Empty, longer than [`MAX_BYTES`](Self::MAX_BYTES), or with control characters.
    pub fn new(id: &str) -> Result<Self, ConfigError> {
        Self::check(id).map(|()| Self(Arc::from(id)))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text is an id, without making one of it.
    pub(crate) fn is_usable(id: &str) -> bool {
        let is_plain = id.bytes().all(|byte| byte.is_ascii_graphic());
        !id.is_empty() && id.len() <= Self::MAX_BYTES && (is_plain || Self::check(id).is_ok())
    }

    fn check(id: &str) -> Result<(), ConfigError> {
        const FIELD: &str = "extraction_id";
        if id.is_empty() {
            return Err(ConfigError::new(FIELD, "is empty: give the id that the submit was answered with"));
        }
        if id.len() > Self::MAX_BYTES {
            return Err(ConfigError::new(FIELD, format!("has {} bytes: at most {} are taken", id.len(), Self::MAX_BYTES)));
        }
        if id.chars().any(char::is_control) {
            return Err(ConfigError::new(FIELD, "has control characters: give the id as the service wrote it"));
        }
        Ok(())
    }
}

impl fmt::Debug for ExtractionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExtractionId({:?})", &*self.0)
    }
}

impl fmt::Display for ExtractionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::printable(&self.0, Self::MAX_BYTES))
    }
}

/// The text of an id in JSON: a string, or an integer as its digits; `None` for anything else.
pub(super) fn from_json(json: &str) -> Option<Cow<'_, str>> {
    let quoted = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    if let Some(plain) = quoted.filter(|plain| !plain.contains('\\')) {
        return Some(Cow::Borrowed(plain));
    }
    if json.starts_with('"') {
        return serde_json::from_str(json).ok().map(Cow::Owned);
    }
    (!json.is_empty() && json.bytes().all(|byte| byte.is_ascii_digit())).then_some(Cow::Borrowed(json))
}

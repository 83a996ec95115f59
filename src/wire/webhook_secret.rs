//! A secret shared with the senders of webhooks.

use std::fmt;
use std::hint::black_box;

use http::HeaderValue;

use super::ConfigError;

/// A secret that the sender of a webhook must know.
///
/// The service documents no signature. So the secret is either a part of the path, which only the
/// service knows, or a header that your own proxy adds. The comparison takes the same time wherever
/// the texts differ. `Debug` and errors never show the secret.
#[derive(Clone)]
pub struct WebhookSecret(Box<str>);

impl WebhookSecret {
    /// The minimum length of a secret, in characters: 16.
    pub const MIN_LENGTH: usize = 16;

    /// Takes a secret of 16 to 256 characters, such as 32 random hexadecimal digits.
    ///
    /// # Errors
    ///
    /// The secret is shorter than [`MIN_LENGTH`](Self::MIN_LENGTH), longer than 256 characters, or
    /// has a character that is escaped in a URL. Allowed are letters, digits and `- . _ ~`.
    pub fn new(secret: &str) -> Result<Self, ConfigError> {
        const FIELD: &str = "webhook_secret";
        if secret.len() < Self::MIN_LENGTH {
            return Err(ConfigError::new(
                FIELD,
                "is shorter than 16 characters: use 32 random hexadecimal digits",
            ));
        }
        if secret.len() > 256 {
            return Err(ConfigError::new(
                FIELD,
                "is longer than 256 characters: 32 random hexadecimal digits are enough",
            ));
        }
        if !secret
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        {
            return Err(ConfigError::new(
                FIELD,
                "has characters that are escaped in a URL: use letters, digits, - . _ ~",
            ));
        }
        Ok(Self(Box::from(secret)))
    }

    /// Whether the last segment of the path is the secret, as in `/hooks/typless/<secret>`. A
    /// trailing slash makes no difference.
    pub fn matches_path(&self, path: &str) -> bool {
        let path = path.strip_suffix('/').unwrap_or(path);
        self.equals(path.rsplit('/').next().unwrap_or_default().as_bytes())
    }

    /// Whether the header is the secret, alone or after the word `Bearer`.
    pub fn matches_header(&self, value: Option<&HeaderValue>) -> bool {
        let given = value.map(HeaderValue::as_bytes).unwrap_or_default();
        let bare = match given.split_at_checked(7) {
            Some((word, rest)) if word.eq_ignore_ascii_case(b"bearer ") => rest,
            _ => given,
        };
        self.equals(bare.trim_ascii())
    }

    /// Compares in constant time: the time depends on the lengths only.
    fn equals(&self, given: &[u8]) -> bool {
        let own = self.0.as_bytes();
        let start = u8::from(own.len() != given.len());
        let difference = own
            .iter()
            .zip(given)
            .fold(start, |difference, (own, given)| {
                black_box(difference | (own ^ given))
            });
        black_box(difference) == 0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSecret").finish_non_exhaustive()
    }
}

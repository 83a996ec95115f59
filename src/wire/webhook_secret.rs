//! A secret that tells the service's messages from those of others.

use std::fmt;
use std::hint::black_box;

use http::HeaderValue;

use super::ConfigError;

/// A secret that whoever posts to a webhook has to know.
///
/// The service documents no signature, so this is all that can be had: a part of the path that is told to the service and nobody else, or a header that a proxy of one's own adds. Made by the
/// application; consumed by [`Webhook`](super::Webhook), or by a receiver of one's own. Comparing takes as long wherever the texts differ, so that it can't be guessed piece by piece.
/// It is in no `Debug` and no error.
#[derive(Clone)]
pub struct WebhookSecret(Box<str>);

impl WebhookSecret {
    /// The fewest characters of a secret: 16.
    pub const MIN_LENGTH: usize = 16;

    /// Takes a secret of 16 to 256 characters; 32 random hexadecimal digits are a good one.
    ///
    /// # Errors
    ///
    /// Shorter than [`MIN_LENGTH`](Self::MIN_LENGTH), longer than 256, or with a character that would poll different in a URL: letters, digits and `- . _ ~` are taken.
    pub fn new(secret: &str) -> Result<Self, ConfigError> {
        const FIELD: &str = "webhook_secret";
        if secret.len() < Self::MIN_LENGTH {
            return Err(ConfigError::new(
                FIELD,
                "is shorter than 16 characters: make one of 32 hexadecimal digits by chance",
            ));
        }
        if secret.len() > 256 {
            return Err(ConfigError::new(
                FIELD,
                "is longer than 256 characters: 32 hexadecimal digits by chance are enough",
            ));
        }
        if !secret
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        {
            return Err(ConfigError::new(
                FIELD,
                "has characters that a URL writes in another way: use letters, digits, - . _ ~",
            ));
        }
        Ok(Self(Box::from(secret)))
    }

    /// Whether the last segment of a path is the secret, as in `/hooks/typless/<secret>`; a slash at the end does not matter.
    pub fn matches_path(&self, path: &str) -> bool {
        let path = path.strip_suffix('/').unwrap_or(path);
        self.equals(path.rsplit('/').next().unwrap_or_default().as_bytes())
    }

    /// Whether a header is the secret, alone or after the word `Bearer`.
    pub fn matches_header(&self, value: Option<&HeaderValue>) -> bool {
        let given = value.map(HeaderValue::as_bytes).unwrap_or_default();
        let bare = match given.split_at_checked(7) {
            Some((word, rest)) if word.eq_ignore_ascii_case(b"bearer ") => rest,
            _ => given,
        };
        self.equals(bare.trim_ascii())
    }

    /// Compares without stopping at the first difference; the time tells the lengths at most.
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

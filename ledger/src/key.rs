//! What names an entry.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use typless::wire::{Api, Document};

use crate::canonical::{Canonical, read_hex, write_hex};
use crate::digest::{ContentDigest, DigestError};

/// The name of an entry: a digest of all that makes a submit a different one.
///
/// That is the origin of the base URL, the document type, the customer, and the SHA-256 of the
/// document's bytes; of options that change what is sent, those that are not at their default.
/// Not the document's name, its path, the time or the API key: a renamed file has the same key, and
/// is known.
///
/// As text it has its version, `k1-` and 64 hexadecimal digits, and can be parsed. A version never
/// changes what its keys are made of.
///
/// ```
/// use typless::wire::{Api, Document};
/// use typless_ledger::{EntryKey, with_digest};
///
/// let api = Api::new(Api::PRODUCTION, "my-key")?;
/// let one = Document::new("one.pdf", "line-item-invoice", &b"%PDF-1.7"[..])?;
/// let two = Document::new("renamed.pdf", "line-item-invoice", &b"%PDF-1.7"[..])?;
/// let key = EntryKey::for_document(&api, &with_digest(one)?)?;
/// assert_eq!(key, EntryKey::for_document(&api, &with_digest(two)?)?);
/// assert_eq!(key.to_string().parse(), Ok(key));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryKey(pub(crate) [u8; 32]);

/// What a key is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyParts<'a> {
    pub(crate) origin: &'a str,
    pub(crate) document_type: &'a str,
    pub(crate) customer: Option<&'a str>,
    pub(crate) digest: &'a ContentDigest,
}

/// An option of a submit that changes what is sent, with a value that is not its default.
type PayloadOption<'a> = (&'a str, &'a str);

impl EntryKey {
    /// The version that is written and read.
    pub const VERSION: u8 = 1;

    /// The key of a document that has a digest, submitted to this service.
    ///
    /// # Errors
    ///
    /// The document has no digest, or one that is no SHA-256: see
    /// [`with_digest`](crate::with_digest).
    pub fn for_document(api: &Api, document: &Document) -> Result<Self, DigestError> {
        let digest = document.digest().ok_or(DigestError::Missing)?.parse()?;
        let parts = KeyParts {
            origin: &origin(api),
            document_type: document.document_type(),
            customer: document.customer(),
            digest: &digest,
        };
        Ok(Self::from_parts(parts))
    }

    pub(crate) fn from_parts(parts: KeyParts<'_>) -> Self {
        // A submit has no option yet that changes what is sent.
        Self::with_options(parts, &mut [])
    }

    fn with_options(parts: KeyParts<'_>, options: &mut [PayloadOption<'_>]) -> Self {
        options.sort_unstable();
        let canonical = Canonical::new("typless-ledger key 1")
            .text(parts.origin)
            .text(parts.document_type)
            .optional(parts.customer)
            .bytes(&parts.digest.0);
        let canonical = options.iter().fold(canonical, |canonical, (name, value)| {
            canonical.text(name).text(value)
        });
        Self(canonical.finish())
    }
}

/// Scheme, host and port, as the URL standard writes an origin: in lower case, without the default
/// port.
pub(crate) fn origin(api: &Api) -> String {
    let base = api.base_url();
    let (scheme, rest) = base.split_once("://").unwrap_or(("https", base));
    let authority = rest.split('/').next().unwrap_or_default();
    let (scheme, authority) = (scheme.to_ascii_lowercase(), authority.to_ascii_lowercase());
    let default_port = match scheme.as_str() {
        "https" => ":443",
        _ => ":80",
    };
    let host = authority.strip_suffix(default_port).unwrap_or(&authority);
    format!("{scheme}://{host}")
}

impl fmt::Display for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "k{}-", Self::VERSION)?;
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntryKey({self})")
    }
}

/// As text.
impl Serialize for EntryKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for EntryKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let parts = text.strip_prefix('k').and_then(|rest| rest.split_once('-'));
        let (version, digits) = parts.ok_or(KeyError::NotAKey)?;
        match version.parse::<u32>() {
            Ok(version) if version == u32::from(Self::VERSION) => {
                read_hex(digits).map(Self).ok_or(KeyError::NotAKey)
            }
            Ok(version) => Err(KeyError::OtherVersion { version }),
            Err(_) => Err(KeyError::NotAKey),
        }
    }
}

/// Why a text is no key of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// It is something else, or a part of a key.
    NotAKey,
    /// It is a key of another version.
    OtherVersion {
        /// Its version.
        version: u32,
    },
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAKey => f.write_str("not the key of an entry: it is k1- and 64 digits"),
            Self::OtherVersion { version } => write!(
                f,
                "a key of version {version}, and this program knows version {}: update it",
                EntryKey::VERSION
            ),
        }
    }
}

impl std::error::Error for KeyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_at_its_default_changes_no_key_and_another_value_does() {
        let digest = ContentDigest::from_bytes(b"%PDF");
        let parts = KeyParts {
            origin: "https://developers.typless.com",
            document_type: "line-item-invoice",
            customer: None,
            digest: &digest,
        };
        let plain = EntryKey::from_parts(parts);
        assert_eq!(EntryKey::with_options(parts, &mut []), plain);
        let (a, b) = (("a", "1"), ("b", "2"));
        let both = EntryKey::with_options(parts, &mut [a, b]);
        assert_ne!(both, plain);
        assert_ne!(
            both,
            EntryKey::with_options(parts, &mut [("a", "1b"), ("", "2")])
        );
        assert_eq!(both, EntryKey::with_options(parts, &mut [b, a]));
    }

    #[test]
    fn an_origin_is_written_in_one_way() {
        let origin_of = |url: &str| origin(&Api::over_plain_http(url, "key").expect(url));
        for url in [
            "https://developers.typless.com",
            "HTTPS://Developers.Typless.com:443/api/v1/",
            "https://developers.typless.com/mount/",
        ] {
            assert_eq!(origin_of(url), "https://developers.typless.com");
        }
        assert_eq!(origin_of("http://[::1]:80"), "http://[::1]");
        assert_eq!(origin_of("http://localhost:443"), "http://localhost:443");
    }
}

//! What tells documents apart: the SHA-256 of their bytes.

use std::fmt;
use std::io;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use typless::wire::Document;

use crate::canonical::{read_hex, write_hex};

/// The SHA-256 of a document's bytes. As text it has 64 hexadecimal digits.
///
/// ```
/// use typless_ledger::ContentDigest;
///
/// let digest = ContentDigest::from_bytes(b"%PDF-1.7");
/// assert_eq!(digest.to_string().parse(), Ok(digest));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentDigest(pub(crate) [u8; 32]);

impl ContentDigest {
    /// The digest of these bytes.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of a document, which is read once, in blocks of 64 KiB.
    ///
    /// # Errors
    ///
    /// The document can't be read.
    pub fn from_document(document: &Document) -> io::Result<Self> {
        let mut content = document.open()?;
        let mut digest = Sha256::new();
        let mut block = vec![0; 64 * 1024];
        loop {
            match content.read(&mut block) {
                Ok(0) => return Ok(Self(digest.finalize().into())),
                Ok(length) => digest.update(block.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Sets the digest of a document's bytes, by which a ledger knows it. The document is read once.
///
/// ```
/// use typless::wire::Document;
///
/// let document = Document::new("4711.pdf", "line-item-invoice", &b"%PDF-1.7"[..])?;
/// let document = typless_ledger::with_digest(document)?;
/// assert_eq!(document.digest().map(str::len), Some(64));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The document can't be read.
pub fn with_digest(document: Document) -> io::Result<Document> {
    let digest = ContentDigest::from_document(&document)?;
    document
        .with_digest(&digest.to_string())
        .map_err(io::Error::other)
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentDigest({self})")
    }
}

impl FromStr for ContentDigest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        read_hex(text).map(Self).ok_or(DigestError::NotSha256)
    }
}

/// Why a document has no entry: it is known by its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DigestError {
    /// The document has no digest.
    Missing,
    /// The digest is not a SHA-256 of 64 hexadecimal digits.
    NotSha256,
}

impl fmt::Display for DigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => {
                "the document has no digest: set it with typless_ledger::with_digest or \
                 Document::with_digest"
            }
            Self::NotSha256 => {
                "the digest is not a SHA-256 of 64 hexadecimal digits: set it with \
                 typless_ledger::with_digest"
            }
        })
    }
}

impl std::error::Error for DigestError {}

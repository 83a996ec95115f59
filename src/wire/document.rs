//! What is submitted: a file, and how the service is to read it.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;

use super::ConfigError;

/// A document to submit: a file, its name, and the document type that says which fields are wanted.
///
/// Made by the application, consumed by [`SubmitRequest`](super::SubmitRequest) or [`Job::submit`](crate::machine::Job::submit). Cheap to clone: the bytes are shared.
/// Values the service would refuse are refused here, where it costs nothing.
#[derive(Clone)]
pub struct Document {
    file_name: Arc<str>,
    document_type: Arc<str>,
    customer: Option<Arc<str>>,
    reference: Option<Arc<str>>,
    content: Content,
}

/// Where a document's bytes come from when they should not sit in memory: a file, an object store, a database.
///
/// Implemented by the application, or use `FileSource` of `typless-transports`. Opened anew for each attempt to send it; what it yields must be as long
/// as it said, and the same each time.
pub trait DocumentSource: Send + Sync + 'static {
    /// The number of bytes it will yield.
    fn len(&self) -> u64;

    /// Whether it will yield no bytes; such a document is refused.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Starts reading from the first byte.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being read; it ends the job, and is told as [`SourceError`](super::SourceError).
    fn open(&self) -> io::Result<Box<dyn Read + Send>>;
}

#[derive(Clone)]
pub(crate) enum Content {
    Memory(Bytes),
    /// The length is asked once: it decides `Content-Length`, and the body holds the source to it.
    Source {
        source: Arc<dyn DocumentSource>,
        len: u64,
    },
}

impl Document {
    /// The longest file name taken, in bytes.
    pub const MAX_FILE_NAME_BYTES: usize = 255;

    /// The longest document type, customer or reference taken, in bytes.
    pub const MAX_TEXT_BYTES: usize = 1024;

    /// A document whose bytes are in memory.
    ///
    /// `file_name` ends in the type suffix, as in `invoice.pdf` (PDF, JPG, PNG and TIFF are taken by the service). `document_type` is the name
    /// of a document type of the account.
    ///
    /// # Errors
    ///
    /// No bytes; or a name or type that is empty, too long, or has control characters.
    pub fn new(
        file_name: &str,
        document_type: &str,
        content: impl Into<Bytes>,
    ) -> Result<Self, ConfigError> {
        Self::with_content(file_name, document_type, Content::Memory(content.into()))
    }

    /// A document that is read when it is sent, and again for each further attempt.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn from_source(
        file_name: &str,
        document_type: &str,
        source: impl DocumentSource,
    ) -> Result<Self, ConfigError> {
        Self::with_content(
            file_name,
            document_type,
            Content::Source {
                len: source.len(),
                source: Arc::new(source),
            },
        )
    }

    /// Names the company the document belongs to, where several share one key; lists of finished documents can be filtered by it.
    ///
    /// # Errors
    ///
    /// Empty, too long, or with control characters. Leave it out rather than give an empty one.
    pub fn with_customer(mut self, customer: &str) -> Result<Self, ConfigError> {
        self.customer = Some(checked_customer(customer)?);
        Ok(self)
    }

    /// Gives the caller's own name for the document, such as a path or a row's key.
    ///
    /// It is never sent. It is kept in tickets and snapshots, so that the document can be found again.
    ///
    /// # Errors
    ///
    /// Empty, too long, or with control characters.
    pub fn with_reference(mut self, reference: &str) -> Result<Self, ConfigError> {
        self.reference = Some(checked("reference", reference, Self::MAX_TEXT_BYTES)?);
        Ok(self)
    }

    /// The file's name.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// The name of the document type.
    pub fn document_type(&self) -> &str {
        &self.document_type
    }

    /// The company it belongs to, if one was named.
    pub fn customer(&self) -> Option<&str> {
        self.customer.as_deref()
    }

    /// The caller's own name for it, if one was given.
    pub fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// Document type, customer and reference, to be shared.
    pub(crate) fn names(&self) -> (&Arc<str>, Option<&Arc<str>>, Option<&Arc<str>>) {
        (
            &self.document_type,
            self.customer.as_ref(),
            self.reference.as_ref(),
        )
    }

    /// The number of bytes of the file; never zero.
    #[expect(
        clippy::len_without_is_empty,
        reason = "an empty document can't be made"
    )]
    pub fn len(&self) -> u64 {
        self.content.len()
    }

    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    fn with_content(
        file_name: &str,
        document_type: &str,
        content: Content,
    ) -> Result<Self, ConfigError> {
        let file_name = checked("file_name", file_name, Self::MAX_FILE_NAME_BYTES)?;
        let document_type = checked("document_type", document_type, Self::MAX_TEXT_BYTES)?;
        match content.len() {
            0 => {
                return Err(ConfigError::new(
                    "file",
                    "is empty: an empty document would be billed and could not be read",
                ));
            }
            // Base64 makes four bytes of three, and the length is counted in 64 bits.
            length if length > u64::MAX / 2 => {
                return Err(ConfigError::new(
                    "file",
                    "has more bytes than can be counted once encoded",
                ));
            }
            _ => {}
        }
        Ok(Self {
            file_name,
            document_type,
            customer: None,
            reference: None,
            content,
        })
    }
}

impl Content {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Source { len, .. } => *len,
        }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("file_name", &self.file_name)
            .field("document_type", &self.document_type)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// A customer as it may be named at a submit, and asked for in the queue.
pub(super) fn checked_customer(customer: &str) -> Result<Arc<str>, ConfigError> {
    checked("customer", customer, Document::MAX_TEXT_BYTES)
}

fn checked(field: &'static str, text: &str, max_bytes: usize) -> Result<Arc<str>, ConfigError> {
    if text.is_empty() {
        return Err(ConfigError::new(
            field,
            "is empty: give a name, or leave it out where it is optional",
        ));
    }
    if text.len() > max_bytes {
        return Err(ConfigError::new(
            field,
            format!(
                "has {} bytes: at max_bytes {max_bytes} are taken",
                text.len()
            ),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(ConfigError::new(
            field,
            "has control characters: take them out",
        ));
    }
    Ok(Arc::from(text))
}

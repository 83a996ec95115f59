//! Documents to submit.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;

use super::{ConfigError, NameToken};

/// A document to submit: a file, its name, and the document type that defines its fields.
///
/// Cheap to clone, since the bytes are shared. Values that the service would reject are rejected
/// here already.
///
/// ```
/// use typless::wire::Document;
///
/// let bytes = b"%PDF-1.7".to_vec(); // the file
/// let document = Document::new("4711.pdf", "line-item-invoice", bytes)?
///     .with_customer("acme")?
///     .with_reference("row 4711")?; // yours: it comes back with each event
/// assert_eq!(document.len(), 8);
/// # Ok::<(), typless::wire::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Document {
    file_name: Arc<str>,
    document_type: Arc<str>,
    customer: Option<Arc<str>>,
    reference: Option<Arc<str>>,
    digest: Option<Arc<str>>,
    name_token: Option<NameToken>,
    content: Content,
}

/// The bytes of a document that are not in memory: a file, an object store, a database.
///
/// Implement it, or use `FileSource` of `typless-transports`. It is opened for each attempt to send
/// the document. It must yield as many bytes as it declared, and the same bytes each time. A panic
/// while it is opened or read counts as an error of the source.
pub trait DocumentSource: Send + Sync + 'static {
    /// The number of bytes that the source yields.
    fn len(&self) -> u64;

    /// Whether the source yields no bytes. Such a document is rejected.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Starts reading at the first byte.
    ///
    /// # Errors
    ///
    /// The source can't be read. The job finishes with this error, as a
    /// [`SourceError`](super::SourceError).
    fn open(&self) -> io::Result<Box<dyn Read + Send>>;
}

#[derive(Clone)]
pub(crate) enum Content {
    Memory(Bytes),
    /// The length is read once. It becomes the `Content-Length`, and the source must match it.
    Source {
        source: Arc<dyn DocumentSource>,
        len: u64,
    },
}

impl Document {
    /// The maximum length of a file name, in bytes.
    pub const MAX_FILE_NAME_BYTES: usize = 255;

    /// The maximum length of a document type, customer, reference or digest, in bytes.
    pub const MAX_TEXT_BYTES: usize = 1024;

    /// A document in memory.
    ///
    /// `file_name` has the suffix of its type, such as `invoice.pdf`; the service accepts PDF, JPG,
    /// PNG and TIFF. `document_type` is the name of a document type in the account.
    ///
    /// # Errors
    ///
    /// The content is empty, or a name is empty, too long, or has control characters.
    pub fn new(
        file_name: &str,
        document_type: &str,
        content: impl Into<Bytes>,
    ) -> Result<Self, ConfigError> {
        Self::with_content(file_name, document_type, Content::Memory(content.into()))
    }

    /// A document that is read from a source for each attempt to send it.
    ///
    /// # Errors
    ///
    /// Like [`new`](Self::new).
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

    /// Sets the customer: the company that the document belongs to, if several share one key. A
    /// listing can be filtered by it.
    ///
    /// # Errors
    ///
    /// The customer is empty, too long, or has control characters.
    pub fn with_customer(mut self, customer: &str) -> Result<Self, ConfigError> {
        self.customer = Some(checked_customer(customer)?);
        Ok(self)
    }

    /// Sets your own reference to the document, such as a path or a primary key.
    ///
    /// It is never sent. Tickets and snapshots contain it, so you can find the document again.
    ///
    /// # Errors
    ///
    /// The reference is empty, too long, or has control characters.
    pub fn with_reference(mut self, reference: &str) -> Result<Self, ConfigError> {
        self.reference = Some(checked("reference", reference, Self::MAX_TEXT_BYTES)?);
        Ok(self)
    }

    /// Sets the digest of the content, in a form of your choice, such as SHA-256 in hexadecimal.
    ///
    /// It is never sent. A [`Snapshot`](crate::machine::Snapshot) contains it as long as the
    /// document is needed, so that no other document takes its place: a job is not restored with a
    /// document that has another digest. Without one on either side the length is compared alone.
    ///
    /// # Errors
    ///
    /// The digest is empty, too long, or has control characters.
    pub fn with_digest(mut self, digest: &str) -> Result<Self, ConfigError> {
        self.digest = Some(checked("digest", digest, Self::MAX_TEXT_BYTES)?);
        Ok(self)
    }

    /// Sets a mark in the name under which the document is submitted: see [`NameToken`]. A name
    /// that would then be longer than [`MAX_FILE_NAME_BYTES`](Self::MAX_FILE_NAME_BYTES) is sent
    /// without it.
    ///
    /// [`file_name`](Self::file_name) does not have it, nor has the result.
    #[must_use]
    pub fn with_name_token(mut self, token: NameToken) -> Self {
        self.name_token = Some(token);
        self
    }

    /// The name under which it is submitted.
    pub(super) fn sent_name(&self) -> Cow<'_, str> {
        let marked = self
            .name_token
            .and_then(|token| token.insert(&self.file_name));
        marked.map_or(Cow::Borrowed(&*self.file_name), Cow::Owned)
    }

    /// The file name.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// The name of the document type.
    pub fn document_type(&self) -> &str {
        &self.document_type
    }

    /// The customer, if one was set.
    pub fn customer(&self) -> Option<&str> {
        self.customer.as_deref()
    }

    /// The caller's reference, if one was set.
    pub fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// The digest of the content, if one was set.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The digest, for sharing.
    pub(crate) fn shared_digest(&self) -> Option<&Arc<str>> {
        self.digest.as_ref()
    }

    /// Document type, customer and reference, for sharing.
    pub(crate) fn names(&self) -> (&Arc<str>, Option<&Arc<str>>, Option<&Arc<str>>) {
        (
            &self.document_type,
            self.customer.as_ref(),
            self.reference.as_ref(),
        )
    }

    /// The length of the file in bytes; never zero.
    #[expect(
        clippy::len_without_is_empty,
        reason = "an empty document can't be made"
    )]
    pub fn len(&self) -> u64 {
        self.content.len()
    }

    /// Starts reading the content at the first byte, such as to compute its digest.
    ///
    /// # Errors
    ///
    /// The source can't be read.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        match &self.content {
            Content::Memory(bytes) => Ok(Box::new(io::Cursor::new(bytes.clone()))),
            Content::Source { source, .. } => source.open(),
        }
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
            // Base64 makes 4 bytes of 3, and the length of the body must fit into 64 bits.
            length if length > u64::MAX / 2 => {
                return Err(ConfigError::new("file", "is too long to be encoded"));
            }
            _ => {}
        }
        Ok(Self {
            file_name,
            document_type,
            customer: None,
            reference: None,
            digest: None,
            name_token: None,
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

/// A valid customer, for a submit or a listing.
pub(super) fn checked_customer(customer: &str) -> Result<Arc<str>, ConfigError> {
    checked("customer", customer, Document::MAX_TEXT_BYTES)
}

fn checked(field: &'static str, text: &str, max_bytes: usize) -> Result<Arc<str>, ConfigError> {
    if text.is_empty() {
        return Err(ConfigError::new(
            field,
            "is empty: give a name, or leave it out if it is optional",
        ));
    }
    if text.len() > max_bytes {
        return Err(ConfigError::new(
            field,
            format!("has {} bytes: at most {max_bytes} are allowed", text.len()),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(ConfigError::new(
            field,
            "has control characters: remove them",
        ));
    }
    Ok(Arc::from(text))
}

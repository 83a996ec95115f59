//! A document as text, without its bytes.

use std::io::{self, Read};

use serde::{Deserialize, Serialize};

use crate::wire::{ConfigError, Document, DocumentSource};

/// What a machine's outputs depend on: the names and the length.
#[derive(Serialize, Deserialize)]
pub(super) struct Described {
    bytes: u64,
    file_name: String,
    document_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
}

impl Described {
    pub(super) fn new(document: &Document) -> Self {
        let owned = |name: Option<&str>| name.map(str::to_owned);
        Self {
            bytes: document.len(),
            file_name: document.file_name().to_owned(),
            document_type: document.document_type().to_owned(),
            customer: owned(document.customer()),
            reference: owned(document.reference()),
            digest: owned(document.digest()),
        }
    }

    /// A document of these names and this length, with blanks for content.
    pub(super) fn document(&self) -> Result<Document, ConfigError> {
        let blanks = Blanks(self.bytes);
        let mut document = Document::from_source(&self.file_name, &self.document_type, blanks)?;
        if let Some(customer) = &self.customer {
            document = document.with_customer(customer)?;
        }
        if let Some(reference) = &self.reference {
            document = document.with_reference(reference)?;
        }
        if let Some(digest) = &self.digest {
            document = document.with_digest(digest)?;
        }
        Ok(document)
    }
}

/// So many blanks, in no memory.
struct Blanks(u64);

impl DocumentSource for Blanks {
    fn len(&self) -> u64 {
        self.0
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(io::repeat(b' ').take(self.0)))
    }
}

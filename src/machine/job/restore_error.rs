//! Why a job can't be restored.

use std::error::Error;
use std::fmt;

/// Why a job can't be restored from a snapshot. Nothing has changed: try again with what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestoreError {
    /// The document is still to be submitted, and was not passed in: see
    /// [`Snapshot::needs_document`](super::Snapshot::needs_document).
    DocumentMissing,
    /// The document is not the one that the job was created with.
    OtherDocument(DocumentDifference),
    /// The batch is [closed](crate::machine::Batch::close).
    Closed,
}

/// What tells a document from the one that a job was created with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DocumentDifference {
    /// Its document type.
    DocumentType,
    /// Its customer.
    Customer,
    /// Its length.
    Length {
        /// That of the job's document, in bytes.
        expected: u64,
        /// That of the given document, in bytes.
        given: u64,
    },
    /// The digest that the caller set with
    /// [`Document::with_digest`](crate::wire::Document::with_digest).
    Digest,
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DocumentMissing => f.write_str(
                "the document is still to be submitted: pass it in, its reference tells which",
            ),
            Self::OtherDocument(difference) => {
                f.write_str("this is not the document of the snapshot: ")?;
                match difference {
                    DocumentDifference::DocumentType => f.write_str("its document type differs"),
                    DocumentDifference::Customer => f.write_str("its customer differs"),
                    DocumentDifference::Length { expected, given } => {
                        write!(f, "it has {given} bytes instead of {expected}")
                    }
                    DocumentDifference::Digest => f.write_str("its digest differs"),
                }
            }
            Self::Closed => f.write_str("the batch is closed: restore before it is"),
        }
    }
}

impl Error for RestoreError {}

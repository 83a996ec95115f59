//! What is stored of a document.

use serde::{Deserialize, Serialize};
use typless::machine::{JobError, Snapshot, ThrottleState, Ticket};
use typless::wire::Extraction;

/// A document and where it stands.
#[derive(Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) document: StoredDocument,
    pub(crate) state: State,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StoredDocument {
    /// The SHA-256 of its content: the name of its file, and the reference of its job.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) document_type: String,
    pub(crate) len: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Nothing was sent.
    New,
    /// It was begun. Each snapshot takes the place of the one before.
    Unfinished(Snapshot),
    /// It was reported as unknown, and had been accepted after all: it is resumed.
    Submitted(Ticket),
    Succeeded(Extraction),
    /// It is never submitted again by itself. `SubmitUnknown` may be billed.
    Failed(JobError),
}

/// One entry of the log.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    Row(Row),
    /// What is known of the service. With it, a start in an outage costs one request.
    Throttle(ThrottleState),
}

impl Entry {
    /// An entry takes the place of earlier ones with the same key.
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Row(row) => &row.document.id,
            Self::Throttle(_) => "throttle",
        }
    }
}

impl State {
    /// What a client of this service sees.
    pub(crate) fn status(&self) -> &'static str {
        match self {
            Self::New | Self::Unfinished(_) | Self::Submitted(_) => "pending",
            Self::Succeeded(_) => "succeeded",
            Self::Failed(JobError::SubmitUnknown { .. }) => "unknown",
            Self::Failed(_) => "failed",
        }
    }
}

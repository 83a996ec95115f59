//! What is known of one document.

use serde::{Deserialize, Serialize, Serializer};
use typless::machine::{JobError, Snapshot, Ticket, TicketError, Time};
use typless::wire::{Extraction, ExtractionId};

use crate::account::ApiKeyDigest;
use crate::digest::ContentDigest;
use crate::key::{EntryKey, KeyParts};

/// What a ledger knows of one document: what it was submitted as, and how far that came.
///
/// Never the document, nor the API key. Serialized, it is an object for people and for export; a
/// ledger does not read it back.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its row; 0 before it has one.
    pub(crate) row: i64,
    pub(crate) key: EntryKey,
    pub(crate) origin: String,
    pub(crate) document_type: String,
    pub(crate) customer: Option<String>,
    pub(crate) len: u64,
    pub(crate) digest: ContentDigest,
    /// JSON: a list of [`Name`]s. `None` if there are none.
    pub(crate) names: Option<String>,
    pub(crate) state: EntryState,
    /// Which process follows it, unless it has finished.
    pub(crate) process: Option<i64>,
    pub(crate) api_key: ApiKeyDigest,
    pub(crate) snapshot: Option<String>,
    pub(crate) ticket: Option<String>,
    pub(crate) extraction_id: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) result: Option<String>,
    /// JSON: a list of ids. `None` if there are none.
    pub(crate) other_ids: Option<String>,
    pub(crate) first_seen_at: Time,
    pub(crate) submitted_at: Option<Time>,
    pub(crate) finished_at: Option<Time>,
    pub(crate) expires_at: Option<Time>,
}

/// How far an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EntryState {
    /// To be submitted, or to be submitted again: nothing was accepted.
    Ready,
    /// A submit was announced, and may have been accepted.
    Submitting,
    /// The service accepted the document, and returned its id.
    Submitted,
    /// It has an outcome.
    Finished,
}

/// A name under which a document was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Name {
    /// The reference of the document, such as its path.
    pub name: String,
    /// When it was seen last.
    #[serde(rename = "seen_at_ms")]
    pub seen_at: Time,
}

/// The outcome of an entry, as far as it is stored.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Outcome {
    /// [`Outcome::SUCCESS`], the [code](JobError::code) of the error, or [`Outcome::RELEASED`].
    pub code: String,
    /// When it was known.
    pub finished_at: Option<Time>,
    /// Why there is no result. Without what the service sent that could not be read, unless
    /// results are stored.
    pub error: Option<JobError>,
    /// The result, if results are stored.
    pub result: Option<Extraction>,
}

impl Outcome {
    /// The code of an extraction that succeeded.
    pub const SUCCESS: &'static str = "success";

    /// The code of an entry whose document may be submitted again, since somebody said so.
    pub const RELEASED: &'static str = "released";
}

impl Entry {
    /// Its key.
    pub fn key(&self) -> EntryKey {
        self.key
    }

    /// The origin of the service: scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The document type.
    pub fn document_type(&self) -> &str {
        &self.document_type
    }

    /// The customer.
    pub fn customer(&self) -> Option<&str> {
        self.customer.as_deref()
    }

    /// The length of the document in bytes.
    #[expect(clippy::len_without_is_empty, reason = "no document is empty")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The digest of the document.
    pub fn digest(&self) -> ContentDigest {
        self.digest
    }

    /// The names under which the document was seen, the oldest first; at most the newest
    /// [`MAX_NAMES`](Self::MAX_NAMES).
    pub fn names(&self) -> Vec<Name> {
        self.names.as_deref().map_or_else(Vec::new, list)
    }

    /// How far it is.
    pub fn state(&self) -> EntryState {
        self.state
    }

    /// The id of the extraction, once there is one.
    pub fn extraction_id(&self) -> Option<ExtractionId> {
        ExtractionId::new(self.extraction_id.as_deref()?).ok()
    }

    /// The ids of other extractions of the same document: submitted before, because somebody said
    /// so, or by a submit that was repeated.
    pub fn other_ids(&self) -> Vec<ExtractionId> {
        self.other_ids.as_deref().map_or_else(Vec::new, list)
    }

    /// The ticket with which the extraction is fetched, once the document was accepted.
    ///
    /// # Errors
    ///
    /// It was written by a newer version.
    pub fn ticket(&self) -> Result<Option<Ticket>, TicketError> {
        self.ticket.as_deref().map(Ticket::from_json).transpose()
    }

    /// All that the job knew, unless it has finished.
    ///
    /// # Errors
    ///
    /// It was written by a newer version.
    pub fn snapshot(&self) -> Result<Option<Snapshot>, TicketError> {
        self.snapshot
            .as_deref()
            .map(Snapshot::from_json)
            .transpose()
    }

    /// The outcome, if it has finished.
    pub fn outcome(&self) -> Option<Outcome> {
        let code = self.outcome.clone()?;
        let read = |text: &String| serde_json::from_str(text).ok();
        Some(Outcome {
            code,
            finished_at: self.finished_at,
            error: self.error.as_ref().and_then(read),
            result: self
                .result
                .as_ref()
                .and_then(|text| serde_json::from_str(text).ok()),
        })
    }

    /// When it was made.
    pub fn first_seen_at(&self) -> Time {
        self.first_seen_at
    }

    /// When the service accepted the document, or when a submit was announced of which it is not
    /// known.
    pub fn submitted_at(&self) -> Option<Time> {
        self.submitted_at
    }

    /// When its outcome was known.
    pub fn finished_at(&self) -> Option<Time> {
        self.finished_at
    }

    /// Until when the service keeps the result at least: 48 hours after the submit.
    pub fn expires_at(&self) -> Option<Time> {
        self.expires_at
    }

    pub(crate) fn key_parts(&self) -> KeyParts<'_> {
        KeyParts {
            origin: &self.origin,
            document_type: &self.document_type,
            customer: self.customer.as_deref(),
            digest: &self.digest,
        }
    }
}

/// A list that was stored as JSON. Its row was checked, so it can be read.
pub(crate) fn list<T: for<'de> Deserialize<'de>>(json: &str) -> Vec<T> {
    serde_json::from_str(json).unwrap_or_default()
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// The form for export.
        #[derive(Serialize)]
        struct Export<'a> {
            key: EntryKey,
            state: EntryState,
            #[serde(skip_serializing_if = "Option::is_none")]
            outcome: Option<&'a str>,
            names: Vec<Name>,
            origin: &'a str,
            document_type: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            customer: Option<&'a str>,
            document_bytes: u64,
            sha256: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            extraction_id: Option<&'a str>,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            other_ids: Vec<ExtractionId>,
            first_seen_at_ms: Time,
            #[serde(skip_serializing_if = "Option::is_none")]
            submitted_at_ms: Option<Time>,
            #[serde(skip_serializing_if = "Option::is_none")]
            finished_at_ms: Option<Time>,
            #[serde(skip_serializing_if = "Option::is_none")]
            expires_at_ms: Option<Time>,
            #[serde(skip_serializing_if = "Option::is_none")]
            error: Option<JobError>,
            #[serde(skip_serializing_if = "Option::is_none")]
            result: Option<Extraction>,
        }
        let (error, result) = self
            .outcome()
            .map_or((None, None), |outcome| (outcome.error, outcome.result));
        let export = Export {
            key: self.key,
            state: self.state,
            outcome: self.outcome.as_deref(),
            names: self.names(),
            origin: &self.origin,
            document_type: &self.document_type,
            customer: self.customer.as_deref(),
            document_bytes: self.len,
            sha256: self.digest.to_string(),
            extraction_id: self.extraction_id.as_deref(),
            other_ids: self.other_ids(),
            first_seen_at_ms: self.first_seen_at,
            submitted_at_ms: self.submitted_at,
            finished_at_ms: self.finished_at,
            expires_at_ms: self.expires_at,
            error,
            result,
        };
        export.serialize(serializer)
    }
}

//! What is stored of a job that has not finished.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::job_mut::Submission;
use super::record::{Record, State};
use super::restore_error::{DocumentDifference, RestoreError};
use super::snapshot_wire::SnapshotWire;
use super::ticket::{DocumentMeta, Ticket};
use crate::machine::stored_json::{self, TicketError};
use crate::machine::time::Time;
use crate::wire::{Document, ExtractionId};

/// All that a job knows, from its first moment to its outcome: its attempts, its ticket, when it is
/// due, what the service asked it to wait for, and what to recognise its document by. Never the
/// document itself, nor the API key.
///
/// [`Job::snapshot`](crate::machine::Job::snapshot) and
/// [`Batch::snapshot`](crate::machine::Batch::snapshot) return it;
/// [`Job::restore`](crate::machine::Job::restore) and
/// [`Batch::restore`](crate::machine::Batch::restore) take it, in another process as well, and the
/// job goes on as if it had never stopped: see law 12 of [`machine`](crate::machine). If one is
/// stored before the loop goes on, it shows after a crash whether the document may have been
/// submitted.
///
/// It can be serialized with [`serde`] or [`to_json`](Self::to_json), and contains a version and a
/// checksum, as a [`Ticket`] does. A ticket is what to hand on to others, and a snapshot what to
/// store.
///
/// ```
/// use typless::machine::{Job, JobOptions, Machine, Output, Snapshot, Time};
/// use typless::wire::{Api, Document};
///
/// let api = Api::new(Api::PRODUCTION, "my-key")?;
/// let document = || {
///     let document = Document::new("4711.pdf", "line-item-invoice", &b"%PDF"[..])?;
///     document.with_reference("row 4711")
/// };
/// let now = Time::from_unix_seconds(1_700_000_000);
/// let mut job = Job::submit(&api, document()?, JobOptions::new(), now);
/// let stored = job.snapshot().expect("it has not finished").to_json();
///
/// // The process ends here, before anything was sent, and another one starts.
/// let snapshot = Snapshot::from_json(&stored)?;
/// assert_eq!(snapshot.reference(), Some("row 4711"));
/// let document = snapshot.needs_document().then(document).transpose()?;
/// let mut job = Job::restore(&api, &snapshot, document, JobOptions::new(), now)?;
/// assert!(matches!(job.next_output(now), Output::Event(_))); // `Submitting`
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SnapshotWire", into = "SnapshotWire")]
pub struct Snapshot {
    /// In whole milliseconds, and in no state that only events tell apart.
    pub(crate) record: Record,
    pub(crate) taken_at: Time,
    pub(crate) extraction_id: Option<ExtractionId>,
    pub(crate) meta: Arc<DocumentMeta>,
    /// `None` where no document is needed any more.
    pub(crate) document: Option<DocumentFacts>,
}

/// What a document is recognised by, besides its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DocumentFacts {
    pub(crate) bytes: u64,
    pub(crate) digest: Option<Arc<str>>,
}

impl Snapshot {
    /// The version that is written and read.
    pub const VERSION: u32 = 2;

    /// The snapshot of a job; `None` once it has finished.
    pub(crate) fn from_record(
        record: &Record,
        extraction_id: Option<&ExtractionId>,
        meta: &Arc<DocumentMeta>,
        submission: Option<&Submission>,
        now: Time,
    ) -> Option<Self> {
        let state = match record.state {
            State::Finished(_) => return None,
            // From the `Submitting` event on it may have been sent: a stored snapshot does not show
            // how far the process came.
            State::SubmitEmitted => State::Submitting,
            state => state,
        };
        let record = Record {
            state,
            due: record.due.to_next_millisecond(),
            not_before: record.not_before.to_next_millisecond(),
            deadline: record.deadline.to_millisecond(),
            submitted_at: record.submitted_at.to_millisecond(),
            polled_at: record.polled_at.to_millisecond(),
            ..*record
        };
        Some(Self {
            record,
            taken_at: now.to_millisecond(),
            extraction_id: extraction_id.cloned(),
            meta: meta.clone(),
            document: submission.map(Submission::facts),
        })
    }

    /// The caller's reference of the document.
    pub fn reference(&self) -> Option<&str> {
        self.meta.reference.as_deref()
    }

    /// The document type.
    pub fn document_type(&self) -> Option<&str> {
        self.meta.document_type.as_deref()
    }

    /// The customer.
    pub fn customer(&self) -> Option<&str> {
        self.meta.customer.as_deref()
    }

    /// The digest of the document, if it was given with
    /// [`Document::with_digest`], while the document is needed.
    pub fn document_digest(&self) -> Option<&str> {
        self.document.as_ref()?.digest.as_deref()
    }

    /// The length of the document in bytes, while it is needed.
    pub fn document_len(&self) -> Option<u64> {
        Some(self.document.as_ref()?.bytes)
    }

    /// The ticket to hand on to others, once the service has returned the extraction id.
    pub fn ticket(&self) -> Option<Ticket> {
        Ticket::from_record(&self.meta, self.extraction_id.as_ref(), &self.record)
    }

    /// When it was taken, in whole milliseconds.
    pub fn taken_at(&self) -> Time {
        self.taken_at
    }

    /// When the job finishes at the latest, except for one last poll.
    pub fn deadline(&self) -> Time {
        self.record.deadline
    }

    /// Whether a submit may have been sent whose response is not known. Restoring then finishes
    /// with [`JobError::SubmitUnknown`](crate::machine::JobError::SubmitUnknown), unless
    /// resubmissions are allowed and the document is passed in.
    pub fn may_be_submitted(&self) -> bool {
        self.record.state == State::Submitting
    }

    /// Whether the service may have accepted the document, as far as the snapshot knows: it has an
    /// id, a submit [may have been sent](Self::may_be_submitted), or an earlier one that may have
    /// arrived is to be repeated.
    pub fn may_be_billed(&self) -> bool {
        self.record.state != State::Ready || self.record.resubmissions > 0
    }

    /// Whether the job can't go on without its document: it is still to be submitted.
    pub fn needs_document(&self) -> bool {
        self.record.state == State::Ready
    }

    /// Checks that a document is the one of this job, as far as that is known.
    pub(crate) fn check_document(&self, document: Option<&Document>) -> Result<(), RestoreError> {
        let Some(document) = document else {
            return if self.needs_document() {
                Err(RestoreError::DocumentMissing)
            } else {
                Ok(())
            };
        };
        let (own_type, own_customer) = (self.document_type(), self.customer());
        let difference = if own_type.is_some_and(|own| own != document.document_type()) {
            DocumentDifference::DocumentType
        } else if own_type.is_some() && own_customer != document.customer() {
            DocumentDifference::Customer
        } else {
            match &self.document {
                Some(facts) if facts.bytes != document.len() => DocumentDifference::Length {
                    expected: facts.bytes,
                    given: document.len(),
                },
                Some(DocumentFacts {
                    digest: Some(digest),
                    ..
                }) if document.digest().is_some_and(|given| given != &**digest) => {
                    DocumentDifference::Digest
                }
                _ => return Ok(()),
            }
        };
        Err(RestoreError::OtherDocument(difference))
    }

    /// The snapshot as one line of JSON.
    pub fn to_json(&self) -> String {
        // Texts and numbers always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a snapshot.
    ///
    /// # Errors
    ///
    /// It is no snapshot, its version is newer, or it was altered.
    pub fn from_json(json: &str) -> Result<Self, TicketError> {
        stored_json::read::<SnapshotWire, _>("snapshot", "typless_snapshot", Self::VERSION, json)
    }
}

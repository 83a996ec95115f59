//! What is stored of a job between two processes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::machine::check::Check;
use crate::machine::stored_json::{self, TicketError, check_contents, check_version};
use crate::machine::time::Time;
use crate::wire::{Document, ExtractionId};

/// The handle of a submitted job: all that another process needs to resume it later.
///
/// [`Job`](crate::machine::Job) and [`Batch`](crate::machine::Batch) return it as soon as the
/// service has returned the extraction id; [`Job::resume`](crate::machine::Job::resume) and
/// [`Batch::resume`](crate::machine::Batch::resume) take it. It can be serialized with [`serde`] or
/// [`to_json`](Self::to_json). Times are absolute, nothing in it is secret, and it contains a
/// version and a checksum: store it unchanged. Its JSON fields may be reordered and reformatted, as
/// databases do.
///
/// ```
/// use typless::machine::{Job, JobOptions, Machine, Output, Ticket, Time};
/// use typless::wire::{Api, ExtractionId};
///
/// let now = Time::from_unix_seconds(1_700_000_000);
/// let deadline = Time::from_unix_seconds(1_700_003_600);
/// let ticket = Ticket::new(ExtractionId::new("0d14338251a6db69")?, now, deadline);
/// let stored = ticket.to_json();
///
/// // Anywhere else, with the same account:
/// let ticket = Ticket::from_json(&stored)?;
/// let api = Api::new(Api::PRODUCTION, "my-key")?;
/// let mut job = Job::resume(&api, &ticket, JobOptions::new(), now);
/// assert!(matches!(job.next_output(now), Output::Event(_))); // `PollDue`
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "TicketWire", into = "TicketWire")]
pub struct Ticket {
    extraction_id: ExtractionId,
    meta: Arc<DocumentMeta>,
    submitted_at: Time,
    deadline: Time,
}

impl Ticket {
    /// The version that is written; it and earlier ones are read.
    pub const VERSION: u32 = 1;

    /// A ticket for an extraction of which only the id is known.
    pub fn new(extraction_id: ExtractionId, submitted_at: Time, deadline: Time) -> Self {
        Self::for_document(Arc::default(), extraction_id, submitted_at, deadline)
    }

    pub(crate) fn for_document(
        meta: Arc<DocumentMeta>,
        extraction_id: ExtractionId,
        submitted_at: Time,
        deadline: Time,
    ) -> Self {
        Self {
            extraction_id,
            meta,
            submitted_at,
            deadline,
        }
    }

    /// The ticket of a job, once it has an id.
    pub(crate) fn from_record(
        meta: &Arc<DocumentMeta>,
        extraction_id: Option<&ExtractionId>,
        record: &Record,
    ) -> Option<Self> {
        Some(Self::for_document(
            meta.clone(),
            extraction_id?.clone(),
            record.submitted_at,
            record.deadline,
        ))
    }

    /// The service's id of the extraction.
    pub fn extraction_id(&self) -> &ExtractionId {
        &self.extraction_id
    }

    /// The document type it was submitted with.
    pub fn document_type(&self) -> Option<&str> {
        self.meta.document_type.as_deref()
    }

    /// The customer it was submitted for.
    pub fn customer(&self) -> Option<&str> {
        self.meta.customer.as_deref()
    }

    /// The caller's reference of the document.
    pub fn reference(&self) -> Option<&str> {
        self.meta.reference.as_deref()
    }

    /// When the response to the submit came.
    pub fn submitted_at(&self) -> Time {
        self.submitted_at
    }

    /// The deadline of the job.
    pub fn deadline(&self) -> Time {
        self.deadline
    }

    /// The ticket as one line of JSON.
    pub fn to_json(&self) -> String {
        // Texts and numbers always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a ticket.
    ///
    /// # Errors
    ///
    /// It is no ticket, its version is newer, or it was altered.
    pub fn from_json(json: &str) -> Result<Self, TicketError> {
        stored_json::read::<TicketWire, _>("ticket", "typless_ticket", Self::VERSION, json)
    }

    pub(crate) fn meta(&self) -> Arc<DocumentMeta> {
        self.meta.clone()
    }
}

/// What a ticket stores of its document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DocumentMeta {
    pub(crate) document_type: Option<Arc<str>>,
    pub(crate) customer: Option<Arc<str>>,
    pub(crate) reference: Option<Arc<str>>,
}

impl DocumentMeta {
    /// These, or those of the document if there are none yet.
    pub(crate) fn or_from(self: Arc<Self>, document: Option<&Document>) -> Arc<Self> {
        match document {
            Some(document) if self.document_type.is_none() => {
                Arc::new(Self::from_document(document))
            }
            _ => self,
        }
    }

    pub(crate) fn from_document(document: &Document) -> Self {
        let (document_type, customer, reference) = document.names();
        Self {
            document_type: Some(document_type.clone()),
            customer: customer.cloned(),
            reference: reference.cloned(),
        }
    }
}

/// The stored form of a ticket. Times are milliseconds since the Unix epoch, which every JSON
/// reader can represent.
#[derive(Serialize, Deserialize)]
struct TicketWire {
    typless_ticket: u32,
    extraction_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    document_type: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customer: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<Box<str>>,
    submitted_at_ms: u64,
    deadline_ms: u64,
    check: String,
}

impl TicketWire {
    fn check(&self) -> String {
        Check::new()
            .number("typless_ticket", self.typless_ticket.into())
            .text("extraction_id", Some(&self.extraction_id))
            .text("document_type", self.document_type.as_deref())
            .text("customer", self.customer.as_deref())
            .text("reference", self.reference.as_deref())
            .number("submitted_at_ms", self.submitted_at_ms)
            .number("deadline_ms", self.deadline_ms)
            .digits()
    }
}

impl From<Ticket> for TicketWire {
    fn from(ticket: Ticket) -> Self {
        let mut wire = Self {
            typless_ticket: Ticket::VERSION,
            extraction_id: ticket.extraction_id.as_str().to_owned(),
            document_type: ticket.document_type().map(Into::into),
            customer: ticket.customer().map(Into::into),
            reference: ticket.reference().map(Into::into),
            submitted_at_ms: ticket.submitted_at.as_unix_milliseconds(),
            deadline_ms: ticket.deadline.as_unix_milliseconds(),
            check: String::new(),
        };
        wire.check = wire.check();
        wire
    }
}

impl TryFrom<TicketWire> for Ticket {
    type Error = TicketError;

    fn try_from(wire: TicketWire) -> Result<Self, TicketError> {
        check_version("ticket", wire.typless_ticket, 1..=Self::VERSION)?;
        check_contents(&wire.check, &wire.check())?;
        let extraction_id = ExtractionId::new(&wire.extraction_id)
            .map_err(|error| TicketError::unreadable("ticket", &error.to_string()))?;
        let shared = |name: Option<Box<str>>| name.map(Arc::from);
        let meta = DocumentMeta {
            document_type: shared(wire.document_type),
            customer: shared(wire.customer),
            reference: shared(wire.reference),
        };
        let (submitted_at, deadline) = (
            Time::from_unix_milliseconds(wire.submitted_at_ms),
            Time::from_unix_milliseconds(wire.deadline_ms),
        );
        Ok(Self {
            extraction_id,
            meta: Arc::new(meta),
            submitted_at,
            deadline,
        })
    }
}

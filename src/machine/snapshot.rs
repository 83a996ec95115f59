//! What is kept of a job before the service has named it.

use serde::{Deserialize, Serialize};

use super::record::{Record, State};
use super::ticket::{TicketError, check_version, from_milliseconds, milliseconds};
use super::time::Time;

/// A job that has no ticket yet: what is known of its attempts, and the caller's own name for its document, never the document.
///
/// Made by [`Job::snapshot`](super::Job::snapshot); consumed by [`Job::restore`](super::Job::restore), in another process as well. Stored before the loop goes on, it tells after a crash whether
/// the document may have been submitted. Serialisable by [`serde`] or [`to_json`](Self::to_json), and it carries its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SnapshotWire", into = "SnapshotWire")]
pub struct Snapshot {
    pub(super) submitting: bool,
    pub(super) submits: u16,
    pub(super) spent: u16,
    pub(super) resubmissions: u16,
    pub(super) due: Time,
    pub(super) deadline: Time,
    reference: Option<Box<str>>,
}

impl Snapshot {
    /// The version that is written; it and earlier ones are read.
    pub const VERSION: u32 = 1;

    /// What can be kept of a record; `None` once it was submitted or has ended.
    pub(super) fn of(record: &Record, reference: Option<&str>) -> Option<Self> {
        let submitting = match record.state {
            State::Ready => false,
            // From the intent on it may have been sent: whoever stored it can't know how far the process came.
            State::SubmitAnnounced | State::Submitting => true,
            State::Waiting | State::LookAnnounced | State::Polling | State::Ended(_) => return None,
        };
        Some(Self {
            submitting,
            submits: record.submits,
            spent: record.spent,
            resubmissions: record.resubmissions,
            due: record.due,
            deadline: record.deadline,
            reference: reference.map(Into::into),
        })
    }

    /// The caller's own name for the document, by which to find it again.
    pub fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// Whether a submit may be on its way, so that restoring ends in [`JobError::SubmitUnknown`](super::JobError::SubmitUnknown) (unless resubmissions are allowed).
    pub fn may_be_submitted(&self) -> bool {
        self.submitting
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
    /// Not a snapshot, or one of a newer version.
    pub fn from_json(json: &str) -> Result<Self, TicketError> {
        let wire: SnapshotWire = serde_json::from_str(json).map_err(|error| TicketError::unreadable("snapshot", &error))?;
        Self::try_from(wire)
    }
}

/// The form a snapshot is stored in. Times are milliseconds since the Unix epoch.
#[derive(Serialize, Deserialize)]
struct SnapshotWire {
    typless_snapshot: u32,
    submitting: bool,
    submits: u16,
    spent: u16,
    resubmissions: u16,
    due_ms: u64,
    deadline_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<Box<str>>,
}

impl From<Snapshot> for SnapshotWire {
    fn from(snapshot: Snapshot) -> Self {
        Self {
            typless_snapshot: Snapshot::VERSION,
            submitting: snapshot.submitting,
            submits: snapshot.submits,
            spent: snapshot.spent,
            resubmissions: snapshot.resubmissions,
            due_ms: milliseconds(snapshot.due),
            deadline_ms: milliseconds(snapshot.deadline),
            reference: snapshot.reference,
        }
    }
}

impl TryFrom<SnapshotWire> for Snapshot {
    type Error = TicketError;

    fn try_from(wire: SnapshotWire) -> Result<Self, TicketError> {
        check_version("snapshot", wire.typless_snapshot, Self::VERSION)?;
        Ok(Self {
            submitting: wire.submitting,
            submits: wire.submits,
            spent: wire.spent,
            resubmissions: wire.resubmissions,
            due: from_milliseconds(wire.due_ms),
            deadline: from_milliseconds(wire.deadline_ms),
            reference: wire.reference,
        })
    }
}

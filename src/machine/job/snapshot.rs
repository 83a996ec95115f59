//! What is stored of a job before the service has returned its id.

use serde::{Deserialize, Serialize};

use super::record::{Record, State};
use super::ticket::{TicketError, check_contents, check_version, from_milliseconds, milliseconds};
use crate::machine::check::Check;
use crate::machine::time::Time;
use crate::wire::without_values;

/// A job that has no ticket yet: its attempts, and the caller's reference of the document, never
/// the document itself.
///
/// [`Job::snapshot`](crate::machine::Job::snapshot) and
/// [`Batch::snapshot`](crate::machine::Batch::snapshot) return it;
/// [`Job::restore`](crate::machine::Job::restore) and
/// [`Batch::restore`](crate::machine::Batch::restore) take it, in another process as well. If it is
/// stored before the loop goes on, it shows after a crash whether the document may have been
/// submitted. It can be serialized with [`serde`] or [`to_json`](Self::to_json), and contains a
/// version and a checksum, as a [`Ticket`](crate::machine::Ticket) does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SnapshotWire", into = "SnapshotWire")]
pub struct Snapshot {
    pub(crate) submitting: bool,
    /// Abandoned while the submit was in flight.
    pub(crate) abandoned: bool,
    pub(crate) submits: u16,
    pub(crate) spent: u16,
    pub(crate) resubmissions: u16,
    pub(crate) due: Time,
    pub(crate) deadline: Time,
    pub(crate) reference: Option<Box<str>>,
}

impl Snapshot {
    /// The version that is written; it and earlier ones are read.
    pub const VERSION: u32 = 1;

    /// The snapshot of a record; `None` once it was submitted or has finished.
    pub(crate) fn from_record(record: &Record, reference: Option<&str>) -> Option<Self> {
        let submitting = match record.state {
            State::Ready => false,
            // From the `Submitting` event on it may have been sent: a stored snapshot does not show
            // how far the process came.
            State::SubmitEmitted | State::Submitting => true,
            State::Waiting | State::PollEmitted | State::Polling | State::Finished(_) => {
                return None;
            }
        };
        Some(Self {
            submitting,
            abandoned: record.abandoned,
            submits: record.attempts(),
            spent: record.spent,
            resubmissions: record.resubmissions,
            due: record.due,
            deadline: record.deadline,
            reference: reference.map(Into::into),
        })
    }

    /// The caller's reference of the document.
    pub fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// Whether the submit may have been sent. Restoring then finishes with
    /// [`JobError::SubmitUnknown`](crate::machine::JobError::SubmitUnknown), unless resubmissions
    /// are allowed.
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
    /// It is no snapshot, its version is newer, or it was altered.
    pub fn from_json(json: &str) -> Result<Self, TicketError> {
        #[derive(Deserialize)]
        struct Version {
            typless_snapshot: u32,
        }
        match serde_json::from_str::<SnapshotWire>(json) {
            Ok(wire) => Self::try_from(wire),
            // A newer version may have other fields.
            Err(error) => match serde_json::from_str::<Version>(json) {
                Ok(Version {
                    typless_snapshot: version,
                }) if version > Self::VERSION => Err(TicketError::Newer { version }),
                _ => Err(TicketError::unreadable("snapshot", &without_values(&error))),
            },
        }
    }
}

/// The stored form of a snapshot. Times are milliseconds since the Unix epoch.
#[derive(Serialize, Deserialize)]
struct SnapshotWire {
    typless_snapshot: u32,
    submitting: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    abandoned: Option<bool>,
    submits: u16,
    spent: u16,
    resubmissions: u16,
    due_ms: u64,
    deadline_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<Box<str>>,
    check: String,
}

impl SnapshotWire {
    fn check(&self) -> String {
        Check::new()
            .number("typless_snapshot", self.typless_snapshot.into())
            .flag("submitting", self.submitting)
            .text("abandoned", self.abandoned.map(Check::flag_text))
            .number("submits", self.submits.into())
            .number("spent", self.spent.into())
            .number("resubmissions", self.resubmissions.into())
            .number("due_ms", self.due_ms)
            .number("deadline_ms", self.deadline_ms)
            .text("reference", self.reference.as_deref())
            .digits()
    }
}

impl From<Snapshot> for SnapshotWire {
    fn from(snapshot: Snapshot) -> Self {
        let mut wire = Self {
            typless_snapshot: Snapshot::VERSION,
            submitting: snapshot.submitting,
            // Only where it is true: then others read what earlier versions wrote.
            abandoned: snapshot.abandoned.then_some(true),
            submits: snapshot.submits,
            spent: snapshot.spent,
            resubmissions: snapshot.resubmissions,
            due_ms: milliseconds(snapshot.due),
            deadline_ms: milliseconds(snapshot.deadline),
            reference: snapshot.reference,
            check: String::new(),
        };
        wire.check = wire.check();
        wire
    }
}

impl TryFrom<SnapshotWire> for Snapshot {
    type Error = TicketError;

    fn try_from(wire: SnapshotWire) -> Result<Self, TicketError> {
        check_version("snapshot", wire.typless_snapshot, Self::VERSION)?;
        check_contents(&wire.check, &wire.check())?;
        Ok(Self {
            submitting: wire.submitting,
            abandoned: wire.abandoned == Some(true),
            submits: wire.submits,
            spent: wire.spent,
            resubmissions: wire.resubmissions,
            due: from_milliseconds(wire.due_ms),
            deadline: from_milliseconds(wire.deadline_ms),
            reference: wire.reference,
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::machine::{Job, JobOptions, Machine, Output, Transmit};
    use crate::wire::{Api, Document};

    const START: Time = Time::from_unix_seconds(1_700_000_000);

    /// A job that has made as many submits as a snapshot can count.
    fn with_many_submits() -> Job {
        let snapshot = Snapshot {
            submitting: false,
            abandoned: false,
            submits: u16::MAX,
            spent: 0,
            resubmissions: 0,
            due: START,
            deadline: START + std::time::Duration::from_secs(3600),
            reference: None,
        };
        let api = Api::new(Api::PRODUCTION, "key").expect("a key");
        let document = Document::new("a.pdf", "invoice", &b"%PDF"[..]).expect("a document");
        Job::restore(&api, &snapshot, document, JobOptions::new(), START)
    }

    fn next_request(job: &mut Job, now: &mut Time) -> Transmit {
        loop {
            match job.next_output(*now) {
                Output::Send(transmit) => return transmit,
                Output::Event(_) => {}
                Output::Wait(until) => *now = until,
                rest => panic!("{rest:?}"),
            }
        }
    }

    fn respond(job: &mut Job, status: u16, body: &'static str, now: &mut Time) {
        let id = next_request(job, now).id;
        let mut response = http::Response::new(Bytes::from_static(body.as_bytes()));
        *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
        job.handle_response(id, response, *now);
    }

    #[test]
    fn an_acceptance_counts_however_many_submits_came_before_it() {
        let (mut job, mut now) = (with_many_submits(), START);
        respond(&mut job, 429, "{}", &mut now);
        let snapshot = job.snapshot().expect("it has no ticket");
        assert_eq!(snapshot.submits, u16::MAX, "as many as it can count");
        respond(&mut job, 202, r#"{"extraction_id": "0d14"}"#, &mut now);
        assert!(job.ticket().is_some());
        assert_eq!(next_request(&mut job, &mut now).request.method(), "GET");
    }
}

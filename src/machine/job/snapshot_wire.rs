//! The stored form of a snapshot.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::record::{PollReason, Record, State};
use super::snapshot::{DocumentFacts, Snapshot};
use super::ticket::DocumentMeta;
use crate::machine::check::Check;
use crate::machine::stored_json::{TicketError, check_contents, check_version};
use crate::machine::time::Time;
use crate::wire::ExtractionId;

/// The stored form of a snapshot. Times are milliseconds since the Unix epoch, which every JSON
/// reader can represent. What is zero, false or missing is left out.
#[derive(Serialize, Deserialize)]
pub(super) struct SnapshotWire {
    typless_snapshot: u32,
    state: StateWire,
    taken_at_ms: u64,
    due_ms: u64,
    deadline_ms: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    not_before_ms: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    submitted_at_ms: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    polled_at_ms: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    submits: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    polls: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    resumed_after_ms: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    spent: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    resubmissions: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    failures: u64,
    reason: PollReason,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reported_by: Option<PollReason>,
    #[serde(default, skip_serializing_if = "is_false")]
    fresh: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    abandoned: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extraction_id: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    document_type: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customer: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "is_zero")]
    document_bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    document_digest: Option<Box<str>>,
    check: Box<str>,
}

/// More than any job has: each has its own number, and those that follow need theirs.
const MAX_EXCHANGES: u32 = u32::MAX / 2;

/// A state of a job that has not finished.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateWire {
    Ready,
    Submitting,
    Waiting,
    PollDue,
    Polling,
}

impl SnapshotWire {
    fn check(&self) -> Box<str> {
        let flag = |set: bool| set.then_some(Check::flag_text(true));
        let check = Check::new()
            .number("typless_snapshot", self.typless_snapshot.into())
            .text("state", Some(self.state.name()))
            .number("taken_at_ms", self.taken_at_ms)
            .number("due_ms", self.due_ms)
            .number("deadline_ms", self.deadline_ms);
        [
            ("not_before_ms", self.not_before_ms),
            ("submitted_at_ms", self.submitted_at_ms),
            ("polled_at_ms", self.polled_at_ms),
            ("submits", self.submits),
            ("polls", self.polls),
            ("resumed_after_ms", self.resumed_after_ms),
            ("spent", self.spent),
            ("resubmissions", self.resubmissions),
            ("failures", self.failures),
        ]
        .into_iter()
        .filter(|(_, value)| *value > 0)
        .fold(check, |check, (name, value)| check.number(name, value))
        .text("reason", Some(self.reason.name()))
        .text("reported_by", self.reported_by.map(PollReason::name))
        .text("fresh", flag(self.fresh))
        .text("abandoned", flag(self.abandoned))
        .text("extraction_id", self.extraction_id.as_deref())
        .text("document_type", self.document_type.as_deref())
        .text("customer", self.customer.as_deref())
        .text("reference", self.reference.as_deref())
        .text(
            "document_bytes",
            (self.document_bytes > 0)
                .then(|| self.document_bytes.to_string())
                .as_deref(),
        )
        .text("document_digest", self.document_digest.as_deref())
        .digits()
        .into()
    }

    /// The record, if its state and its numbers are those of a job.
    fn record(&self) -> Result<Record, TicketError> {
        let submits = number("submits", self.submits)?;
        let polls: u32 = number("polls", self.polls)?;
        let has_id = self.extraction_id.is_some();
        let needs_id = !matches!(self.state, StateWire::Ready | StateWire::Submitting);
        if has_id != needs_id {
            return Err(unreadable("its state and its extraction_id contradict"));
        }
        let was_sent = matches!(self.state, StateWire::Submitting);
        if !has_id && polls > 0 || was_sent && submits == 0 {
            return Err(unreadable("its state and its numbers contradict"));
        }
        let exchange = polls.saturating_add(submits);
        if exchange > MAX_EXCHANGES {
            return Err(unreadable("polls and submits are too large"));
        }
        Ok(Record {
            state: self.state.into(),
            due: Time::from_unix_milliseconds(self.due_ms),
            deadline: Time::from_unix_milliseconds(self.deadline_ms),
            not_before: Time::from_unix_milliseconds(self.not_before_ms),
            submitted_at: Time::from_unix_milliseconds(self.submitted_at_ms),
            polled_at: Time::from_unix_milliseconds(self.polled_at_ms),
            exchange,
            submits,
            resumed_after: number("resumed_after_ms", self.resumed_after_ms / 1000)?,
            // At most 255.
            resumed_after_part: (self.resumed_after_ms % 1000 * 256 / 1000) as u8,
            spent: number("spent", self.spent)?,
            resubmissions: number("resubmissions", self.resubmissions)?,
            failures: number("failures", self.failures)?,
            reason: self.reason,
            fresh: self.fresh,
            abandoned: self.abandoned,
            reported_by: self.reported_by,
        })
    }
}

impl From<Snapshot> for SnapshotWire {
    fn from(snapshot: Snapshot) -> Self {
        let Snapshot {
            record,
            taken_at,
            extraction_id,
            meta,
            document,
        } = snapshot;
        let owned = |name: &Option<Arc<str>>| name.as_deref().map(Into::into);
        let mut wire = Self {
            typless_snapshot: Snapshot::VERSION,
            state: record.state.into(),
            taken_at_ms: taken_at.as_unix_milliseconds(),
            due_ms: record.due.as_unix_milliseconds(),
            deadline_ms: record.deadline.as_unix_milliseconds(),
            not_before_ms: record.not_before.as_unix_milliseconds(),
            submitted_at_ms: record.submitted_at.as_unix_milliseconds(),
            polled_at_ms: record.polled_at.as_unix_milliseconds(),
            submits: record.submits.into(),
            polls: record.exchange.saturating_sub(record.submits).into(),
            resumed_after_ms: u64::from(record.resumed_after) * 1000
                + (u64::from(record.resumed_after_part) * 1000).div_ceil(256),
            spent: record.spent.into(),
            resubmissions: record.resubmissions.into(),
            failures: record.failures.into(),
            reason: record.reason,
            reported_by: record.reported_by,
            fresh: record.fresh,
            abandoned: record.abandoned,
            extraction_id: extraction_id.map(|id| id.as_str().into()),
            document_type: owned(&meta.document_type),
            customer: owned(&meta.customer),
            reference: owned(&meta.reference),
            document_bytes: document.as_ref().map_or(0, |document| document.bytes),
            document_digest: document.and_then(|document| owned(&document.digest)),
            check: Box::default(),
        };
        wire.check = wire.check();
        wire
    }
}

impl TryFrom<SnapshotWire> for Snapshot {
    type Error = TicketError;

    fn try_from(wire: SnapshotWire) -> Result<Self, TicketError> {
        check_version(
            "snapshot",
            wire.typless_snapshot,
            Self::VERSION..=Self::VERSION,
        )?;
        check_contents(&wire.check, &wire.check())?;
        let record = wire.record()?;
        let extraction_id = match wire.extraction_id.as_deref().map(ExtractionId::new) {
            Some(Ok(id)) => Some(id),
            Some(Err(error)) => return Err(unreadable(&error.to_string())),
            None => None,
        };
        let shared = |name: Option<Box<str>>| name.map(Arc::from);
        let document = (wire.document_bytes > 0).then(|| DocumentFacts {
            bytes: wire.document_bytes,
            digest: shared(wire.document_digest),
        });
        let meta = DocumentMeta {
            document_type: shared(wire.document_type),
            customer: shared(wire.customer),
            reference: shared(wire.reference),
        };
        Ok(Self {
            record,
            taken_at: Time::from_unix_milliseconds(wire.taken_at_ms),
            extraction_id,
            meta: Arc::new(meta),
            document,
        })
    }
}

fn unreadable(problem: &str) -> TicketError {
    TicketError::unreadable("snapshot", problem)
}

/// A number that fits the field it is for.
fn number<T: TryFrom<u64>>(name: &str, value: u64) -> Result<T, TicketError> {
    T::try_from(value).map_err(|_| unreadable(&format!("{name} is too large")))
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl StateWire {
    /// As it is written.
    fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Submitting => "submitting",
            Self::Waiting => "waiting",
            Self::PollDue => "poll_due",
            Self::Polling => "polling",
        }
    }
}

impl From<State> for StateWire {
    fn from(state: State) -> Self {
        match state {
            State::Ready => Self::Ready,
            State::SubmitEmitted | State::Submitting => Self::Submitting,
            // A finished job has no snapshot.
            State::Waiting | State::Finished(_) => Self::Waiting,
            State::PollEmitted => Self::PollDue,
            State::Polling => Self::Polling,
        }
    }
}

impl From<StateWire> for State {
    fn from(state: StateWire) -> Self {
        match state {
            StateWire::Ready => Self::Ready,
            StateWire::Submitting => Self::Submitting,
            StateWire::Waiting => Self::Waiting,
            StateWire::PollDue => Self::PollEmitted,
            StateWire::Polling => Self::Polling,
        }
    }
}

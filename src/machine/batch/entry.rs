//! One job of a batch: its record, and what little goes with it.

use std::sync::Arc;

use super::event::JobKey;
use super::in_flight::Sender;
use crate::machine::collections::slab::Key;
use crate::machine::delay::DelaySlot;
use crate::machine::job::job_mut::{JobMut, Pending};
use crate::machine::job::record::{PollReason, Record, State};
use crate::machine::job::{DocumentMeta, Ticket};
use crate::machine::time::Time;
use crate::wire::ExtractionId;

/// One job of a batch. There may be a million: what is needed for a while only is in its baggage,
/// and the owner's names are shared.
pub(super) struct Entry {
    pub(super) record: Record,
    pub(super) meta: Arc<DocumentMeta>,
    pub(super) extraction_id: Option<ExtractionId>,
    pub(super) pending: Option<Box<Pending>>,
    /// When it was last polled by itself, or taken: the queue may forget it.
    pub(super) own_poll_at: Time,
    pub(super) place: Place,
    /// Which estimate knows how long it takes.
    pub(super) kind: DelaySlot,
    /// Whether it is among those that wait with a deadline.
    pub(super) dated: bool,
    /// Whether what it waits for repeats what failed.
    pub(super) is_retry: bool,
    /// Whether it is counted among those that the queue is listed for.
    pub(super) counted: bool,
    /// Whether it is counted among those that are said to have finished.
    pub(super) said: bool,
    /// Whether a webhook said so.
    pub(super) told: bool,
    /// Whether the queue named it without success: the poll that followed failed, as have all
    /// since.
    pub(super) named_in_vain: bool,
}

/// Where a job waits for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere: it is in the schedule, or an exchange of its own is out.
    None,
    /// For a submit.
    Submits,
    /// For a retry.
    Retries,
    /// For a poll of this rank.
    Polls(Rank),
    /// Announced, and not yet sent.
    Announced,
}

/// Which polls are made first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Its deadline has passed.
    Last,
    /// It is said to have finished.
    Finished,
    /// It is due, and the queue does not tell about it.
    Alone,
    /// The queue is silent about it for so long that it is polled all the same.
    Doubted,
    /// It is due.
    Due,
}

impl Entry {
    /// A job whose document is to be submitted.
    pub(super) fn of_document(
        record: Record,
        meta: Arc<DocumentMeta>,
        pending: Box<Pending>,
        kind: DelaySlot,
        now: Time,
    ) -> Self {
        Self {
            pending: Some(pending),
            ..Self::new(record, meta, None, kind, now)
        }
    }

    /// A job that was submitted before.
    pub(super) fn of_ticket(
        record: Record,
        meta: Arc<DocumentMeta>,
        extraction_id: ExtractionId,
        kind: DelaySlot,
        now: Time,
    ) -> Self {
        Self::new(record, meta, Some(extraction_id), kind, now)
    }

    fn new(
        record: Record,
        meta: Arc<DocumentMeta>,
        extraction_id: Option<ExtractionId>,
        kind: DelaySlot,
        now: Time,
    ) -> Self {
        Self {
            record,
            meta,
            extraction_id,
            pending: None,
            own_poll_at: now,
            place: Place::None,
            kind,
            dated: false,
            is_retry: false,
            counted: false,
            said: false,
            told: false,
            named_in_vain: false,
        }
    }

    /// Takes note of what became of a poll.
    pub(super) fn note_poll(&mut self, before: &Record) {
        if before.state == State::Polling && self.record.state == State::Waiting {
            self.named_in_vain = self.record.failures > 0
                && (self.named_in_vain || before.reason == PollReason::Queue);
        }
    }

    pub(super) fn following(&mut self) -> JobMut<'_> {
        JobMut {
            record: &mut self.record,
            meta: &self.meta,
            extraction_id: &mut self.extraction_id,
            pending: &mut self.pending,
        }
    }

    pub(super) fn ticket(&self) -> Option<Ticket> {
        let extraction_id = self.extraction_id.clone()?;
        Some(Ticket::for_document(
            self.meta.clone(),
            extraction_id,
            self.record.submitted_at,
            self.record.deadline,
        ))
    }

    pub(super) fn sender(&self) -> Sender {
        Sender {
            meta: self.meta.clone(),
            deadline: self.record.deadline,
        }
    }

    /// Whether the service works on it, as far as is known.
    pub(super) fn is_submitted(&self) -> bool {
        matches!(
            self.record.state,
            State::Waiting | State::PollEmitted | State::Polling
        )
    }

    /// Whether it is said to have finished.
    pub(super) fn is_said_finished(&self) -> bool {
        matches!(
            self.record.reason,
            PollReason::Queue | PollReason::Notification
        )
    }

    /// Whether what it is due for repeats what failed, and counts against the budget of all. What
    /// was only put off does not.
    pub(super) fn needs_budget(&self) -> bool {
        let is_due_again = match self.record.state {
            State::Waiting => matches!(self.record.reason, PollReason::Retry | PollReason::Hint),
            _ => true,
        };
        is_due_again
            && self
                .pending
                .as_ref()
                .is_some_and(|pending| pending.has_failed())
    }

    /// Of its document, until that was taken.
    pub(super) fn bytes(&self) -> u64 {
        let submission = self
            .pending
            .as_ref()
            .and_then(|pending| pending.submission.as_ref());
        submission.map_or(0, |submission| submission.bytes)
    }

    /// By what polls of one rank are ordered: the one that goes first has the earliest.
    pub(super) fn order(&self, rank: Rank) -> Time {
        match rank {
            Rank::Last => self.record.deadline,
            // The service keeps a result for 48 hours: the oldest is the nearest to be lost.
            Rank::Finished | Rank::Alone | Rank::Doubted | Rank::Due => self.record.submitted_at,
        }
    }
}

impl From<Key> for JobKey {
    fn from(key: Key) -> Self {
        Self(key)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_entry_has_at_most_144_bytes_with_its_id() {
        assert!(
            size_of::<super::Entry>() <= 144,
            "{}",
            size_of::<super::Entry>()
        );
    }
}

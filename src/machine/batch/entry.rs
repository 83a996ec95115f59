//! One job of a batch: its record, and what little goes with it.

use std::sync::Arc;

use super::event::JobKey;
use super::in_flight::{Outgoing, Purpose, Sender};
use crate::machine::collections::id_slab::Identified;
use crate::machine::collections::slab::Key;
use crate::machine::delay::DelaySlot;
use crate::machine::job::job_mut::{JobMut, Pending, Submission, poll_request, submit_request};
use crate::machine::job::record::{PollReason, Record, State};
use crate::machine::job::{DocumentMeta, JobOptions, Snapshot, Ticket};
use crate::machine::time::Time;
use crate::wire::{Api, ExtractionId};

/// One job of a batch. There may be a million: what is needed for a while only is in `pending`, and
/// the names are shared.
pub(super) struct Entry {
    pub(super) record: Record,
    pub(super) meta: Arc<DocumentMeta>,
    pub(super) extraction_id: Option<ExtractionId>,
    pub(super) pending: Option<Box<Pending>>,
    /// When it was last polled by itself, or accepted: the queue may forget it.
    pub(super) own_poll_at: Time,
    pub(super) slot: Slot,
    /// Which estimate knows how long it takes.
    pub(super) kind: DelaySlot,
    /// Whether its deadline is among those that jobs wait with.
    pub(super) has_timeout: bool,
    /// Whether what it waits for repeats what failed.
    pub(super) is_retry: bool,
    /// Whether it is counted among those that a listing tells about.
    pub(super) is_counted: bool,
    /// Whether it is counted among those that are known to have finished.
    pub(super) is_known_finished: bool,
    /// Whether a webhook named it.
    pub(super) is_notified: bool,
    /// Why the queue may list it no longer although it has finished: then it says less, or nothing,
    /// that no listing lists it.
    pub(super) read_by: Option<Reader>,
}

/// Who may have read a result that then was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// A poll after the queue listed it. All since have failed, too.
    FailedPoll,
    /// Another process, before this one resumed or restored it. No poll here has succeeded yet.
    OtherProcess,
}

/// Where a job waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// Nowhere: it is in the schedule, or an exchange of its own is out.
    None,
    /// For a submit.
    Submits,
    /// For a retry.
    Retries,
    /// For a poll of this priority.
    Polls(Priority),
    /// Its request was emitted, and is not sent yet.
    Emitted,
}

/// Which polls are made first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Priority {
    /// Its deadline has passed.
    Last,
    /// It is known to have finished.
    Finished,
    /// It is due, and no listing tells about it.
    Alone,
    /// The queue has not listed it for so long that it is polled all the same.
    Overdue,
    /// It is due.
    Due,
}

impl Entry {
    /// A job: one with a document that is to be submitted, or one with an id.
    pub(super) fn new(
        record: Record,
        meta: Arc<DocumentMeta>,
        pending: Option<Box<Pending>>,
        extraction_id: Option<ExtractionId>,
        kind: DelaySlot,
        now: Time,
    ) -> Self {
        // An earlier process may have polled it.
        let is_known = record.polled_at > Time::EPOCH;
        let read_by = extraction_id.is_some().then_some(Reader::OtherProcess);
        Self {
            record,
            meta,
            extraction_id,
            pending,
            own_poll_at: if is_known { record.polled_at } else { now },
            slot: Slot::None,
            kind,
            has_timeout: false,
            is_retry: false,
            is_counted: false,
            is_known_finished: false,
            is_notified: false,
            read_by,
        }
    }

    /// Takes note of what became of a poll.
    pub(super) fn note_poll(&mut self, before: &Record) {
        if before.state == State::Polling && self.record.state == State::Waiting {
            self.read_by = match self.read_by {
                _ if self.record.failures == 0 => None,
                _ if before.reason == PollReason::Listed => Some(Reader::FailedPoll),
                reader => reader,
            };
        }
    }

    /// Takes note that the key of this number was refused. Says whether that is specific to this
    /// job.
    pub(super) fn refuse_key(&mut self, key_number: u16) -> bool {
        self.pending.get_or_insert_default().refuse_key(key_number)
    }

    pub(super) fn job_mut(&mut self) -> JobMut<'_> {
        JobMut {
            record: &mut self.record,
            meta: &self.meta,
            extraction_id: &mut self.extraction_id,
            pending: &mut self.pending,
        }
    }

    pub(super) fn ticket(&self) -> Option<Ticket> {
        Ticket::from_record(&self.meta, self.extraction_id.as_ref(), &self.record)
    }

    pub(super) fn snapshot(&self, now: Time) -> Option<Snapshot> {
        Snapshot::from_record(
            &self.record,
            self.extraction_id.as_ref(),
            &self.meta,
            self.submission(),
            now,
        )
    }

    /// The request that submits its document, if that is still there.
    pub(super) fn submit(&self, key: Key, api: &Api) -> Option<Outgoing> {
        let (request, limits) = submit_request(self.pending.as_deref(), api)?;
        Some(Outgoing {
            purpose: Purpose::Submit {
                job: key,
                exchange: self.record.exchange,
                bytes: self.bytes(),
                is_retry: self.is_retry,
            },
            sender: Some(Sender {
                meta: self.meta.clone(),
                deadline: self.record.deadline,
            }),
            request,
            limits,
        })
    }

    /// The request that polls it, which is known to be in progress since `from`.
    pub(super) fn poll(
        &mut self,
        key: Key,
        from: Time,
        api: &Api,
        options: &JobOptions,
        now: Time,
    ) -> Option<Outgoing> {
        let id = self.extraction_id.as_ref()?;
        let (request, limits) = poll_request(id, api, options.text_blocks, options.response_bytes);
        Some(Outgoing {
            purpose: Purpose::Poll {
                job: key,
                exchange: self.record.exchange,
                from,
                own_from: std::mem::replace(&mut self.own_poll_at, now),
                is_retry: self.is_retry,
            },
            sender: None,
            request,
            limits,
        })
    }

    /// Whether the service works on it, as far as is known.
    pub(super) fn is_submitted(&self) -> bool {
        matches!(
            self.record.state,
            State::Waiting | State::PollEmitted | State::Polling
        )
    }

    /// Whether the queue or a webhook named it as finished.
    pub(super) fn is_named(&self) -> bool {
        matches!(
            self.record.reason,
            PollReason::Listed | PollReason::Notification
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

    /// The length of its document, until that was taken.
    pub(super) fn bytes(&self) -> u64 {
        self.submission().map_or(0, Submission::bytes)
    }

    fn submission(&self) -> Option<&Submission> {
        self.pending.as_ref()?.submission.as_ref()
    }

    /// By what polls of one priority are ordered: the one that goes first has the earliest.
    pub(super) fn order(&self, priority: Priority) -> Time {
        match priority {
            Priority::Last => self.record.deadline,
            // One that fails again and again stands in nobody's way, not as a probe either.
            _ if self.record.failures > 0 => self.own_poll_at,
            // The service keeps a result for 48 hours: the oldest is the nearest to be lost.
            Priority::Finished | Priority::Alone | Priority::Overdue | Priority::Due => {
                self.record.submitted_at
            }
        }
    }
}

impl Identified for Entry {
    fn id(&self) -> Option<&ExtractionId> {
        self.extraction_id.as_ref()
    }
}

impl From<Key> for JobKey {
    fn from(key: Key) -> Self {
        Self(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_at_most_144_bytes_with_its_id() {
        assert!(size_of::<Entry>() <= 144, "{}", size_of::<Entry>());
    }
}

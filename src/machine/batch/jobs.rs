//! The jobs of a batch: where each stands, when it is due, what it waits for.

use std::borrow::Cow;
use std::sync::Arc;

use super::counters::Counters;
use super::entry::{Entry, Priority, Slot};
use super::interner::Interner;
use super::ready_queues::ReadyQueues;
use crate::machine::collections::id_index::IdHash;
use crate::machine::collections::id_slab::IdSlab;
use crate::machine::collections::schedule::Schedule;
use crate::machine::collections::slab::Key;
use crate::machine::interpret::Decoded;
use crate::machine::job::DocumentMeta;
use crate::machine::job::job_mut::Action;
use crate::machine::job::record::{Record, State};
use crate::machine::job::transition::{Input, Rules};
use crate::machine::time::Time;
use crate::wire::ExtractionId;

/// The jobs of a batch. Nothing else moves one: see [`apply`](Self::apply).
pub(super) struct Jobs {
    slab: IdSlab<Entry>,
    schedule: Schedule,
    /// What came out of the schedule and is not seen to yet, the next last.
    due: Vec<u32>,
    ready: ReadyQueues,
    interner: Interner,
    pub(super) counters: Counters,
}

/// What a step did to a job.
#[derive(Debug)]
pub(super) struct Applied {
    pub(super) before: Record,
    pub(super) after: Record,
    pub(super) action: Option<Action>,
    /// Whether the service has just named its extraction.
    pub(super) is_named: bool,
    /// Whether it waits for something else than before.
    pub(super) has_moved: bool,
}

impl Jobs {
    pub(super) fn new(seed: u64, now: Time) -> Self {
        Self {
            slab: IdSlab::new(seed),
            schedule: Schedule::new(now),
            due: Vec::new(),
            ready: ReadyQueues::new(),
            interner: Interner::default(),
            counters: Counters::default(),
        }
    }

    pub(super) fn get(&self, key: Key) -> Option<&Entry> {
        self.slab.get(key)
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Entry> {
        self.slab.get_mut(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Key> {
        self.slab.iter().map(|(key, _)| key)
    }

    pub(super) fn len(&self) -> usize {
        self.slab.len()
    }

    pub(super) fn ids(&self) -> usize {
        self.slab.ids()
    }

    pub(super) fn scheduled(&self) -> usize {
        self.schedule.len()
    }

    /// The names of a document, shared with others that have the same.
    pub(super) fn share(&mut self, meta: Arc<DocumentMeta>) -> Arc<DocumentMeta> {
        self.interner.share(meta)
    }

    /// Takes a new job in. It waits for nothing yet.
    pub(super) fn insert(&mut self, entry: Entry) -> Key {
        self.counters.begin(&entry.record);
        self.slab.insert(entry)
    }

    /// Moves one job by one step. `None` if there is no such job, or nothing came of it.
    pub(super) fn apply<'r>(
        &mut self,
        key: Key,
        input: Input,
        decoded: Decoded,
        now: Time,
        rules: impl FnOnce(&Entry) -> Rules<'r>,
    ) -> Option<Applied> {
        let entry = self.slab.get_mut(key)?;
        let (before, was_named) = (entry.record, entry.extraction_id.is_some());
        let rules = rules(entry);
        let action = entry.job_mut().take(input, decoded, now, &rules);
        entry.note_poll(&before);
        let after = entry.record;
        if after == before && action.is_none() {
            return None;
        }
        let is_named = !was_named && entry.extraction_id.is_some();
        if is_named {
            self.slab.note_id(key);
        }
        self.counters.step(&before, &after);
        let waits = matches!(after.state, State::Ready | State::Waiting);
        let has_moved = before.state != after.state
            || waits && (before.due, before.reason) != (after.due, after.reason);
        if has_moved {
            self.leave(key);
        }
        Some(Applied {
            before,
            after,
            action,
            is_named,
            has_moved,
        })
    }

    /// A webhook named it.
    pub(super) fn note_notified(&mut self, key: Key) {
        if let Some(entry) = self.slab.get_mut(key) {
            entry.is_notified = true;
        }
    }

    /// Forgets a job that has finished.
    pub(super) fn remove(&mut self, key: Key) {
        self.slab.remove(key);
    }

    /// Takes out a job that has not finished.
    pub(super) fn hand_back(&mut self, key: Key) -> Option<Entry> {
        self.leave(key);
        let entry = self.slab.remove(key)?;
        self.counters.end(&entry.record);
        self.counters.known_finished -= usize::from(entry.is_known_finished);
        Some(entry)
    }

    /// The first job in this place or a later one, and its state.
    pub(super) fn next_from(&self, slot: u32) -> Option<(Key, State)> {
        let (key, entry) = self.slab.next_from(slot)?;
        Some((key, entry.record.state))
    }

    /// Lets a job wait until it is due.
    pub(super) fn schedule(&mut self, key: Key, due: Time) {
        self.schedule.push(key.slot, due);
    }

    /// Lets a job wait for its turn, in this slot.
    pub(super) fn enqueue(&mut self, key: Key, slot: Slot, now: Time) {
        let Some(entry) = self.slab.get_mut(key) else {
            return;
        };
        entry.slot = slot;
        if slot != Slot::Emitted {
            entry.is_retry = slot == Slot::Retries;
        }
        match slot {
            Slot::Submits => self.ready.push_submit(entry.meta.customer.as_ref(), key),
            Slot::Retries if entry.record.state == State::Ready => {
                self.ready.push_submit_again(key);
            }
            Slot::Retries => self.ready.push_poll_again(key),
            Slot::Polls(priority) => {
                let order = entry.order(priority);
                self.ready.push_poll(priority, order, key.slot, now);
            }
            Slot::None | Slot::Emitted => {}
        }
        let deadline = entry.record.deadline;
        if slot == Slot::Emitted || now < deadline {
            entry.has_timeout = self.ready.insert_timeout(deadline, key.slot);
        }
    }

    /// Lets a job wait no longer.
    pub(super) fn leave(&mut self, key: Key) {
        let Some(entry) = self.slab.get_mut(key) else {
            return;
        };
        if let Slot::Polls(priority) = std::mem::replace(&mut entry.slot, Slot::None) {
            let order = entry.order(priority);
            self.ready.remove_poll(priority, order, key.slot);
        }
        self.remove_timeout(key);
    }

    /// The deadline of a job that waits is no longer waited for.
    pub(super) fn remove_timeout(&mut self, key: Key) {
        if let Some(entry) = self.slab.get_mut(key) {
            if std::mem::take(&mut entry.has_timeout) {
                self.ready.remove_timeout(entry.record.deadline, key.slot);
            }
        }
    }

    /// When the next job is due.
    pub(super) fn next_due(&self) -> Option<Time> {
        self.schedule.next_due()
    }

    /// The next job that comes out of the schedule, and is still due. Those that lie together are
    /// fetched together, so that they wait for the memory once.
    pub(super) fn pop_due(&mut self, now: Time) -> Option<Popped> {
        if self.due.is_empty() {
            self.schedule.pop_due(now, &mut self.due);
            self.slab
                .fetch(&self.due, |entry| (entry.slot, entry.record.due));
            self.due.reverse();
        }
        let slot = self.due.pop()?;
        let key = self
            .slab
            .at(slot)
            .filter(|(_, entry)| entry.slot == Slot::None && entry.record.due <= now)
            .map(|(key, _)| key);
        Some(key.map_or(Popped::Outdated, Popped::Due))
    }

    /// When the first of those that wait reaches its deadline.
    pub(super) fn next_timeout(&self) -> Option<Time> {
        self.ready.next_timeout().map(|(deadline, _)| deadline)
    }

    /// The job that waits, and whose deadline has come.
    pub(super) fn timed_out(&self, now: Time) -> Option<Key> {
        let (deadline, slot) = self.ready.next_timeout()?;
        let (key, _) = self.slab.at(slot).filter(|_| deadline <= now)?;
        Some(key)
    }

    pub(super) fn next_submit(&mut self) -> Option<Key> {
        let slab = &self.slab;
        self.ready
            .next_submit(|key| is_in(slab, key, Slot::Submits, State::Ready))
    }

    pub(super) fn next_submit_again(&mut self) -> Option<Key> {
        let slab = &self.slab;
        self.ready
            .next_submit_again(|key| is_in(slab, key, Slot::Retries, State::Ready))
    }

    pub(super) fn next_poll_again(&mut self) -> Option<Key> {
        let slab = &self.slab;
        self.ready
            .next_poll_again(|key| is_in(slab, key, Slot::Retries, State::Waiting))
    }

    /// The poll to be made next: its priority, its job, and since when it waits.
    pub(super) fn next_poll(&self) -> Option<(Priority, Key, Time)> {
        let (priority, slot, since) = self.ready.next_poll()?;
        let (key, _) = self.slab.at(slot)?;
        Some((priority, key, since))
    }

    /// How many submits wait, some that have left included.
    pub(super) fn submits_waiting(&self) -> usize {
        self.ready.submits_len()
    }

    /// The job of an id, if there is one.
    pub(super) fn find(&self, id: &ExtractionId) -> Option<Key> {
        self.slab.find(id.as_str())
    }

    /// The jobs that have these ids.
    pub(super) fn find_together(&self, ids: &[Cow<'_, str>]) -> Vec<Key> {
        // An id may lie across two lines of the cache: its last byte is on the second.
        let last = |entry: &Entry| {
            entry
                .extraction_id
                .as_ref()
                .and_then(|id| id.as_bytes().last().copied())
        };
        let slots = self.slab.find_together(ids, last);
        let found = slots.into_iter().flatten();
        found
            .filter_map(|slot| self.slab.at(slot))
            .map(|(key, _)| key)
            .collect()
    }

    pub(super) fn hash(&self, id: &ExtractionId) -> IdHash {
        self.slab.hash(id)
    }
}

/// What came out of the schedule.
#[derive(Debug, Clone, Copy)]
pub(super) enum Popped {
    Due(Key),
    /// The job is due at another time by now, or has finished.
    Outdated,
}

/// Whether a job still waits in this slot, in this state.
fn is_in(slab: &IdSlab<Entry>, key: Key, slot: Slot, state: State) -> bool {
    slab.get(key)
        .is_some_and(|entry| entry.slot == slot && entry.record.state == state)
}

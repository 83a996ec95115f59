//! Who waits for what: jobs that are due, and may not do yet what they are due for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Batch;
use super::entry::{Entry, Place, Rank};
use super::fair;
use crate::machine::collections::slab::{Key, Slab};
use crate::machine::job::record::State;
use crate::machine::time::Time;

/// Jobs that wait for their turn. Who leaves early is struck off where that is cheap, and passed
/// over where it is not.
#[derive(Debug)]
pub(super) struct Turns {
    submits: fair::Turns<Key>,
    /// The one whose turn it is to be submitted, once there is room for it.
    next_submit: Option<Key>,
    /// Submits and polls to be tried again, apart: a submit may wait long for others, and for a
    /// confirmation.
    submits_again: VecDeque<Key>,
    polls_again: VecDeque<Key>,
    /// Polls in the order in which they are made, and since when they wait.
    polls: BTreeMap<(Rank, Time, u32), Time>,
    /// When those that wait must end, even if their turn has not come.
    deadlines: BTreeSet<(Time, u32)>,
    pub(super) announced: Announced,
}

/// What was announced, and not yet sent.
#[derive(Debug, Default)]
pub(super) struct Announced {
    pub(super) submits: VecDeque<AnnouncedSubmit>,
    pub(super) polls: VecDeque<Key>,
}

/// A submit that was announced, and not yet sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnnouncedSubmit {
    pub(super) job: Key,
    /// Of the event that announced it.
    pub(super) sequence: u64,
    pub(super) bytes: u64,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self {
            submits: fair::Turns::new(),
            next_submit: None,
            submits_again: VecDeque::new(),
            polls_again: VecDeque::new(),
            polls: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            announced: Announced::default(),
        }
    }

    /// The job whose turn it is to be submitted.
    pub(super) fn next_submit(&mut self, jobs: &Slab<Entry>) -> Option<Key> {
        let waits = |key: &Key| {
            jobs.get(*key)
                .is_some_and(|entry| entry.place == Place::Submits)
        };
        if !self.next_submit.as_ref().is_some_and(waits) {
            self.next_submit = self.submits.pop(waits);
        }
        self.next_submit
    }

    /// The job whose turn it is to be submitted again.
    pub(super) fn next_submit_again(&mut self, jobs: &Slab<Entry>) -> Option<Key> {
        next_again(&mut self.submits_again, State::Ready, jobs)
    }

    /// The job whose turn it is to be polled again after a poll that failed.
    pub(super) fn next_poll_again(&mut self, jobs: &Slab<Entry>) -> Option<Key> {
        next_again(&mut self.polls_again, State::Waiting, jobs)
    }

    /// The poll to be made next: its rank, the place of its job, and since when it waits.
    pub(super) fn next_poll(&self) -> Option<(Rank, u32, Time)> {
        self.polls
            .first_key_value()
            .map(|((rank, _, slot), since)| (*rank, *slot, *since))
    }

    /// When the next of those who wait must end.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// The place of a job that waits, and whose deadline is there.
    pub(super) fn outdated(&self, now: Time) -> Option<u32> {
        self.deadlines
            .first()
            .filter(|(deadline, _)| *deadline <= now)
            .map(|(_, slot)| *slot)
    }

    /// How many submits could be announced before more documents are needed.
    pub(super) fn submits_waiting(&mut self, jobs: &Slab<Entry>) -> usize {
        // Those that have left are passed over.
        self.next_submit(jobs);
        self.submits_queued()
    }

    /// The same, with some that have left.
    pub(super) fn submits_queued(&self) -> usize {
        self.submits.len() + usize::from(self.next_submit.is_some())
    }

    /// Strikes a job off those that must end at their deadline.
    pub(super) fn undate(&mut self, entry: &mut Entry, slot: u32) {
        if std::mem::take(&mut entry.dated) {
            self.deadlines.remove(&(entry.record.deadline, slot));
        }
    }

    fn date(&mut self, key: Key, entry: &mut Entry) {
        entry.dated = self.deadlines.insert((entry.record.deadline, key.slot));
    }
}

/// The first that is still in this state and waits to try again.
fn next_again(keys: &mut VecDeque<Key>, state: State, jobs: &Slab<Entry>) -> Option<Key> {
    let waits = |entry: &Entry| entry.place == Place::Retries && entry.record.state == state;
    while keys
        .front()
        .is_some_and(|key| !jobs.get(*key).is_some_and(waits))
    {
        keys.pop_front();
    }
    keys.front().copied()
}

impl Batch {
    /// Lets a job that is due wait for its turn.
    pub(super) fn queue_up(&mut self, key: Key, now: Time) {
        let is_doubted = self
            .jobs
            .get(key)
            .is_some_and(|entry| self.is_doubted(entry, now));
        let Some(entry) = self.jobs.get_mut(key) else {
            return;
        };
        let is_late = now >= entry.record.deadline;
        let place = match entry.record.state {
            State::Ready if entry.needs_budget() => Place::Retries,
            State::Ready => Place::Submits,
            State::Waiting if is_late => Place::Polls(Rank::Last),
            State::Waiting if entry.is_said_finished() => Place::Polls(Rank::Finished),
            State::Waiting if entry.needs_budget() => Place::Retries,
            State::Waiting if !entry.counted => Place::Polls(Rank::Alone),
            State::Waiting if is_doubted => Place::Polls(Rank::Doubted),
            State::Waiting => Place::Polls(Rank::Due),
            _ => return,
        };
        (entry.place, entry.is_retry) = (place, place == Place::Retries);
        match place {
            Place::Submits => self.turns.submits.push(entry.meta.customer.as_ref(), key),
            Place::Retries if entry.record.state == State::Ready => {
                self.turns.submits_again.push_back(key);
            }
            Place::Retries => self.turns.polls_again.push_back(key),
            Place::Polls(rank) => {
                self.turns
                    .polls
                    .insert((rank, entry.order(rank), key.slot), now);
                if rank == Rank::Doubted {
                    self.queue.doubt();
                }
            }
            Place::None | Place::Announced => {}
        }
        if !is_late {
            self.turns.date(key, entry);
        }
    }

    /// Lets a job that was announced wait until it may be sent.
    pub(super) fn wait_announced(&mut self, key: Key) {
        if let Some(entry) = self.jobs.get_mut(key) {
            entry.place = Place::Announced;
            self.turns.date(key, entry);
        }
    }

    /// Lets a job wait no longer.
    pub(super) fn leave(&mut self, key: Key) {
        let Some(entry) = self.jobs.get_mut(key) else {
            return;
        };
        let turns = &mut self.turns;
        match std::mem::replace(&mut entry.place, Place::None) {
            Place::None | Place::Submits | Place::Retries => {}
            Place::Polls(rank) => {
                turns.polls.remove(&(rank, entry.order(rank), key.slot));
            }
            // No more than may be in flight.
            Place::Announced => {
                turns.announced.submits.retain(|submit| submit.job != key);
                turns.announced.polls.retain(|poll| *poll != key);
            }
        }
        turns.undate(entry, key.slot);
    }
}

//! The state of each listed id.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::super::collections::id_slab::{IdSlab, Identified};
use super::super::collections::slab::Key;
use super::super::time::Time;
use super::snapshot::StoredId;
use crate::wire::ExtractionId;

/// The ids that are listed, or were and are not finished: about a hundred bytes each.
///
/// Every change of a state goes through [`put`](Self::put), which keeps the counts and the two
/// timetables correct.
#[derive(Debug)]
pub(super) struct Entries {
    slab: IdSlab<Entry>,
    /// Ids to be fetched for the first time, oldest first. May contain outdated keys.
    waiting: VecDeque<Key>,
    /// Ids to be fetched again, by time.
    retries: BTreeSet<(Time, Key)>,
    /// Delivered ids, by the time of their redelivery.
    handed_out: BTreeSet<(Time, Key)>,
    /// Of ids whose last fetches brought nothing: how many, and since when.
    failing: BTreeMap<Key, (u32, Time)>,
    counts: [usize; State::COUNT],
    /// The number of the newest listing, and of the last complete one; and the last slot in the
    /// newest.
    round: u32,
    whole: u32,
    last: Option<u32>,
}

/// One id, in 80 bytes if it is as short as all that were seen.
#[derive(Debug)]
struct Entry {
    id: ExtractionId,
    state: State,
    /// The last listing that contained it.
    round: u32,
    /// The slot of the next id in that listing.
    next: u32,
    /// Failed attempts that count.
    attempts: u16,
    deliveries: u16,
}

/// The state of one id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// To be fetched for the first time.
    Waiting,
    /// To be fetched again.
    Retrying(Time),
    /// The `FetchDue` event was emitted, or the fetch is in flight.
    Fetching,
    /// The result was delivered; without an acknowledgement it is delivered again at this time.
    HandedOut(Time),
    /// Processed.
    Acknowledged,
    /// Not fetched any more.
    SetAside,
}

impl State {
    /// With its time in whole milliseconds, not before its time.
    fn in_milliseconds(self) -> Self {
        match self {
            Self::Retrying(due) => Self::Retrying(due.to_next_millisecond()),
            Self::HandedOut(due) => Self::HandedOut(due.to_next_millisecond()),
            other => other,
        }
    }

    const COUNT: usize = 6;

    const fn number(self) -> usize {
        match self {
            Self::Waiting => 0,
            Self::Retrying(_) => 1,
            Self::Fetching => 2,
            Self::HandedOut(_) => 3,
            Self::Acknowledged => 4,
            Self::SetAside => 5,
        }
    }
}

/// No slot.
const NONE: u32 = u32::MAX;

impl Entries {
    /// An empty table. The seed should be unknown to those who choose the ids.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            slab: IdSlab::new(seed),
            waiting: VecDeque::new(),
            retries: BTreeSet::new(),
            handed_out: BTreeSet::new(),
            failing: BTreeMap::new(),
            counts: [0; State::COUNT],
            round: 1,
            whole: 1,
            last: None,
        }
    }

    /// The number of ids in this state, whatever its time.
    pub(super) const fn count(&self, state: State) -> usize {
        self.counts[state.number()]
    }

    /// Whether all ids are finished.
    pub(super) fn are_done(&self) -> bool {
        let done = self.count(State::Acknowledged) + self.count(State::SetAside);
        done == self.slab.len()
    }

    /// Starts a new listing.
    pub(super) fn begin_listing(&mut self) {
        self.round = self.round.wrapping_add(1);
        self.last = None;
    }

    /// Marks these ids as listed, at most [`IdIndex::TOGETHER`]. Returns how many of them were not
    /// in this listing before, and how many of those are new. Invalid ids are skipped.
    ///
    /// A service lists mostly in the same order: as long as each id is the one that followed in the
    /// last listing, no search is needed. The others are searched together, which waits for the
    /// memory once.
    pub(super) fn list(&mut self, ids: &[Cow<'_, str>]) -> (usize, usize) {
        let (mut listed, mut new) = (0, 0);
        let mut rest = ids.iter();
        while let Some(key) = rest.as_slice().first().and_then(|id| self.follow(id)) {
            rest.next();
            listed += usize::from(self.note(key));
        }
        let slots = self
            .slab
            .find_together(rest.as_slice(), |entry| entry.round);
        for (id, slot) in rest.zip(slots) {
            let there = slot.and_then(|slot| self.slab.at(slot)).map(|(key, _)| key);
            // A new id may be twice among these.
            let known = there.or_else(|| self.find(id));
            let Some(key) = known.or_else(|| self.discover(id)) else {
                continue;
            };
            new += usize::from(known.is_none());
            listed += usize::from(self.note(key));
        }
        (listed, new)
    }

    /// Finishes a complete listing: removes finished ids that were missing in it and in the
    /// complete one before.
    pub(super) fn end_listing(&mut self) {
        let before = std::mem::replace(&mut self.whole, self.round);
        // Failed listings may lie between the two; nothing counts as missing in them.
        let last = self.round.wrapping_sub(before);
        let is_gone = |entry: &Entry| {
            matches!(entry.state, State::Acknowledged | State::SetAside)
                && self.round.wrapping_sub(entry.round) > last
        };
        let gone: Vec<Key> = self
            .slab
            .iter()
            .filter(|(_, entry)| is_gone(entry))
            .map(|(key, _)| key)
            .collect();
        for key in gone {
            self.forget(key);
        }
        self.waiting
            .shrink_to(self.counts[State::Waiting.number()] * 2);
    }

    /// The key of this id.
    pub(super) fn find(&self, id: &str) -> Option<Key> {
        self.slab.find(id)
    }

    /// Adds an unknown id.
    pub(super) fn insert(&mut self, id: ExtractionId, state: State) -> Key {
        // A waiting id is being listed. Any other counts as listed before, so it stays for two
        // listings.
        let round = if state == State::Waiting {
            self.round.wrapping_sub(1)
        } else {
            self.round
        };
        let key = self.slab.insert(Entry {
            id,
            state: State::Waiting,
            round,
            next: NONE,
            attempts: 0,
            deliveries: 0,
        });
        self.counts[State::Waiting.number()] += 1;
        match state {
            State::Waiting => self.waiting.push_back(key),
            other => self.put(key, other),
        }
        key
    }

    /// All ids, as they are stored.
    pub(super) fn stored(&self) -> Vec<StoredId> {
        let entries = self.slab.iter().map(|(_, entry)| StoredId {
            id: entry.id.clone(),
            state: entry.state.in_milliseconds(),
            attempts: entry.attempts,
            deliveries: entry.deliveries,
        });
        entries.collect()
    }

    /// Adds an id of an earlier process, in this state.
    pub(super) fn restore(&mut self, stored: &StoredId, state: State) {
        if self.find(stored.id.as_str()).is_some() {
            return;
        }
        let key = self.insert(stored.id.clone(), state);
        if let Some(entry) = self.slab.get_mut(key) {
            (entry.attempts, entry.deliveries) = (stored.attempts, stored.deliveries);
        }
    }

    /// The id and its state.
    pub(super) fn get(&self, key: Key) -> Option<(&ExtractionId, State)> {
        self.slab.get(key).map(|entry| (&entry.id, entry.state))
    }

    /// The number of failed attempts.
    pub(super) fn attempts(&self, key: Key) -> u16 {
        self.slab.get(key).map_or(0, |entry| entry.attempts)
    }

    /// Counts a failed attempt; returns the number of attempts.
    pub(super) fn count_attempt(&mut self, key: Key) -> u16 {
        self.slab.get_mut(key).map_or(0, |entry| {
            entry.attempts = entry.attempts.saturating_add(1);
            entry.attempts
        })
    }

    /// Resets the failed attempts.
    pub(super) fn reset_attempts(&mut self, key: Key) {
        if let Some(entry) = self.slab.get_mut(key) {
            entry.attempts = 0;
        }
        self.reset_failures(key);
    }

    /// A fetch brought something.
    pub(super) fn reset_failures(&mut self, key: Key) {
        self.failing.remove(&key);
    }

    /// Counts a fetch that brought nothing; returns how many in a row did, and since when.
    pub(super) fn note_failure(&mut self, key: Key, now: Time) -> (u32, Time) {
        if self.slab.get(key).is_none() {
            return (1, now);
        }
        let (count, since) = self.failing.entry(key).or_insert((0, now));
        *count = count.saturating_add(1);
        (*count, *since)
    }

    /// Counts a delivery; returns the number of deliveries.
    pub(super) fn count_delivery(&mut self, key: Key) -> u16 {
        self.slab.get_mut(key).map_or(0, |entry| {
            entry.deliveries = entry.deliveries.saturating_add(1);
            entry.deliveries
        })
    }

    /// Moves an id to another state.
    pub(super) fn put(&mut self, key: Key, state: State) {
        let Some(entry) = self.slab.get_mut(key) else {
            return;
        };
        let before = std::mem::replace(&mut entry.state, state);
        self.counts[before.number()] -= 1;
        self.counts[state.number()] += 1;
        match before {
            State::Retrying(due) => drop(self.retries.remove(&(due, key))),
            State::HandedOut(due) => drop(self.handed_out.remove(&(due, key))),
            State::Waiting | State::Fetching | State::Acknowledged | State::SetAside => {}
        }
        match state {
            State::Retrying(due) => drop(self.retries.insert((due, key))),
            State::HandedOut(due) => drop(self.handed_out.insert((due, key))),
            State::Waiting | State::Fetching | State::Acknowledged | State::SetAside => {}
        }
    }

    /// The id that has waited longest for its first fetch.
    pub(super) fn first_waiting(&mut self) -> Option<Key> {
        while let Some(key) = self.waiting.front().copied() {
            if self
                .slab
                .get(key)
                .is_some_and(|entry| entry.state == State::Waiting)
            {
                return Some(key);
            }
            self.waiting.pop_front();
        }
        None
    }

    /// The id to be fetched again first, and when.
    pub(super) fn first_retry(&self) -> Option<(Time, Key)> {
        self.retries.first().copied()
    }

    /// The delivered id to be delivered again first, and when.
    pub(super) fn first_redelivery(&self) -> Option<(Time, Key)> {
        self.handed_out.first().copied()
    }

    /// The id that followed the last one in the previous listing, if it is this one.
    fn follow(&self, id: &str) -> Option<Key> {
        let (_, last) = self.slab.at(self.last?)?;
        self.slab
            .at(last.next)
            .filter(|(_, entry)| entry.id.as_bytes() == id.as_bytes())
            .map(|(key, _)| key)
    }

    /// Adds an id that was not listed before; `None` if it is invalid.
    fn discover(&mut self, id: &str) -> Option<Key> {
        let id = ExtractionId::new(id).ok()?;
        Some(self.insert(id, State::Waiting))
    }

    /// Marks an id as listed; false if it was listed before in this listing.
    fn note(&mut self, key: Key) -> bool {
        let round = self.round;
        let Some(entry) = self.slab.get_mut(key) else {
            return false;
        };
        if std::mem::replace(&mut entry.round, round) == round {
            return false;
        }
        if let Some((_, last)) = self
            .last
            .replace(key.slot)
            .and_then(|slot| self.slab.at_mut(slot))
        {
            last.next = key.slot;
        }
        true
    }

    fn forget(&mut self, key: Key) {
        if let Some(entry) = self.slab.remove(key) {
            self.counts[entry.state.number()] -= 1;
            self.reset_failures(key);
        }
    }
}

impl Identified for Entry {
    fn id(&self) -> Option<&ExtractionId> {
        Some(&self.id)
    }
}

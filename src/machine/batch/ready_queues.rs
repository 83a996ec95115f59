//! Jobs that are due, and wait for their turn.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::entry::Priority;
use super::round_robin::RoundRobin;
use crate::machine::collections::slab::Key;
use crate::machine::time::Time;

/// Jobs that wait for their turn. One that leaves early is removed where that is cheap, and passed
/// over where it is not: that is what `waits` tells.
#[derive(Debug)]
pub(super) struct ReadyQueues {
    submits: RoundRobin<Key>,
    /// The one that is submitted next, once there is room for it.
    next_submit: Option<Key>,
    /// Submits and polls to be tried again, apart: a submit may wait long for others, and for a
    /// confirmation.
    submits_again: VecDeque<Key>,
    polls_again: VecDeque<Key>,
    /// Polls in the order in which they are made, and since when they wait.
    polls: BTreeMap<(Priority, Time, u32), Time>,
    /// The deadlines of those that wait.
    timeouts: BTreeSet<(Time, u32)>,
}

impl ReadyQueues {
    pub(super) fn new() -> Self {
        Self {
            submits: RoundRobin::new(),
            next_submit: None,
            submits_again: VecDeque::new(),
            polls_again: VecDeque::new(),
            polls: BTreeMap::new(),
            timeouts: BTreeSet::new(),
        }
    }

    pub(super) fn push_submit(&mut self, customer: Option<&Arc<str>>, key: Key) {
        self.submits.push(customer, key);
    }

    pub(super) fn push_submit_again(&mut self, key: Key) {
        self.submits_again.push_back(key);
    }

    pub(super) fn push_poll_again(&mut self, key: Key) {
        self.polls_again.push_back(key);
    }

    pub(super) fn push_poll(&mut self, priority: Priority, order: Time, slot: u32, now: Time) {
        self.polls.insert((priority, order, slot), now);
    }

    pub(super) fn remove_poll(&mut self, priority: Priority, order: Time, slot: u32) {
        self.polls.remove(&(priority, order, slot));
    }

    /// The job that is submitted next.
    pub(super) fn next_submit(&mut self, waits: impl Fn(Key) -> bool) -> Option<Key> {
        if !self.next_submit.is_some_and(&waits) {
            self.next_submit = self.submits.pop(|key| waits(*key));
        }
        self.next_submit
    }

    /// The job that is submitted again next.
    pub(super) fn next_submit_again(&mut self, waits: impl Fn(Key) -> bool) -> Option<Key> {
        next_of(&mut self.submits_again, waits)
    }

    /// The job that is polled again next, after a poll that failed.
    pub(super) fn next_poll_again(&mut self, waits: impl Fn(Key) -> bool) -> Option<Key> {
        next_of(&mut self.polls_again, waits)
    }

    /// The poll to be made next: its priority, the slot of its job, and since when it waits.
    pub(super) fn next_poll(&self) -> Option<(Priority, u32, Time)> {
        self.polls
            .first_key_value()
            .map(|((priority, _, slot), since)| (*priority, *slot, *since))
    }

    /// How many submits wait, some that have left included.
    pub(super) fn submits_len(&self) -> usize {
        self.submits.len() + usize::from(self.next_submit.is_some())
    }

    /// The first deadline of those that wait, and whose it is.
    pub(super) fn next_timeout(&self) -> Option<(Time, u32)> {
        self.timeouts.first().copied()
    }

    /// Says whether it was not there.
    pub(super) fn insert_timeout(&mut self, deadline: Time, slot: u32) -> bool {
        self.timeouts.insert((deadline, slot))
    }

    pub(super) fn remove_timeout(&mut self, deadline: Time, slot: u32) {
        self.timeouts.remove(&(deadline, slot));
    }
}

/// The first that still waits.
fn next_of(keys: &mut VecDeque<Key>, waits: impl Fn(Key) -> bool) -> Option<Key> {
    while keys.front().is_some_and(|key| !waits(*key)) {
        keys.pop_front();
    }
    keys.front().copied()
}

//! What to do next: the one place that decides, for acting and for waiting alike.

use super::entries::State;
use super::{Drain, What};
use crate::machine::Time;
use crate::machine::collections::slab::Key;

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub(super) enum Next {
    /// A request was not answered within its limit.
    GiveUp(u64),
    /// What was handed out was not acknowledged in time.
    Redeliver(Key),
    List,
    ListAll,
    /// Tell that a fetch is about to leave.
    Announce(Key),
    /// Send the fetch that was announced.
    Fetch(Key),
    /// Take back what was announced.
    Withdraw(Key),
    /// Nothing, before this moment or an input.
    Rest(Option<Time>),
    Done,
}

impl Drain {
    /// What to do now. Asked again without an input it says the same until it was done; a rest is for a time later than now.
    pub(super) fn next(&mut self, now: Time) -> Next {
        // After the end of time nothing can be waited for.
        self.closed |= now == Time::MAX;
        let timeout = self
            .in_flight
            .first_key_value()
            .map(|(exchange, flight)| (*exchange, flight.until));
        if let Some((exchange, _)) = timeout.filter(|(_, until)| now >= *until) {
            return Next::GiveUp(exchange);
        }
        let timeout = timeout.map(|(_, until)| until);
        if self.closed || self.is_finished() {
            return if timeout.is_some() {
                Next::Rest(timeout)
            } else {
                Next::Done
            };
        }
        let redelivery = self.entries.first_redelivery();
        if let Some((_, key)) = redelivery.filter(|(due, _)| now >= *due) {
            return Next::Redeliver(key);
        }
        let redelivery = redelivery.map(|(due, _)| due);
        let request = self.next_request(now);
        match (request, self.announced) {
            (Some((due, next)), _) if now >= due => next,
            (_, Some(key)) => Next::Withdraw(key),
            (request, None) => Next::Rest(
                [timeout, redelivery, request.map(|(due, _)| due)]
                    .into_iter()
                    .flatten()
                    .min(),
            ),
        }
    }

    /// Whether a drain that is not for ever has come to its end.
    fn is_finished(&self) -> bool {
        let lists =
            self.listing.due.is_some() || self.suspicion.is_due || !self.in_flight.is_empty();
        self.options.interval.is_none() && !lists && self.entries.are_done()
    }

    /// The next request, and when it may leave; `None` if that takes an input, an answer or a redelivery.
    fn next_request(&mut self, now: Time) -> Option<(Time, Next)> {
        if self.trouble.key_refused || self.in_flight.len() >= self.options.max_in_flight {
            return None;
        }
        let gate = self.limiter.ready_at().max(now);
        let waiting = self.entries.first_waiting();
        // While there is something to fetch, a listing would bring what is known.
        let listing = self.listing.due.filter(|_| {
            self.announced.is_none() && (self.trouble.is_checking || waiting.is_none())
        });
        let listing = listing.map(|due| (due.max(gate), Next::List));
        let all =
            (self.suspicion.is_due && self.announced.is_none()).then_some((gate, Next::ListAll));
        let fetch = self.next_fetch(waiting, gate);
        // The first of those that are due at the same time.
        [all, listing, fetch]
            .into_iter()
            .flatten()
            .min_by_key(|(due, _)| *due)
    }

    fn next_fetch(&self, waiting: Option<Key>, gate: Time) -> Option<(Time, Next)> {
        let is_open = |key: &Key| {
            self.entries
                .get(*key)
                .is_some_and(|(_, state)| state == State::Fetching)
        };
        if self.trouble.is_checking {
            return None;
        }
        if let Some(key) = self.announced {
            return is_open(&key).then_some((gate, Next::Fetch(key)));
        }
        let handed_out =
            self.entries.count(State::HandedOut(Time::EPOCH)) + self.entries.count(State::Fetching);
        if handed_out >= self.options.unacknowledged {
            return None;
        }
        let first = waiting.map(|key| (gate, Next::Announce(key)));
        let retry = self
            .entries
            .first_retry()
            .filter(|_| waiting.is_none() || self.has_room_for_retries());
        let retry = retry.map(|(due, key)| (due.max(gate), Next::Announce(key)));
        [retry, first]
            .into_iter()
            .flatten()
            .min_by_key(|(due, _)| *due)
    }

    /// Those that were tried before take no more than half of the places, so that ids which fail slowly delay nobody.
    fn has_room_for_retries(&self) -> bool {
        let again = self
            .in_flight
            .values()
            .filter(|flight| matches!(flight.what, What::Fetch { again: true, .. }))
            .count();
        again < (self.options.max_in_flight / 2).max(1)
    }
}

//! What to do next: one function decides for acting and waiting alike.

use super::entries::State;
use super::{Drain, Purpose};
use crate::machine::Time;
use crate::machine::collections::slab::Key;

/// The next action.
#[derive(Debug, Clone, Copy)]
pub(super) enum Next {
    /// A request got no response within its limit.
    TimeOut(u64),
    /// A delivered result was not acknowledged in time.
    Redeliver(Key),
    List,
    /// List, to find out whether the service works again.
    ProbeByList,
    /// Emit that a fetch is about to be sent, for the same purpose.
    ProbeByFetch(Key),
    ListAll,
    /// Emit that a fetch is about to be sent.
    EmitFetchDue(Key),
    /// Send the fetch whose event was emitted.
    Fetch(Key),
    /// Cancel the fetch whose event was emitted.
    Withdraw(Key),
    /// Report that a pause is over.
    ReportPauses,
    /// Nothing before this time or an input.
    Rest(Option<Time>),
    Done,
}

impl Drain {
    /// What to do now. Without an input it returns the same until it is done; a rest is until a
    /// time later than now.
    pub(super) fn next(&mut self, now: Time) -> Next {
        // After the last time there is nothing to wait for.
        self.closed |= now == Time::MAX;
        let timeout = self
            .in_flight
            .first_key_value()
            .map(|(exchange, outstanding)| (*exchange, outstanding.until));
        if let Some((exchange, _)) = timeout.filter(|(_, until)| now >= *until) {
            return Next::TimeOut(exchange);
        }
        let timeout = timeout.map(|(_, until)| until);
        if self.closed || self.is_finished() {
            return if timeout.is_some() {
                Next::Rest(timeout)
            } else {
                Next::Done
            };
        }
        if self.throttle.has_change(now) {
            return Next::ReportPauses;
        }
        let redelivery = self.entries.first_redelivery();
        if let Some((_, key)) = redelivery.filter(|(due, _)| now >= *due) {
            return Next::Redeliver(key);
        }
        let redelivery = redelivery.map(|(due, _)| due);
        let request = self.next_request(now);
        match (request, self.emitted_fetch) {
            (Some((due, next)), _) if now >= due => next,
            (_, Some(key)) => Next::Withdraw(key),
            (request, None) => Next::Rest(
                [
                    timeout,
                    redelivery,
                    self.throttle.pause_ends_at(),
                    request.map(|(due, _)| due),
                ]
                .into_iter()
                .flatten()
                .min(),
            ),
        }
    }

    /// Whether a drain without an interval has finished.
    fn is_finished(&self) -> bool {
        let lists =
            self.listing.due.is_some() || self.customer_check.is_due || !self.in_flight.is_empty();
        self.options.interval.is_none() && !lists && self.entries.are_done()
    }

    /// The next request, and when it may be sent; `None` if that needs an input, a response or a
    /// redelivery.
    fn next_request(&mut self, now: Time) -> Option<(Time, Next)> {
        if self.in_flight.len() >= self.options.max_in_flight {
            return None;
        }
        let waiting = self.entries.first_waiting();
        let Some(ready) = self.throttle.ready_at() else {
            return self.next_probe(waiting, now);
        };
        let gate = ready.max(now);
        // While there are ids to fetch, a listing would only repeat them.
        let is_fetching = waiting.is_some() && !self.fetch_gate.is_single();
        let listing = self
            .listing
            .due
            .filter(|_| self.emitted_fetch.is_none() && !is_fetching);
        let listing = listing.map(|due| (due.max(gate), Next::List));
        let all = (self.customer_check.is_due && self.emitted_fetch.is_none())
            .then_some((gate, Next::ListAll));
        let fetch = self.next_fetch(waiting, gate);
        // The first one wins if several are due at the same time.
        [all, fetch, listing]
            .into_iter()
            .flatten()
            .min_by_key(|(due, _)| *due)
    }

    /// The request that finds out whether the service works again, and when.
    fn next_probe(&self, waiting: Option<Key>, now: Time) -> Option<(Time, Next)> {
        let at = self.throttle.probe_at()?;
        if self.emitted_fetch.is_some() {
            return None;
        }
        let is_listing = self
            .in_flight
            .values()
            .any(|outstanding| outstanding.purpose == Purpose::List);
        let gate = at.max(now);
        // In turns, since either may be broken by itself.
        let is_its_turn = self.throttle.failed_probes() % 2 == 1;
        match self.next_to_fetch(waiting, gate) {
            Some((due, key)) if is_listing || is_its_turn && due <= gate => {
                Some((due, Next::ProbeByFetch(key)))
            }
            _ => (!is_listing).then_some((at, Next::ProbeByList)),
        }
    }

    fn next_fetch(&self, waiting: Option<Key>, gate: Time) -> Option<(Time, Next)> {
        let Some(key) = self.emitted_fetch else {
            let (due, key) = self.next_to_fetch(waiting, gate)?;
            return Some((due, Next::EmitFetchDue(key)));
        };
        let gate = gate.max(self.fetch_gate.opens_at()?);
        let (_, state) = self.entries.get(key)?;
        (state == State::Fetching).then_some((gate, Next::Fetch(key)))
    }

    /// The id to be fetched next, and when.
    fn next_to_fetch(&self, waiting: Option<Key>, gate: Time) -> Option<(Time, Key)> {
        let gate = gate.max(self.fetch_gate.opens_at()?);
        let handed_out =
            self.entries.count(State::HandedOut(Time::EPOCH)) + self.entries.count(State::Fetching);
        if handed_out >= self.options.unacknowledged {
            return None;
        }
        let first = waiting.map(|key| (gate, key));
        let retry = self
            .entries
            .first_retry()
            .filter(|_| waiting.is_none() || self.has_room_for_retries());
        let retry = retry.map(|(due, key)| (due.max(gate), key));
        // Where one is to find out whether all can be fetched, it is none that failed before.
        let is_probe = self.fetch_gate.is_single() || self.throttle.is_blocked();
        let in_turn = if is_probe {
            [first, retry]
        } else {
            [retry, first]
        };
        in_turn.into_iter().flatten().min_by_key(|(due, _)| *due)
    }

    /// Retries take at most half of the places, so that ids which fail slowly delay no others.
    fn has_room_for_retries(&self) -> bool {
        let again = self
            .in_flight
            .values()
            .filter(|outstanding| matches!(outstanding.purpose, Purpose::Fetch { again: true, .. }))
            .count();
        again < (self.options.max_in_flight / 2).max(1)
    }
}

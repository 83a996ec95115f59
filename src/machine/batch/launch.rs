//! What a batch does next: one piece of work at a time, until there is none.

use std::time::Duration;

use super::entry::{Entry, Place, Rank};
use super::{Batch, BatchEvent};
use crate::machine::Output;
use crate::machine::collections::slab::Key;
use crate::machine::job::response::Decoded;
use crate::machine::job::transition::Input;
use crate::machine::limiter::RequestKind;
use crate::machine::time::Time;

/// How long a last poll waits while the service sends no response, and the longest pause it waits
/// for.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is asked next, and of a job, since when it waits.
enum Next {
    Poll(Key, Time),
    Queue,
}

/// A listing within this time is worth waiting for.
const SOON: Duration = Duration::from_secs(1);

impl Batch {
    /// Does one piece of work. Says whether there was any.
    pub(super) fn work(&mut self, now: Time) -> bool {
        if let Some(id) = self.in_flight.outdated(now) {
            self.timed_out(id, now);
        } else if let Some(slot) = self.turns.outdated(now) {
            self.outdated(slot, now);
        } else if let Some(slot) = self.next_due(now) {
            self.popped(slot, now);
        } else if self.may_send(now) {
            return self.send_announced(now) || self.draw(now) || self.announce(now);
        } else {
            return self.give_up_last_poll(now);
        }
        true
    }

    /// Nothing to do now: says until when.
    pub(super) fn rest(&mut self, now: Time) -> Output<BatchEvent> {
        if self.is_over() {
            return Output::Done;
        }
        let times = [
            self.schedule.next_due(),
            self.in_flight.next_limit(),
            self.turns.next_deadline(),
            self.next_launch(now),
            self.next_retry(),
            self.cheaper_at(now),
            self.last_poll().map(|(_, since)| self.patience_of(since)),
        ];
        times
            .into_iter()
            .flatten()
            .filter(|time| *time > now)
            .min()
            .map_or(Output::NeedInput, Output::Wait)
    }

    /// The place of the next job that comes out of the schedule. Those that lie together are
    /// fetched together, so that they are waited for once.
    fn next_due(&mut self, now: Time) -> Option<u32> {
        if self.due.is_empty() {
            self.schedule.pop_due(now, &mut self.due);
            self.jobs
                .fetch(&self.due, |entry| (entry.place, entry.record.due));
            self.due.reverse();
        }
        self.due.pop()
    }

    /// Whether all has finished, and nothing more will come. A submit that is out although its job
    /// has finished may still bring an id.
    pub(super) fn is_over(&self) -> bool {
        self.closed
            && self.sources.is_empty()
            && self.tally.unfinished() == 0
            && self.in_flight.submits() == 0
    }

    fn may_send(&self, now: Time) -> bool {
        self.in_flight.len() < self.options.max_in_flight && self.pace.is_ready(now)
    }

    /// When the next request may be sent, if one waits for that.
    fn next_launch(&mut self, now: Time) -> Option<Time> {
        let waits = self.confirmed_submit().is_some()
            || !self.turns.announced.polls.is_empty()
            || self.queue.is_announced
            || self.may_announce_submit()
            || self.wants_document();
        let poll = self
            .turns
            .next_poll()
            .and_then(|(rank, slot, since)| Some((rank, self.jobs.at(slot)?.0, since)));
        let poll = match poll {
            // If it is the queue's next call that holds it, that comes first.
            Some((rank, key, since)) if self.is_poll_held(rank, key, since, now) => {
                self.queue.holds_until()
            }
            poll => poll.map(|_| now),
        };
        let first = [waits.then_some(now), poll, self.next_listing(now)]
            .into_iter()
            .flatten()
            .min()?;
        self.pace.ready_at().map(|ready| ready.max(first))
    }

    /// Sends what was announced, if its turn has come.
    fn send_announced(&mut self, now: Time) -> bool {
        if let Some(key) = self.turns.announced.polls.front().copied() {
            return self.take(key, Input::Clock, Decoded::Nothing, now);
        }
        if self.queue.is_announced {
            self.send_listing(now);
            return true;
        }
        let key = self.confirmed_submit();
        key.is_some_and(|key| self.take(key, Input::Confirmed, Decoded::Nothing, now))
    }

    /// The announced submit that may leave, if one may.
    fn confirmed_submit(&self) -> Option<Key> {
        let first = self.turns.announced.submits.front()?;
        (!self.options.jobs.confirmation || first.sequence <= self.confirmed).then_some(first.job)
    }

    /// Announces the request whose turn it is.
    fn announce(&mut self, now: Time) -> bool {
        let allows_retry = self.pace.allows_retry(now);
        let submit_again = self.next_submit_again().filter(|_| allows_retry);
        let submit = submit_again
            .or_else(|| self.turns.next_submit(&self.jobs))
            .filter(|key| self.has_room_for(*key));
        let polls_out = self.in_flight.len() - self.in_flight.submits();
        let spares_one = submit.is_some()
            && self.options.max_in_flight > 1
            && polls_out + 1 >= self.options.max_in_flight;
        let poll_again = self
            .turns
            .next_poll_again(&self.jobs)
            .filter(|_| allows_retry);
        let poll = if spares_one {
            None
        } else {
            self.next_errand(poll_again, now)
        };
        match (
            self.pace.turn(submit.is_some(), poll.is_some()),
            submit,
            poll,
        ) {
            (Some(RequestKind::Submit), Some(key), _) => {
                self.take(key, Input::Clock, Decoded::Nothing, now)
            }
            (Some(RequestKind::Poll), _, Some(Next::Queue)) => {
                self.emit_listing_due();
                true
            }
            (Some(RequestKind::Poll), _, Some(Next::Poll(key, since))) => {
                self.take_turn(key, since, now)
            }
            _ => false,
        }
    }

    /// When asking costs less than now, though nothing was sent: what is not worth it now may be
    /// then.
    fn cheaper_at(&self, now: Time) -> Option<Time> {
        (!self.pressure(now).is_zero() && !self.pace.is_key_refused()).then(|| self.pace.idle_at())
    }

    /// The job to be submitted again next. One at a time is announced: the retries that are granted
    /// are counted as they are sent.
    fn next_submit_again(&mut self) -> Option<Key> {
        let is_again = |key: Key| self.jobs.get(key).is_some_and(|entry| entry.is_retry);
        let is_announced = self
            .turns
            .announced
            .submits
            .iter()
            .any(|submit| is_again(submit.job));
        if is_announced {
            None
        } else {
            self.turns.next_submit_again(&self.jobs)
        }
    }

    /// When something may be tried again, if something waits for that.
    fn next_retry(&mut self) -> Option<Time> {
        let waits =
            self.next_submit_again().is_some() || self.turns.next_poll_again(&self.jobs).is_some();
        self.pace.retry_at().filter(|_| waits)
    }

    /// What to ask about next: results that are waiting, then the queue, then what failed before,
    /// then what is due.
    fn next_errand(&mut self, retry: Option<Key>, now: Time) -> Option<Next> {
        let poll = self
            .turns
            .next_poll()
            .and_then(|(rank, slot, since)| Some((rank, self.jobs.at(slot)?.0, since)));
        match poll {
            Some((Rank::Last | Rank::Finished, key, since)) => Some(Next::Poll(key, since)),
            _ if self.is_queue_due(now) => Some(Next::Queue),
            _ if retry.is_some() => retry.map(|key| Next::Poll(key, now)),
            Some((rank, key, since)) if !self.is_poll_held(rank, key, since, now) => {
                Some(Next::Poll(key, since))
            }
            _ => None,
        }
    }

    /// Whether a poll that waits since then has to wait longer.
    fn is_poll_held(&mut self, rank: Rank, key: Key, since: Time, now: Time) -> bool {
        match rank {
            Rank::Last | Rank::Finished | Rank::Alone => false,
            // One more listing may name it after all; and if that is silent too, what the poll
            // finds can be held against the queue.
            Rank::Doubted => {
                self.queue.listed_at().is_none_or(|at| at < since) && self.is_held(now)
            }
            Rank::Due => self.is_held(now) && !self.is_covered(key, now),
        }
    }

    /// Whether what is due waits, as a list request that is out or about to be made will probably
    /// make it needless.
    fn is_held(&mut self, now: Time) -> bool {
        let is_soon = self.next_listing(now).is_some_and(|at| at <= now + SOON);
        is_soon || self.queue.holds_until().is_some_and(|until| until > now)
    }

    /// Whether the queue was silent about a job since it became due.
    fn is_covered(&self, key: Key, now: Time) -> bool {
        self.jobs
            .get(key)
            .is_some_and(|entry| self.covered_at(entry, now).is_some())
    }

    /// A job's turn to be polled has come, for which it has waited since then.
    fn take_turn(&mut self, key: Key, since: Time, now: Time) -> bool {
        let is_alone =
            |entry: &Entry| matches!(entry.place, Place::Polls(Rank::Alone | Rank::Doubted));
        if !self.jobs.get(key).is_some_and(is_alone) && self.is_put_off(key, now) {
            return true;
        }
        let Some(entry) = self.jobs.get(key) else {
            return false;
        };
        let reason = Self::reason_of(entry, since, now);
        self.take(key, Input::Turn(reason), Decoded::Nothing, now)
    }

    /// Whether a submit may be announced, as far as submits bound each other.
    fn may_announce_submit(&mut self) -> bool {
        let next = self.turns.next_submit(&self.jobs);
        next.is_some_and(|key| self.has_room_for(key))
    }

    /// How many submits are announced or out.
    pub(super) fn submits_under_way(&self) -> usize {
        self.in_flight.submits() + self.turns.announced.submits.len()
    }

    /// Whether the limits of submits leave room for one more, and for its document.
    fn has_room_for(&self, key: Key) -> bool {
        let announced = &self.turns.announced.submits;
        let bytes = self
            .in_flight
            .bytes()
            .saturating_add(announced.iter().map(|submit| submit.bytes).sum());
        let more = self.jobs.get(key).map_or(0, Entry::bytes);
        self.submits_under_way() < self.options.max_submits
            && (bytes == 0 || bytes.saturating_add(more) <= self.options.max_bytes)
    }

    /// Whether another document would be submitted soon, if there were one.
    fn wants_document(&mut self) -> bool {
        let waiting = self.turns.submits_waiting(&self.jobs);
        let submits = self.submits_under_way() + waiting;
        !self.sources.is_empty()
            && submits < self.options.max_submits
            && self.tally.unfinished() < self.options.max_unfinished
    }

    /// Draws one more document, if it would be submitted soon.
    fn draw(&mut self, now: Time) -> bool {
        if !self.wants_document() {
            return false;
        }
        if let Some(document) = self.sources.draw() {
            self.take_document(document, now);
        }
        true
    }

    /// Abandons a last poll that has no room before its limit.
    fn give_up_last_poll(&mut self, now: Time) -> bool {
        let Some((key, since)) = self.last_poll() else {
            return false;
        };
        let until = self
            .pace
            .paused_until(now)
            .filter(|until| *until > now + PATIENCE);
        let has_waited = now >= self.patience_of(since);
        let abandons = self.pace.is_key_refused() || until.is_some() || has_waited;
        abandons
            && self.take(
                key,
                Input::Forbidden(until.unwrap_or(Time::EPOCH)),
                Decoded::Nothing,
                now,
            )
    }

    /// A last poll that waits, and since when.
    fn last_poll(&self) -> Option<(Key, Time)> {
        if let Some((Rank::Last, slot, since)) = self.turns.next_poll() {
            return self.jobs.at(slot).map(|(key, _)| (key, since));
        }
        let announced = self.turns.announced.polls.iter();
        let late = announced.filter_map(|key| {
            Some((
                *key,
                self.jobs
                    .get(*key)
                    .filter(|entry| !entry.dated)?
                    .record
                    .deadline,
            ))
        });
        late.min_by_key(|(_, since)| *since)
    }

    /// Until when a poll waits that was the last to be made then.
    fn patience_of(&self, since: Time) -> Time {
        since.max(self.answered_at) + PATIENCE
    }
}

//! What a batch does next: one piece of work at a time, until there is none.

use std::time::Duration;

use super::entry::{Entry, Place, Rank};
use super::{Batch, BatchEvent};
use crate::machine::Output;
use crate::machine::collections::slab::Key;
use crate::machine::job::answer::Payload;
use crate::machine::job::transition::Input;
use crate::machine::limiter::Purpose;
use crate::machine::time::Time;

/// How long a last look waits while the service answers nothing, and the longest pause it waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is asked next, and of a job, since when it waits.
enum Next {
    Look(Key, Time),
    Queue,
}

/// A call to the queue within this time is worth waiting for.
const SOON: Duration = Duration::from_secs(1);

impl Batch {
    /// Does one piece of work. Says whether there was any.
    pub(super) fn work(&mut self, now: Time) -> bool {
        if let Some(id) = self.flights.outdated(now) {
            self.timed_out(id, now);
        } else if let Some(slot) = self.turns.outdated(now) {
            self.outdated(slot, now);
        } else if let Some(slot) = self.next_due(now) {
            self.popped(slot, now);
        } else if self.may_send(now) {
            return self.send_announced(now) || self.draw(now) || self.announce(now);
        } else {
            return self.give_up_last_look(now);
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
            self.flights.next_limit(),
            self.turns.next_deadline(),
            self.next_launch(now),
            self.next_retry(),
            self.cheaper_at(now),
            self.last_look().map(|(_, since)| self.patience_of(since)),
        ];
        times
            .into_iter()
            .flatten()
            .filter(|time| *time > now)
            .min()
            .map_or(Output::NeedInput, Output::Wait)
    }

    /// The place of the next job that comes out of the schedule. Those that lie together are fetched together, so that they are waited for once.
    fn next_due(&mut self, now: Time) -> Option<u32> {
        if self.due.is_empty() {
            self.schedule.pop_due(now, &mut self.due);
            self.jobs
                .fetch(&self.due, |entry| (entry.place, entry.record.due));
            self.due.reverse();
        }
        self.due.pop()
    }

    /// Whether all has ended, and nothing more will come. A submit that is out although its job has ended may still bring an id.
    pub(super) fn is_over(&self) -> bool {
        self.closed
            && self.feeds.is_empty()
            && self.tally.unfinished() == 0
            && self.flights.submits() == 0
    }

    fn may_send(&self, now: Time) -> bool {
        self.flights.len() < self.options.most_in_flight && self.pace.is_ready(now)
    }

    /// When the next request may be sent, if one waits for that.
    fn next_launch(&mut self, now: Time) -> Option<Time> {
        let waits = self.confirmed_submit().is_some()
            || !self.turns.announced.looks.is_empty()
            || self.queue.is_announced
            || self.may_announce_submit()
            || self.wants_document();
        let look = self
            .turns
            .next_look()
            .and_then(|(rank, slot, since)| Some((rank, self.jobs.at(slot)?.0, since)));
        let look = match look {
            // If it is the queue's next call that holds it, that comes first.
            Some((rank, key, since)) if self.is_look_held(rank, key, since, now) => {
                self.queue.holds_until()
            }
            look => look.map(|_| now),
        };
        let first = [waits.then_some(now), look, self.next_queue_call(now)]
            .into_iter()
            .flatten()
            .min()?;
        self.pace.ready_at().map(|ready| ready.max(first))
    }

    /// Sends what was announced, if its turn has come.
    fn send_announced(&mut self, now: Time) -> bool {
        if let Some(key) = self.turns.announced.looks.front().copied() {
            return self.take(key, Input::Clock, Payload::Nothing, now);
        }
        if self.queue.is_announced {
            self.send_queue(now);
            return true;
        }
        let key = self.confirmed_submit();
        key.is_some_and(|key| self.take(key, Input::Confirmed, Payload::Nothing, now))
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
        let looks_out = self.flights.len() - self.flights.submits();
        let spares_one = submit.is_some()
            && self.options.most_in_flight > 1
            && looks_out + 1 >= self.options.most_in_flight;
        let look_again = self
            .turns
            .next_look_again(&self.jobs)
            .filter(|_| allows_retry);
        let look = if spares_one {
            None
        } else {
            self.next_errand(look_again, now)
        };
        match (
            self.pace.turn(submit.is_some(), look.is_some()),
            submit,
            look,
        ) {
            (Some(Purpose::Submit), Some(key), _) => {
                self.take(key, Input::Clock, Payload::Nothing, now)
            }
            (Some(Purpose::Look), _, Some(Next::Queue)) => {
                self.announce_queue();
                true
            }
            (Some(Purpose::Look), _, Some(Next::Look(key, since))) => {
                self.take_turn(key, since, now)
            }
            _ => false,
        }
    }

    /// When asking costs less than now, though nothing was sent: what is not worth it now may be then.
    fn cheaper_at(&self, now: Time) -> Option<Time> {
        (!self.pressure(now).is_zero() && !self.pace.is_key_refused()).then(|| self.pace.idle_at())
    }

    /// The job to be submitted again next. One at a time is announced: the retries that are granted are counted as they are sent.
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
            self.next_submit_again().is_some() || self.turns.next_look_again(&self.jobs).is_some();
        self.pace.retry_at().filter(|_| waits)
    }

    /// What to ask about next: results that are waiting, then the queue, then what failed before, then what is due.
    fn next_errand(&mut self, retry: Option<Key>, now: Time) -> Option<Next> {
        let look = self
            .turns
            .next_look()
            .and_then(|(rank, slot, since)| Some((rank, self.jobs.at(slot)?.0, since)));
        match look {
            Some((Rank::Last | Rank::Finished, key, since)) => Some(Next::Look(key, since)),
            _ if self.is_queue_due(now) => Some(Next::Queue),
            _ if retry.is_some() => retry.map(|key| Next::Look(key, now)),
            Some((rank, key, since)) if !self.is_look_held(rank, key, since, now) => {
                Some(Next::Look(key, since))
            }
            _ => None,
        }
    }

    /// Whether a look that waits since then has to wait longer.
    fn is_look_held(&mut self, rank: Rank, key: Key, since: Time, now: Time) -> bool {
        match rank {
            Rank::Last | Rank::Finished | Rank::Alone => false,
            // One more listing may name it after all; and if that is silent too, what the look finds can be held against the queue.
            Rank::Doubted => {
                self.queue.listed_at().is_none_or(|at| at < since) && self.is_held(now)
            }
            Rank::Due => self.is_held(now) && !self.is_covered(key, now),
        }
    }

    /// Whether what is due waits, as a call to the queue that is out or about to be made will probably make it needless.
    fn is_held(&mut self, now: Time) -> bool {
        let is_soon = self.next_queue_call(now).is_some_and(|at| at <= now + SOON);
        is_soon || self.queue.holds_until().is_some_and(|until| until > now)
    }

    /// Whether the queue was silent about a job since it became due.
    fn is_covered(&self, key: Key, now: Time) -> bool {
        self.jobs
            .get(key)
            .is_some_and(|entry| self.covered_at(entry, now).is_some())
    }

    /// A job's turn to be looked at has come, for which it has waited since then.
    fn take_turn(&mut self, key: Key, since: Time, now: Time) -> bool {
        let is_alone =
            |entry: &Entry| matches!(entry.place, Place::Looks(Rank::Alone | Rank::Doubted));
        if !self.jobs.get(key).is_some_and(is_alone) && self.is_put_off(key, now) {
            return true;
        }
        let Some(entry) = self.jobs.get(key) else {
            return false;
        };
        let reason = Self::reason_of(entry, since, now);
        self.take(key, Input::Turn(reason), Payload::Nothing, now)
    }

    /// Whether a submit may be announced, as far as submits bound each other.
    fn may_announce_submit(&mut self) -> bool {
        let next = self.turns.next_submit(&self.jobs);
        next.is_some_and(|key| self.has_room_for(key))
    }

    /// How many submits are announced or out.
    pub(super) fn submits_under_way(&self) -> usize {
        self.flights.submits() + self.turns.announced.submits.len()
    }

    /// Whether the limits of submits leave room for one more, and for its document.
    fn has_room_for(&self, key: Key) -> bool {
        let announced = &self.turns.announced.submits;
        let bytes = self
            .flights
            .bytes()
            .saturating_add(announced.iter().map(|submit| submit.bytes).sum());
        let more = self.jobs.get(key).map_or(0, Entry::bytes);
        self.submits_under_way() < self.options.most_submits
            && (bytes == 0 || bytes.saturating_add(more) <= self.options.most_bytes)
    }

    /// Whether another document would be submitted soon, if there were one.
    fn wants_document(&mut self) -> bool {
        let waiting = self.turns.submits_waiting(&self.jobs);
        let submits = self.submits_under_way() + waiting;
        !self.feeds.is_empty()
            && submits < self.options.most_submits
            && self.tally.unfinished() < self.options.most_unfinished
    }

    /// Draws one more document, if it would be submitted soon.
    fn draw(&mut self, now: Time) -> bool {
        if !self.wants_document() {
            return false;
        }
        if let Some(document) = self.feeds.draw() {
            self.take_document(document, now);
        }
        true
    }

    /// Gives up a last look for which nothing leaves room.
    fn give_up_last_look(&mut self, now: Time) -> bool {
        let Some((key, since)) = self.last_look() else {
            return false;
        };
        let until = self
            .pace
            .paused_until(now)
            .filter(|until| *until > now + PATIENCE);
        let has_waited = now >= self.patience_of(since);
        let gives_up = self.pace.is_key_refused() || until.is_some() || has_waited;
        gives_up
            && self.take(
                key,
                Input::Forbidden(until.unwrap_or(Time::EPOCH)),
                Payload::Nothing,
                now,
            )
    }

    /// A last look that waits, and since when.
    fn last_look(&self) -> Option<(Key, Time)> {
        if let Some((Rank::Last, slot, since)) = self.turns.next_look() {
            return self.jobs.at(slot).map(|(key, _)| (key, since));
        }
        let announced = self.turns.announced.looks.iter();
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

    /// Until when a look waits that was the last to be made then.
    fn patience_of(&self, since: Time) -> Time {
        since.max(self.answered_at) + PATIENCE
    }
}

//! What a batch does next: decided here, done elsewhere.
//!
//! [`Dispatch`] reads the four parts and changes none of them, but that what has left a queue is
//! passed over for good.

use std::time::Duration;

use super::BatchOptions;
use super::discovery::Discovery;
use super::entry::{Entry, Priority, Slot};
use super::jobs::{Jobs, Popped};
use super::listing::is_turn_of_submit;
use super::outbox::{Emitted, Outbox};
use super::sources::Sources;
use crate::machine::collections::slab::Key;
use crate::machine::exchange::RequestId;
use crate::machine::job::record::PollReason;
use crate::machine::job::transition::Input;
use crate::machine::throttle::Throttle;
use crate::machine::throttle::limiter::RequestKind;
use crate::machine::time::Time;

/// How long a last poll waits while the service brings no evidence, and the longest pause it waits
/// for.
const MAX_LAST_POLL_WAIT: Duration = Duration::from_secs(60);

/// A listing within this time is worth waiting for.
const SOON: Duration = Duration::from_secs(1);

/// However many wait for the rate, one more request costs no more than so many times its price:
/// asking even more rarely leaves hardly more room for the others, and results wait longer.
const MAX_PRESSURE: u32 = 20;

/// The longest that a probe is put off for want of a request that can be repeated.
const MAX_PROBE_WAIT: Duration = Duration::from_secs(300);

/// The four parts, as far as they decide what is done next.
pub(super) struct Dispatch<'a> {
    pub(super) jobs: &'a mut Jobs,
    pub(super) discovery: &'a mut Discovery,
    pub(super) throttle: &'a Throttle,
    pub(super) outbox: &'a Outbox,
    pub(super) sources: &'a Sources,
    pub(super) options: &'a BatchOptions,
    pub(super) now: Time,
}

/// One piece of work.
#[derive(Debug, Clone, Copy)]
pub(super) enum Work {
    /// The time limit of a request has passed.
    TimeOut(RequestId),
    /// The deadline of a job that waits has come.
    ReachDeadline(Key),
    /// A job is due.
    Wake(Key),
    /// What came out of the schedule is due no longer.
    Skip,
    /// Take this step with a job: it emits its event, sends its request, or finishes.
    Step(Key, Input),
    /// Emit that a listing is due.
    EmitListing,
    /// Send the listing that was emitted.
    SendListing,
    /// Let a probe through.
    Probe(Probe),
    /// Read one more document.
    ReadDocument,
}

/// The request that is a probe.
#[derive(Debug, Clone, Copy)]
pub(super) enum Probe {
    /// One whose event was emitted before.
    Emitted,
    Listing,
    Job(Key, Input),
}

impl Dispatch<'_> {
    /// The next piece of work, if there is any now.
    pub(super) fn next(&mut self) -> Option<Work> {
        if let Some(id) = self.outbox.in_flight().timed_out(self.now) {
            return Some(Work::TimeOut(id));
        }
        if let Some(key) = self.jobs.timed_out(self.now) {
            return Some(Work::ReachDeadline(key));
        }
        if let Some(popped) = self.jobs.pop_due(self.now) {
            return Some(match popped {
                Popped::Due(key) => Work::Wake(key),
                Popped::Outdated => Work::Skip,
            });
        }
        if !self.has_room() {
            return self.next_probe().or_else(|| self.hopeless_last_poll());
        }
        let work = self.next_emitted().or_else(|| self.next_probe());
        if work.is_some() || self.throttle.is_blocked() {
            return work;
        }
        if self.wants_document() {
            return Some(Work::ReadDocument);
        }
        self.next_event()
    }

    /// When there may be work, if there is none now; `None` if only an input can bring any.
    pub(super) fn next_time(&mut self) -> Option<Time> {
        let last_poll = self.last_poll();
        let times = [
            self.jobs.next_due(),
            self.jobs.next_timeout(),
            self.outbox.in_flight().next_limit(),
            self.throttle.pause_ends_at(),
            self.next_probe_at(),
            self.next_query_at(),
            self.next_submit_at(),
            self.next_retry_at(),
            self.cheaper_at(),
            last_poll.map(|(_, since)| self.last_poll_ends_at(since)),
        ];
        let later = times.into_iter().flatten();
        later.filter(|time| *time > self.now).min()
    }

    /// What was emitted, and may be sent now.
    fn next_emitted(&mut self) -> Option<Work> {
        let submit = self.outbox.next_submit().filter(|_| self.may_submit());
        let emitted = self.outbox.next_query().or(submit)?;
        Some(match emitted {
            Emitted::Poll(key) => Work::Step(key, Input::Clock),
            Emitted::Submit(key) => Work::Step(key, Input::Confirmed),
            Emitted::Listing => Work::SendListing,
        })
    }

    /// The probe to be let through: a listing or a poll, and where neither can be, a submit.
    fn next_probe(&mut self) -> Option<Work> {
        // At the end of time nothing can be waited for.
        let is_due = self.next_probe_at().is_some_and(|at| at <= self.now);
        let is_full = self.outbox.in_flight().len() >= self.options.max_in_flight;
        if self.now == Time::MAX || !is_due || is_full {
            return None;
        }
        if self.outbox.next_query().is_some() {
            return Some(Work::Probe(Probe::Emitted));
        }
        if !self.can_probe() {
            if let Some(submit) = self.submit_as_probe() {
                return Some(submit);
            }
        }
        let poll = self.jobs.next_poll().map(|(_, key, _)| key);
        let can_list = self.can_list();
        match poll.or_else(|| self.jobs.next_poll_again()) {
            // In turns, since either may be broken by itself.
            Some(key) if !can_list || self.throttle.failed_probes() % 2 == 1 => {
                let turn = Input::Turn(PollReason::Probe);
                Some(Work::Probe(Probe::Job(key, turn)))
            }
            _ => can_list.then_some(Work::Probe(Probe::Listing)),
        }
    }

    /// A submit as the probe, if it may be one.
    fn submit_as_probe(&mut self) -> Option<Work> {
        let can_probe = self.can_probe();
        let at = self.throttle.submit_probe_at(can_probe);
        if at.is_none_or(|at| at > self.now) {
            return None;
        }
        // One that waits for its confirmation is let through once it has it. Until then something
        // else may be the probe.
        if self.outbox.submits().next().is_some() {
            let emitted = self.outbox.next_submit();
            return emitted.map(|_| Work::Probe(Probe::Emitted));
        }
        // What a probe repeats is charged to nobody: the retry budget does not hold it.
        let key = self.next_submit();
        let key = key.or_else(|| self.jobs.next_submit_again());
        match key.filter(|key| self.has_room_for(*key)) {
            Some(key) if self.options.jobs.confirmation => Some(Work::Step(key, Input::Clock)),
            Some(key) => Some(Work::Probe(Probe::Job(key, Input::Clock))),
            None => self.wants_document().then_some(Work::ReadDocument),
        }
    }

    /// The event of the request whose turn it is.
    fn next_event(&mut self) -> Option<Work> {
        let submit = self.next_submit().filter(|_| self.may_submit());
        let in_flight = self.outbox.in_flight();
        let polls_out = in_flight.len() - in_flight.submits();
        let spares_one = submit.is_some()
            && self.options.max_in_flight > 1
            && polls_out + 1 >= self.options.max_in_flight;
        let query = if spares_one { None } else { self.next_query() };
        match self.throttle.turn(submit.is_some(), query.is_some())? {
            RequestKind::Submit => submit.map(|key| Work::Step(key, Input::Clock)),
            RequestKind::Poll => query,
        }
    }

    /// A last poll that is not made, since nothing leaves room for it.
    fn hopeless_last_poll(&self) -> Option<Work> {
        let (key, since) = self.last_poll()?;
        let until = self
            .throttle
            .paused_until(self.now)
            .filter(|until| *until > self.now + MAX_LAST_POLL_WAIT);
        let has_waited = self.now >= self.last_poll_ends_at(since);
        let gives_up = self.throttle.is_key_refused() || until.is_some() || has_waited;
        let input = Input::Forbidden(until.unwrap_or(Time::EPOCH));
        gives_up.then_some(Work::Step(key, input))
    }

    /// Whether a request may leave now.
    fn has_room(&self) -> bool {
        self.outbox.in_flight().len() < self.options.max_in_flight
            && self.throttle.is_ready(self.now)
    }

    /// When a probe is wanted, if something waits for what it finds out.
    fn next_probe_at(&mut self) -> Option<Time> {
        let at = self.throttle.probe_at()?;
        let waits = self.throttle.is_blocked()
            || self.outbox.submits().next().is_some()
            || self.jobs.next_submit().is_some()
            || self.jobs.next_submit_again().is_some()
            || self.wants_document();
        if !waits {
            return None;
        }
        if self.can_repeat() {
            return Some(at);
        }
        // Only a submit can be the probe: it leaves no sooner than a submit may.
        let can_probe = self.can_probe();
        let gate = self.throttle.submit_probe_at(can_probe);
        Some(gate.map_or(at + MAX_PROBE_WAIT, |gate| at.max(gate)))
    }

    /// Whether a request that can be repeated may be sent now.
    fn can_repeat(&mut self) -> bool {
        self.can_list()
            || self.outbox.next_query().is_some()
            || self.jobs.next_poll().is_some()
            || self.jobs.next_poll_again().is_some()
    }

    fn can_list(&self) -> bool {
        self.discovery.listing.trust().is_usable() && !self.is_listing()
    }

    /// Whether a request that can be repeated could bring evidence soon. Not without a
    /// limit: polls and listings may be broken by themselves, or not be due for long.
    fn can_probe(&mut self) -> bool {
        let at = self.throttle.probe_at();
        if at.is_some_and(|at| at + MAX_PROBE_WAIT <= self.now) && !self.can_repeat() {
            return false;
        }
        let failed = self.throttle.failed_probes();
        let by_poll = self.jobs.counters.submitted() > 0 && !is_turn_of_submit(failed);
        by_poll || self.discovery.listing.can_probe(failed)
    }

    /// What to ask next: results that wait, then a listing, then what failed before, then what is
    /// due.
    fn next_query(&mut self) -> Option<Work> {
        let retry = self.jobs.next_poll_again();
        let retry = retry.filter(|_| self.throttle.allows_retry(self.now));
        let poll = self.jobs.next_poll();
        match poll {
            Some((Priority::Last | Priority::Finished, key, since)) => self.select(key, since),
            _ if self.is_listing_due() => Some(Work::EmitListing),
            _ if retry.is_some() => self.select(retry?, self.now),
            Some((priority, key, since)) if !self.is_poll_held(priority, key, since) => {
                self.select(key, since)
            }
            _ => None,
        }
    }

    /// A job that has waited since then is polled now, or put off after all.
    fn select(&self, key: Key, since: Time) -> Option<Work> {
        let entry = self.jobs.get(key)?;
        let input = match entry.slot {
            Slot::Polls(Priority::Alone | Priority::Overdue) => None,
            _ => self.discovery.postpone(entry, self.pressure(), self.now),
        };
        let turn = || Input::Turn(Discovery::poll_reason(entry, since, self.now));
        Some(Work::Step(key, input.unwrap_or_else(turn)))
    }

    /// Whether a poll that waits since then has to wait longer.
    fn is_poll_held(&self, priority: Priority, key: Key, since: Time) -> bool {
        match priority {
            Priority::Last | Priority::Finished | Priority::Alone => false,
            // One more listing may list it after all; and if that does not either, what the poll
            // finds can be held against the queue.
            Priority::Overdue => {
                let listed_at = self.discovery.listing.listed_at();
                listed_at.is_none_or(|at| at < since) && self.is_held()
            }
            Priority::Due => self.is_held() && !self.is_not_listed(key),
        }
    }

    /// Whether what is due waits, since a listing that is out or about to be sent will probably
    /// make it needless.
    fn is_held(&self) -> bool {
        let is_soon = self.next_listing().is_some_and(|at| at <= self.now + SOON);
        let until = self.discovery.listing.holds_until();
        is_soon || until.is_some_and(|until| until > self.now)
    }

    /// Whether a listing did not list a job since it became due.
    fn is_not_listed(&self, key: Key) -> bool {
        let pressure = self.pressure();
        self.jobs.get(key).is_some_and(|entry| {
            let at = self.discovery.not_listed_at(entry, pressure, self.now);
            at.is_some()
        })
    }

    /// The job to be submitted next, as far as submits bound each other. One at a time that is
    /// tried again, since the retries that are granted are counted as they are sent.
    fn next_submit(&mut self) -> Option<Key> {
        let is_retry = |key: Key| self.jobs.get(key).is_some_and(|entry| entry.is_retry);
        let is_again = self.outbox.submits().any(is_retry);
        let again = if is_again || !self.throttle.allows_retry(self.now) {
            None
        } else {
            self.jobs.next_submit_again()
        };
        let key = again.or_else(|| self.jobs.next_submit())?;
        self.has_room_for(key).then_some(key)
    }

    /// Whether the limits of submits leave room for one more, and for its document.
    fn has_room_for(&self, key: Key) -> bool {
        let (submits, bytes) = self.outbox.submits_under_way();
        let more = self.jobs.get(key).map_or(0, Entry::bytes);
        submits < self.options.max_submits
            && (bytes == 0 || bytes.saturating_add(more) <= self.options.max_bytes)
    }

    /// Whether a submit may leave, as far as the service goes.
    fn may_submit(&mut self) -> bool {
        let can_probe = self.can_probe();
        let at = self.throttle.submit_ready_at(can_probe);
        at.is_some_and(|at| at <= self.now)
    }

    /// Whether another document would be submitted soon, if there were one.
    fn wants_document(&mut self) -> bool {
        // Those that have left are passed over.
        self.jobs.next_submit();
        let (under_way, _) = self.outbox.submits_under_way();
        !self.sources.is_empty()
            && under_way + self.jobs.submits_waiting() < self.options.max_submits
            && self.jobs.counters.unfinished() < self.options.max_unfinished
    }

    /// When the next poll or listing may be sent, or document be read, if one waits for that.
    fn next_query_at(&mut self) -> Option<Time> {
        let ready = self.throttle.ready_at()?;
        let waits = self.outbox.next_query().is_some() || self.wants_document();
        let poll = match self.jobs.next_poll() {
            // If it is the next listing that holds it, that comes first.
            Some((priority, key, since)) if self.is_poll_held(priority, key, since) => {
                self.discovery.listing.holds_until()
            }
            poll => poll.map(|_| self.now),
        };
        let times = [waits.then_some(self.now), poll, self.next_listing()];
        times.into_iter().flatten().min().map(|at| at.max(ready))
    }

    /// When the next submit may be sent, if one waits for that.
    fn next_submit_at(&mut self) -> Option<Time> {
        let waits = self.outbox.next_submit().is_some() || self.next_submit().is_some();
        let can_probe = self.can_probe();
        self.throttle.submit_ready_at(can_probe).filter(|_| waits)
    }

    /// When something may be tried again, if something waits for that.
    fn next_retry_at(&mut self) -> Option<Time> {
        let waits =
            self.jobs.next_submit_again().is_some() || self.jobs.next_poll_again().is_some();
        self.throttle.retry_at().filter(|_| waits)
    }

    /// When a request costs less than now, though nothing was sent: what is not worth it now may
    /// be then.
    fn cheaper_at(&self) -> Option<Time> {
        let costs = !self.pressure().is_zero() && !self.throttle.is_blocked();
        costs.then(|| self.throttle.idle_at())
    }

    fn is_listing(&self) -> bool {
        self.outbox.expects_listing() || self.discovery.listing.is_out()
    }

    fn next_listing(&self) -> Option<Time> {
        if self.outbox.expects_listing() {
            return None;
        }
        let pressure = self.pressure();
        self.discovery.next_listing(pressure, self.now)
    }

    fn is_listing_due(&self) -> bool {
        let pressure = self.pressure();
        !self.outbox.expects_listing() && self.discovery.is_listing_due(pressure, self.now)
    }

    /// What one request costs beside its price: the delay of all requests that wait behind it,
    /// where the rate leaves no room for them.
    pub(super) fn pressure(&self) -> Duration {
        let delay = self.throttle.delay_of_next(self.now);
        if delay.is_zero() {
            return delay;
        }
        let counters = &self.jobs.counters;
        let waiting = self
            .documents_waiting()
            .saturating_add(counters.known_finished);
        let price = self.options.jobs.poll_policy.price();
        let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
        delay
            .saturating_mul(waiting)
            .min(price.saturating_mul(MAX_PRESSURE))
    }

    /// How many documents wait for the rate and for nothing else: not for those that are being
    /// sent, nor for jobs to finish, nor for their own next try.
    fn documents_waiting(&self) -> usize {
        let (submits, _) = self.outbox.submits_under_way();
        if submits >= self.options.max_submits {
            return 0;
        }
        let room = self
            .options
            .max_unfinished
            .saturating_sub(self.jobs.counters.unfinished());
        let unread = room.min(self.sources.least());
        self.jobs.submits_waiting().saturating_add(unread)
    }

    /// A last poll that waits, and since when.
    fn last_poll(&self) -> Option<(Key, Time)> {
        if let Some((Priority::Last, key, since)) = self.jobs.next_poll() {
            return Some((key, since));
        }
        let emitted = self.outbox.polls().filter_map(|key| {
            let entry = self.jobs.get(key).filter(|entry| !entry.has_timeout)?;
            Some((key, entry.record.deadline))
        });
        emitted.min_by_key(|(_, since)| *since)
    }

    /// Until when a last poll waits, which waits since then.
    fn last_poll_ends_at(&self, since: Time) -> Time {
        since.max(self.throttle.evidence_at()) + MAX_LAST_POLL_WAIT
    }
}

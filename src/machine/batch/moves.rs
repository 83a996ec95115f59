//! How the jobs of a batch move: one step of one job, and where it is put then.

use super::Batch;
use super::entry::{Entry, Place};
use super::event::{BatchEventKind, JobKey};
use super::fleet::{estimator, poll_policy};
use super::in_flight::{Outstanding, Purpose};
use super::options::BatchOptions;
use super::turns::AnnouncedSubmit;
use crate::machine::Output;
use crate::machine::collections::slab::Key;
use crate::machine::delay::DelayEstimator;
use crate::machine::exchange::{Limits, Transmit};
use crate::machine::job::JobEventKind;
use crate::machine::job::JobOptions;
use crate::machine::job::job_mut::{Action, poll_request, submit_request};
use crate::machine::job::record::{PollReason, Record, State};
use crate::machine::job::response::Decoded;
use crate::machine::job::transition::{Input, Rules};
use crate::machine::limiter::RequestKind;
use crate::machine::poll_policy::PollPolicy;
use crate::machine::random;
use crate::machine::time::Time;
use crate::wire::{Body, ExtractionId};

impl Batch {
    /// Takes a new job in.
    pub(super) fn begin(&mut self, entry: Entry, now: Time) -> JobKey {
        self.tally.begin(entry.record.state);
        let key = self.jobs.insert(entry);
        self.recount(key, now);
        self.put(key, now);
        self.know_id(key, now);
        key.into()
    }

    /// Moves one job and sees to what follows. Says whether anything did.
    pub(super) fn take(&mut self, key: Key, input: Input, decoded: Decoded, now: Time) -> bool {
        let pressure = self.pressure(now);
        let Some(entry) = self.jobs.get_mut(key) else {
            return false;
        };
        let (before, was_nameless) = (entry.record, entry.extraction_id.is_none());
        let poll_policy = poll_policy(&self.options, &self.webhooks, &self.queue, pressure, now);
        let rules = rules(
            &self.options,
            poll_policy,
            estimator(&self.options, &self.estimators, entry),
            key,
            entry,
        );
        let action = entry.following().take(input, decoded, now, &rules);
        entry.note_poll(&before);
        let after = entry.record;
        if after == before && action.is_none() {
            return false;
        }
        match action {
            None => {}
            Some(Action::Emit(kind)) => self.tell_of(key, kind),
            Some(Action::SendSubmit) => self.send_submit(key, now),
            Some(Action::SendPoll) => self.send_poll(key, &before, now),
        }
        self.settle(key, &before, &after, now);
        self.recount(key, now);
        if was_nameless {
            self.know_id(key, now);
        }
        true
    }

    /// Puts a job where it belongs after a step.
    fn settle(&mut self, key: Key, before: &Record, after: &Record, now: Time) {
        self.tally.move_on(before.state, after.state);
        let waits = matches!(after.state, State::Ready | State::Waiting);
        if before.state != after.state
            || waits && (before.due, before.reason) != (after.due, after.reason)
        {
            self.leave(key);
            match after.state {
                State::Ready | State::Waiting => self.put(key, now),
                State::SubmitEmitted | State::PollEmitted => self.wait_announced(key),
                State::Submitting | State::Polling => {}
                State::Finished(_) => self.forget(key, now),
            }
        }
    }

    /// Puts a job into the schedule, or among those who wait for their turn.
    fn put(&mut self, key: Key, now: Time) {
        match self.jobs.get(key).map(|entry| entry.record) {
            Some(record) if record.due <= now || now >= record.deadline || is_hopeless(&record) => {
                self.wake(key, now);
            }
            Some(record) => self.schedule.push(key.slot, record.due),
            None => {}
        }
    }

    /// A job is due.
    pub(super) fn wake(&mut self, key: Key, now: Time) {
        let Some(Entry { record, .. }) = self.jobs.get(key) else {
            return;
        };
        let ends = match record.state {
            State::Ready => now >= record.deadline || is_hopeless(record),
            State::Waiting => is_hopeless(record),
            _ => return,
        };
        if ends {
            self.take(key, Input::Clock, Decoded::Nothing, now);
        } else if !self.is_put_off(key, now) {
            self.queue_up(key, now);
        }
    }

    /// Puts a poll off that is due by what was known before, and is not by what is known now.
    pub(super) fn is_put_off(&mut self, key: Key, now: Time) -> bool {
        let Some(entry) = self
            .jobs
            .get(key)
            .filter(|entry| entry.record.state == State::Waiting)
        else {
            return false;
        };
        if let Some(at) = self.covered_at(entry, now) {
            return self.take(key, Input::NotListed(at), Decoded::Nothing, now);
        }
        let Record {
            reason,
            polled_at,
            submitted_at,
            deadline,
            ..
        } = entry.record;
        let pressure = self.pressure(now);
        if reason != PollReason::Policy
            || now >= deadline
            || pressure.is_zero() && !self.webhooks.arrive(now)
        {
            return false;
        }
        let age = polled_at.saturating_since(submitted_at);
        let estimator = estimator(&self.options, &self.estimators, entry);
        let due = submitted_at
            + poll_policy(&self.options, &self.webhooks, &self.queue, pressure, now)
                .next_poll_by(estimator, age, None);
        due > now && self.take(key, Input::NotListed(polled_at), Decoded::Nothing, now)
    }

    /// The place of a job came out of the schedule. The entry may be outdated.
    pub(super) fn popped(&mut self, slot: u32, now: Time) {
        let Some((key, entry)) = self.jobs.at(slot) else {
            return;
        };
        if entry.place == Place::None && entry.record.due <= now {
            self.wake(key, now);
        }
    }

    /// The deadline of a job that waits is there.
    pub(super) fn outdated(&mut self, slot: u32, now: Time) {
        let Some((key, entry)) = self.jobs.at_mut(slot) else {
            return;
        };
        match entry.record.state {
            // It is announced, and its poll is the last.
            State::PollEmitted => {
                self.turns.undate(entry, slot);
                self.recount(key, now);
            }
            State::Waiting => {
                self.leave(key);
                self.recount(key, now);
                self.wake(key, now);
            }
            _ => {
                self.take(key, Input::Clock, Decoded::Nothing, now);
            }
        }
    }

    /// The job of an id, if there is one.
    pub(super) fn find(&self, id: &ExtractionId) -> Option<Key> {
        let has_it = |slot| {
            self.jobs
                .at(slot)
                .is_some_and(|(_, entry)| entry.extraction_id.as_ref() == Some(id))
        };
        let slot = self.index.find(self.index.hash(id.as_str()), has_it)?;
        self.jobs.at(slot).map(|(key, _)| key)
    }

    /// A webhook says that a job has finished.
    pub(super) fn told(&mut self, key: Key, now: Time) {
        if let Some(entry) = self.jobs.get_mut(key) {
            entry.told = true;
        }
        self.take(
            key,
            Input::Finished(PollReason::Notification),
            Decoded::Nothing,
            now,
        );
    }

    /// Takes note of the id that a job was given, if it was given one just now.
    fn know_id(&mut self, key: Key, now: Time) {
        let Some(id) = self
            .jobs
            .get(key)
            .and_then(|entry| entry.extraction_id.clone())
        else {
            return;
        };
        self.index.insert(self.index.hash(id.as_str()), key.slot);
        if self.early.take(&id, now) {
            self.told(key, now);
        }
    }

    /// A job has finished, and its end is told.
    fn forget(&mut self, key: Key, now: Time) {
        self.recount(key, now);
        let entry = self.jobs.remove(key);
        if let Some(id) = entry.and_then(|entry| entry.extraction_id) {
            self.index.remove(self.index.hash(id.as_str()), key.slot);
        }
    }

    fn tell_of(&mut self, key: Key, event: JobEventKind) {
        let Some(entry) = self.jobs.get(key) else {
            return;
        };
        let (reference, bytes) = (entry.meta.reference.clone(), entry.bytes());
        let is_submit = matches!(event, JobEventKind::Submitting { .. });
        let is_poll = matches!(event, JobEventKind::PollDue { .. });
        let sequence = self.emit(BatchEventKind::Job {
            key: key.into(),
            reference,
            event,
        });
        if is_submit {
            self.turns.announced.submits.push_back(AnnouncedSubmit {
                job: key,
                sequence,
                bytes,
            });
        } else if is_poll {
            self.turns.announced.polls.push_back(key);
        }
    }

    fn send_submit(&mut self, key: Key, now: Time) {
        let Some(entry) = self.jobs.get(key) else {
            return;
        };
        let Some((request, limits)) = submit_request(entry.pending.as_deref(), &self.api) else {
            return;
        };
        let (exchange, bytes, is_retry) = (entry.record.exchange, entry.bytes(), entry.is_retry);
        self.pace.take(RequestKind::Submit, is_retry, now);
        self.tally.submits += 1;
        self.send(
            Purpose::Submit {
                job: key,
                exchange,
                bytes,
                is_retry,
            },
            request,
            limits,
            now,
        );
    }

    fn send_poll(&mut self, key: Key, before: &Record, now: Time) {
        let listed_at = self.queue.listed_at();
        let Some(entry) = self.jobs.get_mut(key) else {
            return;
        };
        let Some(id) = &entry.extraction_id else {
            return;
        };
        let JobOptions {
            text_blocks,
            response_bytes,
            ..
        } = self.options.jobs;
        let (request, limits) = poll_request(id, &self.api, text_blocks, response_bytes);
        let own_from = std::mem::replace(&mut entry.own_poll_at, now);
        let covered_at = listed_at.filter(|at| entry.counted && *at >= entry.record.submitted_at);
        let from = before.polled_at.max(covered_at.unwrap_or_default());
        let errand = Purpose::Poll {
            job: key,
            exchange: entry.record.exchange,
            from,
            own_from,
            is_retry: entry.is_retry,
        };
        self.pace.take(RequestKind::Poll, entry.is_retry, now);
        self.tally.polls += 1;
        self.send(errand, request, limits, now);
    }

    pub(super) fn send(
        &mut self,
        errand: Purpose,
        request: http::Request<Body>,
        limits: Limits,
        now: Time,
    ) {
        let sender = if let Purpose::Submit { job, .. } = errand {
            self.jobs.get(job).map(Entry::sender)
        } else {
            None
        };
        let flight = Outstanding {
            errand,
            sent_at: now,
            until: now + limits.total,
            key_number: self.key_number,
            sender,
        };
        let id = self.in_flight.send(flight);
        self.outputs.push_back(Output::Send(Transmit {
            id,
            request,
            limits,
        }));
    }
}

/// Whether a job may not go on before its deadline: it ends at once.
fn is_hopeless(record: &Record) -> bool {
    match record.state {
        State::Ready => record.due > record.deadline,
        State::Waiting => record.not_before > record.deadline,
        _ => false,
    }
}

/// What the steps of this job depend on.
fn rules<'a>(
    options: &BatchOptions,
    poll_policy: PollPolicy,
    estimator: Option<&'a DelayEstimator>,
    key: Key,
    entry: &Entry,
) -> Rules<'a> {
    let JobOptions { retry, seed, .. } = options.jobs;
    let submission = entry
        .pending
        .as_ref()
        .and_then(|pending| pending.submission.as_ref());
    Rules {
        poll_policy,
        estimator,
        retry,
        // Jobs that failed together should not come back together.
        seed: random::draw(seed ^ u64::from(key.generation), key.slot),
        submit_limit: submission
            .map_or_else(Limits::default, |submission| submission.limits)
            .total,
        poll_limit: Limits::default().total,
    }
}

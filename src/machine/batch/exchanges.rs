//! What leaves a batch, what comes back, and what follows from it.
//!
//! From top to bottom: do one piece of work, emit its event, send its request, take its reply, move
//! the job, and put it where it waits.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::discovery::{Count, Discovery, Polled};
use super::dispatch::{Dispatch, Probe, Work};
use super::entry::{Entry, Priority, Slot};
use super::event::{BatchEventKind, JobKey, QueueProblem};
use super::in_flight::{Outstanding, Overdue, Purpose, Sender};
use super::jobs::Applied;
use super::listing::Read;
use super::outbox::Emitted;
use super::{Batch, JobOptions};
use crate::machine::cause::Cause;
use crate::machine::collections::id_index::IdIndex;
use crate::machine::collections::slab::Key;
use crate::machine::exchange::{Limits, RequestId};
use crate::machine::interpret::{
    self, Decoded, ListingResult, Meaning, PollResult, Reply, Signal, SubmitResult,
};
use crate::machine::job::job_mut::{Action, Pending, poll_request, submit_request};
use crate::machine::job::record::{PollReason, Record, State};
use crate::machine::job::transition::Input;
use crate::machine::job::{DocumentMeta, JobEventKind, Ticket};
use crate::machine::random;
use crate::machine::throttle::limiter::RequestKind;
use crate::machine::throttle::{Change, Completed, Subject};
use crate::machine::time::Time;
use crate::wire::{AwaitingRequest, Document};

// What is done.
impl Batch {
    /// What decides on the next piece of work.
    pub(super) fn dispatch(&mut self, now: Time) -> Dispatch<'_> {
        Dispatch {
            jobs: &mut self.jobs,
            discovery: &mut self.discovery,
            throttle: &self.throttle,
            outbox: &self.outbox,
            sources: &self.sources,
            options: &self.options,
            now,
        }
    }

    /// Does one piece of work. Returns whether there was any.
    pub(super) fn work(&mut self, now: Time) -> bool {
        if self.is_over() {
            return false;
        }
        if self.report_pauses(now) {
            return true;
        }
        let Some(work) = self.dispatch(now).next() else {
            return false;
        };
        match work {
            Work::TimeOut(id) => self.time_out(id, now),
            Work::ReachDeadline(key) => self.reach_deadline(key, now),
            Work::Wake(key) => self.wake(key, now),
            Work::Skip => {}
            Work::Send(emitted) => return self.send_emitted(emitted, now),
            Work::Probe(probe) => return self.emit_probe(probe, now),
            Work::ReadDocument => {
                if let Some(document) = self.sources.draw() {
                    self.take_document(document, now);
                }
            }
            Work::SelectPoll(key, since) => return self.select_poll(key, since, now),
            Work::EmitListing => self.emit_listing_due(),
            Work::EmitSubmit(key) => {
                return self.apply(key, Input::Clock, Decoded::Nothing, now);
            }
            Work::GiveUpLastPoll(key, until) => {
                let input = Input::Forbidden(until.unwrap_or(Time::EPOCH));
                return self.apply(key, input, Decoded::Nothing, now);
            }
        }
        true
    }

    /// Whether all have finished, and nothing more will come. A submit that is out although its job
    /// has finished may still bring an id.
    pub(super) fn is_over(&self) -> bool {
        self.closed
            && self.sources.is_empty()
            && self.jobs.counters.unfinished() == 0
            && self.outbox.in_flight().submits() == 0
    }

    /// Sends what was emitted.
    fn send_emitted(&mut self, emitted: Emitted, now: Time) -> bool {
        match emitted {
            Emitted::Poll(key) => self.apply(key, Input::Clock, Decoded::Nothing, now),
            Emitted::Submit(key) => self.apply(key, Input::Confirmed, Decoded::Nothing, now),
            Emitted::Listing => {
                self.send_listing(now);
                true
            }
        }
    }

    /// Emits the event of a probe, and lets it through.
    fn emit_probe(&mut self, probe: Probe, now: Time) -> bool {
        let is_emitted = match probe {
            Probe::Emitted => true,
            Probe::Listing => {
                self.emit_listing_due();
                true
            }
            Probe::Poll(key) => {
                self.apply(key, Input::Turn(PollReason::Probe), Decoded::Nothing, now)
            }
            Probe::Submit(key) => self.apply(key, Input::Clock, Decoded::Nothing, now),
        };
        if is_emitted {
            self.throttle.grant_probe();
        }
        is_emitted
    }

    /// A job is selected to be polled, which has waited since then.
    fn select_poll(&mut self, key: Key, since: Time, now: Time) -> bool {
        let is_alone =
            |entry: &Entry| matches!(entry.slot, Slot::Polls(Priority::Alone | Priority::Overdue));
        if !self.jobs.get(key).is_some_and(is_alone) && self.postpone(key, now) {
            return true;
        }
        let Some(entry) = self.jobs.get(key) else {
            return false;
        };
        let reason = Discovery::poll_reason(entry, since, now);
        self.apply(key, Input::Turn(reason), Decoded::Nothing, now)
    }
}

// What leaves.
impl Batch {
    /// Emits the event of a job.
    fn emit_job(&mut self, key: Key, event: JobEventKind) {
        let Some(entry) = self.jobs.get(key) else {
            return;
        };
        let (reference, bytes) = (entry.meta.reference.clone(), entry.bytes());
        let is_submit = matches!(event, JobEventKind::Submitting { .. });
        let is_poll = matches!(event, JobEventKind::PollDue { .. });
        let key = JobKey::from(key);
        let sequence = self.outbox.emit(BatchEventKind::Job {
            key,
            reference,
            event,
        });
        if is_submit {
            self.outbox.expect_submit(key.0, sequence, bytes);
        } else if is_poll {
            self.outbox.expect_poll(key.0);
        }
    }

    fn emit_listing_due(&mut self) {
        self.outbox.emit(BatchEventKind::ListingDue);
        self.outbox.expect_listing();
    }

    /// Reports pauses that began or ended. Returns whether there were any.
    pub(super) fn report_pauses(&mut self, now: Time) -> bool {
        let mut any = false;
        while let Some(change) = self.throttle.next_change(now) {
            any = true;
            self.outbox.emit(match change {
                Change::Paused(pause) => BatchEventKind::Paused(pause),
                Change::Resumed { reason, since } => BatchEventKind::Resumed { reason, since },
            });
        }
        any
    }

    fn send_submit(&mut self, key: Key, now: Time) {
        let Some(entry) = self.jobs.get(key) else {
            return;
        };
        let Some((request, limits)) = submit_request(entry.pending.as_deref(), &self.api) else {
            return;
        };
        let purpose = Purpose::Submit {
            job: key,
            exchange: entry.record.exchange,
            bytes: entry.bytes(),
            is_retry: entry.is_retry,
        };
        let sender = entry.sender();
        self.jobs.counters.submits += 1;
        self.send(purpose, Some(sender), request, limits, now);
    }

    fn send_poll(&mut self, key: Key, before: &Record, now: Time) {
        let Some(entry) = self.jobs.get_mut(key) else {
            return;
        };
        let from = self.discovery.in_progress_since(entry, before);
        let own_from = std::mem::replace(&mut entry.own_poll_at, now);
        let Some(id) = &entry.extraction_id else {
            return;
        };
        let JobOptions {
            text_blocks,
            response_bytes,
            ..
        } = self.options.jobs;
        let (request, limits) = poll_request(id, &self.api, text_blocks, response_bytes);
        let purpose = Purpose::Poll {
            job: key,
            exchange: entry.record.exchange,
            from,
            own_from,
            is_retry: entry.is_retry,
        };
        self.jobs.counters.polls += 1;
        self.send(purpose, None, request, limits, now);
    }

    fn send_listing(&mut self, now: Time) {
        let customer = self.discovery.listing.customer.clone();
        let request = AwaitingRequest::for_customer(customer).request(&self.api);
        let limits = Limits::for_exchange(0, self.options.jobs.response_bytes);
        self.discovery.listing.sent(now);
        self.jobs.counters.listings += 1;
        self.send(Purpose::Listing, None, request, limits, now);
    }

    fn send(
        &mut self,
        purpose: Purpose,
        sender: Option<Sender>,
        request: http::Request<crate::wire::Body>,
        limits: Limits,
        now: Time,
    ) {
        let key_number = self.throttle.key_number();
        let id = self
            .outbox
            .send(purpose, sender, key_number, request, limits, now);
        self.throttle
            .sent(id, purpose.kind(), purpose.is_retry(), now);
    }
}

// What comes back.
impl Batch {
    /// Takes what came of a request.
    pub(super) fn complete(&mut self, id: RequestId, reply: Reply, now: Time) {
        if self.is_over() {
            return;
        }
        if let Some(exchange) = self.outbox.complete(id) {
            match exchange.purpose {
                Purpose::Submit { job, .. } => self.complete_submit(job, id, &exchange, reply, now),
                Purpose::Poll { job, .. } => self.complete_poll(job, id, &exchange, reply, now),
                Purpose::Listing => self.complete_listing(id, &exchange, &reply, now),
            }
        } else if let Some(overdue) = self.outbox.take_overdue(id) {
            // An id is worth having, however late it comes.
            let Meaning {
                result, decoded, ..
            } = interpret::submit(reply, false);
            let input = Input::Submit(overdue.exchange, result);
            self.take_submit(overdue.job, Some(&overdue.sender), input, decoded, now);
        }
    }

    /// The time limit of a request has passed.
    fn time_out(&mut self, id: RequestId, now: Time) {
        let Some(exchange) = self.outbox.complete(id) else {
            return;
        };
        let is_submit = exchange.purpose.kind() == RequestKind::Submit;
        self.observe(
            id,
            &exchange,
            Signal::Down,
            is_submit,
            || Cause::TimeLimit,
            now,
        );
        match exchange.purpose {
            Purpose::Submit {
                job,
                exchange: number,
                ..
            } => {
                if let Some(sender) = exchange.sender {
                    let overdue = Overdue {
                        job,
                        exchange: number,
                        sender,
                    };
                    self.outbox.remember(id, overdue);
                }
                if self.awaits(job, State::Submitting, number) {
                    self.apply(job, Input::Clock, Decoded::Nothing, now);
                }
            }
            Purpose::Poll {
                job,
                exchange: number,
                ..
            } => {
                // An outage is not charged to the job.
                let input = if self.throttle.is_outage() {
                    Input::Poll(number, PollResult::Deferred { hint: None })
                } else {
                    Input::Clock
                };
                if self.awaits(job, State::Polling, number) {
                    self.apply(job, input, Decoded::Nothing, now);
                }
            }
            Purpose::Listing => self.listing_failed(Cause::TimeLimit, None, now),
        }
    }

    /// What an exchange says of the service.
    fn observe(
        &mut self,
        id: RequestId,
        exchange: &Outstanding,
        signal: Signal,
        is_unknown: bool,
        cause: impl Fn() -> Cause,
        now: Time,
    ) {
        let completed = Completed {
            id,
            sent_at: exchange.sent_at,
            subject: exchange
                .purpose
                .job()
                .map_or(Subject::Listing, Subject::Job),
            kind: exchange.purpose.kind(),
            is_retry: exchange.purpose.is_retry(),
            key_number: exchange.key_number,
            signal,
            is_unknown,
        };
        self.throttle.completed(&completed, cause, now);
        // Before the outcome of a job, after which nothing may follow.
        self.report_pauses(now);
    }

    fn complete_submit(
        &mut self,
        job: Key,
        id: RequestId,
        exchange: &Outstanding,
        reply: Reply,
        now: Time,
    ) {
        let trusts_overload = self.options.jobs.retry.trusts_overload();
        let Meaning {
            result,
            signal,
            decoded,
        } = interpret::submit(reply, trusts_overload);
        let is_unknown = result == SubmitResult::Unknown;
        let cause = || decoded.cause().unwrap_or(Cause::TimeLimit);
        self.observe(id, exchange, signal, is_unknown, cause, now);
        let result = match result {
            SubmitResult::KeyRefused if !self.refuses_submit(job, exchange.key_number) => {
                SubmitResult::Deferred { hint: None }
            }
            // An outage is not charged to the document.
            SubmitResult::NotProcessed { hint } if self.throttle.is_submit_outage() => {
                SubmitResult::Deferred { hint }
            }
            result => result,
        };
        if let Purpose::Submit {
            exchange: number, ..
        } = exchange.purpose
        {
            let input = Input::Submit(number, result);
            self.take_submit(job, exchange.sender.as_ref(), input, decoded, now);
        }
    }

    /// A submit is over. Its job may have finished: by the time limit, or with what another submit
    /// of the same document brought.
    fn take_submit(
        &mut self,
        job: Key,
        sender: Option<&Sender>,
        input: Input,
        decoded: Decoded,
        now: Time,
    ) {
        if self.jobs.get(job).is_some() {
            self.apply(job, input, decoded, now);
        } else if let (Decoded::Id(id), Some(Sender { meta, deadline })) = (decoded, sender) {
            let ticket = Ticket::for_document(meta.clone(), id, now, *deadline);
            let key = job.into();
            self.outbox
                .emit(BatchEventKind::SubmittedLate { key, ticket });
        }
    }

    fn complete_poll(
        &mut self,
        job: Key,
        id: RequestId,
        exchange: &Outstanding,
        reply: Reply,
        now: Time,
    ) {
        let Meaning {
            result,
            signal,
            decoded,
        } = interpret::poll(reply);
        let cause = || decoded.cause().unwrap_or(Cause::TimeLimit);
        self.observe(id, exchange, signal, false, cause, now);
        let Purpose::Poll {
            exchange: number,
            from,
            own_from,
            ..
        } = exchange.purpose
        else {
            return;
        };
        if !self.awaits(job, State::Polling, number) {
            return;
        }
        let result = match result {
            PollResult::KeyRefused if !self.refuses_job(job, exchange.key_number) => {
                PollResult::Deferred { hint: None }
            }
            PollResult::Failed { hint } if self.throttle.is_outage() => {
                PollResult::Deferred { hint }
            }
            result => result,
        };
        if let Some(entry) = self.jobs.get(job) {
            let hash = entry.extraction_id.as_ref().map(|id| self.jobs.hash(id));
            let polled = Polled {
                from,
                own_from,
                sent_at: exchange.sent_at,
                result,
            };
            let problem = self.discovery.learn_from_poll(entry, hash, polled, now);
            self.emit_problem(problem);
        }
        self.apply(job, Input::Poll(number, result), decoded, now);
    }

    /// Whether a job waits for this exchange.
    fn awaits(&self, job: Key, state: State, exchange: u32) -> bool {
        self.jobs
            .get(job)
            .is_some_and(|entry| entry.record.state == state && entry.record.exchange == exchange)
    }

    /// The key of this number was refused for the submit of a job. Whether that is specific to its
    /// document.
    fn refuses_submit(&mut self, job: Key, key_number: u16) -> bool {
        !self.throttle.are_submits_failing() && self.refuses_job(job, key_number)
    }

    /// The key of this number was refused for a job. Whether that is specific to the job.
    fn refuses_job(&mut self, job: Key, key_number: u16) -> bool {
        let entry = self.jobs.get_mut(job);
        entry.is_some_and(|entry| entry.refuse_key(key_number))
    }

    fn complete_listing(
        &mut self,
        id: RequestId,
        exchange: &Outstanding,
        reply: &Reply,
        now: Time,
    ) {
        let sent_at = exchange.sent_at;
        let before = self.discovery.listing.listed_at();
        let (mut listed, mut ours, mut new) = (0, 0, 0);
        let mut together: Vec<Cow<'_, str>> = Vec::with_capacity(IdIndex::TOGETHER);
        let mut take = |batch: &mut Self, ids: &mut Vec<Cow<'_, str>>| {
            let keys = batch.jobs.find_together(ids);
            (listed, ours) = (listed + ids.len(), ours + keys.len());
            let is_new = |key: &Key| batch.take_listed(*key, sent_at, before, now);
            new += keys.iter().copied().filter(is_new).count();
            ids.clear();
        };
        let Meaning {
            result,
            signal,
            decoded,
        } = interpret::listing(reply, |id| {
            together.push(id);
            if together.len() == IdIndex::TOGETHER {
                take(self, &mut together);
            }
        });
        take(self, &mut together);
        let cause = || decoded.cause().unwrap_or(Cause::TimeLimit);
        self.observe(id, exchange, signal, false, cause, now);
        let problem = match result {
            ListingResult::Received { bytes, .. } => {
                self.outbox
                    .emit(BatchEventKind::ListingReceived { listed, ours, new });
                let read = Read {
                    sent_at,
                    bytes,
                    listed,
                    ours,
                };
                let change = self.discovery.listing.read(read, now);
                if change == Some(Ok(())) {
                    self.outbox.emit(BatchEventKind::QueueRestored);
                }
                self.discovery.learn_from_listing(sent_at);
                change.and_then(Result::err)
            }
            ListingResult::TooLarge => {
                let problem = QueueProblem::TooLarge;
                self.discovery.listing.degrade(problem, now)
            }
            ListingResult::KeyRefused => {
                self.discovery.listing.failed(Duration::ZERO, now);
                None
            }
            ListingResult::Failed { hint } => {
                self.listing_failed(cause(), hint, now);
                None
            }
            ListingResult::Refused | ListingResult::Unreadable => {
                self.listing_failed(cause(), None, now);
                // In an outage that says nothing about the queue.
                if self.throttle.is_outage() {
                    None
                } else {
                    self.discovery.listing.not_readable(now)
                }
            }
        };
        self.emit_problem(problem);
    }

    /// A listing that was sent then listed this job. Whether that is news.
    fn take_listed(&mut self, key: Key, sent_at: Time, before: Option<Time>, now: Time) -> bool {
        let Some(entry) = self.jobs.get(key) else {
            return false;
        };
        let inputs = self.discovery.listed(entry, sent_at, before);
        let is_new = inputs.iter().any(Option::is_some);
        for input in inputs.into_iter().flatten() {
            self.apply(key, input, Decoded::Nothing, now);
        }
        is_new
    }

    /// A listing brought nothing.
    fn listing_failed(&mut self, cause: Cause, hint: Option<Duration>, now: Time) {
        let failures = self.discovery.listing.next_failure();
        let JobOptions { retry, seed, .. } = self.options.jobs;
        let delay = retry.delay(failures, random::draw(seed, failures.into()));
        let delay = delay.max(hint.unwrap_or_default());
        self.discovery.listing.failed(delay, now);
        self.outbox.emit(BatchEventKind::ListingFailed { cause });
    }

    fn emit_problem(&mut self, problem: Option<QueueProblem>) {
        if let Some(problem) = problem {
            self.outbox.emit(BatchEventKind::QueueDegraded(problem));
        }
    }
}

// How jobs move.
impl Batch {
    /// Takes a document in, to be submitted when its turn comes.
    pub(super) fn take_document(&mut self, document: Document, now: Time) -> JobKey {
        let deadline = now + self.options.jobs.deadline.unwrap_or(JobOptions::DEADLINE);
        let entry = self.entry(Record::ready(now, deadline), document, now);
        self.insert(entry, now).into()
    }

    /// The entry of a job that has a document.
    pub(super) fn entry(&mut self, record: Record, document: Document, now: Time) -> Entry {
        let JobOptions {
            text_blocks,
            response_bytes,
            ..
        } = self.options.jobs;
        let meta = DocumentMeta::from_document(&document);
        let meta = self.jobs.share(Arc::new(meta));
        let pending = Pending::with_document(document, text_blocks, response_bytes);
        let kind = self
            .discovery
            .estimators
            .slot(meta.document_type.as_deref());
        Entry::with_document(record, meta, pending, kind, now)
    }

    /// Takes a new job in.
    pub(super) fn insert(&mut self, entry: Entry, now: Time) -> Key {
        let id = entry.extraction_id.clone();
        let key = self.jobs.insert(entry);
        self.count(key, now);
        self.place(key, now);
        if id.is_some_and(|id| self.discovery.early.take(&id, now)) {
            self.notify(key, now);
        }
        key
    }

    /// Applies an input to one job, and sees to what follows. Returns whether anything did.
    pub(super) fn apply(&mut self, key: Key, input: Input, decoded: Decoded, now: Time) -> bool {
        let pressure = self.dispatch(now).pressure();
        let discovery = &self.discovery;
        let rules = |entry: &Entry| discovery.rules(key, entry, pressure, now);
        let Some(applied) = self.jobs.apply(key, input, decoded, now, rules) else {
            return false;
        };
        let Applied {
            before,
            after,
            action,
            is_named,
            has_moved,
        } = applied;
        let was_emitted = matches!(before.state, State::SubmitEmitted | State::PollEmitted);
        if was_emitted && before.state != after.state {
            self.outbox.withdraw(key);
        }
        match action {
            None => {}
            Some(Action::Emit(kind)) => self.emit_job(key, kind),
            Some(Action::SendSubmit) => self.send_submit(key, now),
            Some(Action::SendPoll) => self.send_poll(key, &before, now),
        }
        self.count(key, now);
        let id = self
            .jobs
            .get(key)
            .and_then(|entry| entry.extraction_id.clone());
        if matches!(after.state, State::Finished(_)) {
            self.jobs.remove(key);
        } else if has_moved {
            self.place(key, now);
        }
        if is_named && id.is_some_and(|id| self.discovery.early.take(&id, now)) {
            self.notify(key, now);
        }
        true
    }

    /// Counts a job again.
    fn count(&mut self, key: Key, now: Time) {
        let Some(entry) = self.jobs.get_mut(key) else {
            return;
        };
        let change = self.discovery.count(entry, now);
        let known_finished = &mut self.jobs.counters.known_finished;
        match change {
            Count::More => *known_finished += 1,
            Count::Fewer => *known_finished -= 1,
            Count::Same => {}
        }
    }

    /// Puts a job where it waits.
    fn place(&mut self, key: Key, now: Time) {
        let Some(record) = self.jobs.get(key).map(|entry| entry.record) else {
            return;
        };
        match record.state {
            State::SubmitEmitted | State::PollEmitted => {
                self.jobs.enqueue(key, Slot::Emitted, now);
            }
            State::Submitting | State::Polling | State::Finished(_) => {}
            State::Ready | State::Waiting => {
                if record.due <= now || now >= record.deadline || record.is_hopeless() {
                    self.wake(key, now);
                } else {
                    self.jobs.schedule(key, record.due);
                }
            }
        }
    }

    /// A job is due.
    fn wake(&mut self, key: Key, now: Time) {
        let Some(record) = self.jobs.get(key).map(|entry| entry.record) else {
            return;
        };
        let is_over = match record.state {
            State::Ready => now >= record.deadline || record.is_hopeless(),
            State::Waiting => record.is_hopeless(),
            _ => return,
        };
        if is_over {
            self.apply(key, Input::Clock, Decoded::Nothing, now);
        } else if !self.postpone(key, now) {
            self.enqueue(key, now);
        }
    }

    /// Lets a job that is due wait for its turn.
    fn enqueue(&mut self, key: Key, now: Time) {
        let pressure = self.dispatch(now).pressure();
        let Some(entry) = self.jobs.get(key) else {
            return;
        };
        if let Some(slot) = self.discovery.slot(entry, pressure, now) {
            self.jobs.enqueue(key, slot, now);
            self.discovery.enqueued(slot);
        }
    }

    /// Puts a poll off that is due by what was known before, and is not by what is known now.
    fn postpone(&mut self, key: Key, now: Time) -> bool {
        let pressure = self.dispatch(now).pressure();
        let Some(entry) = self.jobs.get(key) else {
            return false;
        };
        let input = self.discovery.postpone(entry, pressure, now);
        input.is_some_and(|input| self.apply(key, input, Decoded::Nothing, now))
    }

    /// The deadline of a job that waits has come.
    fn reach_deadline(&mut self, key: Key, now: Time) {
        let Some(entry) = self.jobs.get(key) else {
            return;
        };
        match entry.record.state {
            // Its event is emitted, and its poll is the last.
            State::PollEmitted => {
                self.jobs.remove_timeout(key);
                self.count(key, now);
            }
            State::Waiting => {
                self.jobs.leave(key);
                self.count(key, now);
                self.wake(key, now);
            }
            _ => {
                self.apply(key, Input::Clock, Decoded::Nothing, now);
            }
        }
    }

    /// A webhook named a job.
    pub(super) fn notify(&mut self, key: Key, now: Time) {
        if let Some(entry) = self.jobs.get_mut(key) {
            entry.is_notified = true;
        }
        let input = Input::Named(PollReason::Notification);
        self.apply(key, input, Decoded::Nothing, now);
    }
}

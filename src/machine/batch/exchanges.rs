//! What comes of the requests of a batch, and how its jobs move.
//!
//! From top to bottom: take what came of a request, note what that says of the service, move its
//! job by one step, emit the event or send the request that follows, and put the job where it
//! waits.

use std::time::Duration;

use super::Batch;
use super::discovery::{Count, Polled};
use super::dispatch::Dispatch;
use super::entry::{Entry, Slot};
use super::event::{BatchEventKind, QueueProblem};
use super::in_flight::{Outgoing, Outstanding, Overdue, Purpose, Sender};
use super::jobs::Applied;
use super::listing::Read;
use crate::machine::cause::Cause;
use crate::machine::collections::slab::Key;
use crate::machine::exchange::RequestId;
use crate::machine::interpret::{
    self, Decoded, ListingResult, Meaning, PollResult, Reply, Signal, SubmitResult,
};
use crate::machine::job::Ticket;
use crate::machine::job::job_mut::Action;
use crate::machine::job::record::{PollReason, Record, State};
use crate::machine::job::transition::Input;
use crate::machine::time::Time;

// What comes back.
impl Batch {
    /// Takes what came of a request.
    pub(super) fn complete(&mut self, id: RequestId, reply: Reply, now: Time) {
        let exchange = match reply {
            Reply::TimeLimit => self.outbox.time_out(id),
            Reply::Response(_) | Reply::Failure(_) => self.outbox.complete(id),
        };
        if let Some(exchange) = exchange {
            match exchange.purpose {
                Purpose::Submit { .. } => self.complete_submit(&exchange, reply, now),
                Purpose::Poll { .. } => self.complete_poll(&exchange, reply, now),
                Purpose::Listing => self.complete_listing(&exchange, &reply, now),
            }
        } else if let Some(overdue) = self.outbox.take_overdue(id) {
            // An id is worth having, however late it comes.
            let Overdue {
                job,
                exchange,
                sender,
            } = overdue;
            let Meaning {
                result, decoded, ..
            } = interpret::submit(reply, false);
            let input = Input::Submit(exchange, result);
            self.take_submit(job, Some(&sender), input, decoded, now);
        }
    }

    /// What an exchange says of the service.
    fn observe(
        &mut self,
        exchange: &Outstanding,
        signal: Signal,
        decoded: &Decoded,
        is_unknown: bool,
        now: Time,
    ) {
        let completed = exchange.completed(signal, is_unknown);
        self.throttle
            .completed(&completed, || decoded.reason(), now);
        // Before the outcome of a job, after which nothing may follow.
        self.report_pauses(now);
    }

    /// Reports pauses that began or ended. Returns whether there were any.
    pub(super) fn report_pauses(&mut self, now: Time) -> bool {
        let mut any = false;
        while let Some(change) = self.throttle.next_change(now) {
            any = true;
            self.outbox.emit(change.into());
        }
        any
    }

    fn complete_submit(&mut self, exchange: &Outstanding, reply: Reply, now: Time) {
        let Purpose::Submit {
            job,
            exchange: number,
            ..
        } = exchange.purpose
        else {
            return;
        };
        let trusts_overload = self.options.jobs.retry.trusts_overload();
        let Meaning {
            result,
            signal,
            decoded,
        } = interpret::submit(reply, trusts_overload);
        let is_unknown = result == SubmitResult::Unknown;
        self.observe(exchange, signal, &decoded, is_unknown, now);
        let result = match result {
            SubmitResult::KeyRefused
                if self.throttle.are_submits_failing()
                    || !self.note_refusal(job, exchange.key_number) =>
            {
                SubmitResult::Deferred { hint: None }
            }
            // An outage is not charged to the document.
            SubmitResult::NotProcessed { hint } if self.throttle.is_submit_outage() => {
                SubmitResult::Deferred { hint }
            }
            result => result,
        };
        let input = Input::Submit(number, result);
        self.take_submit(job, exchange.sender.as_ref(), input, decoded, now);
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

    fn complete_poll(&mut self, exchange: &Outstanding, reply: Reply, now: Time) {
        let Purpose::Poll {
            job,
            exchange: number,
            from,
            own_from,
            ..
        } = exchange.purpose
        else {
            return;
        };
        let Meaning {
            result,
            signal,
            decoded,
        } = interpret::poll(reply);
        self.observe(exchange, signal, &decoded, false, now);
        if !self.awaits(job, State::Polling, number) {
            return;
        }
        let result = match result {
            PollResult::KeyRefused if !self.note_refusal(job, exchange.key_number) => {
                PollResult::Deferred { hint: None }
            }
            // An outage is not charged to the job.
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

    /// Notes that the key of this number was refused for a job. Returns whether that is specific to
    /// the job.
    fn note_refusal(&mut self, job: Key, key_number: u16) -> bool {
        let entry = self.jobs.get_mut(job);
        entry.is_some_and(|entry| entry.refuse_key(key_number))
    }

    fn complete_listing(&mut self, exchange: &Outstanding, reply: &Reply, now: Time) {
        let sent_at = exchange.sent_at;
        let before = self.discovery.listing.listed_at();
        let (mut listed, mut ours, mut new) = (0, 0, 0);
        let Meaning {
            result,
            signal,
            decoded,
        } = interpret::listing(reply, |ids| {
            let keys = self.jobs.find_together(ids);
            (listed, ours) = (listed + ids.len(), ours + keys.len());
            let is_new = |key: &Key| self.take_listed(*key, sent_at, before, now);
            new += keys.iter().copied().filter(is_new).count();
        });
        self.observe(exchange, signal, &decoded, false, now);
        let problem = match result {
            ListingResult::Received { bytes, hint } => {
                self.outbox
                    .emit(BatchEventKind::ListingReceived { listed, ours, new });
                let read = Read {
                    sent_at,
                    bytes,
                    listed,
                    ours,
                    hint,
                    is_evidence: signal == Signal::Works,
                };
                self.listing_read(read, now)
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
                self.listing_failed(decoded.into_reason(), hint, now);
                None
            }
            ListingResult::Refused => self.not_a_listing(decoded.into_reason(), None, now),
            ListingResult::Unreadable { hint } => {
                self.not_a_listing(decoded.into_reason(), hint, now)
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
            self.step(key, input, now);
        }
        is_new
    }

    /// What a listing says of jobs that it did not list, and of the queue.
    fn listing_read(&mut self, read: Read, now: Time) -> Option<QueueProblem> {
        let change = self.discovery.listing.read(read, now);
        if change == Some(Ok(())) {
            self.outbox.emit(BatchEventKind::QueueRestored);
        }
        self.discovery.learn_from_listing(read.sent_at);
        change.and_then(Result::err)
    }

    /// What came is no listing. Whether that is a problem by now.
    fn not_a_listing(
        &mut self,
        cause: Cause,
        hint: Option<Duration>,
        now: Time,
    ) -> Option<QueueProblem> {
        self.listing_failed(cause, hint, now);
        // In an outage that says nothing about the queue.
        let is_outage = self.throttle.is_outage();
        let listing = &mut self.discovery.listing;
        (!is_outage).then(|| listing.not_readable(now)).flatten()
    }

    /// A listing brought nothing.
    fn listing_failed(&mut self, cause: Cause, hint: Option<Duration>, now: Time) {
        self.discovery.listing_failed(hint, now);
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

    /// As [`apply`](Self::apply), where nothing was decoded.
    pub(super) fn step(&mut self, key: Key, input: Input, now: Time) -> bool {
        self.apply(key, input, Decoded::Nothing, now)
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
            if !matches!(after.state, State::Submitting | State::Polling) {
                self.throttle.withdraw_probe(now);
            }
        }
        match action {
            None => {}
            Some(Action::Emit(event)) => {
                if let Some(entry) = self.jobs.get(key) {
                    self.outbox.emit_job(key, entry, event);
                }
            }
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

    fn send_submit(&mut self, key: Key, now: Time) {
        let entry = self.jobs.get(key);
        if let Some(submit) = entry.and_then(|entry| entry.submit(key, &self.api)) {
            self.send(submit, now);
        }
    }

    fn send_poll(&mut self, key: Key, before: &Record, now: Time) {
        let Some(entry) = self.jobs.get_mut(key) else {
            return;
        };
        let from = self.discovery.in_progress_since(entry, before);
        if let Some(poll) = entry.poll(key, from, &self.api, &self.options.jobs, now) {
            self.send(poll, now);
        }
    }

    pub(super) fn send_listing(&mut self, now: Time) {
        let response_bytes = self.options.jobs.response_bytes;
        let listing = &mut self.discovery.listing;
        let request = listing.request(&self.api, response_bytes);
        listing.sent(now);
        self.send(request, now);
    }

    fn send(&mut self, outgoing: Outgoing, now: Time) {
        let purpose = outgoing.purpose;
        self.jobs.counters.sent(purpose);
        let id = self.outbox.send(outgoing, self.throttle.key_number(), now);
        self.throttle
            .sent(id, purpose.kind(), purpose.is_retry(), now);
    }

    /// Counts a job again.
    pub(super) fn count(&mut self, key: Key, now: Time) {
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

    /// Puts a job where it waits, or hands it back if the batch is shut down.
    pub(super) fn place(&mut self, key: Key, now: Time) {
        let Some(record) = self.jobs.get(key).map(|entry| entry.record) else {
            return;
        };
        match record.state {
            State::SubmitEmitted | State::PollEmitted => {
                self.jobs.enqueue(key, Slot::Emitted, now);
            }
            State::Submitting | State::Polling | State::Finished(_) => {}
            State::Ready | State::Waiting if self.shutdown.is_some() => self.hand_back(key),
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
    pub(super) fn wake(&mut self, key: Key, now: Time) {
        let Some(record) = self.jobs.get(key).map(|entry| entry.record) else {
            return;
        };
        let is_over = match record.state {
            State::Ready => now >= record.deadline || record.is_hopeless(),
            State::Waiting => record.is_hopeless(),
            _ => return,
        };
        if is_over {
            self.step(key, Input::Clock, now);
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
        input.is_some_and(|input| self.step(key, input, now))
    }

    /// A webhook named a job.
    pub(super) fn notify(&mut self, key: Key, now: Time) {
        if let Some(entry) = self.jobs.get_mut(key) {
            entry.is_notified = true;
        }
        let input = Input::Named(PollReason::Notification);
        self.step(key, input, now);
    }

    /// Reports a job whose request is not out as unfinished, and forgets it.
    pub(super) fn hand_back(&mut self, key: Key) {
        let entry = self.jobs.get(key);
        let Some(event) = entry.and_then(|entry| entry.handed_back(key, self.latest)) else {
            return;
        };
        self.outbox.emit(event);
        self.jobs.leave(key);
        if let Some(entry) = self.jobs.take_out(key) {
            self.discovery.uncount(&entry);
        }
    }
}

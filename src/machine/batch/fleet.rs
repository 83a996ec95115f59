//! One call for all: how a batch uses the queue of finished extractions, and webhooks.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};

use super::Batch;
use super::entry::{Entry, Place, Rank};
use super::event::{BatchEventKind, QueueProblem};
use super::in_flight::Purpose;
use super::options::BatchOptions;
use super::queue::{Measure, Queue, RELAXED_GAP};
use super::webhooks::Webhooks;
use crate::machine::cause::Cause;
use crate::machine::collections::id_index::IdIndex;
use crate::machine::collections::slab::Key;
use crate::machine::delay::{DelayEstimator, DelayEstimators};
use crate::machine::exchange::{FailureKind, Limits};
use crate::machine::job::job_mut::Reply;
use crate::machine::job::record::{OutcomeKind, PollReason, Record, State};
use crate::machine::job::response::{Decoded, PollResult};
use crate::machine::job::transition::Input;
use crate::machine::limiter::RequestKind;
use crate::machine::poll_policy::PollPolicy;
use crate::machine::random;
use crate::machine::time::Time;
use crate::wire::{AwaitingRequest, AwaitingResponse, ResponseError};

/// The queue is believed for so long at most: results are kept for 48 hours.
const LONGEST_BELIEF: Duration = Duration::from_secs(12 * 3600);

/// Or for this long, while webhooks arrive.
const RELAXED_BELIEF: Duration = Duration::from_secs(3600);

/// A resumed job of this age may have finished so long ago that it is lost soon: it is not left to
/// the queue.
const OLD: Duration = Duration::from_secs(36 * 3600);

/// While webhooks arrive, a poll is worth so many.
const RELAXED_PRICE: u32 = 30;

/// However many wait for the rate, one more request costs no more than so many times its price:
/// asking even more rarely leaves hardly more room for the others, and results wait longer.
const MAX_PRESSURE: u32 = 20;

impl Batch {
    /// When the queue is due to be asked.
    pub(super) fn next_listing(&mut self, now: Time) -> Option<Time> {
        let measure = measure(
            &self.options,
            &self.estimators,
            &self.webhooks,
            self.pressure(now),
            now,
        );
        self.queue.next_call(measure, now)
    }

    pub(super) fn is_queue_due(&mut self, now: Time) -> bool {
        let measure = measure(
            &self.options,
            &self.estimators,
            &self.webhooks,
            self.pressure(now),
            now,
        );
        self.queue.is_due(measure, now)
    }

    /// What one request costs beside its price: the delay of all requests that wait behind it,
    /// where the rate leaves no room for them.
    pub(super) fn pressure(&self, now: Time) -> Duration {
        let delay = self.pace.delay_of_next(now);
        if delay.is_zero() {
            return delay;
        }
        let waiting = self
            .documents_waiting()
            .saturating_add(self.tally.known_finished);
        let most = self
            .options
            .jobs
            .poll_policy
            .price()
            .saturating_mul(MAX_PRESSURE);
        delay
            .saturating_mul(u32::try_from(waiting).unwrap_or(u32::MAX))
            .min(most)
    }

    /// How many documents wait for the rate and for nothing else: not for those that are being
    /// sent, nor for jobs to end, nor for their own next try.
    fn documents_waiting(&self) -> usize {
        let is_full = self.submits_under_way() >= self.options.max_submits;
        let untaken = self
            .options
            .max_unfinished
            .saturating_sub(self.tally.unfinished())
            .min(self.sources.least());
        if is_full {
            0
        } else {
            self.turns.submits_queued().saturating_add(untaken)
        }
    }

    /// When the queue was last asked, if its silence is reason enough not to poll this job, which
    /// is due.
    pub(super) fn covered_at(&self, entry: &Entry, now: Time) -> Option<Time> {
        let Record {
            polled_at,
            submitted_at,
            deadline,
            ..
        } = entry.record;
        let listed_at = self
            .queue
            .listed_at()
            .filter(|at| *at > polled_at && *at >= submitted_at)?;
        let is_named = entry.is_said_finished() || entry.named_in_vain;
        let counts = entry.counted && !is_named && now < deadline && !self.is_doubted(entry, now);
        counts.then_some(listed_at)
    }

    /// Whether the silence of the queue, if it is silent about a job, is not enough any more: the
    /// job was not polled by itself for too long.
    pub(super) fn is_doubted(&self, entry: &Entry, now: Time) -> bool {
        if !entry.counted || self.queue.listed_at().is_none() || !self.queue.may_be_doubted() {
            return false;
        }
        let Record {
            submitted_at,
            polls,
            fresh,
            ..
        } = entry.record;
        let is_old = polls == 0 && !fresh && now.saturating_since(submitted_at) >= OLD;
        let silent_for = now.saturating_since(entry.own_poll_at);
        if self.webhooks.arrive(now) {
            // Two would have to be silent.
            return is_old || silent_for >= RELAXED_BELIEF;
        }
        let age = |time: Time| time.saturating_since(submitted_at);
        let poll_policy = self.options.jobs.poll_policy;
        let lateness = poll_policy.lateness(
            estimator(&self.options, &self.estimators, entry),
            age(entry.own_poll_at),
            age(now),
        );
        is_old
            || silent_for >= LONGEST_BELIEF
            || lateness
                >= (poll_policy.price() + self.pressure(now))
                    .saturating_mul(self.queue.names_all_but_one_in())
    }

    /// Why a job is polled, whose turn it is.
    pub(super) fn reason_of(entry: &Entry, since: Time, now: Time) -> PollReason {
        match entry.record.reason {
            PollReason::Policy if entry.place == Place::Polls(Rank::Doubted) => {
                PollReason::NotListed
            }
            PollReason::Policy | PollReason::Hint | PollReason::Retry if now > since => {
                PollReason::Limiter
            }
            reason => reason,
        }
    }

    pub(super) fn emit_listing_due(&mut self) {
        self.queue.is_announced = true;
        self.emit(BatchEventKind::ListingDue);
    }

    pub(super) fn send_listing(&mut self, now: Time) {
        let request = AwaitingRequest::for_customer(self.queue.customer.clone()).request(&self.api);
        let limits = Limits::for_exchange(0, self.options.jobs.response_bytes);
        self.pace.take(RequestKind::Poll, false, now);
        self.tally.listings += 1;
        self.queue.sent(now);
        self.send(Purpose::Queue, request, limits, now);
    }

    /// What came of a list request that was sent at this time.
    pub(super) fn handle_listing(
        &mut self,
        asked_at: Time,
        reply: Reply,
        is_key_refused: bool,
        now: Time,
    ) {
        let cause = match reply {
            Reply::Response(response) => match self.listed(&response, asked_at, now) {
                Ok(()) => return,
                Err(error) => Cause::from(error),
            },
            Reply::Failure(failure) if failure.kind() == FailureKind::TooLarge => {
                let problem = self.queue.distrust(QueueProblem::TooLarge, now);
                self.emit_problem(problem);
                return;
            }
            Reply::Failure(failure) => Cause::Failure(failure),
        };
        if is_key_refused {
            self.queue.failed(Duration::ZERO, now);
            return;
        }
        // A refusal that is not about the key is as little a listing as a text that can't be read.
        let is_refusal =
            |status: StatusCode| status.is_client_error() && !matches!(status.as_u16(), 408 | 429);
        let is_refused =
            matches!(&cause, Cause::Service(error) if error.http_status().is_some_and(is_refusal));
        let is_unreadable = matches!(cause, Cause::Decode(_)) || is_refused;
        self.listing_failed(cause, now);
        if is_unreadable {
            let problem = self.queue.not_readable(now);
            self.emit_problem(problem);
        }
    }

    /// A listing failed.
    pub(super) fn listing_failed(&mut self, cause: Cause, now: Time) {
        let failures = self.queue.failures.saturating_add(1);
        let delay = self.options.jobs.retry.delay(
            failures,
            random::draw(self.options.jobs.seed, failures.into()),
        );
        self.queue.failed(delay, now);
        self.emit(BatchEventKind::ListingFailed { cause });
    }

    /// Takes a listing.
    fn listed(
        &mut self,
        response: &Response<Bytes>,
        asked_at: Time,
        now: Time,
    ) -> Result<(), ResponseError> {
        let (mut listed, mut ours, mut news) = (0, 0, 0);
        let mut together: Vec<Cow<'_, str>> = Vec::with_capacity(IdIndex::TOGETHER);
        let listed_before = self.queue.listed_at();
        let mut named = |batch: &mut Self, ids: &mut Vec<Cow<'_, str>>| {
            listed += ids.len();
            let keys = batch.keys_of(ids);
            ours += keys.len();
            news += keys
                .into_iter()
                .filter(|key| batch.named(*key, asked_at, listed_before, now))
                .count();
            ids.clear();
        };
        AwaitingResponse::for_each_id(response, |id| {
            together.push(id);
            if together.len() == IdIndex::TOGETHER {
                named(self, &mut together);
            }
        })?;
        named(self, &mut together);
        self.emit(BatchEventKind::ListingReceived {
            listed,
            ours,
            new: news,
        });
        match self
            .queue
            .read(asked_at, response.body().len() as u64, listed, ours, now)
        {
            Some(Ok(())) => drop(self.emit(BatchEventKind::QueueRestored)),
            Some(Err(problem)) => self.emit_problem(Some(problem)),
            None => {}
        }
        self.observe_silence(asked_at);
        Ok(())
    }

    /// The jobs that have these ids.
    fn keys_of(&self, ids: &[Cow<'_, str>]) -> Vec<Key> {
        let id_of = |slot| {
            self.jobs
                .at(slot)
                .and_then(|(_, entry)| entry.extraction_id.as_ref())
        };
        // An id may lie across two lines of the cache: its end is on the second.
        let end = |entry: &Entry| {
            entry
                .extraction_id
                .as_ref()
                .and_then(|id| id.as_bytes().last().copied())
        };
        let fetch = |slots: &[u32]| self.jobs.fetch(slots, end);
        let slots = self.index.find_together(ids, fetch, |slot, id| {
            id_of(slot).is_some_and(|own| own.as_bytes() == id.as_bytes())
        });
        slots
            .into_iter()
            .flatten()
            .filter_map(|slot| self.jobs.at(slot))
            .map(|(key, _)| key)
            .collect()
    }

    /// The queue, asked at this time, named a job. Says whether that is news.
    fn named(&mut self, key: Key, asked_at: Time, listed_before: Option<Time>, now: Time) -> bool {
        let Some(entry) = self.jobs.get(key) else {
            return false;
        };
        let Record {
            state,
            polled_at,
            submitted_at,
            ..
        } = entry.record;
        // One that could not be polled when it was named waits for its own next try, however often
        // it is named.
        if entry.said || entry.named_in_vain || state == State::Waiting && polled_at >= asked_at {
            return false;
        }
        if let Some(before) =
            listed_before.filter(|before| entry.counted && *before > polled_at.max(submitted_at))
        {
            self.take(key, Input::NotListed(before), Decoded::Nothing, now);
        }
        self.take(
            key,
            Input::Finished(PollReason::Queue),
            Decoded::Nothing,
            now,
        );
        true
    }

    /// What a listing did not name was in progress when it was asked for.
    fn observe_silence(&mut self, asked_at: Time) {
        if !self.options.learns {
            return;
        }
        let Some(since) = self.queue.teaches_since(asked_at, self.started_at) else {
            return;
        };
        for (of, jobs, submitted_at) in self.queue.cohorts.iter() {
            let age = |time: Time| time.saturating_since(submitted_at);
            if asked_at > submitted_at {
                self.estimators
                    .pending_at(of, jobs, age(since), age(asked_at));
            }
        }
    }

    /// What the response to a poll teaches.
    pub(super) fn learn(
        &mut self,
        key: Key,
        errand: Purpose,
        sent_at: Time,
        result: PollResult,
        now: Time,
    ) {
        let (Some(entry), Purpose::Poll { from, own_from, .. }) = (self.jobs.get(key), errand)
        else {
            return;
        };
        let Record {
            submitted_at,
            reason,
            ..
        } = entry.record;
        let (kind, counted) = (entry.kind, entry.counted);
        let age = |time: Time| time.saturating_since(submitted_at);
        match result {
            // What is counted is covered by the next listing.
            PollResult::InProgress { .. }
                if self.options.learns
                    && from >= submitted_at
                    && !(counted && self.queue.is_trusted()) =>
            {
                self.estimators.pending_at(kind, 1, age(from), age(sent_at));
            }
            PollResult::Final(
                OutcomeKind::Succeeded
                | OutcomeKind::Failed
                | OutcomeKind::Unreadable
                | OutcomeKind::TooLarge,
            ) => {
                // What happened before a job was resumed was learned by another, or by nobody.
                if self.options.learns && from >= submitted_at {
                    self.estimators.finished_at(kind, age(from), age(sent_at));
                }
                if let Some(id) = &entry.extraction_id {
                    self.webhooks
                        .finished(self.index.hash(id.as_str()), entry.told, now);
                }
                let was_listed = matches!(reason, PollReason::Queue | PollReason::Notification);
                if reason == PollReason::Queue {
                    self.queue.named_one();
                }
                let listed_at = self
                    .queue
                    .listed_at()
                    .filter(|at| counted && !was_listed && *at > own_from);
                // Had it finished at any moment since it was last polled, it would probably have
                // been before the listing.
                if listed_at.is_some_and(|at| {
                    sent_at.saturating_since(at) * 10 < at.saturating_since(own_from)
                }) {
                    let problem = self.queue.missed_one(now);
                    self.emit_problem(problem);
                }
            }
            _ => {}
        }
    }

    fn emit_problem(&mut self, problem: Option<QueueProblem>) {
        if let Some(problem) = problem {
            self.emit(BatchEventKind::QueueDegraded(problem));
        }
    }

    /// Counts a job, or counts it no more, among those in progress and those said to be finished.
    pub(super) fn recount(&mut self, key: Key, now: Time) {
        let Some(entry) = self.jobs.get_mut(key) else {
            return;
        };
        let (is_submitted, is_said) = (entry.is_submitted(), entry.is_said_finished());
        let said = is_submitted && is_said;
        let counted = is_submitted
            && !is_said
            && now < entry.record.deadline
            && self.queue.tells_of(entry.meta.customer.as_ref());
        match (entry.said, said) {
            (false, true) => self.tally.known_finished += 1,
            (true, false) => self.tally.known_finished -= 1,
            _ => {}
        }
        match (entry.counted, counted) {
            (false, true) => self
                .queue
                .cohorts
                .add(entry.kind, entry.record.submitted_at, now),
            (true, false) => self
                .queue
                .cohorts
                .remove(entry.kind, entry.record.submitted_at),
            _ => {}
        }
        (entry.said, entry.counted) = (said, counted);
    }
}

/// What lateness is measured by now.
fn measure<'a>(
    options: &BatchOptions,
    estimators: &'a DelayEstimators,
    webhooks: &Webhooks,
    pressure: Duration,
    now: Time,
) -> Measure<'a> {
    Measure {
        poll_policy: options.jobs.poll_policy,
        pressure,
        estimators: options.learns.then_some(estimators),
        is_relaxed: webhooks.arrive(now),
    }
}

/// The policy by which jobs are polled now.
pub(super) fn poll_policy(
    options: &BatchOptions,
    webhooks: &Webhooks,
    queue: &Queue,
    pressure: Duration,
    now: Time,
) -> PollPolicy {
    let poll_policy = options.jobs.poll_policy;
    if !webhooks.arrive(now) {
        return if pressure.is_zero() {
            poll_policy
        } else {
            poll_policy.with_price(poll_policy.price() + pressure)
        };
    }
    let smallest = if queue.is_trusted() {
        RELAXED_GAP
    } else {
        poll_policy.smallest_gap()
    };
    poll_policy
        .with_price(poll_policy.price() * RELAXED_PRICE)
        .with_gaps(
            smallest,
            RELAXED_GAP.min(poll_policy.largest_gap().max(smallest)),
        )
}

/// What is known of the time that jobs like this one take.
pub(super) fn estimator<'a>(
    options: &BatchOptions,
    estimators: &'a DelayEstimators,
    entry: &Entry,
) -> Option<&'a DelayEstimator> {
    options.learns.then(|| estimators.at(entry.kind))
}

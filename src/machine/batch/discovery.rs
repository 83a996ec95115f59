//! How a batch finds out what has finished: listings, webhooks, and what it has learned of the time
//! that jobs take. Given jobs by reference, it returns what is to be done with them, and calls
//! nobody back.

use std::time::Duration;

use super::counters::Count;
use super::entry::{Entry, Priority, Reader, Slot};
use super::event::QueueProblem;
use super::listing::{Listing, Measure, RELAXED_GAP};
use super::options::BatchOptions;
use super::webhooks::Webhooks;
use crate::machine::collections::id_index::IdHash;
use crate::machine::collections::slab::Key;
use crate::machine::delay::{DelayEstimator, DelayEstimators};
use crate::machine::interpret::PollResult;
use crate::machine::job::record::{OutcomeKind, PollReason, Record, State};
use crate::machine::job::transition::{Input, Rules};
use crate::machine::job::{JobOptions, submission_limit};
use crate::machine::notifications::Notifications;
use crate::machine::poll_policy::PollPolicy;
use crate::machine::time::Time;
use crate::machine::{exchange::Limits, random};

/// What no listing lists is believed to be unfinished for so long at most: results are kept for
/// 48 hours.
const MAX_BELIEF: Duration = Duration::from_secs(12 * 3600);

/// Or for this long, while webhooks arrive.
const MAX_RELAXED_BELIEF: Duration = Duration::from_secs(3600);

/// A resumed job of this age may have finished so long ago that its result is deleted soon: it is
/// not left to the queue.
const OLD: Duration = Duration::from_secs(36 * 3600);

/// While webhooks arrive, a poll is worth so many.
const RELAXED_PRICE: u32 = 30;

/// How a batch finds out what has finished.
#[derive(Debug)]
pub(super) struct Discovery {
    jobs: JobOptions,
    learns: bool,
    pub(super) listing: Listing,
    webhooks: Webhooks,
    pub(super) estimators: DelayEstimators,
    /// Notifications of ids that are not known, or not yet.
    pub(super) early: Notifications,
}

/// A poll that is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Polled {
    /// When the job was last known to be in progress.
    pub(super) from: Time,
    /// When it was polled by itself before.
    pub(super) own_from: Time,
    pub(super) sent_at: Time,
    pub(super) result: PollResult,
}

impl Discovery {
    pub(super) fn new(options: &BatchOptions) -> Self {
        Self {
            jobs: options.jobs,
            learns: options.learns,
            listing: Listing::new(options.queue, options.customer.clone()),
            webhooks: Webhooks::default(),
            estimators: DelayEstimators::new(),
            early: Notifications::default(),
        }
    }

    /// A listing brought nothing. The next one is sent when the policy says so, or later where the
    /// service asked for that.
    pub(super) fn listing_failed(&mut self, hint: Option<Duration>, now: Time) {
        let failures = self.listing.next_failure();
        let JobOptions { retry, seed, .. } = self.jobs;
        let delay = retry.delay(failures, random::draw(seed, failures.into()));
        self.listing
            .failed(delay.max(hint.unwrap_or_default()), now);
    }

    /// When the next listing is due.
    pub(super) fn next_listing(&self, pressure: Duration, now: Time) -> Option<Time> {
        self.listing.next_at(self.measure(pressure, now), now)
    }

    pub(super) fn is_listing_due(&self, pressure: Duration, now: Time) -> bool {
        self.listing.is_due(self.measure(pressure, now), now)
    }

    fn measure(&self, pressure: Duration, now: Time) -> Measure<'_> {
        Measure {
            poll_policy: self.jobs.poll_policy,
            pressure,
            estimators: self.learns.then_some(&self.estimators),
            is_relaxed: self.webhooks.arrive(now),
        }
    }

    /// What the steps of this job depend on.
    pub(super) fn rules(
        &self,
        key: Key,
        entry: &Entry,
        pressure: Duration,
        now: Time,
    ) -> Rules<'_> {
        Rules {
            poll_policy: self.poll_policy(pressure, now),
            estimator: self.estimator(entry),
            retry: self.jobs.retry,
            // Jobs that failed together should not come back together.
            seed: random::draw(self.jobs.seed ^ u64::from(key.generation), key.slot),
            submit_limit: submission_limit(entry.pending.as_deref()),
            poll_limit: Limits::default().total,
        }
    }

    /// The policy by which jobs are polled now.
    fn poll_policy(&self, pressure: Duration, now: Time) -> PollPolicy {
        let policy = self.jobs.poll_policy;
        if !self.webhooks.arrive(now) {
            return if pressure.is_zero() {
                policy
            } else {
                policy.with_price(policy.price() + pressure)
            };
        }
        let smallest = if self.listing.trust().is_usable() {
            RELAXED_GAP
        } else {
            policy.smallest_gap()
        };
        let largest = RELAXED_GAP.min(policy.largest_gap().max(smallest));
        policy
            .with_price(policy.price() * RELAXED_PRICE)
            .with_gaps(smallest, largest)
    }

    /// What is known of the time that jobs like this one take.
    fn estimator(&self, entry: &Entry) -> Option<&DelayEstimator> {
        self.learns.then(|| self.estimators.at(entry.kind))
    }

    /// When the last listing was sent, if that it does not list this job, which is due, is reason
    /// enough not to poll it.
    pub(super) fn not_listed_at(
        &self,
        entry: &Entry,
        pressure: Duration,
        now: Time,
    ) -> Option<Time> {
        let Record {
            polled_at,
            submitted_at,
            deadline,
            ..
        } = entry.record;
        let listed_at = self
            .listing
            .listed_at()
            .filter(|at| *at > polled_at && *at >= submitted_at)?;
        let counts = entry.is_counted
            && !entry.is_named()
            && entry.read_by != Some(Reader::FailedPoll)
            && now < deadline
            && !self.is_overdue(entry, pressure, now);
        counts.then_some(listed_at)
    }

    /// Whether it is no longer enough that no listing lists this job: it was not polled by itself
    /// for too long.
    fn is_overdue(&self, entry: &Entry, pressure: Duration, now: Time) -> bool {
        let is_silent = entry.is_counted && self.listing.listed_at().is_some();
        if !is_silent || !self.listing.allows_overdue_poll() {
            return false;
        }
        let Record {
            submitted_at,
            fresh,
            ..
        } = entry.record;
        let is_unpolled = entry.record.polls() == 0;
        let is_old = is_unpolled && !fresh && now.saturating_since(submitted_at) >= OLD;
        let since_own_poll = now.saturating_since(entry.own_poll_at);
        // The queue and the webhook may have said so to another process.
        let is_read = entry.read_by == Some(Reader::OtherProcess);
        if self.webhooks.arrive(now) && !is_read {
            // Two would have to be silent.
            return is_old || since_own_poll >= MAX_RELAXED_BELIEF;
        }
        let policy = self.jobs.poll_policy;
        let lateness = |start: Time| {
            let age = |time: Time| time.saturating_since(start);
            policy.lateness(self.estimator(entry), age(entry.own_poll_at), age(now))
        };
        let mut lateness_by_age = lateness(submitted_at);
        if entry.record.is_resumed() && !self.listing.trust().has_listed() {
            // Neither the queue nor the ticket's age has shown anything yet.
            lateness_by_age = lateness_by_age.max(lateness(entry.record.followed_since()));
        }
        let belief = if is_read {
            1
        } else {
            self.listing.lists_all_but_one_in()
        };
        let max_lateness = (policy.price() + pressure).saturating_mul(belief);
        is_old || since_own_poll >= MAX_BELIEF || lateness_by_age >= max_lateness
    }

    /// What puts a poll off that is due by what was known before, and is not by what is known now.
    pub(super) fn postpone(&self, entry: &Entry, pressure: Duration, now: Time) -> Option<Input> {
        if entry.record.state != State::Waiting {
            return None;
        }
        if let Some(at) = self.not_listed_at(entry, pressure, now) {
            return Some(Input::NotListed(at));
        }
        let Record {
            reason,
            polled_at,
            deadline,
            ..
        } = entry.record;
        let is_as_before = pressure.is_zero() && !self.webhooks.arrive(now);
        if reason != PollReason::Policy || now >= deadline || is_as_before {
            return None;
        }
        let policy = self.poll_policy(pressure, now);
        let due = entry.record.next_poll_by(policy, self.estimator(entry));
        (due > now).then_some(Input::NotListed(polled_at))
    }

    /// Where a job that is due waits for its turn.
    pub(super) fn slot(&self, entry: &Entry, pressure: Duration, now: Time) -> Option<Slot> {
        let is_late = now >= entry.record.deadline;
        Some(match entry.record.state {
            State::Ready if entry.needs_budget() => Slot::Retries,
            State::Ready => Slot::Submits,
            State::Waiting if is_late => Slot::Polls(Priority::Last),
            State::Waiting if entry.is_named() => Slot::Polls(Priority::Finished),
            State::Waiting if entry.needs_budget() => Slot::Retries,
            // The service may have read its last poll, and list it no longer.
            State::Waiting if !entry.is_counted || entry.record.failures > 0 => {
                Slot::Polls(Priority::Alone)
            }
            State::Waiting if self.is_overdue(entry, pressure, now) => {
                Slot::Polls(Priority::Overdue)
            }
            State::Waiting => Slot::Polls(Priority::Due),
            _ => return None,
        })
    }

    /// A job waits in this slot now.
    pub(super) fn enqueued(&mut self, slot: Slot) {
        if slot == Slot::Polls(Priority::Overdue) {
            self.listing.note_overdue_poll();
        }
    }

    /// It is the turn of this job to be polled. If it was resumed and no listing lists it, the next
    /// such poll waits for another listing, as after [`enqueued`](Self::enqueued).
    pub(super) fn selected(&mut self, entry: &Entry) {
        let is_silent = entry.is_counted && !entry.is_named();
        let listed_at = self.listing.listed_at().filter(|_| is_silent);
        if entry.record.is_resumed() && listed_at > Some(entry.record.polled_at) {
            self.listing.note_overdue_poll();
        }
    }

    /// Why a job is polled, whose turn it is and which has waited since then.
    pub(super) fn poll_reason(entry: &Entry, since: Time, now: Time) -> PollReason {
        match entry.record.reason {
            PollReason::Policy if entry.slot == Slot::Polls(Priority::Overdue) => {
                PollReason::NotListed
            }
            PollReason::Policy | PollReason::Hint | PollReason::Retry if now > since => {
                PollReason::Limiter
            }
            reason => reason,
        }
    }

    /// A listing that was sent then listed this job. What is to be done; nothing if that is no
    /// news.
    pub(super) fn listed(
        &self,
        entry: &Entry,
        sent_at: Time,
        listed_before: Option<Time>,
    ) -> [Option<Input>; 2] {
        let Record {
            state,
            polled_at,
            submitted_at,
            ..
        } = entry.record;
        // One that could not be polled when it was listed waits for its own next try, however often
        // it is listed.
        let is_old = state == State::Waiting && polled_at >= sent_at;
        let has_failed = entry.read_by == Some(Reader::FailedPoll);
        if entry.is_known_finished || has_failed || is_old {
            return [None, None];
        }
        let not_before = listed_before
            .filter(|before| entry.is_counted && *before > polled_at.max(submitted_at));
        [
            not_before.map(Input::NotListed),
            Some(Input::Named(PollReason::Listed)),
        ]
    }

    /// What a listing that was sent then did not list was in progress.
    pub(super) fn learn_from_listing(&mut self, sent_at: Time) {
        if !self.learns {
            return;
        }
        let Some(since) = self.listing.teaches_since(sent_at) else {
            return;
        };
        for (kind, jobs, submitted_at) in self.listing.in_progress.iter() {
            let age = |time: Time| time.saturating_since(submitted_at);
            if sent_at > submitted_at {
                self.estimators
                    .pending_at(kind, jobs, age(since), age(sent_at));
            }
        }
    }

    /// Since when a job is known to be in progress, before it is polled now.
    pub(super) fn in_progress_since(&self, entry: &Entry, before: &Record) -> Time {
        // That a listing does not list it counts where that is evidence.
        if !self.listing.trust().is_evidence() {
            return entry.own_poll_at.max(before.submitted_at);
        }
        let listed_at = self
            .listing
            .listed_at()
            .filter(|at| entry.is_counted && *at >= before.submitted_at);
        before.polled_at.max(listed_at.unwrap_or_default())
    }

    /// What a poll teaches. A problem of the queue, if it shows one.
    pub(super) fn learn_from_poll(
        &mut self,
        entry: &Entry,
        id: Option<IdHash>,
        poll: Polled,
        now: Time,
    ) -> Option<QueueProblem> {
        let Record {
            submitted_at,
            reason,
            ..
        } = entry.record;
        // What happened before a job was resumed was learned by another, or by nobody.
        let learns = self.learns && poll.from >= submitted_at;
        let age = |time: Time| time.saturating_since(submitted_at);
        match poll.result {
            // What is counted is learned from the next listing.
            PollResult::InProgress { .. }
                if learns && !(entry.is_counted && self.listing.trust().is_evidence()) =>
            {
                self.estimators
                    .pending_at(entry.kind, 1, age(poll.from), age(poll.sent_at));
                None
            }
            PollResult::Final(
                OutcomeKind::Succeeded
                | OutcomeKind::Failed
                | OutcomeKind::Unreadable
                | OutcomeKind::TooLarge,
            ) => {
                if learns {
                    self.estimators
                        .finished_at(entry.kind, age(poll.from), age(poll.sent_at));
                }
                if let Some(id) = id {
                    self.webhooks.finished(id, entry.is_notified, now);
                }
                if reason == PollReason::Listed {
                    self.listing.listed_one();
                }
                let listed_at = self
                    .listing
                    .listed_at()
                    .filter(|at| entry.is_counted && !entry.is_named() && *at > poll.own_from);
                // Had it finished at any moment since it was last polled, it would probably have
                // been before the listing.
                let was_missed = listed_at.is_some_and(|at| {
                    poll.sent_at.saturating_since(at) * 10 < at.saturating_since(poll.own_from)
                });
                was_missed.then(|| self.listing.missed_one(now)).flatten()
            }
            _ => None,
        }
    }

    /// A webhook came for an id that no job has, or no longer.
    pub(super) fn notified_unknown(&mut self, id: IdHash) {
        self.webhooks.came(id);
    }

    /// Counts a job no longer: it is handed back.
    pub(super) fn uncount(&mut self, entry: &Entry) {
        if entry.is_counted {
            self.listing.end(entry.kind, &entry.record);
        }
    }

    /// Counts a job, or no longer, among those in progress. Whether it counts among those that are
    /// known to have finished.
    pub(super) fn count(&mut self, entry: &mut Entry, now: Time) -> Count {
        let (is_submitted, is_named) = (entry.is_submitted(), entry.is_named());
        let is_known = is_submitted && is_named;
        let is_counted = is_submitted
            && !is_named
            && now < entry.record.deadline
            && self.listing.tells_about(entry.meta.customer.as_ref());
        match (entry.is_counted, is_counted) {
            (false, true) => self.listing.begin(entry.kind, &entry.record, now),
            (true, false) => self.listing.end(entry.kind, &entry.record),
            _ => {}
        }
        entry.is_counted = is_counted;
        match (
            std::mem::replace(&mut entry.is_known_finished, is_known),
            is_known,
        ) {
            (false, true) => Count::More,
            (true, false) => Count::Fewer,
            _ => Count::Same,
        }
    }
}

#[cfg(test)]
mod tests;

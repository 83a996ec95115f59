//! When to list what has finished, and what a listing says of jobs that it does not list.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use super::age_histogram::AgeHistogram;
use super::event::QueueProblem;
use super::in_flight::{Outgoing, Purpose};
use super::trust::{PRIOR, Seen, Trust};
use crate::machine::delay::{DelayEstimators, DelaySlot};
use crate::machine::exchange::Limits;
use crate::machine::job::record::Record;
use crate::machine::poll_policy::PollPolicy;
use crate::machine::time::Time;
use crate::wire::{Api, AwaitingRequest};

/// What a batch knows of the queue of finished extractions.
///
/// One listing tells about all jobs. It is worth its price as soon as the lateness to be expected
/// of all of them since the last one, together, has reached it; but not where one job makes up most
/// of that, since polling that one is as good.
#[derive(Debug)]
pub(super) struct Listing {
    /// Whose jobs are listed; `None` for all.
    pub(super) customer: Option<Arc<str>>,
    /// The jobs that a listing tells about.
    pub(super) in_progress: AgeHistogram,
    /// Those of them that were resumed, by when that was.
    resumed: AgeHistogram,
    trust: Trust,
    /// When the last listing that was read was sent, and the first.
    listed_at: Option<Time>,
    first_listed_at: Option<Time>,
    /// Whether the last one showed that the service works.
    is_evidence: bool,
    /// The length of that listing.
    bytes: u64,
    out_since: Option<Time>,
    not_before: Time,
    failures: u16,
    /// Listings in a row that could not be read.
    unreadable: u8,
    /// Up to when listings have taught how long jobs take.
    taught_until: Option<Time>,
    /// Whether a job was polled since the last listing, although it was not listed.
    has_overdue_poll: bool,
    /// Listings in a row that listed none of ours, though one was found finished that should have
    /// been there; and whether the last is counted.
    misses: u8,
    is_miss_counted: bool,
    /// Of the jobs that finished last, how many were listed, and how many should have been.
    listed: u32,
    missed: u32,
    /// Listings in a row that listed none of ours.
    without_ours: u8,
    /// When the next one is due, once that was computed.
    due: Cell<Option<Due>>,
}

/// When the next one is due, as computed for a number of jobs.
#[derive(Debug, Clone, Copy)]
struct Due {
    at: Option<Time>,
    jobs: usize,
    pressure: Duration,
    is_relaxed: bool,
}

/// What lateness is measured by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure<'a> {
    pub(super) poll_policy: PollPolicy,
    /// What any request costs beside its price.
    pub(super) pressure: Duration,
    /// Without them, what the policy assumes.
    pub(super) estimators: Option<&'a DelayEstimators>,
    /// While webhooks arrive the queue is a safety net, and is listed no more often than each
    /// minute.
    pub(super) is_relaxed: bool,
}

/// What was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    pub(super) sent_at: Time,
    pub(super) bytes: u64,
    pub(super) listed: usize,
    pub(super) ours: usize,
    /// How long the service asked to wait before the next one.
    pub(super) hint: Option<Duration>,
    /// Whether the service alone can have said it.
    pub(super) is_evidence: bool,
}

/// With fewer jobs than this there is nothing to share.
const MIN_JOBS: usize = 2;

/// A listing of this many bytes costs as much as one request.
const BYTES_OF_A_REQUEST: u64 = 256 * 1024;

/// A listing above this size is of no use if hardly any of it is ours.
const MAX_FOREIGN_BYTES: u64 = 8 * 1024 * 1024;

/// How long after one problem the queue is tried again.
const RETRY_AFTER_PROBLEM: Duration = Duration::from_secs(600);

/// How often a listing may be unreadable, or a finished job be missing in it, one after the other.
const MAX_FAULTS: u8 = 3;

/// Of so many probes in a row, which takes an hour, a submit is one at the end.
const PROBES_OF_AN_HOUR: u32 = 64;

/// What was seen counts half once it was seen of so many.
const MEMORY: u32 = 16_384;

/// What is behind a listing waits this long for its response, which may make it needless.
const MAX_HOLD: Duration = Duration::from_secs(5);

/// While webhooks arrive, from one listing to the next.
pub(super) const RELAXED_GAP: Duration = Duration::from_secs(60);

/// What has listed nothing for long is listed again after this share of that.
const UNPROVEN_SHARE: u32 = 10;

/// How exactly it is computed when the next one is due.
const EXACTNESS: Duration = Duration::from_millis(5);

impl Listing {
    pub(super) fn new(is_on: bool, customer: Option<Arc<str>>) -> Self {
        Self {
            customer,
            in_progress: AgeHistogram::default(),
            resumed: AgeHistogram::default(),
            trust: if is_on { Trust::Unproven } else { Trust::Off },
            listed_at: None,
            first_listed_at: None,
            is_evidence: false,
            bytes: 0,
            out_since: None,
            not_before: Time::EPOCH,
            failures: 0,
            unreadable: 0,
            taught_until: None,
            has_overdue_poll: false,
            misses: 0,
            is_miss_counted: false,
            listed: 0,
            missed: 0,
            without_ours: 0,
            due: Cell::new(None),
        }
    }

    pub(super) fn trust(&self) -> Trust {
        self.trust
    }

    /// Whether it could tell about the jobs of this customer.
    pub(super) fn tells_about(&self, customer: Option<&Arc<str>>) -> bool {
        let is_its = |own| customer == Some(own);
        self.trust != Trust::Off && self.customer.as_ref().is_none_or(is_its)
    }

    /// Whether it can find out if the service works, though `failed` probes in a row have brought
    /// nothing: a listing that never showed that may be one that never will, and one that did may
    /// have broken.
    pub(super) fn can_probe(&self, failed: u32) -> bool {
        let may_come = if self.is_evidence {
            !is_turn_of_submit(failed)
        } else {
            failed < u32::from(MAX_FAULTS)
        };
        self.trust.is_usable() && may_come
    }

    /// Counts a job among those that a listing tells about.
    pub(super) fn begin(&mut self, kind: DelaySlot, record: &Record, now: Time) {
        self.in_progress.add(kind, record.submitted_at, now);
        if record.is_resumed() {
            self.resumed.add(kind, record.followed_since(), now);
        }
    }

    /// Counts it no longer.
    pub(super) fn end(&mut self, kind: DelaySlot, record: &Record) {
        self.in_progress.remove(kind, record.submitted_at);
        if record.is_resumed() {
            self.resumed.remove(kind, record.followed_since());
        }
    }

    pub(super) fn is_out(&self) -> bool {
        self.out_since.is_some()
    }

    /// When the last listing that counts was sent.
    pub(super) fn listed_at(&self) -> Option<Time> {
        self.listed_at.filter(|_| self.trust.is_usable())
    }

    /// The failures in a row, with one more.
    pub(super) fn next_failure(&self) -> u16 {
        self.failures.saturating_add(1)
    }

    pub(super) fn is_due(&self, measure: Measure<'_>, now: Time) -> bool {
        if self.next_at(measure, now).is_none_or(|at| at > now) {
            return false;
        }
        // Jobs may have finished since that was computed.
        if self.trust.is_usable() && !self.is_worth_it(measure, now) {
            self.due.set(None);
            return self.next_at(measure, now).is_some_and(|at| at <= now);
        }
        true
    }

    /// When the next one is due, as things stand.
    pub(super) fn next_at(&self, measure: Measure<'_>, now: Time) -> Option<Time> {
        let jobs = self.in_progress.jobs();
        if self.trust == Trust::Off || jobs < MIN_JOBS || self.is_out() {
            return None;
        }
        if self.trust.problem().is_some() {
            return Some(self.not_before);
        }
        let Measure {
            pressure,
            is_relaxed,
            ..
        } = measure;
        let price = measure.poll_policy.price();
        // Computed again when the number of jobs or the pressure has changed by a 32nd.
        let fits = |due: &Due| {
            due.jobs.abs_diff(jobs) * 32 <= due.jobs
                && due.pressure.abs_diff(pressure) * 32 <= price
                && due.is_relaxed == is_relaxed
        };
        let due = self.due.get().filter(fits).unwrap_or_else(|| Due {
            at: self.compute(measure, now),
            jobs,
            pressure,
            is_relaxed,
        });
        self.due.set(Some(due));
        due.at
    }

    /// Until when jobs that are due wait for the response to a listing that is out.
    pub(super) fn holds_until(&self) -> Option<Time> {
        let since = self.out_since.filter(|_| self.trust.is_usable())?;
        Some(since + MAX_HOLD)
    }

    /// Whether one more job may be polled although it was not listed: one for each listing, until
    /// it has shown that it lists what has finished.
    pub(super) fn allows_overdue_poll(&self) -> bool {
        self.trust.has_listed() || !self.has_overdue_poll
    }

    /// A job is polled although it was not listed.
    pub(super) fn note_overdue_poll(&mut self) {
        self.has_overdue_poll = true;
    }

    /// From when on a listing that was sent then teaches, by what it does not list; `None` if it
    /// teaches nothing.
    pub(super) fn teaches_since(&mut self, sent_at: Time) -> Option<Time> {
        if !self.trust.is_evidence() {
            return None;
        }
        // The first that lists ours shows that those before it count, too.
        self.taught_until.replace(sent_at).or(self.first_listed_at)
    }

    /// When the lateness of all is worth the price, between the smallest and the largest gap.
    fn compute(&self, measure: Measure<'_>, now: Time) -> Option<Time> {
        let policy = measure.poll_policy;
        let gap = if measure.is_relaxed {
            RELAXED_GAP
        } else {
            policy.smallest_gap()
        };
        let gap = gap.max(self.unproven_gap(measure));
        let earliest = self
            .listed_at
            .map_or(now, |listed_at| now.max(listed_at + gap))
            .max(self.not_before);
        let latest = earliest + policy.largest_gap();
        if self.is_worth_it(measure, earliest) {
            return Some(earliest);
        }
        if !self.is_worth_it(measure, latest) {
            return None;
        }
        // Bisection: the gap is halved until it is exact enough, some 20 times at most.
        let (mut early, mut late) = (earliest, latest);
        while late.saturating_since(early) > EXACTNESS {
            let middle = early + late.saturating_since(early) / 2;
            if self.is_worth_it(measure, middle) {
                late = middle;
            } else {
                early = middle;
            }
        }
        Some(late)
    }

    /// From one listing to the next, at least, while none has listed a job of ours; no longer than
    /// the policy waits with a poll, or polls of all of them would come first.
    fn unproven_gap(&self, measure: Measure<'_>) -> Duration {
        let (false, Some(first), Some(last)) = (
            self.trust.has_listed(),
            self.first_listed_at,
            self.listed_at,
        ) else {
            return Duration::ZERO;
        };
        let age = last.saturating_since(first);
        let until_poll = |kind| {
            let estimator = measure.estimators.map(|estimators| estimators.at(kind));
            let next = measure.poll_policy.next_poll_by(estimator, age, None);
            next.saturating_sub(age)
        };
        let kinds = self.in_progress.iter().map(|(kind, _, _)| kind);
        let next = kinds.map(until_poll).min().unwrap_or_default();
        (age / UNPROVEN_SHARE).min(next)
    }

    fn is_worth_it(&self, measure: Measure<'_>, at: Time) -> bool {
        let (mut all, mut most) = (Duration::ZERO, Duration::ZERO);
        // A ticket's age may be wrong: a resumed job counts as one that was submitted then, too.
        for (kind, jobs, start) in self.in_progress.iter().chain(self.resumed.iter()) {
            let age = |time: Time| time.saturating_since(start);
            let last = self.listed_at.map_or(Duration::ZERO, age);
            let estimator = measure.estimators.map(|estimators| estimators.at(kind));
            let lateness = measure.poll_policy.lateness(estimator, last, age(at));
            most = most.max(lateness);
            all = all.saturating_add(lateness.saturating_mul(jobs));
        }
        let price = measure.poll_policy.price();
        // The bytes of a listing as a share of a request, in sixteenths.
        let sixteenths = u32::try_from(self.bytes / (BYTES_OF_A_REQUEST / 16)).unwrap_or(u32::MAX);
        let share = price.saturating_mul(sixteenths) / 16;
        let cost = price.saturating_add(share).saturating_add(measure.pressure);
        all >= cost && all.saturating_mul(2) > most.saturating_mul(5)
    }

    /// The request of a listing.
    pub(super) fn request(&self, api: &Api, response_bytes: Option<u64>) -> Outgoing {
        Outgoing {
            purpose: Purpose::Listing,
            sender: None,
            request: AwaitingRequest::for_customer(self.customer.clone()).request(api),
            limits: Limits::for_exchange(0, response_bytes),
        }
    }

    /// A listing is sent.
    pub(super) fn sent(&mut self, now: Time) {
        self.out_since = Some(now);
    }

    /// A listing was read. What has become of the trust in it, if that has changed for the user.
    pub(super) fn read(&mut self, read: Read, now: Time) -> Option<Result<(), QueueProblem>> {
        self.out_since = None;
        self.due.set(None);
        (self.failures, self.unreadable) = (0, 0);
        (self.listed_at, self.bytes) = (Some(read.sent_at), read.bytes);
        self.is_evidence = read.is_evidence;
        self.first_listed_at.get_or_insert(read.sent_at);
        let soonest = now + read.hint.unwrap_or_default();
        self.not_before = self.not_before.max(soonest);
        (self.has_overdue_poll, self.is_miss_counted) = (false, false);
        if read.ours > 0 {
            (self.misses, self.without_ours) = (0, 0);
        } else {
            self.without_ours = self.without_ours.saturating_add(1);
        }
        // Less than one in a hundred.
        if read.bytes > MAX_FOREIGN_BYTES && read.ours.saturating_mul(100) < read.listed {
            return self.degrade(QueueProblem::Foreign, now).map(Err);
        }
        let before = self.trust;
        self.trust = before.next(if read.ours > 0 {
            Seen::Ours
        } else {
            Seen::None(self.without_ours)
        });
        match (before.problem(), self.trust.problem()) {
            (Some(_), None) => Some(Ok(())),
            (Some(_), Some(_)) => {
                self.not_before = now + RETRY_AFTER_PROBLEM;
                None
            }
            (None, _) => None,
        }
    }

    /// A listing failed; it is sent again after this delay at the earliest.
    pub(super) fn failed(&mut self, delay: Duration, now: Time) {
        self.out_since = None;
        self.due.set(None);
        self.failures = self.failures.saturating_add(1);
        self.not_before = self.not_before.max(now + delay);
    }

    /// A response was no listing. Whether that is a problem by now.
    pub(super) fn not_readable(&mut self, now: Time) -> Option<QueueProblem> {
        self.unreadable = self.unreadable.saturating_add(1);
        (self.unreadable >= MAX_FAULTS)
            .then(|| self.degrade(QueueProblem::Unreadable, now))
            .flatten()
    }

    /// A job was found finished that was listed.
    pub(super) fn listed_one(&mut self) {
        self.listed += 1;
        if self.listed >= MEMORY {
            (self.listed, self.missed) = (self.listed / 2, self.missed / 2);
        }
    }

    /// One finished job in so many is not listed, it seems.
    pub(super) fn lists_all_but_one_in(&self) -> u32 {
        let believed = (PRIOR + self.listed) / self.missed.saturating_add(1);
        believed.clamp(1, self.trust.max_believed())
    }

    /// A job was found finished that was not listed, although it probably was finished then.
    /// Whether that is a problem by now.
    pub(super) fn missed_one(&mut self, now: Time) -> Option<QueueProblem> {
        self.missed = self.missed.saturating_add(1);
        // Many may finish between a listing and the polls that follow it: a listing counts once.
        let is_counted = std::mem::replace(&mut self.is_miss_counted, true);
        self.misses = self.misses.saturating_add(u8::from(!is_counted));
        (self.misses >= MAX_FAULTS)
            .then(|| self.degrade(QueueProblem::NotListed, now))
            .flatten()
    }

    /// It is of no use for a while. The problem, if it is a new one.
    pub(super) fn degrade(&mut self, problem: QueueProblem, now: Time) -> Option<QueueProblem> {
        self.out_since = None;
        self.due.set(None);
        self.not_before = self.not_before.max(now + RETRY_AFTER_PROBLEM);
        let is_new = self.trust.problem() != Some(problem);
        if problem == QueueProblem::NotListed {
            (self.listed, self.missed) = (0, 0);
        }
        self.trust = self.trust.next(Seen::Problem(problem));
        is_new.then_some(problem)
    }
}

/// Whether a submit is the next probe, after so many that could be repeated and brought nothing:
/// they may be broken by themselves.
pub(super) fn is_turn_of_submit(failed: u32) -> bool {
    failed % PROBES_OF_AN_HOUR == PROBES_OF_AN_HOUR - 1
}

#[cfg(test)]
mod tests;

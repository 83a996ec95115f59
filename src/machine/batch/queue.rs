//! When to list the queue of finished extractions, and how far to believe it.

use std::sync::Arc;
use std::time::Duration;

use super::cohorts::Cohorts;
use super::event::QueueProblem;
use crate::machine::delay::DelayEstimators;
use crate::machine::poll_policy::PollPolicy;
use crate::machine::time::Time;

/// What a batch knows of the queue of finished extractions.
///
/// One call tells about all jobs. It is worth its price as soon as the lateness to be expected of
/// all of them since the last one, together, has reached it; but not where one job makes up most of
/// that, as polling that one is as good.
#[derive(Debug)]
pub(super) struct Queue {
    is_on: bool,
    /// Whose jobs it is asked for; `None` for all.
    pub(super) customer: Option<Arc<str>>,
    /// The jobs it could tell about.
    pub(super) cohorts: Cohorts,
    problem: Option<QueueProblem>,
    /// When the last listing that was read was asked for, and the first.
    listed_at: Option<Time>,
    first_listed_at: Option<Time>,
    /// Of that listing.
    bytes: u64,
    pub(super) is_announced: bool,
    pub(super) out_since: Option<Time>,
    not_before: Time,
    pub(super) failures: u16,
    /// In a row, listings that could not be read.
    unreadable: u8,
    /// Whether it has ever named a job: before that its silence is believed, but teaches nothing.
    is_proven: bool,
    /// Up to when its silence has taught how long jobs take.
    taught_until: Option<Time>,
    /// Whether a job was polled by itself since the last listing, although it is silent.
    has_doubted: bool,
    /// In a row, listings that named none of ours, though a job was found finished that should have
    /// been there; and whether the last is counted.
    suspicions: u8,
    is_suspicious: bool,
    /// Of the jobs that finished last, how many it named, and how many it should have.
    named: u32,
    missed: u32,
    /// In a row, listings that named none of ours.
    mute: u8,
    due: Option<Due>,
}

/// When it is due to be asked, as computed for a number of jobs.
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
    /// While webhooks arrive the queue is a safety net, and is asked no more often than each
    /// minute.
    pub(super) is_relaxed: bool,
}

/// With fewer jobs than this there is nothing to share.
const FEWEST_JOBS: usize = 2;

/// A listing of this many bytes costs as much as one request.
const BYTES_OF_A_REQUEST: u64 = 256 * 1024;

/// A listing above this size is of no use if hardly any of it is ours.
const LARGE: u64 = 8 * 1024 * 1024;

/// How long after one problem the queue is tried again.
const PROBE_AFTER: Duration = Duration::from_secs(600);

/// How often a listing may be unreadable, or a finished job be missing in it, one after the other.
const TRIES: u8 = 3;

/// Before anything is known of that, one in so many is assumed never to be named. What was seen
/// counts half once it was seen of so many.
const PRIOR: u32 = 60;
const MEMORY: u32 = 16_384;

/// Before it has named any, one in so many: it may be asked for a wrong customer. A poll for each
/// listing finds that out.
const UNPROVEN: u32 = 4;

/// After so many listings that named none of ours the others are believed no more than at first,
/// and teach nothing.
const MUTE: u8 = 16;

/// What is behind it waits this long for the queue's response, which may make it needless.
const HOLD: Duration = Duration::from_secs(5);

/// While webhooks arrive, from one call to the next.
pub(super) const RELAXED_GAP: Duration = Duration::from_secs(60);

/// What has named nothing for long is asked again after this share of that.
const PATIENCE_SHARE: u32 = 10;

/// How exactly it is computed when the queue is due.
const EXACTNESS: Duration = Duration::from_millis(5);

impl Queue {
    pub(super) fn new(is_on: bool, customer: Option<Arc<str>>) -> Self {
        Self {
            is_on,
            customer,
            cohorts: Cohorts::default(),
            problem: None,
            listed_at: None,
            first_listed_at: None,
            bytes: 0,
            is_announced: false,
            out_since: None,
            not_before: Time::EPOCH,
            failures: 0,
            unreadable: 0,
            is_proven: false,
            taught_until: None,
            has_doubted: false,
            suspicions: 0,
            is_suspicious: false,
            named: 0,
            missed: 0,
            mute: 0,
            due: None,
        }
    }

    /// Whether it could tell about the jobs of this customer.
    pub(super) fn tells_of(&self, customer: Option<&Arc<str>>) -> bool {
        self.is_on
            && self
                .customer
                .as_ref()
                .is_none_or(|asked| customer == Some(asked))
    }

    /// Whether its silence counts.
    pub(super) fn is_trusted(&self) -> bool {
        self.is_on && self.problem.is_none()
    }

    /// When the last listing that counts was asked for.
    pub(super) fn listed_at(&self) -> Option<Time> {
        self.listed_at.filter(|_| self.is_trusted())
    }

    pub(super) fn is_due(&mut self, measure: Measure<'_>, now: Time) -> bool {
        if self.next_call(measure, now).is_none_or(|at| at > now) {
            return false;
        }
        // Jobs may have finished since that was computed.
        if self.problem.is_none() && !self.is_worth_it(measure, now) {
            self.due = None;
            return self.next_call(measure, now).is_some_and(|at| at <= now);
        }
        true
    }

    /// When it is due to be asked, as things stand.
    pub(super) fn next_call(&mut self, measure: Measure<'_>, now: Time) -> Option<Time> {
        let jobs = self.cohorts.jobs();
        if !self.is_on || jobs < FEWEST_JOBS || self.is_announced || self.out_since.is_some() {
            return None;
        }
        if self.problem.is_some() {
            return Some(self.not_before);
        }
        let Measure {
            pressure,
            is_relaxed,
            ..
        } = measure;
        let price = measure.poll_policy.price();
        let fits = |due: &Due| {
            // Within 1/32 of the number of jobs and of the price.
            due.jobs.abs_diff(jobs) * 32 <= due.jobs
                && due.pressure.abs_diff(pressure) * 32 <= price
                && due.is_relaxed == is_relaxed
        };
        let due = self.due.filter(fits).unwrap_or_else(|| Due {
            at: self.compute(measure, now),
            jobs,
            pressure,
            is_relaxed,
        });
        self.due = Some(due);
        due.at
    }

    /// Until when jobs that are due wait for the response to a call that is out.
    pub(super) fn holds_until(&self) -> Option<Time> {
        let since = self.out_since.filter(|_| self.is_trusted())?;
        Some(since + HOLD)
    }

    /// Whether one more job may be polled by itself although the queue is silent: once for each
    /// listing, until it has proved to name what has finished.
    pub(super) fn may_be_doubted(&self) -> bool {
        self.is_proven || !self.has_doubted
    }

    pub(super) fn doubt(&mut self) {
        self.has_doubted = true;
    }

    /// From when on the silence of a listing that was asked for at this time teaches; `None` if it
    /// teaches nothing.
    pub(super) fn teaches_since(&mut self, asked_at: Time, started_at: Time) -> Option<Time> {
        if !self.is_trusted() || !self.is_proven || self.is_mute() {
            return None;
        }
        self.taught_until.replace(asked_at).or(Some(started_at))
    }

    /// When the lateness of all is worth the price, between the smallest and the largest gap.
    fn compute(&self, measure: Measure<'_>, now: Time) -> Option<Time> {
        let gap = if measure.is_relaxed {
            RELAXED_GAP
        } else {
            measure.poll_policy.smallest_gap()
        };
        let patience = self.patience(measure.poll_policy);
        let earliest = self
            .listed_at
            .map_or(now, |listed_at| now.max(listed_at + gap.max(patience)))
            .max(self.not_before);
        let latest = earliest + measure.poll_policy.largest_gap();
        if self.is_worth_it(measure, earliest) {
            return Some(earliest);
        }
        if !self.is_worth_it(measure, latest) {
            return None;
        }
        let (mut early, mut late) = (earliest, latest);
        while late.saturating_since(early) > EXACTNESS {
            // Halves the span: cannot overflow, as the result is between the two.
            let middle = early + late.saturating_since(early) / 2;
            if self.is_worth_it(measure, middle) {
                late = middle;
            } else {
                early = middle;
            }
        }
        Some(late)
    }

    /// From one call to the next, at least, while none has named a job; no longer than the policy
    /// waits with a poll, or single polls all of them would come first.
    fn patience(&self, poll_policy: PollPolicy) -> Duration {
        match (self.is_proven, self.first_listed_at, self.listed_at) {
            (false, Some(first), Some(last)) => {
                let age = last.saturating_since(first);
                (age / PATIENCE_SHARE).min(poll_policy.next_poll(age, None).saturating_sub(age))
            }
            _ => Duration::ZERO,
        }
    }

    fn is_worth_it(&self, measure: Measure<'_>, at: Time) -> bool {
        let (mut all, mut most) = (Duration::ZERO, Duration::ZERO);
        for (of, jobs, submitted_at) in self.cohorts.iter() {
            let age = |time: Time| time.saturating_since(submitted_at);
            let last = self.listed_at.map_or(Duration::ZERO, age);
            let estimator = measure.estimators.map(|estimators| estimators.at(of));
            let lateness = measure.poll_policy.lateness(estimator, last, age(at));
            most = most.max(lateness);
            all = all.saturating_add(lateness.saturating_mul(jobs));
        }
        let price = measure.poll_policy.price();
        // The price of the listing's bytes: price * bytes / 256 KiB, in sixteenths of a request (16
        // KiB). All products saturate.
        let share = price.saturating_mul(
            u32::try_from(self.bytes / (BYTES_OF_A_REQUEST / 16)).unwrap_or(u32::MAX),
        ) / 16;
        all >= price.saturating_add(share).saturating_add(measure.pressure)
            // No single job makes up more than 2/5 of the lateness.
            && all.saturating_mul(2) > most.saturating_mul(5)
    }

    /// A call is sent.
    pub(super) fn sent(&mut self, now: Time) {
        (self.is_announced, self.out_since) = (false, Some(now));
    }

    /// A listing of this size was read; what it lists and how much of it was news. Says what has
    /// changed, if anything has.
    pub(super) fn read(
        &mut self,
        asked_at: Time,
        bytes: u64,
        listed: usize,
        ours: usize,
        now: Time,
    ) -> Option<Result<(), QueueProblem>> {
        (self.out_since, self.failures, self.unreadable, self.due) = (None, 0, 0, None);
        (self.listed_at, self.bytes) = (Some(asked_at), bytes);
        self.first_listed_at.get_or_insert(asked_at);
        (self.has_doubted, self.is_suspicious) = (false, false);
        if ours > 0 {
            (self.suspicions, self.mute) = (0, 0);
            self.is_proven = true;
        } else {
            self.mute = self.mute.saturating_add(1);
        }
        if bytes > LARGE && ours.saturating_mul(100) < listed {
            return self.distrust(QueueProblem::Foreign, now).map(Err);
        }
        match self.problem {
            // Silence is no proof that it has finished.
            Some(QueueProblem::NotListed) if ours == 0 => {
                self.not_before = now + PROBE_AFTER;
                None
            }
            Some(_) => {
                self.problem = None;
                self.taught_until = Some(asked_at);
                Some(Ok(()))
            }
            None => None,
        }
    }

    /// A call failed; it is made again after this delay at the earliest.
    pub(super) fn failed(&mut self, delay: Duration, now: Time) {
        (self.out_since, self.due) = (None, None);
        self.failures = self.failures.saturating_add(1);
        self.not_before = self.not_before.max(now + delay);
    }

    /// A response was no listing. Says whether that is a problem by now.
    pub(super) fn not_readable(&mut self, now: Time) -> Option<QueueProblem> {
        self.unreadable = self.unreadable.saturating_add(1);
        if self.unreadable >= TRIES {
            self.distrust(QueueProblem::Unreadable, now)
        } else {
            None
        }
    }

    /// A job was found finished that it had named.
    pub(super) fn named_one(&mut self) {
        self.named += 1;
        if self.named >= MEMORY {
            (self.named, self.missed) = (self.named / 2, self.missed / 2);
        }
    }

    /// One in so many, it seems, it never names.
    pub(super) fn names_all_but_one_in(&self) -> u32 {
        // Jobs listed for each job missed. `named` is below MEMORY, so the sum cannot overflow.
        let believed = (PRIOR + self.named) / self.missed.saturating_add(1);
        let most = if !self.is_proven {
            UNPROVEN
        } else if self.is_mute() {
            PRIOR
        } else {
            u32::MAX
        };
        believed.clamp(1, most)
    }

    /// Whether it has named nothing of ours for so many listings that it may have broken.
    fn is_mute(&self) -> bool {
        self.mute >= MUTE
    }

    /// A job was found finished that a listing did not name, although it probably was finished
    /// then. Says whether that is a problem by now.
    pub(super) fn missed_one(&mut self, now: Time) -> Option<QueueProblem> {
        self.missed = self.missed.saturating_add(1);
        // Many may finish between a listing and the polls that follow it: one listing is one
        // reason.
        self.suspicions = self
            .suspicions
            .saturating_add(u8::from(!std::mem::replace(&mut self.is_suspicious, true)));
        if self.suspicions >= TRIES {
            self.distrust(QueueProblem::NotListed, now)
        } else {
            None
        }
    }

    /// It is of no use for a while. Says so if that is news.
    pub(super) fn distrust(&mut self, problem: QueueProblem, now: Time) -> Option<QueueProblem> {
        (self.out_since, self.due) = (None, None);
        self.not_before = self.not_before.max(now + PROBE_AFTER);
        let is_news = self.problem != Some(problem);
        if problem == QueueProblem::NotListed {
            self.is_proven = false;
            (self.named, self.missed) = (0, 0);
        }
        self.problem = Some(problem);
        is_news.then_some(problem)
    }
}

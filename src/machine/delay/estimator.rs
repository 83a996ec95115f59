//! What is learned of the time jobs take.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bins::{BINS, Bin, EDGES, parts};
use super::curve::{Curve, ONE, PRIOR};
use super::stored::EstimatorWire;
use super::ticks::{OLDEST, to_duration, to_ticks};

/// How long jobs take, as far as it is known: a life table over their age, learned from polls.
///
/// A poll tells only that a job was still in progress at one age, or finished somewhere between two polls (an interval-censored observation). Both are evidence, so a service that has
/// become slow is noticed before a single job has finished. It begins with what [`PollPolicy`](super::super::PollPolicy) assumes, which weighs as much as three jobs. Recent jobs count
/// more: after a number of jobs that passed an age, 64 unless set, what was seen of that age before weighs half.
///
/// Made by the application, handed to a [`Job`](super::super::Job) or kept in [`DelayEstimators`](super::DelayEstimators), and stored with [`serde`] for the next run (some 1.5 KB, versioned and checked). It
/// counts in whole numbers: the same observations lead to the same polls on every platform.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "EstimatorWire", into = "EstimatorWire")]
pub struct DelayEstimator {
    pub(super) half_life: u32,
    /// Of each bin, the jobs that finished in it, and the jobs that were watched through it, in parts of [`JOB`].
    pub(super) finished: [u32; BINS],
    pub(super) watched: [u32; BINS],
    curve: Box<Curve>,
    /// Observations, and those the curve does not know of yet.
    seen: u32,
    unseen: u32,
}

/// What one job counts.
const JOB: u32 = 1 << 16;

/// How many jobs the assumed distribution weighs for ever: enough to poll now and then where nothing is expected any more.
const LASTING_WEIGHT: u64 = 1;

/// How many jobs it weighs beside that at the beginning, and how many what is known of other types weighs; both fade.
const ASSUMED_WEIGHT: u64 = 2;
const POOLED_WEIGHT: u64 = 3;

/// The shares that finish, and that were watched, have this many binary places.
const WHOLE: u64 = 1 << 32;

/// One observation in this many, of those there are, and this many at the most, need no new curve.
const PATIENCE: u32 = 32;
const MAX_UNSEEN: u32 = 8;

/// Of the assumed distribution, the jobs that reach the borders of the bins, in parts of [`JOB`] times 2^16.
static ASSUMED: [u64; EDGES] = {
    let mut assumed = [0; EDGES];
    let mut index = 0;
    while index < EDGES {
        let inverse = PRIOR.inverse_of(index) as u128;
        assumed[index] =
            (((LASTING_WEIGHT as u128 * WHOLE as u128) * ONE as u128) / inverse) as u64;
        index += 1;
    }
    assumed
};

impl DelayEstimator {
    /// The number of jobs after which what was seen before weighs half, unless set: 64.
    pub const HALF_LIFE: u32 = 64;

    /// An estimator that knows nothing yet: the polls are those of [`PollPolicy::next_poll`](super::super::PollPolicy::next_poll).
    pub fn new() -> Self {
        Self::assuming(Self::HALF_LIFE, &PRIOR, ASSUMED_WEIGHT)
    }

    /// Sets after how many jobs what was seen before weighs half; held within 4 to 10 000. A small number follows changes sooner, a large one is steadier.
    #[must_use]
    pub fn with_half_life(mut self, jobs: u32) -> Self {
        self.half_life = jobs.clamp(Self::HALF_LIVES.0, Self::HALF_LIVES.1);
        self
    }

    /// The number of jobs after which what was seen before weighs half.
    pub fn half_life(&self) -> u32 {
        self.half_life
    }

    /// Learns that this many jobs were watched from one age to another, and did not finish. Ages are times since the submit was answered, for all functions here.
    pub fn observe_pending(&mut self, jobs: u32, from: Duration, to: Duration) {
        for (bin, low, high) in parts(to_ticks(from), to_ticks(to)) {
            let share = u64::from(JOB) * (high - low);
            self.add(bin, 0, (share >> bin.width).saturating_mul(u64::from(jobs)));
        }
        self.learned(jobs);
    }

    /// Learns that a job finished between these ages: it was in progress at the first, and found finished, with a result or an error, at the second.
    pub fn observe_finished(&mut self, from: Duration, to: Duration) {
        let from = to_ticks(from).min(OLDEST - 1);
        let to = to_ticks(to).max(from + 1);
        let finish = Finish::new(&self.curve, from, to);
        let mut before = 0;
        for (bin, low, high) in parts(from, to) {
            let after = finish.share(&self.curve, high);
            let watched = WHOLE - (before + after) / 2;
            let watched = (watched * ((high - low) << 8 >> bin.width)) >> (32 + 8 - 16);
            self.add(bin, (after >> 16) - (before >> 16), watched);
            before = after;
        }
        self.learned(1);
    }

    /// The lateness to be expected, weighted by how likely it is, when a job that was in progress at the age `from` is polled no sooner than at the age `to`.
    ///
    /// Comparable with [`PollPolicy::price`](super::super::PollPolicy::price), and additive: for many jobs, the sum tells whether one request that reveals all of them is worth it.
    pub fn lateness(&self, from: Duration, to: Duration) -> Duration {
        to_duration(self.curve.lateness(to_ticks(from), to_ticks(to)))
    }

    /// Whether nothing was observed yet.
    pub fn is_empty(&self) -> bool {
        self.seen == 0
    }

    pub(in crate::machine) fn curve(&self) -> &Curve {
        &self.curve
    }
}

/// The crate's own.
impl DelayEstimator {
    pub(super) const HALF_LIVES: (u32, u32) = (4, 10_000);

    /// What has been counted in another run.
    pub(super) fn counted(
        half_life: u32,
        seen: u32,
        finished: [u32; BINS],
        watched: [u32; BINS],
    ) -> Self {
        let curve = Box::new(PRIOR.clone());
        let mut estimator = Self {
            half_life,
            finished,
            watched,
            curve,
            seen,
            unseen: 0,
        };
        estimator.redraw();
        estimator
    }

    /// One that takes a curve for granted, as if it had been seen of so many jobs.
    fn assuming(half_life: u32, curve: &Curve, jobs: u64) -> Self {
        let (mut finished, mut watched) = ([0; BINS], [0; BINS]);
        for index in 0..BINS {
            let reach = |edge| jobs * u64::from(JOB) * ONE / curve.inverse_of(edge);
            let (entered, left) = (reach(index), reach(index + 1));
            finished[index] = u32::try_from(entered - left).unwrap_or(u32::MAX);
            watched[index] = u32::try_from((entered + left) / 2).unwrap_or(u32::MAX);
        }
        Self {
            half_life,
            finished,
            watched,
            curve: Box::new(curve.clone()),
            seen: 0,
            unseen: 0,
        }
    }

    pub(super) fn seen(&self) -> u32 {
        self.seen
    }

    /// The most that a bin holds: so much that a job more makes half of it fade in a half-life.
    pub(super) fn most(half_life: u32) -> u64 {
        // A half-life over the natural logarithm of 2.
        u64::from(half_life) * 94_548
    }

    /// One that knows as much as this one, and believes it as little as what was seen of three jobs.
    pub(super) fn as_assumption(&self) -> Self {
        Self::assuming(self.half_life, &self.curve, POOLED_WEIGHT)
    }

    fn add(&mut self, bin: Bin, finished: u64, watched: u64) {
        let most = Self::most(self.half_life);
        let finished = finished + u64::from(self.finished[bin.index]);
        let watched = watched
            .saturating_add(self.watched[bin.index].into())
            .min(WHOLE);
        let excess = finished.max(watched).max(most);
        let fade = |count: u64| u32::try_from(count * most / excess).unwrap_or(u32::MAX);
        self.finished[bin.index] = fade(finished);
        self.watched[bin.index] = fade(watched);
    }

    /// Draws the curve again, unless what is new hardly matters: a poll must stay cheap.
    fn learned(&mut self, observations: u32) {
        self.seen = self.seen.saturating_add(observations);
        self.unseen = self.unseen.saturating_add(observations);
        if self.unseen >= (self.seen / PATIENCE).min(MAX_UNSEEN) {
            self.redraw();
        }
    }

    fn redraw(&mut self) {
        self.unseen = 0;
        // Of few jobs hardly one finishes in a given bin, so neighbours count half: their sum over two bins is steadier than each.
        let around = |counts: &[u32; BINS], index: usize| {
            let at = |index: usize| u64::from(counts[index.min(BINS - 1)]);
            at(index.saturating_sub(1)) + 2 * at(index) + at(index + 1)
        };
        *self.curve = Curve::of(|index| {
            let (finished, watched) = (
                around(&self.finished, index) << 13,
                around(&self.watched, index) << 14,
            );
            (
                watched + finished + ASSUMED[index],
                (watched + ASSUMED[index + 1]).saturating_sub(finished),
            )
        });
    }
}

impl Default for DelayEstimator {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for DelayEstimator {
    /// Whether both have counted the same.
    fn eq(&self, other: &Self) -> bool {
        (self.half_life, self.seen, self.finished, self.watched)
            == (other.half_life, other.seen, other.finished, other.watched)
    }
}

impl Eq for DelayEstimator {}

impl fmt::Debug for DelayEstimator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DelayEstimator")
            .field("half_life", &self.half_life)
            .field("observations", &self.seen)
            .finish_non_exhaustive()
    }
}

/// Somewhere in a span of ages a job has finished: where, by what is known of others.
struct Finish {
    from: u64,
    to: u64,
    /// 1 / S where the span begins.
    inverse: u64,
    /// Of those in progress then, the share that finishes within the span.
    share: u64,
}

impl Finish {
    fn new(curve: &Curve, from: u64, to: u64) -> Self {
        let mut finish = Self {
            from,
            to,
            inverse: curve.inverse_at(from),
            share: 0,
        };
        finish.share = finish.gone(curve, to);
        finish
    }

    /// The share of what finishes within the span that has finished at an age.
    fn share(&self, curve: &Curve, age: u64) -> u64 {
        // Where hardly anything finishes, any age is as likely as another.
        let (part, whole) = if self.share < WHOLE >> 20 {
            (age - self.from, self.to - self.from)
        } else {
            (self.gone(curve, age).min(self.share), self.share)
        };
        u64::try_from(u128::from(part) * u128::from(WHOLE) / u128::from(whole)).unwrap_or(WHOLE)
    }

    fn gone(&self, curve: &Curve, age: u64) -> u64 {
        let left = u128::from(self.inverse) * u128::from(WHOLE) / u128::from(curve.inverse_at(age));
        WHOLE.saturating_sub(u64::try_from(left).unwrap_or(WHOLE))
    }
}

//! Learns how long jobs take.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bins::{BINS, Bin, EDGES, parts};
use super::curve::{Curve, ONE, PRIOR};
use super::stored::EstimatorWire;
use super::ticks::{MAX_AGE_TICKS, to_duration, to_ticks};

/// How long jobs take: a life table over their age, learned from polls.
///
/// A poll shows only that a job was still in progress at one age, or that it finished between two
/// polls (an interval-censored observation). Both are evidence, so a service that has become slow
/// is noticed before a single job has finished. A new estimator assumes what
/// [`PollPolicy`](super::super::PollPolicy) assumes, with the weight of three jobs. Recent jobs
/// count more: after the half-life, 64 jobs that passed an age unless set otherwise, earlier
/// observations of that age weigh half.
///
/// Pass it to a [`Job`](super::super::Job) or keep it in
/// [`DelayEstimators`](super::DelayEstimators), and store it with [`serde`] for the next run (about
/// 1.5 KB, with a version and a checksum). It counts in whole numbers: the same observations lead
/// to the same polls on every platform.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "EstimatorWire", into = "EstimatorWire")]
pub struct DelayEstimator {
    pub(super) half_life: u32,
    /// For each bin: the jobs that finished in it, and the jobs that were observed through it, in
    /// units of 1 / [`JOB`].
    pub(super) finished: [u32; BINS],
    pub(super) watched: [u32; BINS],
    curve: Box<Curve>,
    /// The number of observations, and how many of them are not in the curve yet.
    observations: u32,
    not_in_curve: u32,
}

/// The count of one job.
const JOB: u32 = 1 << 16;

/// The permanent weight of the assumed distribution, in jobs: enough to poll now and then at ages
/// where no job is expected to finish.
const LASTING_WEIGHT: u64 = 1;

/// Its additional initial weight, and the initial weight of what is known of other types, in jobs;
/// both fade.
const ASSUMED_WEIGHT: u64 = 2;
const POOLED_WEIGHT: u64 = 3;

/// 1 in the shares of jobs that finish or are observed: they have 32 binary places.
const WHOLE: u64 = 1 << 32;

/// The curve is not rebuilt while it lacks less than one in this many observations, and at most
/// [`MAX_NOT_IN_CURVE`].
const NOT_IN_CURVE_SHARE: u32 = 32;
const MAX_NOT_IN_CURVE: u32 = 8;

/// The number of jobs of the assumed distribution that reach the borders of the bins, in units of
/// 2^-32 of a job.
static ASSUMED: [u64; EDGES] = {
    let mut assumed = [0; EDGES];
    let mut index = 0;
    while index < EDGES {
        let inverse = PRIOR.inverse_at_edge(index) as u128;
        assumed[index] =
            (((LASTING_WEIGHT as u128 * WHOLE as u128) * ONE as u128) / inverse) as u64;
        index += 1;
    }
    assumed
};

impl DelayEstimator {
    /// The default half-life: 64 jobs.
    pub const HALF_LIFE: u32 = 64;

    /// An estimator without observations: the polls are those of
    /// [`PollPolicy::next_poll`](super::super::PollPolicy::next_poll).
    pub fn new() -> Self {
        Self::from_curve(Self::HALF_LIFE, &PRIOR, ASSUMED_WEIGHT)
    }

    /// Sets the half-life: after how many jobs an earlier observation weighs half. Clamped to 4 to
    /// 10 000. A small number follows changes sooner, a large one is steadier.
    #[must_use]
    pub fn with_half_life(mut self, jobs: u32) -> Self {
        self.half_life = jobs.clamp(Self::HALF_LIVES.0, Self::HALF_LIVES.1);
        self
    }

    /// The number of jobs after which an earlier observation weighs half.
    pub fn half_life(&self) -> u32 {
        self.half_life
    }

    /// Learns that `jobs` jobs were in progress from one age to another. All ages of this type
    /// count from the response to the submit.
    pub fn observe_pending(&mut self, jobs: u32, from: Duration, to: Duration) {
        for (bin, low, high) in parts(to_ticks(from), to_ticks(to)) {
            // The observed share of the bin, in units of 1 / JOB: 2^16 * 2^34 ticks is 2^50 at
            // most.
            let share = u64::from(JOB) * (high - low);
            self.add(bin, 0, (share >> bin.width).saturating_mul(u64::from(jobs)));
        }
        self.count_observations(jobs);
    }

    /// Learns that a job finished between two ages: it was in progress at `from`, and found
    /// finished, with a result or an error, at `to`.
    pub fn observe_finished(&mut self, from: Duration, to: Duration) {
        let from = to_ticks(from).min(MAX_AGE_TICKS - 1);
        let to = to_ticks(to).max(from + 1);
        let finish = Finish::new(&self.curve, from, to);
        let mut before = 0;
        for (bin, low, high) in parts(from, to) {
            let after = finish.share(&self.curve, high);
            // The job is in progress through the bin with the mean of the probabilities at its
            // ends, times the observed part of the bin with 8 binary places. Below 2^32 * 2^13; the
            // shift leaves the 16 binary places of JOB.
            let watched = WHOLE - (before + after) / 2;
            let watched = (watched * ((high - low) << 8 >> bin.width)) >> (32 + 8 - 16);
            self.add(bin, (after >> 16) - (before >> 16), watched);
            before = after;
        }
        self.count_observations(1);
    }

    /// The expected lateness when a job that was in progress at the age `from` is not polled before
    /// the age `to`.
    ///
    /// It is comparable with [`PollPolicy::price`](super::super::PollPolicy::price), and additive:
    /// the sum over many jobs shows whether one request that reveals all of them is worth it.
    pub fn lateness(&self, from: Duration, to: Duration) -> Duration {
        to_duration(self.curve.lateness(to_ticks(from), to_ticks(to)))
    }

    /// Whether there was no observation yet.
    pub fn is_empty(&self) -> bool {
        self.observations == 0
    }

    pub(in crate::machine) fn curve(&self) -> &Curve {
        &self.curve
    }
}

/// For this crate.
impl DelayEstimator {
    pub(super) const HALF_LIVES: (u32, u32) = (4, 10_000);

    /// An estimator with the counts of another run.
    pub(super) fn from_counts(
        half_life: u32,
        observations: u32,
        finished: [u32; BINS],
        watched: [u32; BINS],
    ) -> Self {
        let curve = Box::new(PRIOR.clone());
        let mut estimator = Self {
            half_life,
            finished,
            watched,
            curve,
            observations,
            not_in_curve: 0,
        };
        estimator.rebuild_curve();
        estimator
    }

    /// An estimator that assumes a curve, with the weight of `jobs` jobs.
    fn from_curve(half_life: u32, curve: &Curve, jobs: u64) -> Self {
        let (mut finished, mut watched) = ([0; BINS], [0; BINS]);
        for index in 0..BINS {
            // Jobs that reach a border, in units of 1 / JOB: at most 3 * 2^16 * 2^24 before the
            // division.
            let reach = |edge| jobs * u64::from(JOB) * ONE / curve.inverse_at_edge(edge);
            let (entered, left) = (reach(index), reach(index + 1));
            finished[index] = u32::try_from(entered - left).unwrap_or(u32::MAX);
            watched[index] = u32::try_from((entered + left) / 2).unwrap_or(u32::MAX);
        }
        Self {
            half_life,
            finished,
            watched,
            curve: Box::new(curve.clone()),
            observations: 0,
            not_in_curve: 0,
        }
    }

    pub(super) fn observations(&self) -> u32 {
        self.observations
    }

    /// The largest count of a bin: at this size one more job makes half of it fade within a
    /// half-life.
    pub(super) fn max_count(half_life: u32) -> u64 {
        // half_life / ln(2) jobs: 94 548 is 2^16 / ln(2). At most 10 000 * 94 548, below 2^30.
        u64::from(half_life) * 94_548
    }

    /// An estimator with the same curve, but with the weight of only three jobs.
    pub(super) fn as_assumption(&self) -> Self {
        Self::from_curve(self.half_life, &self.curve, POOLED_WEIGHT)
    }

    fn add(&mut self, bin: Bin, finished: u64, watched: u64) {
        let most = Self::max_count(self.half_life);
        // Counts above `most` are scaled down to it, both by the same factor. They are at most 2^33
        // and `most` is below 2^30, so the product fits in 63 bits.
        let finished = finished + u64::from(self.finished[bin.index]);
        let watched = watched
            .saturating_add(self.watched[bin.index].into())
            .min(WHOLE);
        let excess = finished.max(watched).max(most);
        let fade = |count: u64| u32::try_from(count * most / excess).unwrap_or(u32::MAX);
        self.finished[bin.index] = fade(finished);
        self.watched[bin.index] = fade(watched);
    }

    /// Rebuilds the curve, unless what is new hardly matters: a poll must stay cheap.
    fn count_observations(&mut self, observations: u32) {
        self.observations = self.observations.saturating_add(observations);
        self.not_in_curve = self.not_in_curve.saturating_add(observations);
        if self.not_in_curve >= (self.observations / NOT_IN_CURVE_SHARE).min(MAX_NOT_IN_CURVE) {
            self.rebuild_curve();
        }
    }

    fn rebuild_curve(&mut self) {
        self.not_in_curve = 0;
        // With few jobs hardly one finishes in a given bin. Neighbours therefore count half: the
        // sum over two bins is steadier than each. The weights 1, 2, 1 add up to 4.
        let around = |counts: &[u32; BINS], index: usize| {
            let at = |index: usize| u64::from(counts[index.min(BINS - 1)]);
            at(index.saturating_sub(1)) + 2 * at(index) + at(index + 1)
        };
        // In units of 2^-32 of a job: 2^16 for a count, 4 for the weights, 2^14 by the shift. The
        // observed count is the mean of entered and left, so half of those that finished (a shift
        // by 13) is added to and subtracted from it. Below 2^49.
        *self.curve = Curve::from_counts(|index| {
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
    /// Whether both have the same counts.
    fn eq(&self, other: &Self) -> bool {
        (
            self.half_life,
            self.observations,
            self.finished,
            self.watched,
        ) == (
            other.half_life,
            other.observations,
            other.finished,
            other.watched,
        )
    }
}

impl Eq for DelayEstimator {}

impl fmt::Debug for DelayEstimator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DelayEstimator")
            .field("half_life", &self.half_life)
            .field("observations", &self.observations)
            .finish_non_exhaustive()
    }
}

/// A job that finished at an unknown age within a span: how likely each age is, by the curve.
struct Finish {
    from: u64,
    to: u64,
    /// 1 / S at the start of the span.
    inverse: u64,
    /// The share of the jobs in progress at the start that finish within the span, in units of 1 /
    /// [`WHOLE`].
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
        finish.share = finish.finished_share(curve, to);
        finish
    }

    /// The probability that the job had finished at an age, in units of 1 / [`WHOLE`].
    fn share(&self, curve: &Curve, age: u64) -> u64 {
        // Where hardly any job finishes, each age is equally likely.
        let (part, whole) = if self.share < WHOLE >> 20 {
            (age - self.from, self.to - self.from)
        } else {
            (self.finished_share(curve, age).min(self.share), self.share)
        };
        u64::try_from(u128::from(part) * u128::from(WHOLE) / u128::from(whole)).unwrap_or(WHOLE)
    }

    fn finished_share(&self, curve: &Curve, age: u64) -> u64 {
        let left = u128::from(self.inverse) * u128::from(WHOLE) / u128::from(curve.inverse_at(age));
        WHOLE.saturating_sub(u64::try_from(left).unwrap_or(WHOLE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_finished_within_a_span_has_finished_by_its_end_and_not_at_its_start() {
        let estimator = DelayEstimator::new();
        let curve = estimator.curve();
        let seconds = |seconds| to_ticks(Duration::from_secs(seconds));
        let spans = [(0, 1), (5, 60), (86_400, 86_401), (0, 1_000_000)];
        for (from, to) in spans.map(|(from, to)| (seconds(from), seconds(to))) {
            let finish = Finish::new(curve, from, to);
            assert_eq!(finish.share(curve, from), 0, "{from} {to}");
            assert_eq!(finish.share(curve, to), WHOLE, "{from} {to}");
        }
        // Within a tick hardly any finishes.
        let from = seconds(86_400);
        let finish = Finish::new(curve, from, from + 2);
        assert!(finish.share < WHOLE >> 20);
        assert_eq!(finish.share(curve, from + 1), WHOLE / 2);
    }
}

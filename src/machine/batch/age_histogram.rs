//! Jobs in progress, counted by age: what one listing would show about all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::machine::delay::DelaySlot;
use crate::machine::time::Time;

/// Jobs in progress, counted by document type and by when they were submitted.
///
/// An exponential histogram: what was submitted within a sixteenth of its age is one bin, so that a
/// million jobs are some hundred bins, and what they are worth together is known without
/// reading each of them.
#[derive(Debug, Default)]
pub(super) struct AgeHistogram {
    by_type: BTreeMap<DelaySlot, Vec<Bin>>,
    bins: usize,
    jobs: usize,
}

/// Jobs that were submitted at about the same time.
#[derive(Debug, Clone, Copy)]
struct Bin {
    /// When the first of them was submitted, and the last; those of one type do not overlap.
    from: Time,
    to: Time,
    jobs: u32,
}

/// Beyond so many bins those that are close are merged, to three quarters of it.
const MAX: usize = 128;

/// Bins are at least this wide.
const NARROWEST: Duration = Duration::from_millis(250);

/// A bin may be as wide as its age divided by this.
const FINENESS: u32 = 16;

impl AgeHistogram {
    /// How many jobs are counted.
    pub(super) fn jobs(&self) -> usize {
        self.jobs
    }

    pub(super) fn add(&mut self, of: DelaySlot, submitted_at: Time, now: Time) {
        self.jobs += 1;
        let bins = self.by_type.entry(of).or_default();
        let next = bins.partition_point(|bin| bin.from <= submitted_at);
        let width = width(now.saturating_since(submitted_at), FINENESS);
        let before = next.checked_sub(1).and_then(|at| bins.get_mut(at));
        if let Some(bin) = before.filter(|bin| {
            submitted_at <= bin.to || submitted_at.saturating_since(bin.from) <= width
        }) {
            bin.to = bin.to.max(submitted_at);
            bin.jobs += 1;
            return;
        }
        bins.insert(
            next,
            Bin {
                from: submitted_at,
                to: submitted_at,
                jobs: 1,
            },
        );
        self.bins += 1;
        if self.bins > MAX {
            self.merge(now);
        }
    }

    /// One that was added is not in progress any more.
    pub(super) fn remove(&mut self, of: DelaySlot, submitted_at: Time) {
        let Some(bins) = self.by_type.get_mut(&of) else {
            return;
        };
        let Some(at) = bins
            .partition_point(|bin| bin.from <= submitted_at)
            .checked_sub(1)
        else {
            return;
        };
        self.jobs -= 1;
        bins[at].jobs -= 1;
        if bins[at].jobs == 0 {
            bins.remove(at);
            self.bins -= 1;
            if bins.is_empty() {
                self.by_type.remove(&of);
            }
        }
    }

    /// Each bin: the type, how many jobs, and when they were submitted, about.
    pub(super) fn iter(&self) -> impl Iterator<Item = (DelaySlot, u32, Time)> {
        self.by_type
            .iter()
            .flat_map(|(of, bins)| bins.iter().map(|bin| (*of, bin.jobs, bin.middle())))
    }

    /// Merges neighbours that are close, as seen from now.
    fn merge(&mut self, now: Time) {
        let mut fineness = FINENESS;
        while self.bins > MAX * 3 / 4 && fineness > 0 {
            for bins in self.by_type.values_mut() {
                bins.dedup_by(|later, earlier| {
                    let fits = later.to.saturating_since(earlier.from)
                        <= width(now.saturating_since(later.to), fineness);
                    if fits {
                        earlier.to = later.to;
                        earlier.jobs = earlier.jobs.saturating_add(later.jobs);
                    }
                    fits
                });
            }
            self.bins = self.by_type.values().map(Vec::len).sum();
            fineness /= 2;
        }
    }
}

impl Bin {
    fn middle(&self) -> Time {
        self.from + self.to.saturating_since(self.from) / 2
    }
}

fn width(age: Duration, fineness: u32) -> Duration {
    NARROWEST + age / fineness.max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Time = Time::from_unix_seconds(1_700_000_000);

    fn at(milliseconds: u64) -> Time {
        START + Duration::from_millis(milliseconds)
    }

    proptest! {
        #[test]
        fn every_job_is_counted_once_near_its_age(
            times in prop::collection::vec(0..100_000_000_u64, 1..400),
            keep in any::<prop::sample::Index>(),
        ) {
            let mut bins = AgeHistogram::default();
            let now = at(100_000_000);
            for time in &times {
                bins.add(DelaySlot::default(), at(*time), now);
            }
            prop_assert!(bins.iter().count() <= MAX);
            let kept = keep.index(times.len());
            for time in times[..kept].iter().chain(&times[kept + 1..]) {
                bins.remove(DelaySlot::default(), at(*time));
            }
            prop_assert_eq!(bins.jobs(), 1);
            let (_, jobs, submitted_at) = bins.iter().next().expect("a bin");
            prop_assert_eq!(jobs, 1);
            let age = now.saturating_since(at(times[kept]));
            let exact = at(times[kept]);
            let off = submitted_at
                .saturating_since(exact)
                .max(exact.saturating_since(submitted_at));
            prop_assert!(off <= NARROWEST + age / 4, "{:?} {:?}", off, age);
            bins.remove(DelaySlot::default(), at(times[kept]));
            prop_assert_eq!((bins.jobs(), bins.iter().count(), bins.bins), (0, 0, 0));
        }
    }

    #[test]
    fn a_million_jobs_over_a_day_are_some_hundred_bins() {
        let mut bins = AgeHistogram::default();
        for second in 0..86_400 {
            bins.add(DelaySlot::default(), at(second * 1000), at(second * 1000));
        }
        assert!(bins.iter().count() <= MAX);
        assert_eq!(
            bins.iter().map(|(_, jobs, _)| u64::from(jobs)).sum::<u64>(),
            86_400
        );
    }

    #[test]
    fn bins_are_merged_to_three_quarters_and_not_much_further() {
        let mut bins = AgeHistogram::default();
        let kind = DelaySlot::default();
        let end = 10_000_000_000;
        let before = |milliseconds: u64| at(end - milliseconds);
        // These are a bin each when they are added, and close by the time they are merged.
        for number in 0..20 {
            let then = before(100_000 - number * 300);
            bins.add(kind, then, then);
        }
        // Each of these is a tenth older than the one before.
        let mut age = 200_000;
        for _ in 0..109 {
            bins.add(kind, before(age), at(end));
            age += age / 10;
        }
        let count = bins.iter().count();
        assert!((MAX / 4..=MAX * 3 / 4).contains(&count), "{count}");
    }
}

//! What there is to do: documents that come, and how long the service takes for each.

use std::ops::Range;
use std::time::Duration;

use typless::machine::Time;

use crate::polling::random::Random;
use crate::polling::trace::Trace;
use crate::polling::ways::duration;

/// When all runs begin.
pub const START: Time = Time::from_unix_seconds(1_700_000_000);

/// Documents, in the order in which they come.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Load {
    /// When each comes, and how long the service takes for it once it was submitted.
    pub jobs: Vec<(Time, Duration)>,
    /// Whether they come by chance, one by one; or are all there at the start.
    pub is_steady: bool,
    /// What is measured: what happens within this time.
    pub measured: Range<Time>,
    /// How many come each second, on average.
    pub per_second: f64,
}

impl Load {
    /// Documents that come by chance, at the rate at which so many are at the service at a time. They come for so many mean processing times before anything is measured, and for as
    /// many while it is.
    pub fn steady(trace: &Trace, max_in_flight: usize, times: usize, seed: u64) -> Self {
        let takes = trace.jobs(max_in_flight * times * 2, seed);
        let mean = takes.iter().sum::<f64>() / takes.len() as f64;
        let per_second = max_in_flight as f64 / mean;
        let (mut random, mut at) = (Random::new(seed ^ 0x5eed), 0.0);
        let jobs = takes.into_iter().map(|takes| {
            at -= random.share().ln() / per_second;
            (START + duration(at), duration(takes))
        });
        let jobs = jobs.collect();
        let from = duration(mean * times as f64);
        Self {
            jobs,
            is_steady: true,
            measured: START + from..START + from * 2,
            per_second,
        }
    }

    /// Documents that are all there at the start; all is measured.
    pub fn all_at_once(takes: impl IntoIterator<Item = f64>) -> Self {
        let jobs = takes
            .into_iter()
            .map(|takes| (START, duration(takes)))
            .collect();
        Self {
            jobs,
            is_steady: false,
            measured: START..Time::MAX,
            per_second: f64::INFINITY,
        }
    }

    /// Whether what happens now is measured.
    pub fn is_measured(&self, now: Time) -> bool {
        self.measured.contains(&now)
    }
}

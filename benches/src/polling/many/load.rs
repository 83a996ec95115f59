//! The load: documents that arrive, and how long the service takes for each.

use std::ops::Range;
use std::time::Duration;

use typless::machine::Time;

use crate::polling::random::Random;
use crate::polling::rivals::duration;
use crate::polling::trace::Trace;

/// The start of all runs.
pub const START: Time = Time::from_unix_seconds(1_700_000_000);

/// Documents, in the order of arrival.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Load {
    /// When each arrives, and how long the service takes for it after the submit.
    pub jobs: Vec<(Time, Duration)>,
    /// Whether they arrive at random, one by one, or are all there at the start.
    pub is_steady: bool,
    /// The time that is measured.
    pub measured: Range<Time>,
    /// The mean arrival rate per second.
    pub per_second: f64,
}

impl Load {
    /// Documents that arrive at random, at a rate that keeps `max_in_flight` at the service. They
    /// arrive for `times` mean processing times before the measurement, and for as long during it.
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

    /// Documents that are all there at the start; everything is measured.
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

    /// Whether this time is measured.
    pub fn is_measured(&self, now: Time) -> bool {
        self.measured.contains(&now)
    }
}

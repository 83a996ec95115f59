//! Interleaved rounds of CPU time.
//!
//! Machines are shared, so wall-clock time is not reliable. What is compared is measured in turns,
//! in the CPU time of its thread, many times.

use std::time::Duration;

use crate::process::thread_cpu;

/// The minimum duration of one sample; faster code is repeated.
const SAMPLE: Duration = Duration::from_millis(2);

/// One of several ways to do the same thing.
pub struct Way<'a> {
    name: &'static str,
    run: Box<dyn FnMut() + 'a>,
}

impl<'a> Way<'a> {
    /// A way with this name; what `run` produces should go through
    /// [`black_box`](std::hint::black_box).
    pub fn new(name: &'static str, run: impl FnMut() + 'a) -> Self {
        Self {
            name,
            run: Box::new(run),
        }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs it once.
    pub fn run(&mut self) {
        (self.run)();
    }

    /// The CPU time of this many runs.
    fn sample(&mut self, times: u32) -> Duration {
        // Warm up, so that caches and heap are in this way's own state.
        self.run();
        let start = thread_cpu();
        for _ in 0..times {
            self.run();
        }
        thread_cpu() - start
    }
}

impl std::fmt::Debug for Way<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Way")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The times of one way, one for each round.
#[derive(Debug, Clone, Default)]
pub struct Times {
    rounds: Vec<f64>,
}

impl Times {
    /// Adds the time of one round, in seconds.
    pub fn push(&mut self, seconds: f64) {
        self.rounds.push(seconds);
    }

    /// The median, in seconds.
    pub fn median(&self) -> f64 {
        median(self.rounds.clone())
    }

    /// How many times faster than `other` this is: the median of the ratios within each round.
    pub fn faster_than(&self, other: &Self) -> f64 {
        median(self.ratios(other))
    }

    /// How much two measurements of the same code differ: the distance of their ratio from 1, or
    /// half the interquartile range of the ratios of its rounds, whichever is larger.
    pub fn noise(&self, same: &Self) -> f64 {
        let mut ratios = self.ratios(same);
        ratios.sort_by(f64::total_cmp);
        let quarter = ratios.len() / 4;
        let quartiles = ratios.get(quarter).zip(ratios.iter().nth_back(quarter));
        let spread = quartiles.map_or(f64::NAN, |(low, high)| (high - low) / 2.0);
        (median(ratios) - 1.0).abs().max(spread)
    }

    fn ratios(&self, other: &Self) -> Vec<f64> {
        self.rounds
            .iter()
            .zip(&other.rounds)
            .map(|(own, other)| other / own)
            .collect()
    }
}

/// Measures each way once in each round, in an order that changes from round to round.
pub fn measure(ways: &mut [Way<'_>], rounds: usize) -> Vec<Times> {
    let times: Vec<u32> = ways.iter_mut().map(calibrate).collect();
    let mut results = vec![Times::default(); ways.len()];
    for round in 0..rounds {
        for index in order(round, ways.len()) {
            let once = ways[index].sample(times[index]).as_secs_f64() / f64::from(times[index]);
            results[index].push(once);
        }
    }
    results
}

/// The order of the ways in this round. It rotates, and every other round is reversed, so that no
/// way always follows the same one.
pub fn order(round: usize, ways: usize) -> impl Iterator<Item = usize> {
    (0..ways).map(move |place| {
        let place = if round.is_multiple_of(2) {
            place
        } else {
            ways - 1 - place
        };
        (place + round / 2) % ways
    })
}

/// How many runs one sample needs.
fn calibrate(way: &mut Way<'_>) -> u32 {
    let mut times = 1;
    loop {
        if way.sample(times) >= SAMPLE || times >= 1 << 20 {
            return times;
        }
        times *= 2;
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

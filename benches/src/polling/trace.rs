//! The nine traces: how long a service's jobs take. All are assumptions, as the vendor names no
//! figures; what counts is that they differ.

use super::random::Random;

/// A trace: its name, and the distribution of its processing times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trace {
    /// Its name, a letter.
    pub name: &'static str,
    /// Its description.
    pub what: &'static str,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// A mixture: weights and distributions.
    Mixture(&'static [(f64, Part)]),
    /// The median jumps between two values four times, and drifts in between.
    Drift,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    /// Median, and standard deviation of the logarithm.
    Lognormal(f64, f64),
    /// Median and shape.
    Loglogistic(f64, f64),
    /// The minimum, and the mean above the minimum.
    Exponential(f64, f64),
    /// The minimum and the maximum.
    Uniform(f64, f64),
}

/// All traces.
pub const TRACES: [Trace; 9] = [
    Trace::new(
        "A",
        "quick: lognormal, median 8 s",
        &[(1.0, Part::Lognormal(8.0, 0.5))],
    ),
    Trace::new(
        "B",
        "usual: lognormal, median 20 s",
        &[(1.0, Part::Lognormal(20.0, 1.0))],
    ),
    Trace::new(
        "C",
        "slow: lognormal, median 60 s",
        &[(1.0, Part::Lognormal(60.0, 0.8))],
    ),
    Trace::new(
        "D",
        "three kinds: 6 s, 45 s, 300 s",
        &[
            (0.7, Part::Lognormal(6.0, 0.4)),
            (0.25, Part::Lognormal(45.0, 0.5)),
            (0.05, Part::Lognormal(300.0, 0.7)),
        ],
    ),
    Trace::new(
        "E",
        "heavy tail: log-logistic, median 10 s",
        &[(1.0, Part::Loglogistic(10.0, 1.5))],
    ),
    Trace::new(
        "F",
        "nearly constant: 15 s and a little",
        &[(1.0, Part::Exponential(15.0, 1.0))],
    ),
    Trace::new(
        "G",
        "memoryless: exponential, mean 20 s",
        &[(1.0, Part::Exponential(0.0, 20.0))],
    ),
    Trace {
        name: "H",
        what: "drift: the median jumps, 10 s and 40 s",
        kind: Kind::Drift,
    },
    Trace::new(
        "I",
        "2 % stuck for 1 to 6 hours",
        &[
            (0.98, Part::Lognormal(10.0, 0.6)),
            (0.02, Part::Uniform(3600.0, 21_600.0)),
        ],
    ),
];

/// The drift: its two medians, the standard deviation of the logarithm around them, and the
/// correlation of a job with the one before.
const MEDIANS: [f64; 2] = [10.0, 40.0];
const SPREAD: f64 = 0.78;
const PERSISTENCE: f64 = 0.98;

impl Trace {
    const fn new(name: &'static str, what: &'static str, parts: &'static [(f64, Part)]) -> Self {
        Self {
            name,
            what,
            kind: Kind::Mixture(parts),
        }
    }

    /// The processing times of this many jobs, one after the other.
    pub fn jobs(&self, count: usize, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        match self.kind {
            Kind::Mixture(parts) => (0..count).map(|_| draw(parts, &mut random)).collect(),
            Kind::Drift => drift(count, &mut random),
        }
    }

    /// The long-run fraction of jobs that take longer than this.
    pub fn left(&self, age: f64) -> f64 {
        match self.kind {
            Kind::Mixture(parts) => parts
                .iter()
                .map(|(share, part)| share * part.left(age))
                .sum(),
            Kind::Drift => MEDIANS
                .iter()
                .map(|median| Part::Lognormal(*median, SPREAD).left(age) / 2.0)
                .sum(),
        }
    }
}

fn draw(parts: &[(f64, Part)], random: &mut Random) -> f64 {
    let mut share = random.share();
    for (part_share, part) in parts {
        if share < *part_share {
            return part.draw(random);
        }
        share -= part_share;
    }
    parts.last().map_or(0.0, |(_, part)| part.draw(random))
}

fn drift(count: usize, random: &mut Random) -> Vec<f64> {
    let innovation = (1.0 - PERSISTENCE * PERSISTENCE).sqrt();
    let mut wandering = random.normal();
    let mut next = |index: usize| {
        wandering = PERSISTENCE * wandering + innovation * random.normal();
        let median = MEDIANS[index * 4 / count % 2];
        median * (wandering * SPREAD).exp()
    };
    (0..count).map(&mut next).collect()
}

impl Part {
    fn draw(self, random: &mut Random) -> f64 {
        match self {
            Self::Lognormal(median, spread) => median * (spread * random.normal()).exp(),
            Self::Loglogistic(median, shape) => {
                let share = random.share();
                median * (share / (1.0 - share)).powf(1.0 / shape)
            }
            Self::Exponential(min, mean) => min - mean * random.share().ln(),
            Self::Uniform(from, to) => from + (to - from) * random.share(),
        }
    }

    fn left(self, age: f64) -> f64 {
        match self {
            Self::Lognormal(median, spread) => upper_tail((age / median).ln() / spread),
            Self::Loglogistic(median, shape) => 1.0 / (1.0 + (age / median).powf(shape)),
            Self::Exponential(min, mean) => (-(age - min).max(0.0) / mean).exp(),
            Self::Uniform(from, to) => ((to - age) / (to - from)).clamp(0.0, 1.0),
        }
    }
}

/// The upper tail of the standard normal distribution: a continued fraction in the tail, a series
/// around the middle.
fn upper_tail(value: f64) -> f64 {
    if value.is_infinite() {
        return if value > 0.0 { 0.0 } else { 1.0 };
    }
    if value < 0.0 {
        return 1.0 - upper_tail(-value);
    }
    let density = (-value * value / 2.0).exp() / std::f64::consts::TAU.sqrt();
    if value > 3.0 {
        let fraction = (1..60)
            .rev()
            .fold(value, |below, step| value + f64::from(step) / below);
        return density / fraction;
    }
    let (mut term, mut sum) = (value, value);
    for step in 1..60 {
        term *= value * value / f64::from(2 * step + 1);
        sum += term;
    }
    0.5 - density * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_the_normal_distribution_is_right() {
        for (value, share) in [
            (0.0, 0.5),
            (1.0, 0.158_655_253_931_457),
            (2.9, 0.001_865_813_300_384),
            (4.0, 3.167_124_183e-5),
        ] {
            assert!(
                (upper_tail(value) - share).abs() < 1e-12 + share * 1e-9,
                "{value}"
            );
            assert!((upper_tail(-value) - (1.0 - share)).abs() < 1e-12);
        }
    }

    #[test]
    fn the_drawn_times_follow_the_distribution() {
        // A drifting trace needs more jobs to average out.
        for trace in TRACES.iter().filter(|trace| trace.name != "H") {
            let jobs = trace.jobs(40_000, 1);
            for age in [3.0, 10.0, 16.0, 50.0, 200.0] {
                let counted = jobs.iter().filter(|takes| **takes > age).count() as f64 / 40_000.0;
                assert!(
                    (counted - trace.left(age)).abs() < 0.01,
                    "{} {age}: {counted} {}",
                    trace.name,
                    trace.left(age)
                );
            }
        }
    }
}

//! The cost of following jobs, one after the other.

/// The cost of following jobs, one after the other.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    polls: Vec<u32>,
    delays: Vec<f64>,
    takes: Vec<f64>,
    abandoned: usize,
}

impl Outcome {
    /// Adds a job that took `takes` seconds and was found finished after this many polls, at this
    /// age.
    pub fn found(&mut self, takes: f64, polls: u32, age: f64) {
        self.polls.push(polls);
        self.delays.push(age - takes);
        self.takes.push(takes);
    }

    /// Adds a job that was abandoned before it was found finished.
    pub fn abandoned(&mut self) {
        self.abandoned += 1;
    }

    /// The fraction of jobs that were abandoned.
    pub fn abandoned_fraction(&self) -> f64 {
        self.abandoned as f64 / (self.abandoned + self.polls.len()) as f64
    }

    /// The mean number of polls for each job.
    pub fn polls(&self) -> f64 {
        self.polls
            .iter()
            .map(|polls| f64::from(*polls))
            .sum::<f64>()
            / self.polls.len() as f64
    }

    /// The mean time from a result to the poll that found it.
    pub fn mean_delay(&self) -> f64 {
        mean(&self.delays)
    }

    /// The 95th percentile of the delay.
    pub fn p95_delay(&self) -> f64 {
        p95(self.delays.clone())
    }

    /// The 95th percentile of the delay, relative to the processing time.
    pub fn p95_relative_delay(&self) -> f64 {
        p95(self
            .delays
            .iter()
            .zip(&self.takes)
            .map(|(delay, takes)| delay / takes)
            .collect())
    }

    /// The mean processing time.
    pub fn mean_time(&self) -> f64 {
        mean(&self.takes)
    }

    /// Polls and delay in one figure, where a poll costs this many seconds.
    pub fn cost(&self, price: f64) -> f64 {
        price * self.polls() + self.mean_delay()
    }

    /// The outcome of some of the jobs, by index.
    pub fn part(&self, turns: std::ops::Range<usize>) -> Self {
        Self {
            polls: self.polls[turns.clone()].to_vec(),
            delays: self.delays[turns.clone()].to_vec(),
            takes: self.takes[turns].to_vec(),
            abandoned: 0,
        }
    }

    /// The outcomes joined.
    pub fn joined(outcomes: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::default();
        for outcome in outcomes {
            all.polls.extend(outcome.polls);
            all.delays.extend(outcome.delays);
            all.takes.extend(outcome.takes);
            all.abandoned += outcome.abandoned;
        }
        all
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The 95th percentile.
pub fn p95(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values
        .get(values.len() * 95 / 100)
        .copied()
        .unwrap_or(f64::NAN)
}

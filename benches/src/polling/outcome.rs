//! What following jobs has cost.

/// What following jobs has cost, one after the other.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    polls: Vec<u32>,
    delays: Vec<f64>,
    takes: Vec<f64>,
    abandoned: usize,
}

impl Outcome {
    /// A job that took so long was found finished after so many polls, at this age.
    pub fn found(&mut self, takes: f64, polls: u32, age: f64) {
        self.polls.push(polls);
        self.delays.push(age - takes);
        self.takes.push(takes);
    }

    /// A job was given up before it was found finished.
    pub fn abandoned(&mut self) {
        self.abandoned += 1;
    }

    /// The share of jobs that were given up.
    pub fn share_abandoned(&self) -> f64 {
        self.abandoned as f64 / (self.abandoned + self.polls.len()) as f64
    }

    /// Polls for each job, on average.
    pub fn polls(&self) -> f64 {
        self.polls
            .iter()
            .map(|polls| f64::from(*polls))
            .sum::<f64>()
            / self.polls.len() as f64
    }

    /// How long results lay there before they were seen, on average.
    pub fn mean_delay(&self) -> f64 {
        mean(&self.delays)
    }

    /// The delay that one in twenty exceeds.
    pub fn p95_delay(&self) -> f64 {
        p95(self.delays.clone())
    }

    /// The same, as a share of the processing time.
    pub fn p95_relative_delay(&self) -> f64 {
        p95(self
            .delays
            .iter()
            .zip(&self.takes)
            .map(|(delay, takes)| delay / takes)
            .collect())
    }

    /// How long jobs took, on average.
    pub fn mean_time(&self) -> f64 {
        mean(&self.takes)
    }

    /// Polls and delay in one figure, for a poll that is worth so many seconds.
    pub fn cost(&self, price: f64) -> f64 {
        price * self.polls() + self.mean_delay()
    }

    /// The same of some of the jobs, by their turn.
    pub fn part(&self, turns: std::ops::Range<usize>) -> Self {
        Self {
            polls: self.polls[turns.clone()].to_vec(),
            delays: self.delays[turns.clone()].to_vec(),
            takes: self.takes[turns].to_vec(),
            abandoned: 0,
        }
    }

    /// All of these together.
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

/// The value that one in twenty exceeds.
pub fn p95(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values
        .get(values.len() * 95 / 100)
        .copied()
        .unwrap_or(f64::NAN)
}

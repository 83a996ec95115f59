//! What following many jobs has cost.

use std::time::Duration;

use typless::machine::Time;

use super::load::Load;
use crate::polling::outcome::p95;

/// What following many jobs has cost. Requests, delays and waits are those of the measured time; the rest is of the whole run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Polls and calls to the queue; no submits.
    requests: u64,
    delays: Vec<f64>,
    /// From when a document came to when its result was there, but for the time the service worked on it.
    losses: Vec<f64>,
    /// The longest delay.
    pub worst: f64,
    /// Jobs whose result was read.
    pub found: usize,
    /// Jobs that were given up.
    pub abandoned: usize,
    /// Calls to the queue.
    pub calls: u64,
    /// Requests that were sent too soon, or while too many were out.
    pub breaches: u64,
    /// Requests, answers, webhooks and documents that came.
    pub events: u64,
}

impl Report {
    /// A poll or a call to the queue is made.
    pub fn asked(&mut self, load: &Load, now: Time) {
        self.requests += u64::from(load.is_measured(now));
    }

    /// A result is read for the first time.
    pub fn read(
        &mut self,
        load: &Load,
        came_at: Time,
        takes: Duration,
        finished_at: Time,
        now: Time,
    ) {
        let delay = now.saturating_since(finished_at).as_secs_f64();
        self.found += 1;
        self.worst = self.worst.max(delay);
        if load.is_measured(now) {
            self.delays.push(delay);
            self.losses.push(
                now.saturating_since(came_at)
                    .saturating_sub(takes)
                    .as_secs_f64(),
            );
        }
    }

    /// Polls and calls to the queue, for each job.
    pub fn requests(&self) -> f64 {
        self.requests as f64 / self.delays.len() as f64
    }

    /// How long results lay there before they were read, on average.
    pub fn mean_delay(&self) -> f64 {
        self.delays.iter().sum::<f64>() / self.delays.len() as f64
    }

    /// The delay that one in twenty exceeds.
    pub fn p95_delay(&self) -> f64 {
        p95(self.delays.clone())
    }

    /// From when a document came to when its result was there, but for the time the service worked on it, on average.
    pub fn mean_loss(&self) -> f64 {
        self.losses.iter().sum::<f64>() / self.losses.len() as f64
    }

    /// The same that one in twenty exceeds.
    pub fn p95_loss(&self) -> f64 {
        p95(self.losses.clone())
    }

    /// The share of jobs that were given up.
    pub fn share_abandoned(&self) -> f64 {
        self.abandoned as f64 / (self.abandoned + self.found) as f64
    }
}

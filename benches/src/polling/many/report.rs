//! The cost of following many jobs. Requests, delays and losses are those of the measured time; the
//! rest is of the whole run.

use std::time::Duration;

use typless::machine::Time;

use super::load::Load;
use crate::polling::outcome::p95;

/// The cost of following many jobs. Requests, delays and losses are those of the measured time; the
/// rest is of the whole run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Polls and listings, without submits.
    requests: u64,
    delays: Vec<f64>,
    /// The time from a document's arrival to its result, minus its processing time.
    losses: Vec<f64>,
    /// The longest delay.
    pub max_delay: f64,
    /// Jobs whose result was fetched.
    pub found: usize,
    /// Jobs that were abandoned.
    pub abandoned: usize,
    /// Listings.
    pub listings: u64,
    /// Requests that were sent too early, or while too many were in flight.
    pub breaches: u64,
    /// Requests, responses, webhooks and documents.
    pub events: u64,
}

impl Report {
    /// Counts a poll or a listing.
    pub fn count_request(&mut self, load: &Load, now: Time) {
        self.requests += u64::from(load.is_measured(now));
    }

    /// Counts a result that is fetched for the first time.
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
        self.max_delay = self.max_delay.max(delay);
        if load.is_measured(now) {
            self.delays.push(delay);
            self.losses.push(
                now.saturating_since(came_at)
                    .saturating_sub(takes)
                    .as_secs_f64(),
            );
        }
    }

    /// The mean number of polls and listings for each job.
    pub fn requests(&self) -> f64 {
        self.requests as f64 / self.delays.len() as f64
    }

    /// The mean time from a result to its fetch.
    pub fn mean_delay(&self) -> f64 {
        self.delays.iter().sum::<f64>() / self.delays.len() as f64
    }

    /// The 95th percentile of the delay.
    pub fn p95_delay(&self) -> f64 {
        p95(self.delays.clone())
    }

    /// The mean time lost: from a document's arrival to its result, minus its processing time.
    pub fn mean_loss(&self) -> f64 {
        self.losses.iter().sum::<f64>() / self.losses.len() as f64
    }

    /// The 95th percentile of the time lost.
    pub fn p95_loss(&self) -> f64 {
        p95(self.losses.clone())
    }

    /// The fraction of jobs that were abandoned.
    pub fn abandoned_fraction(&self) -> f64 {
        self.abandoned as f64 / (self.abandoned + self.found) as f64
    }
}

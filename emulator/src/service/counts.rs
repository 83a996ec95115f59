//! What the service has seen, by its own count.

use std::collections::VecDeque;
use std::time::Duration;

use typless::machine::Time;

use super::route::Endpoint;

/// What the service has seen so far, by its own count: whether a client keeps to its limits shows here.
///
/// Made by [`Service::counts`](super::Service::counts). A request counts when it arrives, whatever becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ServiceCounts {
    /// All requests, those to unknown paths too.
    pub requests: usize,
    /// Submits of the asynchronous call.
    pub submits: usize,
    /// Synchronous extractions.
    pub extractions: usize,
    /// Polls an extraction.
    pub polls: usize,
    /// Polls ids of the queue that belong to nobody; a client that knows its own ids makes none.
    pub unknown_polls: usize,
    /// Calls of the poll queue.
    pub listings: usize,
    /// Requests above the rate limit, which were refused with 429. Those that a [`Fault`](super::Fault) refused are not among them.
    pub throttled: usize,
    /// Exchanges that something was made to happen to.
    pub faults: usize,
    /// The most exchanges that were under way at once.
    pub max_in_flight: usize,
    /// The most submits that were under way at once.
    pub max_submits_in_flight: usize,
    /// The most requests that arrived within one second, wherever it begins.
    pub max_per_second: usize,
    /// Webhook messages handed out to be posted, doubles among them.
    pub webhooks: usize,
    /// Webhook messages that were lost.
    pub webhooks_lost: usize,
}

/// Keeps the counts of requests.
#[derive(Debug, Default)]
pub(super) struct Counters {
    counts: ServiceCounts,
    at_once: usize,
    submits_at_once: usize,
    /// When the requests of the last second arrived.
    recent: VecDeque<Time>,
}

impl Counters {
    pub(super) fn counts(&self) -> ServiceCounts {
        self.counts
    }

    pub(super) fn counts_mut(&mut self) -> &mut ServiceCounts {
        &mut self.counts
    }

    pub(super) fn arrive(&mut self, endpoint: Option<Endpoint>, now: Time) {
        let counts = &mut self.counts;
        counts.requests += 1;
        match endpoint {
            Some(Endpoint::Submit) => counts.submits += 1,
            Some(Endpoint::Extract) => counts.extractions += 1,
            Some(Endpoint::Status) => counts.polls += 1,
            Some(Endpoint::Awaiting) => counts.listings += 1,
            None => {}
        }
        self.at_once += 1;
        self.submits_at_once += usize::from(endpoint == Some(Endpoint::Submit));
        counts.max_in_flight = counts.max_in_flight.max(self.at_once);
        counts.max_submits_in_flight = counts.max_submits_in_flight.max(self.submits_at_once);
        while self
            .recent
            .front()
            .is_some_and(|arrived| now.saturating_since(*arrived) >= Duration::from_secs(1))
        {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        counts.max_per_second = counts.max_per_second.max(self.recent.len());
    }

    pub(super) fn leave(&mut self, endpoint: Option<Endpoint>) {
        self.at_once = self.at_once.saturating_sub(1);
        self.submits_at_once = self
            .submits_at_once
            .saturating_sub(usize::from(endpoint == Some(Endpoint::Submit)));
    }
}

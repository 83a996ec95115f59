//! What the service has seen.

use std::collections::VecDeque;
use std::time::Duration;

use typless::machine::Time;

use super::route::Endpoint;

/// What the service has seen so far. It shows whether a client respects its limits.
///
/// A request counts when it arrives, whatever happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ServiceCounts {
    /// All requests, including those to unknown paths.
    pub requests: usize,
    /// Submits of the asynchronous call.
    pub submits: usize,
    /// Synchronous extractions.
    pub extractions: usize,
    /// Polls of an extraction.
    pub polls: usize,
    /// Polls of ids that [`QueueOptions::with_unknown_ids`](super::QueueOptions::with_unknown_ids)
    /// listed. A client that knows its own ids sends none.
    pub unknown_polls: usize,
    /// Listings of the queue.
    pub listings: usize,
    /// Requests above the rate limit, which were refused with 429. Those that a
    /// [`Fault`](super::Fault) refused are not among them.
    pub throttled: usize,
    /// Exchanges with a [`Fault`](super::Fault).
    pub faults: usize,
    /// The most exchanges in flight at the same time.
    pub max_in_flight: usize,
    /// The most submits in flight at the same time.
    pub max_submits_in_flight: usize,
    /// The most requests that arrived within any one second.
    pub max_per_second: usize,
    /// Webhook messages that were posted, with duplicates.
    pub webhooks: usize,
    /// Webhook messages that were lost.
    pub webhooks_lost: usize,
}

/// Counts requests.
#[derive(Debug, Default)]
pub(super) struct Counters {
    counts: ServiceCounts,
    in_flight: usize,
    submits_in_flight: usize,
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
        self.in_flight += 1;
        self.submits_in_flight += usize::from(endpoint == Some(Endpoint::Submit));
        counts.max_in_flight = counts.max_in_flight.max(self.in_flight);
        counts.max_submits_in_flight = counts.max_submits_in_flight.max(self.submits_in_flight);
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
        self.in_flight = self.in_flight.saturating_sub(1);
        self.submits_in_flight = self
            .submits_in_flight
            .saturating_sub(usize::from(endpoint == Some(Endpoint::Submit)));
    }
}

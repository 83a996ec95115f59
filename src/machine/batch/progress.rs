//! The progress of a batch.

use crate::machine::time::Time;

/// The progress of a batch at one moment, for people and logs. The cost does not depend on the
/// number of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchProgress {
    /// Documents that were added and not submitted yet: they wait for their turn or for a retry.
    /// Documents still in an iterator are not counted.
    pub waiting: usize,
    /// Documents whose `Submitting` event was emitted or whose submit is in flight.
    pub submitting: usize,
    /// Submitted jobs that have not finished.
    pub submitted: usize,
    /// How many of those are known to have finished at the service.
    pub known_finished: usize,
    /// Jobs that finished with a result.
    pub succeeded: u64,
    /// Jobs that finished without a result.
    pub failed: u64,
    /// Requests in flight.
    pub in_flight: usize,
    /// Submits sent so far.
    pub submits: u64,
    /// Single polls sent so far, fetches of results included.
    pub polls: u64,
    /// Listings requested so far.
    pub listings: u64,
    /// Notifications of extractions that were not this batch's, or not yet.
    pub unknown_notifications: u64,
    /// The end of the pause that the service asked for, if there is one.
    pub paused_until: Option<Time>,
    /// Whether the service does not work, or cannot be reached.
    pub is_outage: bool,
    /// Whether the batch waits for a new key.
    pub key_refused: bool,
    /// Whether iterators may still have documents.
    pub has_source: bool,
}

impl BatchProgress {
    /// Unfinished jobs.
    pub fn unfinished(&self) -> usize {
        self.waiting + self.submitting + self.submitted
    }
}

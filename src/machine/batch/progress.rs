//! How far a batch is.

use super::super::time::Time;

/// How far a batch is, at one moment. Made by [`Batch::progress`](super::Batch::progress), for people and logs; costs nothing that grows with the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchProgress {
    /// Documents that were added and not yet submitted: they wait for their turn, or to be tried again. What is still in an iterator is not counted.
    pub waiting: usize,
    /// Documents whose submit is announced or out.
    pub submitting: usize,
    /// Jobs the service works on, or whose result was not fetched yet.
    pub submitted: usize,
    /// Of those, how many are known to have finished.
    pub known_finished: usize,
    /// Jobs that ended with a result.
    pub succeeded: u64,
    /// Jobs that ended without one.
    pub failed: u64,
    /// Requests that are out.
    pub in_flight: usize,
    /// Submits sent so far.
    pub submits: u64,
    /// Single polls sent so far, fetches of results included.
    pub polls: u64,
    /// Calls to the queue sent so far.
    pub listings: u64,
    /// Notifications of extractions that were not this batch's, or not yet.
    pub unknown_notifications: u64,
    /// Nothing is sent before this, as the service asked.
    pub paused_until: Option<Time>,
    /// Whether a new key is waited for.
    pub key_refused: bool,
    /// Whether iterators still have documents to give.
    pub has_source: bool,
}

impl BatchProgress {
    /// Jobs that have not ended.
    pub fn unfinished(&self) -> usize {
        self.waiting + self.submitting + self.submitted
    }
}

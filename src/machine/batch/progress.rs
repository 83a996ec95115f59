//! The progress of a batch.

use std::time::Duration;

use super::Batch;
use crate::machine::pause::ActivePause;
use crate::machine::time::Time;

/// How long the service keeps a result, from when it finished.
const RETENTION: Duration = Duration::from_secs(48 * 60 * 60);

/// The progress of a batch at one moment, for people, logs and metrics. The cost does not depend on
/// the number of jobs.
///
/// ```
/// use std::time::Duration;
/// use typless::machine::{Batch, BatchOptions, Time};
/// # use typless::wire::Api;
/// # let api = Api::new(Api::PRODUCTION, "key")?;
/// # let now = Time::from_unix_seconds(1_700_000_000);
/// # let batch = Batch::new(&api, BatchOptions::new(), now);
///
/// let progress = batch.progress();
/// println!("{} in flight, {} wait", progress.in_flight, progress.waiting);
/// if progress.unknown > 0 {
///     println!("{} submits are unknown: see to them", progress.unknown);
/// }
/// if progress.next_expiry_at().is_some_and(|at| at < now + Duration::from_secs(3600)) {
///     println!("a result may be deleted within the hour");
/// }
/// if let Some(pause) = progress.pause {
///     println!("{} since {}", pause.reason, pause.since);
/// }
/// # Ok::<(), typless::wire::ConfigError>(())
/// ```
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
    /// How many of those finished as [`SubmitUnknown`](crate::machine::JobError::SubmitUnknown):
    /// somebody has to find out about them. One whose id came late after all stays counted.
    pub unknown: u64,
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
    /// When the oldest submitted job that has not finished was submitted, in whole seconds, rounded
    /// down: how old it is shows whether the service keeps up.
    pub oldest_submitted_at: Option<Time>,
    /// The pause that there is now; the one that holds back most, if there are several. All of them
    /// are in [`Batch::pauses`].
    pub pause: Option<ActivePause>,
    /// Whether iterators may still have documents.
    pub has_source: bool,
}

impl BatchProgress {
    pub(super) fn new(batch: &Batch) -> Self {
        let mut progress = batch.jobs.counters.progress();
        progress.in_flight = batch.outbox.in_flight().len();
        progress.pause = batch.throttle.pauses(batch.latest).next();
        progress.has_source = !batch.sources.is_empty();
        progress
    }

    /// Unfinished jobs.
    pub fn unfinished(&self) -> usize {
        self.waiting + self.submitting + self.submitted
    }

    /// Until when no result is deleted for its age: 48 hours after the oldest job was submitted.
    /// The service keeps a result for so long after it finished (vendor's guide), which may be
    /// later. `None` if there is none to lose.
    pub fn next_expiry_at(&self) -> Option<Time> {
        Some(self.oldest_submitted_at? + RETENTION)
    }
}

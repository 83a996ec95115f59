//! Time at a service that works.

use std::collections::BTreeSet;
use std::time::Duration;

use typless::machine::{PauseReason, Time};

/// A clock that stands still while the batch pauses.
#[derive(Debug)]
pub(super) struct WorkingTime {
    elapsed: Duration,
    latest: Time,
    pauses: BTreeSet<PauseReason>,
}

impl WorkingTime {
    pub(super) fn new(now: Time) -> Self {
        Self {
            elapsed: Duration::ZERO,
            latest: now,
            pauses: BTreeSet::new(),
        }
    }

    /// Time passes.
    pub(super) fn advance(&mut self, now: Time) {
        if self.pauses.is_empty() {
            self.elapsed += now.saturating_since(self.latest);
        }
        self.latest = self.latest.max(now);
    }

    /// How much of the time until the latest time was working time.
    pub(super) fn elapsed(&self) -> Duration {
        self.elapsed
    }

    pub(super) fn pause(&mut self, reason: PauseReason) {
        self.pauses.insert(reason);
    }

    pub(super) fn resume(&mut self, reason: PauseReason) {
        self.pauses.remove(&reason);
    }

    /// When this much working time will have elapsed, unless a pause begins; `None` in a pause.
    pub(super) fn time_at(&self, elapsed: Duration) -> Option<Time> {
        self.pauses
            .is_empty()
            .then(|| self.latest + elapsed.saturating_sub(self.elapsed))
    }
}

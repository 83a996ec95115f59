//! Real time.

use std::time::{Duration, Instant, SystemTime};

use typless::machine::Time;

/// The time since the Unix epoch at the start, plus the time elapsed since; it does not follow
/// later changes of the wall clock.
#[derive(Clone, Copy)]
pub(super) struct SystemClock {
    epoch_at_start: Duration,
    start: Instant,
}

impl SystemClock {
    pub(super) fn new() -> Self {
        // A wall clock before 1970 is not set; count from the epoch then.
        let epoch_at_start = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            epoch_at_start,
            start: Instant::now(),
        }
    }

    pub(super) fn now(&self) -> Time {
        Time::from_unix(self.epoch_at_start + self.start.elapsed())
    }
}

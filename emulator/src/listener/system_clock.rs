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
        Self::from_wall_clock(SystemTime::now())
    }

    fn from_wall_clock(time: SystemTime) -> Self {
        // A wall clock before 1970 is not set; count from the epoch then.
        let epoch_at_start = time.duration_since(SystemTime::UNIX_EPOCH);
        Self {
            epoch_at_start: epoch_at_start.unwrap_or_default(),
            start: Instant::now(),
        }
    }

    pub(super) fn now(&self) -> Time {
        Time::from_unix(self.epoch_at_start + self.start.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_before_1970_begins_in_1970() {
        let day = Duration::from_secs(24 * 3600);
        let before = SystemTime::UNIX_EPOCH.checked_sub(day);
        let clock = SystemClock::from_wall_clock(before.expect("the day before"));
        assert!(clock.now() < Time::EPOCH + day);
    }
}

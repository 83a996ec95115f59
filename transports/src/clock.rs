//! The time of the system, and the time that a test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use typless::drive::{AsyncClock, BlockingClock, Clock, MAX_SLEEP};
use typless::machine::Time;

use crate::stopwatch::Stopwatch;

/// The time of the system.
///
/// The wall clock is read once, in [`new`](Self::new). From then on this clock follows a monotonic
/// clock, so later changes of the wall clock have no effect. Copies show the same time.
///
/// | system | time asleep (suspended or hibernated) |
/// | --- | --- |
/// | Linux, Android | counts: `CLOCK_BOOTTIME` |
/// | macOS, iOS and others of Apple | counts: `CLOCK_MONOTONIC`, which includes it there |
/// | Windows | counts: the performance counter, as [`Instant`] has it |
/// | others | counts if [`Instant`] counts it; otherwise this clock is behind afterwards |
///
/// Timers stop while the system is asleep. [`sleep_until`](BlockingClock::sleep_until) therefore
/// reads the clock at least each [`MAX_SLEEP`], and returns at most so late.
///
/// [`Instant`]: std::time::Instant
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started_at: Time,
    stopwatch: Stopwatch,
}

impl SystemClock {
    /// A clock set to the time of the wall clock.
    pub fn new() -> Self {
        Self {
            started_at: SystemTime::now().into(),
            stopwatch: Stopwatch::start(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Time {
        self.started_at + self.stopwatch.elapsed()
    }
}

impl BlockingClock for SystemClock {
    fn sleep_until(&self, time: Time) {
        // The system may wake the thread slightly early.
        loop {
            let left = time.saturating_since(self.now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(MAX_SLEEP));
        }
    }
}

/// A clock for tests. A wait moves it forward and returns immediately; otherwise it stands still.
///
/// With it, a test of 48 hours takes microseconds. Clones share the same time.
#[derive(Debug, Clone, Default)]
pub struct ManualClock {
    nanoseconds: Arc<AtomicU64>,
}

impl ManualClock {
    /// A clock set to this time.
    pub fn new(now: Time) -> Self {
        let clock = Self::default();
        clock.move_to(now);
        clock
    }

    /// Moves the clock forward by this much.
    pub fn advance(&self, by: Duration) {
        self.move_to(self.now() + by);
    }

    /// Moves the clock forward to this time. An earlier time has no effect.
    pub fn move_to(&self, time: Time) {
        let nanoseconds = u64::try_from(time.since_epoch().as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_max(nanoseconds, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        Time::from_unix(Duration::from_nanos(
            self.nanoseconds.load(Ordering::SeqCst),
        ))
    }

    fn stands_still(&self) -> bool {
        true
    }
}

impl BlockingClock for ManualClock {
    fn sleep_until(&self, time: Time) {
        self.move_to(time);
    }
}

impl AsyncClock for ManualClock {
    async fn sleep_until(&self, time: Time) {
        self.move_to(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_before_1970_counts_as_1970() {
        let day = Duration::from_secs(24 * 3600);
        let before = SystemTime::UNIX_EPOCH
            .checked_sub(day)
            .expect("the day before");
        assert_eq!(Time::from(before), Time::EPOCH);
        assert_eq!(Time::from(SystemTime::UNIX_EPOCH + day), Time::EPOCH + day);
        // It goes on from there.
        let clock = SystemClock {
            started_at: Time::from(before),
            ..SystemClock::new()
        };
        clock.sleep_until(clock.now() + Duration::from_micros(10));
        assert!(clock.now() > Time::EPOCH && clock.now() < Time::EPOCH + day);
    }
}

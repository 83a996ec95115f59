//! The time of the system, and the time that a test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use typless::drive::{AsyncClock, BlockingClock, Clock};
use typless::machine::Time;

/// The time of the system.
///
/// The wall clock is read once, in [`new`](Self::new). From then on this clock follows the
/// monotonic clock, so later changes of the wall clock have no effect. After the computer was
/// suspended it may be behind: waits then end late, never early. Copies show the same time.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started_at: Time,
    started: Instant,
}

impl SystemClock {
    /// A clock set to the time of the wall clock.
    pub fn new() -> Self {
        // A wall clock set before 1970 counts as 1970.
        let since_epoch = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            started_at: Time::from_unix(since_epoch),
            started: Instant::now(),
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
        self.started_at + self.started.elapsed()
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
            std::thread::sleep(left);
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

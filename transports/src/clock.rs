//! The time as it is, and as a test wants it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use typless::drive::{AsyncClock, BlockingClock, Clock};
use typless::machine::Time;

/// The system's time.
///
/// It reads the wall clock once, when it is made, and goes on from there by the monotonic clock: changes of the wall clock do not touch it. After a suspend of the machine it may
/// lag behind; waits then end late, never early. Made by the application, lent to a driver; a copy tells the same time.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started_at: Time,
    started: Instant,
}

impl SystemClock {
    /// A clock that agrees with the wall clock now.
    pub fn new() -> Self {
        // A wall clock set before 1970 is as good as none.
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
        // The system may wake us a little early.
        loop {
            let left = time.saturating_since(self.now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left);
        }
    }
}

/// A clock that stands still until it is told otherwise: waiting on it moves it on, and takes no time.
///
/// With it, a test of 48 hours takes microseconds. Clones show the same time.
#[derive(Debug, Clone, Default)]
pub struct ManualClock {
    nanoseconds: Arc<AtomicU64>,
}

impl ManualClock {
    /// A clock that shows this time.
    pub fn new(now: Time) -> Self {
        let clock = Self::default();
        clock.move_to(now);
        clock
    }

    /// Moves the clock on by this much.
    pub fn advance(&self, by: Duration) {
        self.move_to(self.now() + by);
    }

    /// Moves the clock on to this time; never back.
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

//! The time of tokio's clock.

use std::time::SystemTime;

use tokio::time::Instant;
use typless::drive::{AsyncClock, Clock, MAX_SLEEP};
use typless::machine::Time;

use crate::stopwatch::Stopwatch;

/// The time of the system, with tokio's timers.
///
/// The wall clock is read once, as by [`SystemClock`](crate::SystemClock). From then on this clock
/// follows tokio's clock, so a test that pauses tokio's clock pauses this one. The time that the
/// system is asleep counts as it does for [`SystemClock`](crate::SystemClock): tokio's clock leaves
/// it out, and this clock adds it.
///
/// [`sleep_until`](AsyncClock::sleep_until) needs a tokio runtime with its timers enabled;
/// [`now`](Clock::now) does not. Copies show the same time.
#[derive(Debug, Clone, Copy)]
pub struct TokioClock {
    started_at: Time,
    started: Instant,
    stopwatch: Stopwatch,
}

impl TokioClock {
    /// A clock set to the time of the wall clock.
    pub fn new() -> Self {
        Self {
            started_at: SystemTime::now().into(),
            started: Instant::now(),
            stopwatch: Stopwatch::start(),
        }
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Time {
        self.started_at + self.started.elapsed() + self.stopwatch.asleep()
    }
}

impl AsyncClock for TokioClock {
    async fn sleep_until(&self, time: Time) {
        // Tokio's timer has millisecond resolution and may fire slightly early.
        loop {
            let left = time.saturating_since(self.now());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(MAX_SLEEP)).await;
        }
    }
}

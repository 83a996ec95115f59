//! The time of tokio's clock.

use std::time::SystemTime;

use tokio::time::Instant;
use typless::drive::{AsyncClock, Clock};
use typless::machine::Time;

/// The time of the system, with tokio's timers.
///
/// The wall clock is read once, as by [`SystemClock`](crate::SystemClock). From then on this clock
/// follows tokio's clock, so a test that pauses tokio's clock pauses this one.
/// [`sleep_until`](AsyncClock::sleep_until) needs a tokio runtime with its timers enabled;
/// [`now`](Clock::now) does not. Copies show the same time.
#[derive(Debug, Clone, Copy)]
pub struct TokioClock {
    started_at: Time,
    started: Instant,
}

impl TokioClock {
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

impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Time {
        self.started_at + self.started.elapsed()
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
            tokio::time::sleep(left).await;
        }
    }
}

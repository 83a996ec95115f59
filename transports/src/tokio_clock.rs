//! The time as tokio tells it.

use std::time::SystemTime;

use tokio::time::Instant;
use typless::drive::{AsyncClock, Clock};
use typless::machine::Time;

/// The system's time, waited for by tokio.
///
/// As [`SystemClock`](crate::SystemClock): the wall clock is read once, when it is made. It follows tokio's own clock, so a test that pauses that clock pauses this one. Made by the application; waiting
/// needs a tokio runtime with its time enabled, telling the time needs none. A copy tells the same time.
#[derive(Debug, Clone, Copy)]
pub struct TokioClock {
    started_at: Time,
    started: Instant,
}

impl TokioClock {
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
        // Tokio's timer counts milliseconds, and may end a little before them.
        loop {
            let left = time.saturating_since(self.now());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }
}

//! Measures time, the time that the system is asleep included.

use std::time::{Duration, Instant};

/// The time since a moment, the time asleep included where the system can tell.
///
/// Linux and Android count that time by `CLOCK_BOOTTIME`, the systems of Apple by
/// `CLOCK_MONOTONIC`. Windows counts it in [`Instant`], which is used elsewhere, too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch {
    started: Instant,
    /// The time from the start of the system to that moment, time asleep included.
    started_at: Option<Duration>,
}

impl Stopwatch {
    /// Starts now.
    pub(crate) fn start() -> Self {
        // In this order: see `asleep`.
        let started = Instant::now();
        let started_at = since_boot();
        Self {
            started,
            started_at,
        }
    }

    /// The time since the start. It never goes back.
    pub(crate) fn elapsed(&self) -> Duration {
        match (self.started_at, since_boot()) {
            (Some(started_at), Some(now)) => now.saturating_sub(started_at),
            _ => self.started.elapsed(),
        }
    }

    /// The part of it that [`Instant`] did not count, because the system was asleep.
    #[cfg(feature = "tokio")]
    pub(crate) fn asleep(&self) -> Duration {
        // Each pair of readings has the instant on the outside, so this is never too long: it is
        // exactly zero on a system that was not asleep.
        let elapsed = self.elapsed();
        elapsed.saturating_sub(self.started.elapsed())
    }
}

/// The time since the system started, time asleep included; `None` if the system can't tell.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn since_boot() -> Option<Duration> {
    use rustix::time::{DynamicClockId, clock_gettime_dynamic};
    // An error where a sandbox or an emulated kernel does not have this clock.
    let time = clock_gettime_dynamic(DynamicClockId::Boottime).ok()?;
    Duration::try_from(time).ok()
}

#[cfg(target_vendor = "apple")]
fn since_boot() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    Duration::try_from(clock_gettime(ClockId::Monotonic)).ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn since_boot() -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_not_go_back() {
        let stopwatch = Stopwatch::start();
        let mut last = Duration::ZERO;
        for _ in 0..10_000 {
            let elapsed = stopwatch.elapsed();
            assert!(elapsed >= last, "{last:?} {elapsed:?}");
            last = elapsed;
        }
    }

    #[cfg(feature = "tokio")]
    #[test]
    fn a_system_that_is_awake_is_not_asleep_for_a_nanosecond() {
        let stopwatch = Stopwatch::start();
        for _ in 0..10_000 {
            assert_eq!(stopwatch.asleep(), Duration::ZERO);
        }
    }

    /// The system was asleep for the difference of the two clocks that it has.
    #[cfg(feature = "tokio")]
    #[test]
    fn what_an_instant_does_not_count_is_time_asleep() {
        let mut stopwatch = Stopwatch::start();
        let day = Duration::from_secs(24 * 3600);
        let Some(started_at) = stopwatch.started_at else {
            return;
        };
        let Some(earlier) = started_at.checked_sub(Duration::from_millis(5)) else {
            return;
        };
        stopwatch.started_at = Some(earlier);
        let (asleep, elapsed) = (stopwatch.asleep(), stopwatch.elapsed());
        assert!(
            asleep > Duration::from_millis(4) && asleep < day,
            "{asleep:?}"
        );
        assert!(elapsed >= asleep && elapsed < day, "{elapsed:?}");
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn it_counts_what_linux_counts_asleep_or_not() {
        // The first number is the time since the start of the system, time asleep included.
        let Ok(uptime) = std::fs::read_to_string("/proc/uptime") else {
            return;
        };
        let seconds: f64 = uptime
            .split(' ')
            .next()
            .unwrap_or("")
            .parse()
            .expect("seconds");
        let ours = since_boot().expect("this clock").as_secs_f64();
        // Read a moment later, and both are of the same clock.
        assert!(
            (-0.02..60.0).contains(&(ours - seconds)),
            "{ours} {seconds}"
        );
    }
}

//! The time that the caller passes in.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

/// A point in time: the time since the Unix epoch by the caller's clock.
///
/// The library never reads a clock: the application passes the time to every call of a machine.
/// Counts whole nanoseconds from 1970 to the year 2554. Arithmetic saturates at both ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(u64);

impl Time {
    /// The Unix epoch; also a good start for a virtual clock.
    pub const EPOCH: Self = Self(0);

    /// The last time that can be represented, in the year 2554. Later times become this one.
    pub const MAX: Self = Self(u64::MAX);

    /// The time this long after the Unix epoch.
    pub const fn from_unix(since_epoch: Duration) -> Self {
        let nanoseconds = since_epoch.as_nanos();
        Self(if nanoseconds > u64::MAX as u128 {
            u64::MAX
        } else {
            nanoseconds as u64
        })
    }

    /// The time this many seconds after the Unix epoch.
    pub const fn from_unix_seconds(seconds: u64) -> Self {
        Self::from_unix(Duration::from_secs(seconds))
    }

    /// The time since the Unix epoch.
    pub const fn since_epoch(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// The time from `earlier` to this; zero if `earlier` is later.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    /// The time this much later, at most [`Time::MAX`].
    fn add(self, duration: Duration) -> Self {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanoseconds))
    }
}

impl fmt::Debug for Time {
    /// Seconds since the Unix epoch, to the nanosecond.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.since_epoch();
        write!(f, "Time({}.{:09})", since.as_secs(), since.subsec_nanos())
    }
}

impl fmt::Display for Time {
    /// Seconds since the Unix epoch, with milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.since_epoch();
        write!(f, "{}.{:03}", since.as_secs(), since.subsec_millis())
    }
}

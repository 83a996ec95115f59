//! The time that the caller passes in.

use std::fmt;
use std::ops::Add;
use std::time::Duration;
#[expect(
    clippy::disallowed_types,
    reason = "the application's time is converted, no clock is read"
)]
use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time: the time since the Unix epoch by the caller's clock.
///
/// The library never reads a clock: the application passes the time to every call of a machine.
/// Counts whole nanoseconds from 1970 to the year 2554. Arithmetic saturates at both ends.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use typless::machine::Time;
///
/// let time = Time::from(SystemTime::UNIX_EPOCH + Duration::from_millis(1_732_838_804_500));
///
/// assert_eq!(time.to_string(), "2024-11-29T00:06:44.5Z");
/// assert_eq!(time.as_unix_milliseconds(), 1_732_838_804_500); // for a database column
/// assert_eq!(SystemTime::from(time), SystemTime::UNIX_EPOCH + time.since_epoch());
/// ```
///
/// # Stored form
///
/// With serde it is the number of whole milliseconds since the Unix epoch, as in tickets and
/// snapshots. What is below a millisecond is cut off.
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

    /// The time this many milliseconds after the Unix epoch.
    pub const fn from_unix_milliseconds(milliseconds: u64) -> Self {
        Self::from_unix(Duration::from_millis(milliseconds))
    }

    /// The whole milliseconds since the Unix epoch, rounded down.
    pub const fn as_unix_milliseconds(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The millisecond that it is in: stored states have no finer times.
    pub(crate) const fn to_millisecond(self) -> Self {
        Self::from_unix_milliseconds(self.as_unix_milliseconds())
    }

    /// The first whole millisecond from then on, so that nothing is due before its time; but for
    /// the last there is, which is rounded down.
    pub(crate) const fn to_next_millisecond(self) -> Self {
        Self(self.0.saturating_add(999_999)).to_millisecond()
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
    /// The date and time in UTC as RFC 3339 has it, such as `2024-11-29T00:06:44.5Z`.
    ///
    /// With as many decimals of a second as it needs, at most 9; `{:.3}` writes 3, cut off.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SECONDS_PER_DAY: u64 = 86_400;
        let (seconds, nanoseconds) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        let (year, month, day) = date(seconds / SECONDS_PER_DAY);
        let second = seconds % SECONDS_PER_DAY;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        let decimals = format!("{nanoseconds:09}");
        let decimals = match f.precision() {
            Some(precision) => decimals.get(..precision).unwrap_or(&decimals),
            None => decimals.trim_end_matches('0'),
        };
        let point = if decimals.is_empty() { "" } else { "." };
        write!(f, "{point}{decimals}Z")
    }
}

/// The year, month and day of the Gregorian calendar, this many days after 1970-01-01.
///
/// A year is counted from March, so that a leap day is its last. 400 years are always 146,097 days.
/// No number here exceeds some millions, since a [`Time`] has at most 213,503 days.
fn date(days: u64) -> (u64, u64, u64) {
    /// From 0000-03-01 to 1970-01-01.
    const DAYS_BEFORE_1970: u64 = 719_468;
    let days = days + DAYS_BEFORE_1970;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    // Without the leap days before it: one in 4 years, none in 100, one in 400.
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let first_day = 365 * year_of_era + year_of_era / 4 - year_of_era / 100;
    let day_of_year = day_of_era - first_day;
    // The months from March on have 31, 30, 31, 30, 31 days, again and again: 153 in five.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let (month, next_year) = if month_from_march < 10 {
        (month_from_march + 3, 0)
    } else {
        (month_from_march - 9, 1)
    };
    (400 * era + year_of_era + next_year, month, day)
}

#[expect(
    clippy::disallowed_types,
    reason = "the application's time is converted, no clock is read"
)]
impl From<SystemTime> for Time {
    /// A time before 1970 becomes [`Time::EPOCH`], and one after 2554 [`Time::MAX`].
    fn from(time: SystemTime) -> Self {
        let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH);
        Self::from_unix(since_epoch.unwrap_or_default())
    }
}

#[expect(
    clippy::disallowed_types,
    reason = "the application's time is converted, no clock is read"
)]
impl From<Time> for SystemTime {
    /// Exact, except on Windows, whose times have steps of 100 nanoseconds.
    fn from(time: Time) -> Self {
        // Each system's time reaches beyond 2554.
        Self::UNIX_EPOCH + time.since_epoch()
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_unix_milliseconds().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self::from_unix_milliseconds)
    }
}

//! Attempts that failed one after another.

use std::fmt;
use std::time::Duration;

use super::cause::Cause;
use super::time::Time;

/// Attempts that failed one after another: why the last did, how many, and for how long.
///
/// It is part of what a wait ends with: [`JobError`](super::JobError),
/// [`CallError`](super::CallError) and [`DrainError`](super::DrainError). Attempts of an earlier
/// process are not counted.
///
/// ```
/// use std::time::Duration;
/// use typless::machine::{Cause, FailedAttempts, Time};
///
/// let start = Time::from_unix_seconds(1_700_000_000);
/// let failed = FailedAttempts::after(None, Cause::TimeLimit, start);
/// let later = start + Duration::from_secs(90);
/// let failed = FailedAttempts::after(Some(failed), Cause::TimeLimit, later);
/// assert_eq!(failed.count(), 2);
/// assert_eq!(
///     failed.to_string(),
///     "there was no response within the time limit (the last of 2 failed attempts in 90 s)",
/// );
/// ```
#[derive(Clone)]
pub struct FailedAttempts {
    /// Boxed to keep results small.
    inner: Box<Inner>,
}

#[derive(Clone)]
struct Inner {
    cause: Cause,
    count: u32,
    since: Time,
    until: Time,
}

impl FailedAttempts {
    /// One more failed attempt after these; the first if there were none.
    #[must_use]
    pub fn after(before: Option<Self>, cause: Cause, at: Time) -> Self {
        let (count, since) =
            before.map_or((0, at), |before| (before.inner.count, before.inner.since));
        Self::counted(cause, count.saturating_add(1), since, at)
    }

    /// So many in a row, from the first to the last, which failed for this reason.
    pub(crate) fn counted(cause: Cause, count: u32, since: Time, until: Time) -> Self {
        Self {
            inner: Box::new(Inner {
                cause,
                count,
                since,
                until,
            }),
        }
    }

    /// Why the last one failed.
    pub fn cause(&self) -> &Cause {
        &self.inner.cause
    }

    /// How many failed in a row, at least one.
    pub fn count(&self) -> u32 {
        self.inner.count
    }

    /// When the first of them failed.
    pub fn since(&self) -> Time {
        self.inner.since
    }

    /// The time from the first failure to the last.
    pub fn duration(&self) -> Duration {
        self.inner.until.saturating_since(self.inner.since)
    }
}

impl fmt::Debug for FailedAttempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailedAttempts")
            .field("cause", &self.inner.cause)
            .field("count", &self.inner.count)
            .field("since", &self.inner.since)
            .field("duration", &self.duration())
            .finish()
    }
}

impl fmt::Display for FailedAttempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.cause.fmt(f)?;
        if self.count() > 1 {
            let (count, duration) = (self.count(), Rounded(self.duration()));
            write!(f, " (the last of {count} failed attempts in {duration})")?;
        }
        Ok(())
    }
}

/// A duration in whole seconds, minutes or hours, rounded down: at least two of the larger ones.
pub(crate) struct Rounded(pub(crate) Duration);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            seconds @ 0..120 => write!(f, "{seconds} s"),
            seconds @ 120..7200 => write!(f, "{} min", seconds / 60),
            seconds => write!(f, "{} h", seconds / 3600),
        }
    }
}

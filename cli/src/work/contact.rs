//! What is known of the way to the service.

use std::time::Duration;

use typless::machine::{FailedAttempts, Time};

/// What is known of the way to the service.
#[derive(Debug, Default)]
pub(super) struct Contact {
    /// When the first request was sent.
    pub(super) first_sent_at: Option<Time>,
    /// Requests that could not be sent, before any could.
    pub(super) failed: Option<FailedAttempts>,
    pub(super) is_connected: bool,
    pub(super) is_key_accepted: bool,
}

impl Contact {
    /// A connection is tried for at least this long, and so many times.
    const MIN_TRYING: Duration = Duration::from_secs(5);
    const MIN_FAILURES: u32 = 4;

    /// It is tried for at most this long. What is in flight then takes at most 10 s more, the time
    /// limit for a connection.
    const MAX_TRYING: Duration = Duration::from_secs(18);

    /// When the service counts as unreachable, if nothing changes.
    pub(super) fn unreachable_at(&self) -> Option<Time> {
        let first = self.first_sent_at.filter(|_| !self.is_connected)?;
        match self.failed.as_ref().map_or(0, FailedAttempts::count) {
            0 => None,
            failures if failures < Self::MIN_FAILURES => Some(first + Self::MAX_TRYING),
            _ => Some(first + Self::MIN_TRYING),
        }
    }
}

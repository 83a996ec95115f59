//! Why a machine that follows many things sends less than it could, or nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::cause::Cause;
use super::time::Time;

/// A span in which less is sent than could be, or nothing: reported when it begins.
///
/// A [`Batch`](super::Batch) or [`Drain`](super::Drain) reports it, and its end as a
/// [`Resumed`](super::BatchEventKind::Resumed). Nothing is lost by a pause, and no job finishes
/// because of one, but by its deadline.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pause {
    /// Why it pauses.
    pub reason: PauseReason,
    /// Since when.
    pub since: Time,
    /// What its reason says holds until then, at least.
    pub until: Time,
    /// What the service or the transport reported.
    pub cause: Cause,
}

/// A pause that there is now, as a [`Batch`](super::Batch) or [`Drain`](super::Drain) shows it in
/// its progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActivePause {
    /// Why it pauses.
    pub reason: PauseReason,
    /// Since when.
    pub since: Time,
    /// When it ends, or the next request finds out whether it does; up to 5 minutes later where
    /// only a submit can. `None` while such a request is in flight.
    pub until: Option<Time>,
}

/// Why a machine pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PauseReason {
    /// The service asked for it. Everything waits until then, and goes on more slowly for a while.
    Throttled,
    /// The service does not work, or cannot be reached. Nothing is sent until then. From then on
    /// single requests find out whether it works again: listings and polls, at most 60 s apart.
    /// Where there are none, or they have shown nothing for an hour, it is a submit, at most each 5
    /// minutes.
    Outage,
    /// Submits keep failing, or ending unknown, while other requests succeed; or one ended unknown,
    /// and the next request did not show that the service works. From then on one submit at a time
    /// finds out whether they work again, at most 5 minutes apart, or another request does first.
    /// Everything else goes on.
    Submits,
    /// Fetches of a [`Drain`](super::Drain) keep failing, one id after the other, while other
    /// requests may succeed. From then on one fetch at a time finds out whether they work again, at
    /// most 5 minutes apart. Each that fails begins another such pause.
    Fetches,
    /// The service refuses the key. From then on single requests find out whether it is taken
    /// again, at most 5 minutes apart. Another key ends the pause at once.
    KeyRefused,
}

impl fmt::Display for PauseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Throttled => "the service asked for a pause",
            Self::Outage => "the service does not work, or cannot be reached",
            Self::Submits => "submits keep failing",
            Self::Fetches => "fetches keep failing",
            Self::KeyRefused => "the service refuses the key",
        })
    }
}

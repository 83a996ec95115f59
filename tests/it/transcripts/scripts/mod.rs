//! What happens to the job of each transcript in `tests/transcripts`: the replies of a service, and
//! what the application does.

mod others;
mod outcomes;
mod polls;
mod submits;

use std::time::Duration;

use crate::support::response_with;
use bytes::Bytes;
use http::Response;
use typless::machine::{Failure, FailureKind, Time};

/// What happens to one job.
pub(crate) struct Script {
    pub(crate) name: &'static str,
    /// What it shows, for the reader.
    pub(crate) about: &'static str,
    /// The reply to each request, and how many seconds it takes: negative if the clock is set back
    /// meanwhile.
    pub(crate) replies: Vec<(f64, Reply)>,
    /// What the application does at an event, by the number of the event from 1; or, with number 0,
    /// when the job needs input.
    pub(crate) inputs: Vec<(usize, String)>,
    /// By how many seconds the wait of this number, from 1, is too long; negative if it is too
    /// short.
    pub(crate) slips: Vec<(usize, f64)>,
}

pub(crate) type Reply = Result<Response<Bytes>, Failure>;

impl Script {
    fn new<const N: usize>(name: &'static str, about: &'static str, replies: [Reply; N]) -> Self {
        // Each response takes a quarter of a second.
        Self {
            name,
            about,
            replies: replies.into_iter().map(|reply| (0.25, reply)).collect(),
            inputs: Vec::new(),
            slips: Vec::new(),
        }
    }

    fn on(mut self, event: usize, input: impl Into<String>) -> Self {
        self.inputs.push((event, input.into()));
        self
    }

    fn slipping(mut self, wait: usize, by: f64) -> Self {
        self.slips.push((wait, by));
        self
    }

    fn taking(mut self, exchange: usize, seconds: f64) -> Self {
        self.replies[exchange - 1].0 = seconds;
        self
    }
}

fn failure(kind: FailureKind, cause: &str) -> Reply {
    Err(Failure::new(kind, cause))
}

fn not_sent() -> Reply {
    failure(FailureKind::NotSent, "connection refused")
}

fn interrupted() -> Reply {
    failure(FailureKind::Interrupted, "connection reset by peer")
}

fn slow_down(seconds: &str) -> Reply {
    Ok(response_with(
        429,
        ("retry-after", seconds),
        r#"{"code": "THROTTLED", "message": "slow down", "details": {}}"#,
    ))
}

/// The script of every transcript.
pub(crate) fn scripts() -> Vec<Script> {
    [
        submits::scripts(),
        polls::scripts(),
        outcomes::scripts(),
        others::scripts(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The time this many seconds later, or earlier.
pub(crate) fn moved(time: Time, seconds: f64) -> Time {
    let by = Duration::from_secs_f64(seconds.abs());
    if seconds < 0.0 {
        Time::from_unix(time.since_epoch().saturating_sub(by))
    } else {
        time + by
    }
}

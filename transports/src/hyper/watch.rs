//! The time limits of an exchange, with one timer.
//!
//! Progress is measured in body bytes: hyper does not show the bytes of a head before it is
//! complete.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Duration, Instant, Sleep, sleep_until};
use typless::machine::Limits;

use super::progress::Progress;

/// How long is read after a time limit: 100 ms.
///
/// A process that was stopped continues when the limit has passed, and the response may be in the
/// socket by then: the task of the connection must read it first.
const MAX_LATE_READ: Duration = Duration::from_millis(100);

/// Watches the limits of an exchange.
pub(super) struct Watch {
    limits: Limits,
    timer: Pin<Box<Sleep>>,
    /// The limit that has passed, while what has arrived is read.
    passed_at: Option<Instant>,
}

/// A limit that was exceeded.
#[derive(Debug, Clone, Copy)]
pub(super) enum Exceeded {
    Connect,
    Idle,
    Total,
}

impl Watch {
    pub(super) fn new(limits: Limits, progress: &Progress) -> Self {
        let (at, _) = next(limits, progress);
        Self {
            limits,
            timer: Box::pin(sleep_until(at)),
            passed_at: None,
        }
    }

    /// Ready once a limit is exceeded, and what had arrived by then is read.
    ///
    /// The timer is reset to an earlier time immediately, but to a later time only when it fires,
    /// so progress costs nothing.
    pub(super) fn poll(&mut self, progress: &Progress, cx: &mut Context<'_>) -> Poll<Exceeded> {
        loop {
            let (at, limit) = next(self.limits, progress);
            if at < self.timer.deadline() && self.passed_at.is_none() {
                self.timer.as_mut().reset(at);
            }
            ready!(self.timer.as_mut().poll(cx));
            if at > self.timer.deadline() {
                self.passed_at = None;
                self.timer.as_mut().reset(at);
            } else if self.passed_at == Some(at) {
                return Poll::Ready(limit);
            } else {
                self.passed_at = Some(at);
                self.timer.as_mut().reset(Instant::now() + MAX_LATE_READ);
            }
        }
    }
}

/// The limit that is exceeded next, and when.
fn next(limits: Limits, progress: &Progress) -> (Instant, Exceeded) {
    let total = after(progress.started_at(), limits.total);
    let first = if progress.is_connected() {
        (
            after(progress.last_progress_at(), limits.idle),
            Exceeded::Idle,
        )
    } else if progress.is_prepared() {
        (
            after(progress.last_progress_at(), limits.connect),
            Exceeded::Connect,
        )
    } else {
        (total, Exceeded::Total)
    };
    if total < first.0 {
        (total, Exceeded::Total)
    } else {
        first
    }
}

/// When a limit is exceeded. Limits are capped at 30 years, so the sum cannot overflow.
fn after(start: Instant, limit: Duration) -> Instant {
    const MAX_LIMIT: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
    start + limit.min(MAX_LIMIT)
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "no connection within the limit",
            Self::Idle => "no progress within the limit",
            Self::Total => "not finished within the limit",
        })
    }
}

impl std::error::Error for Exceeded {}

//! The time limits of an exchange, by one timer.
//!
//! What moves is seen at the level of bodies: hyper does not show the bytes of a head, which moves when it is whole.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};
use typless::machine::Limits;

use super::progress::Progress;

/// Watches an exchange's limits.
pub(super) struct Watch {
    limits: Limits,
    timer: Pin<Box<Sleep>>,
}

/// A limit that was passed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Passed {
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
        }
    }

    /// Is ready once a limit is passed. The timer is moved back at once and forward only when it fires: bytes that move cost it nothing.
    pub(super) fn poll(&mut self, progress: &Progress, cx: &mut Context<'_>) -> Poll<Passed> {
        loop {
            let (at, limit) = next(self.limits, progress);
            if at < self.timer.deadline() {
                self.timer.as_mut().reset(at);
            }
            ready!(self.timer.as_mut().poll(cx));
            if at <= self.timer.deadline() {
                return Poll::Ready(limit);
            }
            self.timer.as_mut().reset(at);
        }
    }
}

/// The limit that is passed next, and when.
fn next(limits: Limits, progress: &Progress) -> (Instant, Passed) {
    let total = after(progress.began(), limits.total);
    let first = if progress.is_connected() {
        (after(progress.last_moved(), limits.idle), Passed::Idle)
    } else if progress.is_prepared() {
        (
            after(progress.last_moved(), limits.connect),
            Passed::Connect,
        )
    } else {
        (total, Passed::Total)
    };
    if total < first.0 {
        (total, Passed::Total)
    } else {
        first
    }
}

/// A limit without end is as good as thirty years.
fn after(start: Instant, limit: std::time::Duration) -> Instant {
    const EVER: std::time::Duration = std::time::Duration::from_secs(30 * 365 * 24 * 3600);
    start + limit.min(EVER)
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "no connection within the limit",
            Self::Idle => "nothing moved within the limit",
            Self::Total => "not over within the limit",
        })
    }
}

impl std::error::Error for Passed {}

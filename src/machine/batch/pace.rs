//! How fast a batch may go on, and whether it may at all.

use std::time::Duration;

use http::StatusCode;

use super::options::BatchOptions;
use super::retry_budget::RetryBudget;
use crate::machine::exchange::FailureKind;
use crate::machine::job::job_mut::Reply;
use crate::machine::limiter::{Limiter, RequestKind};
use crate::machine::random;
use crate::machine::time::Time;
use crate::wire::{ServiceError, retry_after};

/// So many failures in a row, of whatever request, and nothing works: it waits as a retry would.
const OUTAGE: u32 = 16;

/// How fast a batch may go on: the rate, the pauses the service asks for, the retries, the key.
#[derive(Debug)]
pub(super) struct Pace {
    limiter: Limiter,
    budget: RetryBudget,
    key_refused: bool,
    /// Failures since the last response that was none.
    failing: u32,
    /// Pauses in a row for which no length was asked.
    pauses: u16,
}

/// What the response to a request says about all others.
pub(super) enum Verdict {
    /// The service works.
    Works,
    /// It does not: there is no response, or one that says so.
    Fails,
    /// Not now; perhaps for so long.
    TooMany(Option<Duration>),
    /// Not with this key.
    KeyRefused(ServiceError),
    /// Nothing.
    Nothing,
}

impl Verdict {
    pub(super) fn of(reply: &Reply) -> Self {
        match reply {
            Reply::Response(response) => {
                let (status, hint) = (response.status(), retry_after(response.headers()));
                match status {
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                        Self::KeyRefused(ServiceError::from_response(response))
                    }
                    StatusCode::TOO_MANY_REQUESTS => Self::TooMany(hint),
                    // What comes with a success is about one job.
                    status if !status.is_success() && hint.is_some() => Self::TooMany(hint),
                    StatusCode::REQUEST_TIMEOUT => Self::Fails,
                    status
                        if status.is_success()
                            || status.is_client_error()
                            || status.is_redirection() =>
                    {
                        Self::Works
                    }
                    _ => Self::Fails,
                }
            }
            Reply::Failure(failure) => match failure.kind() {
                FailureKind::NotSent | FailureKind::Interrupted => Self::Fails,
                FailureKind::Source | FailureKind::TooLarge => Self::Nothing,
            },
        }
    }
}

impl Pace {
    pub(super) fn new(options: &BatchOptions) -> Self {
        let limiter = options
            .rate
            .map_or_else(Limiter::unlimited, |(requests, per)| {
                Limiter::new(requests, per, options.burst)
            });
        Self {
            limiter,
            budget: RetryBudget::new(options.retry_budget),
            key_refused: false,
            failing: 0,
            pauses: 0,
        }
    }

    /// From when on a request may be sent; `None` while a key is waited for.
    pub(super) fn ready_at(&self) -> Option<Time> {
        let outage = if self.is_outage() {
            self.budget.ready_at()
        } else {
            Time::EPOCH
        };
        (!self.key_refused).then(|| self.limiter.ready_at().max(outage))
    }

    /// From when on a request may be sent that repeats one which failed.
    pub(super) fn retry_at(&self) -> Option<Time> {
        self.ready_at()
            .map(|ready| ready.max(self.budget.ready_at()))
    }

    pub(super) fn is_ready(&self, now: Time) -> bool {
        self.ready_at().is_some_and(|ready| ready <= now)
    }

    pub(super) fn allows_retry(&self, now: Time) -> bool {
        self.retry_at().is_some_and(|ready| ready <= now)
    }

    /// Before this the service wants nothing.
    pub(super) fn paused_until(&self, now: Time) -> Option<Time> {
        Some(self.limiter.paused_until()).filter(|until| *until > now)
    }

    /// By how much one more request now delays the one after it.
    pub(super) fn delay_of_next(&self, now: Time) -> Duration {
        self.limiter.delay_of_next(now)
    }

    /// From when on it delays none.
    pub(super) fn idle_at(&self) -> Time {
        self.limiter.idle_at()
    }

    pub(super) fn is_key_refused(&self) -> bool {
        self.key_refused
    }

    pub(super) fn turn(&self, submits_wait: bool, polls_wait: bool) -> Option<RequestKind> {
        self.limiter.turn(submits_wait, polls_wait)
    }

    /// A request is sent.
    pub(super) fn take(&mut self, purpose: RequestKind, is_retry: bool, now: Time) {
        self.limiter.take(purpose, now);
        if is_retry || self.is_outage() {
            self.budget.try_spend(now);
        }
    }

    pub(super) fn works(&mut self, is_retry: bool) {
        (self.failing, self.pauses) = (0, 0);
        self.budget.refund(is_retry);
    }

    pub(super) fn fails(&mut self) {
        self.failing = self.failing.saturating_add(1);
    }

    /// Too many requests, at least when this one was sent: says until when all of them pause, if
    /// that is news.
    pub(super) fn slow_down(
        &mut self,
        hint: Option<Duration>,
        sent_at: Time,
        options: &BatchOptions,
        now: Time,
    ) -> Option<Time> {
        let pause = hint.unwrap_or_else(|| {
            let pauses = self.pauses.saturating_add(1);
            options
                .jobs
                .retry
                .delay(pauses, random::draw(options.jobs.seed, pauses.into()))
        });
        let news = self.limiter.slow_down(sent_at, now + pause, now);
        if hint.is_some() {
            // What was out when the pause began slows nothing down again; but the time it names is
            // a floor.
            self.limiter.pause_until(now + pause);
        }
        self.pauses = self
            .pauses
            .saturating_add(u16::from(news && hint.is_none()));
        news.then_some(now + pause)
    }

    /// Says whether that is news.
    pub(super) fn refuse_key(&mut self) -> bool {
        !std::mem::replace(&mut self.key_refused, true)
    }

    pub(super) fn take_key(&mut self) {
        self.key_refused = false;
    }

    fn is_outage(&self) -> bool {
        self.failing >= OUTAGE
    }
}

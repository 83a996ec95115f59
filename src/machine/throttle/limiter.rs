//! How fast requests of any kind may follow each other.

use std::time::Duration;

use super::Time;
use super::admitted_rate::{AdmittedRate, FULL};

/// How many polls may go before a waiting submit: at least one of ten requests is a submit.
const MAX_POLLS_BEFORE_SUBMIT: u8 = 9;

/// A burst has at most what the rate allows in a hundred years: time ends after a few hundred.
const MAX_TOLERANCE: Duration = Duration::from_secs(3_153_600_000);

/// One limit for all requests of a batch: a number per second, and a burst after a rest.
///
/// Any span of time has at most as many requests as the rate allows for its length, plus the burst
/// (the generic cell rate algorithm, in whole nanoseconds). A response that asks to slow down stops
/// everything for a while and lowers the rate to just below what the service admitted. The rate
/// comes back in a few seconds up to there, and slowly, then faster, beyond; see [`AdmittedRate`].
/// Time that goes back is ignored. At [`Time::MAX`] there is no limit, as there is nothing to wait
/// for after it.
#[derive(Debug, Clone)]
pub(crate) struct Limiter {
    rate: Option<Rate>,
    /// Nothing is sent before this time.
    paused_until: Time,
    /// When the last pause began.
    slowed_at: Option<Time>,
    latest: Time,
    polls_since_submit: u8,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestKind {
    /// To submit a document.
    Submit,
    /// To find out the state of documents: polls, fetches, listings.
    Poll,
}

#[derive(Debug, Clone)]
struct Rate {
    /// The time between two requests at the full rate.
    interval: Duration,
    /// How much earlier than its interval a request may come: the burst.
    tolerance: Duration,
    /// When the next request would be sent if all kept their interval (the theoretical arrival time
    /// of the algorithm).
    next_at: Time,
    /// The rate that the service is found to admit.
    admitted: AdmittedRate,
}

impl Limiter {
    /// No limit but the pauses the service asks for.
    pub(crate) const fn unlimited() -> Self {
        Self {
            rate: None,
            paused_until: Time::EPOCH,
            slowed_at: None,
            latest: Time::EPOCH,
            polls_since_submit: 0,
        }
    }

    /// At most this many requests `per` span, and `burst` at once. The interval is rounded up, so
    /// that the rate is never exceeded. Both numbers are at least one. With a burst of one, no
    /// half-open span of this length has more than `requests`.
    pub(crate) fn new(requests: u32, per: Duration, burst: u32) -> Self {
        let interval = divide_up(per, requests);
        let tolerance = interval.saturating_mul(burst.saturating_sub(1));
        let tolerance = tolerance.min(MAX_TOLERANCE);
        let rate = Rate {
            interval,
            tolerance,
            next_at: Time::EPOCH,
            admitted: AdmittedRate::new(interval),
        };
        Self {
            rate: Some(rate),
            ..Self::unlimited()
        }
    }

    /// When the next request may be sent; a time in the past if it may be sent now.
    pub(crate) fn ready_at(&self) -> Time {
        self.rate.as_ref().map_or(self.paused_until, |rate| {
            self.paused_until.max(rate.ready_at())
        })
    }

    /// The end of the pause that the service asked for; a time in the past if there is none.
    pub(crate) const fn paused_until(&self) -> Time {
        self.paused_until
    }

    /// When the next request would be sent if all kept their interval.
    pub(crate) fn next_at(&self) -> Time {
        self.rate.as_ref().map_or(Time::EPOCH, |rate| rate.next_at)
    }

    /// Begins where an earlier process ended, whose rate may have been another one.
    pub(crate) fn restore(&mut self, next_at: Time, paused_until: Time, now: Time) {
        let now = self.advance(now);
        if let Some(rate) = &mut self.rate {
            rate.next_at = next_at.min(now + rate.tolerance + rate.interval);
        }
        if paused_until > now {
            self.pause_until(paused_until);
        }
    }

    /// How much one more request now delays the one after it: zero while some of the burst is left.
    pub(crate) fn delay_of_next(&self, now: Time) -> Duration {
        let exhausted = self
            .rate
            .as_ref()
            .filter(|rate| now.saturating_since(rate.ready_at()) < rate.interval_now());
        exhausted.map_or(Duration::ZERO, Rate::interval_now)
    }

    /// The time between two requests at the present rate; zero without a rate.
    pub(crate) fn interval(&self) -> Duration {
        self.rate
            .as_ref()
            .map_or(Duration::ZERO, Rate::interval_now)
    }

    /// The service processed a request. Called for each response that shows it.
    pub(crate) fn admitted(&mut self, now: Time) {
        let now = self.advance(now);
        if let Some(rate) = &mut self.rate {
            rate.admitted.admitted(now);
        }
    }

    /// From when on one more request delays no other, if none is sent before.
    pub(crate) fn idle_at(&self) -> Time {
        self.rate
            .as_ref()
            .map_or(Time::EPOCH, |rate| rate.ready_at() + rate.interval_now())
    }

    /// What is sent next: polls, which finish documents, but every tenth request is a submit if one
    /// waits.
    pub(crate) const fn turn(&self, submits_wait: bool, polls_wait: bool) -> Option<RequestKind> {
        match (submits_wait, polls_wait) {
            (false, false) => None,
            (true, false) => Some(RequestKind::Submit),
            (true, true) if self.polls_since_submit >= MAX_POLLS_BEFORE_SUBMIT => {
                Some(RequestKind::Submit)
            }
            (_, true) => Some(RequestKind::Poll),
        }
    }

    /// Takes the permission to send one request, which is used up even if nothing is sent; false if
    /// there is none yet.
    #[must_use]
    pub(crate) fn take(&mut self, purpose: RequestKind, now: Time) -> bool {
        let now = self.advance(now);
        if now < self.ready_at() {
            return false;
        }
        if let Some(rate) = &mut self.rate {
            rate.next_at = rate.next_at.max(now) + rate.interval_now();
            rate.admitted.sent(now);
        }
        self.polls_since_submit = match purpose {
            RequestKind::Submit => 0,
            RequestKind::Poll => self.polls_since_submit.saturating_add(1),
        };
        true
    }

    /// Sends nothing before `until`, and then starts without a burst. A longer pause stays.
    pub(crate) fn pause_until(&mut self, until: Time) {
        self.paused_until = self.paused_until.max(until);
        if let Some(rate) = &mut self.rate {
            rate.next_at = rate.next_at.max(until + rate.tolerance);
            rate.admitted.pause(until, self.latest);
        }
    }

    /// The service asked to slow down: pauses, and lowers the rate.
    ///
    /// Only once for all requests that were in flight: a request sent before the last pause began
    /// shows at most that the refusal was not a random one. Returns whether it slowed down.
    pub(crate) fn slow_down(&mut self, sent_at: Time, until: Time, now: Time) -> bool {
        let now = self.advance(now);
        let is_new = self.slowed_at.is_none_or(|slowed_at| sent_at > slowed_at);
        if !is_new {
            if let Some(rate) = &mut self.rate {
                rate.admitted.refused_in_flight();
            }
            return false;
        }
        self.slowed_at = Some(now);
        let until = until.max(now);
        if let Some(rate) = &mut self.rate {
            rate.admitted.refused(until, now);
        }
        self.pause_until(until);
        self.advance(now);
        true
    }

    fn advance(&mut self, now: Time) -> Time {
        self.latest = self.latest.max(now);
        if let Some(rate) = &mut self.rate {
            rate.admitted.advance(self.latest);
        }
        self.latest
    }
}

impl Rate {
    fn ready_at(&self) -> Time {
        Time::from_unix(self.next_at.since_epoch().saturating_sub(self.tolerance))
    }

    fn interval_now(&self) -> Duration {
        if self.admitted.parts() == FULL {
            self.interval
        } else {
            // The interval grows as the rate shrinks: interval * FULL / parts, saturating.
            divide_up(self.interval.saturating_mul(FULL), self.admitted.parts())
        }
    }
}

/// The share of one of `parts` in `span`, rounded up to the nanosecond; at least 1 ns.
fn divide_up(span: Duration, parts: u32) -> Duration {
    let parts = u128::from(parts.max(1));
    let nanoseconds = u64::try_from(span.as_nanos().div_ceil(parts)).unwrap_or(u64::MAX);
    Duration::from_nanos(nanoseconds.max(1))
}

#[cfg(test)]
mod tests;

//! Whether and how fast requests may leave: the rate, the pauses that the service asks for, the
//! retry budget, and the health of the service. Shared by [`Batch`](super::Batch) and
//! [`Drain`](super::Drain).

mod admitted_rate;
mod budget;
mod failures;
mod gate;
mod health;
pub(crate) mod limiter;
#[cfg(test)]
mod limiter_tests;
mod probe;
mod state;

use std::collections::VecDeque;
use std::time::Duration;

use super::cause::Cause;
use super::exchange::RequestId;
use super::interpret::Signal;
use super::pause::{ActivePause, Pause, PauseReason};
use super::random;
use super::retry_policy::RetryPolicy;
// The modules below name it as `super::Time`, so that the benches can take them in as they are.
use super::time::Time;
use budget::RetryBudget;
use health::Health;
use limiter::{Limiter, RequestKind};

pub(crate) use health::Subject;
pub use state::ThrottleState;

/// One exchange that is over, as far as it concerns all others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Completed {
    pub(crate) id: RequestId,
    pub(crate) sent_at: Time,
    /// Whom it was about.
    pub(crate) subject: Subject,
    pub(crate) kind: RequestKind,
    /// Whether it repeated one that had failed.
    pub(crate) is_retry: bool,
    /// The number of the key that it was sent with.
    pub(crate) key_number: u16,
    pub(crate) signal: Signal,
    /// Of a submit, whether it is unknown what became of it.
    pub(crate) is_unknown: bool,
}

/// A pause began or ended.
#[derive(Debug)]
pub(crate) enum Change {
    Paused(Pause),
    Resumed { reason: PauseReason, since: Time },
}

/// Whether and how fast requests may leave.
#[derive(Debug)]
pub(crate) struct Throttle {
    limiter: Limiter,
    budget: RetryBudget,
    health: Health,
    retry: RetryPolicy,
    seed: u64,
    /// Pauses in a row for which the service named no length.
    unhinted: u16,
    /// Since when there is the pause that the service asked for, if there is one.
    pause: Option<Time>,
    /// When the service last brought evidence that it works.
    evidence_at: Time,
    changes: VecDeque<Change>,
}

impl Throttle {
    pub(crate) fn new(
        limiter: Limiter,
        retries: u32,
        retry: RetryPolicy,
        seed: u64,
        now: Time,
    ) -> Self {
        Self {
            limiter,
            budget: RetryBudget::new(retries),
            health: Health::new(seed),
            retry,
            seed,
            unhinted: 0,
            pause: None,
            evidence_at: now,
            changes: VecDeque::new(),
        }
    }

    /// From when on a request may leave; `None` while only probes may.
    pub(crate) fn ready_at(&self) -> Option<Time> {
        (!self.health.is_blocked() || self.health.is_probe_granted())
            .then(|| self.limiter.ready_at())
    }

    pub(crate) fn is_ready(&self, now: Time) -> bool {
        self.ready_at().is_some_and(|ready| ready <= now)
    }

    /// From when on a submit may leave; `None` while it takes evidence, or the outcome of another
    /// one. `can_probe` says whether a request that can be repeated could bring evidence.
    pub(crate) fn submit_ready_at(&self, can_probe: bool) -> Option<Time> {
        // Where it was let through as a probe, it may leave, whatever could be one by now.
        let can_probe = can_probe && !self.health.is_probe_granted();
        let gate = self.health.submit_at(can_probe)?;
        self.ready_at().map(|ready| ready.max(gate))
    }

    /// From when on a submit may be the probe; `None` while something else has to be.
    pub(crate) fn submit_probe_at(&self, can_probe: bool) -> Option<Time> {
        self.health.submit_at(can_probe).filter(|_| !can_probe)
    }

    /// From when on a request may leave that repeats one which failed.
    pub(crate) fn retry_at(&self) -> Option<Time> {
        self.ready_at()
            .map(|ready| ready.max(self.budget.ready_at()))
    }

    pub(crate) fn allows_retry(&self, now: Time) -> bool {
        self.retry_at().is_some_and(|ready| ready <= now)
    }

    /// From when on a probe is wanted; `None` for none.
    pub(crate) fn probe_at(&self) -> Option<Time> {
        let at = self.health.probe_at()?;
        Some(at.max(self.limiter.ready_at()))
    }

    /// Lets one request through that is a probe.
    pub(crate) fn grant_probe(&mut self) {
        self.health.grant_probe();
    }

    /// The request that was let through as a probe does not leave after all.
    pub(crate) fn withdraw_probe(&mut self, now: Time) {
        self.health.withdraw_probe(now);
    }

    /// Whether nothing but probes may leave.
    pub(crate) fn is_blocked(&self) -> bool {
        self.health.is_blocked()
    }

    /// How many probes in a row have brought no evidence.
    pub(crate) fn failed_probes(&self) -> u32 {
        self.health.failed_probes()
    }

    /// Whether the service does not work, or cannot be reached.
    pub(crate) fn is_outage(&self) -> bool {
        self.health.is_outage()
    }

    pub(crate) fn is_key_refused(&self) -> bool {
        self.health.is_key_refused()
    }

    /// Whether submits fail for a reason that is not specific to their documents.
    pub(crate) fn is_submit_outage(&self) -> bool {
        self.health.is_outage() || self.health.is_gate_pausing()
    }

    /// Whether submits of more than one document have failed since the last that was accepted.
    pub(crate) fn are_submits_failing(&self) -> bool {
        self.health.are_submits_failing()
    }

    /// Until when the service asked for a pause, if there is one.
    pub(crate) fn paused_until(&self, now: Time) -> Option<Time> {
        Some(self.limiter.paused_until()).filter(|until| *until > now)
    }

    /// The pauses that there are now, the one that holds back most first.
    pub(crate) fn pauses(&self, now: Time) -> impl Iterator<Item = ActivePause> {
        let throttled = self.paused_until(now).map(|until| ActivePause {
            reason: PauseReason::Throttled,
            since: self.pause.unwrap_or(now),
            until: Some(until),
        });
        // While the service asks for a pause as well, no probe leaves.
        let blocked = self.health.pause().map(|pause| ActivePause {
            until: self.probe_at(),
            ..pause
        });
        let submits = self.health.submits_pause();
        blocked.into_iter().chain(throttled).chain(submits)
    }

    /// When the service last brought evidence that it works; at first, when it all began.
    pub(crate) fn evidence_at(&self) -> Time {
        self.evidence_at
    }

    /// By how much one more request now delays the one after it.
    pub(crate) fn delay_of_next(&self, now: Time) -> Duration {
        self.limiter.delay_of_next(now)
    }

    /// From when on it delays none.
    pub(crate) fn idle_at(&self) -> Time {
        self.limiter.idle_at()
    }

    /// Which kind of request is next, where both wait.
    pub(crate) fn turn(&self, submits_wait: bool, polls_wait: bool) -> Option<RequestKind> {
        self.limiter.turn(submits_wait, polls_wait)
    }

    /// Grows by one when a refused key is taken again, and by two when it is replaced.
    pub(crate) fn key_number(&self) -> u16 {
        self.health.key_number()
    }

    /// Whether the key that there is now was refused and then taken again.
    pub(crate) fn was_key_retaken(&self) -> bool {
        self.health.was_key_retaken()
    }

    /// A request leaves.
    pub(crate) fn sent(&mut self, id: RequestId, kind: RequestKind, is_retry: bool, now: Time) {
        let is_ready = self.limiter.take(kind, now);
        debug_assert!(is_ready, "only what may leave does");
        let is_probe = self.health.sent(id, kind == RequestKind::Submit);
        // What a probe repeats is charged to nobody.
        if is_retry && !is_probe {
            // One that was emitted while there was some left may leave after the last is spent.
            let _ = self.budget.try_spend(now);
        }
    }

    /// An exchange is over. `cause` is why it failed, where it did.
    pub(crate) fn completed(&mut self, exchange: &Completed, cause: impl Fn() -> Cause, now: Time) {
        match exchange.signal {
            Signal::Works => {
                self.unhinted = 0;
                self.evidence_at = now;
                // A probe was charged to nobody.
                let is_charged = exchange.is_retry && !self.health.is_probe(exchange.id);
                self.budget.refund(is_charged);
                self.limiter.admitted(now);
            }
            Signal::Busy(hint) => self.slow_down(hint, exchange.sent_at, &cause, now),
            Signal::Down | Signal::KeyRefused | Signal::Nothing => {}
        }
        self.health
            .completed(exchange, cause, now, &mut self.changes);
    }

    /// Another key is used from now on.
    pub(crate) fn replace_key(&mut self, now: Time) {
        self.health.replace_key(now, &mut self.changes);
    }

    /// When a pause that the service asked for ends, and that is to be reported.
    pub(crate) fn pause_ends_at(&self) -> Option<Time> {
        self.pause.map(|_| self.limiter.paused_until())
    }

    /// Whether something has begun or ended that is not reported yet.
    pub(crate) fn has_change(&self, now: Time) -> bool {
        let is_over = self.pause_ends_at().is_some_and(|until| until <= now);
        is_over || !self.changes.is_empty()
    }

    /// What has begun or ended since this was last called.
    pub(crate) fn next_change(&mut self, now: Time) -> Option<Change> {
        if self.pause_ends_at().is_some_and(|until| until <= now) {
            if let Some(since) = self.pause.take() {
                let reason = PauseReason::Throttled;
                self.changes.push_back(Change::Resumed { reason, since });
            }
        }
        self.changes.pop_front()
    }

    /// Too many requests, at least when this one was sent.
    fn slow_down(
        &mut self,
        hint: Option<Duration>,
        sent_at: Time,
        cause: impl Fn() -> Cause,
        now: Time,
    ) {
        let pause = hint.unwrap_or_else(|| self.unhinted_pause());
        let is_new = self.limiter.slow_down(sent_at, now + pause, now);
        if hint.is_some() {
            // What was out when the pause began slows nothing down again; but the time it names is
            // a floor.
            self.limiter.pause_until(now + pause);
        }
        if is_new && hint.is_none() {
            self.unhinted = self.unhinted.saturating_add(1);
        }
        if is_new || hint.is_some() {
            self.begin_pause(cause, now);
        }
    }

    /// What is to be known after this process.
    pub(crate) fn state(&self, now: Time) -> ThrottleState {
        let mut state = ThrottleState {
            taken_at: now,
            next_at: self.limiter.next_at(),
            paused_until: self.limiter.paused_until(),
            outage_since: None,
            key_refused_since: None,
            failed_submits: 0,
            failed_at: Time::EPOCH,
        };
        self.health.store(&mut state);
        state
    }

    /// Begins with what an earlier process knew. What it knew may be out of date: the first request
    /// finds out.
    pub(crate) fn restore(&mut self, state: &ThrottleState, now: Time) {
        let state = state.seen(now);
        self.limiter.restore(state.next_at, state.paused_until, now);
        self.begin_pause(|| Cause::Stored, now);
        self.health.restore(&state, now, &mut self.changes);
    }

    /// Reports that the limiter pauses, unless that is reported already.
    fn begin_pause(&mut self, cause: impl Fn() -> Cause, now: Time) {
        let until = self.limiter.paused_until();
        if until > now && self.pause.is_none() {
            self.pause = Some(now);
            self.changes.push_back(Change::Paused(Pause {
                reason: PauseReason::Throttled,
                since: now,
                until,
                cause: cause(),
            }));
        }
    }

    /// How long to pause where the service does not say: hardly at first, since the rate is lower
    /// then, and as a retry would if that does not help.
    fn unhinted_pause(&self) -> Duration {
        if self.unhinted == 0 {
            return (self.limiter.interval() * 4).min(MAX_FIRST_PAUSE);
        }
        let random = random::draw(self.seed, self.unhinted.into());
        self.retry.delay(self.unhinted, random)
    }
}

/// The longest first pause where the service names none.
const MAX_FIRST_PAUSE: Duration = Duration::from_millis(250);

//! Whether the service works, by what became of exchanges.
//!
//! ```text
//!            failures that are common to all          refused
//!   Works <-----------------------------------> Outage ------> KeyRefused
//!     ^                  evidence                                   |
//!     +-------------------------------------------------------------+
//!                        evidence, or another key
//! ```
//!
//! Failures are common where they befall more than one job or listing, or where nothing could be
//! sent at all: a document that the service cannot process looks like no outage.

use std::collections::VecDeque;

use super::failures::Failures;
use super::gate::Gate;
use super::probe::Probe;
use super::{
    ActivePause, Change, Completed, Pause, PauseReason, RequestId, RequestKind, Signal,
    ThrottleState, Time,
};
use crate::machine::cause::Cause;
use crate::machine::collections::slab::Key;
use crate::machine::exchange::FailureKind;

/// The number of the first key: not one more than that of none, which is 0.
const FIRST_KEY: u16 = 2;

/// Whom an exchange is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// One document or extraction.
    Job(Key),
    /// The queue of finished extractions.
    Listing,
}

/// Whether the service works.
#[derive(Debug)]
pub(super) struct Health {
    blocked: Option<Blocked>,
    /// Since the last evidence.
    failures: Failures,
    /// Of submits that certainly did not arrive, since the last that was accepted.
    failed_submits: Failures,
    gate: Gate,
    /// Since when it is reported that submits are held back.
    gate_since: Option<Time>,
    probe: Probe,
    newest: RequestId,
    key_number: u16,
    /// Whether the key was refused and then taken again.
    was_key_retaken: bool,
}

/// Why nothing but probes may leave.
#[derive(Debug, Clone, Copy)]
struct Blocked {
    why: Why,
    since: Time,
    /// The newest exchange then: what earlier ones bring says nothing about a key.
    newest: RequestId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Outage,
    Key,
}

impl Why {
    const fn reason(self) -> PauseReason {
        match self {
            Self::Outage => PauseReason::Outage,
            Self::Key => PauseReason::KeyRefused,
        }
    }
}

impl Health {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            blocked: None,
            failures: Failures::default(),
            failed_submits: Failures::default(),
            gate: Gate::new(),
            gate_since: None,
            probe: Probe::new(seed),
            newest: RequestId::new(0),
            key_number: FIRST_KEY,
            was_key_retaken: false,
        }
    }

    /// Puts what the next process is to know into its state.
    pub(super) fn store(&self, state: &mut ThrottleState) {
        match self.blocked {
            Some(Blocked {
                why: Why::Outage,
                since,
                ..
            }) => state.outage_since = Some(since),
            Some(Blocked {
                why: Why::Key,
                since,
                ..
            }) => state.key_refused_since = Some(since),
            None => {}
        }
        if let Some((failed, at)) = self.gate.failures() {
            (state.failed_submits, state.failed_at) = (failed, at);
        }
    }

    /// Begins with what an earlier process knew: a probe at once.
    pub(super) fn restore(
        &mut self,
        state: &ThrottleState,
        now: Time,
        changes: &mut VecDeque<Change>,
    ) {
        let outage = state.outage_since.map(|since| (Why::Outage, since));
        let key = state.key_refused_since.map(|since| (Why::Key, since));
        if let Some((why, since)) = key.or(outage) {
            self.blocked = Some(Blocked {
                why,
                since,
                newest: self.newest,
            });
            changes.push_back(Change::Paused(Pause {
                reason: why.reason(),
                since,
                until: now,
                cause: Cause::Stored,
            }));
        }
        if state.failed_submits > 0 {
            self.gate.close(state.failed_submits, state.failed_at);
        }
        if self.is_blocked() || self.gate.is_closed() {
            self.probe.begin_now(now);
        }
        if self.gate.is_pausing() {
            self.gate_since = Some(state.failed_at);
            changes.push_back(Change::Paused(Pause {
                reason: PauseReason::Submits,
                since: state.failed_at,
                until: self.gate.next_at().max(now),
                cause: Cause::Stored,
            }));
        }
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.is_some()
    }

    pub(super) fn is_outage(&self) -> bool {
        self.is_blocked_by(Why::Outage)
    }

    pub(super) fn is_key_refused(&self) -> bool {
        self.is_blocked_by(Why::Key)
    }

    /// The pause in which nothing but probes may leave, if there is one.
    pub(super) fn pause(&self) -> Option<ActivePause> {
        self.blocked.map(|blocked| ActivePause {
            reason: blocked.why.reason(),
            since: blocked.since,
            until: self.probe.wanted_at(),
        })
    }

    /// The pause of submits alone, if it is reported.
    pub(super) fn submits_pause(&self) -> Option<ActivePause> {
        self.gate_since.map(|since| ActivePause {
            reason: PauseReason::Submits,
            since,
            until: (!self.gate.is_out()).then(|| self.gate.next_at()),
        })
    }

    pub(super) fn is_gate_pausing(&self) -> bool {
        self.gate.is_pausing()
    }

    pub(super) fn are_submits_failing(&self) -> bool {
        self.failed_submits.are_common()
    }

    pub(super) fn key_number(&self) -> u16 {
        self.key_number
    }

    pub(super) fn was_key_retaken(&self) -> bool {
        self.was_key_retaken
    }

    pub(super) fn submit_at(&self, can_probe: bool) -> Option<Time> {
        self.gate.opens_at(can_probe)
    }

    pub(super) fn probe_at(&self) -> Option<Time> {
        self.probe.wanted_at()
    }

    pub(super) fn is_probe_granted(&self) -> bool {
        self.probe.is_granted()
    }

    pub(super) fn failed_probes(&self) -> u32 {
        self.probe.failed()
    }

    pub(super) fn grant_probe(&mut self) {
        self.probe.grant();
    }

    pub(super) fn withdraw_probe(&mut self, now: Time) {
        self.probe.withdraw(now);
    }

    pub(super) fn is_probe(&self, id: RequestId) -> bool {
        self.probe.is_out(id)
    }

    /// A request leaves. Says whether it is a probe.
    pub(super) fn sent(&mut self, id: RequestId, is_submit: bool) -> bool {
        self.newest = self.newest.max(id);
        if is_submit {
            self.gate.sent();
        }
        self.probe.sent(id)
    }

    /// An exchange is over.
    pub(super) fn completed(
        &mut self,
        exchange: &Completed,
        cause: impl Fn() -> Cause,
        now: Time,
        changes: &mut VecDeque<Change>,
    ) {
        let is_submit = exchange.kind == RequestKind::Submit;
        if exchange.signal == Signal::Works {
            self.probe.works(exchange.id);
        } else {
            let is_key = self.is_key_refused();
            self.probe.fails(exchange.id, is_key, now);
        }
        match exchange.signal {
            Signal::Works => self.works(exchange, changes),
            Signal::KeyRefused => self.key_refused(exchange, &cause, now, changes),
            Signal::Down | Signal::Busy(_) => self.fails(exchange, &cause, now, changes),
            Signal::Nothing => {}
        }
        if exchange.is_unknown {
            self.gate.unknown(exchange.id, self.newest, now);
        } else if is_submit {
            self.submit_over(exchange, &cause, now);
        }
        if self.is_blocked() || self.gate.is_closed() {
            self.probe.begin(self.is_key_refused(), now);
        } else {
            self.probe.end();
        }
        self.report_gate(&cause, now, changes);
    }

    /// Another key is used from now on.
    pub(super) fn replace_key(&mut self, now: Time, changes: &mut VecDeque<Change>) {
        // By two, so that a new key differs from an old one that is taken again.
        self.key_number = self.key_number.wrapping_add(2);
        self.was_key_retaken = false;
        self.gate.allow();
        if self.is_key_refused() {
            self.unblock(changes);
            if self.gate.is_closed() {
                self.probe.begin(false, now);
            }
        }
    }

    fn works(&mut self, exchange: &Completed, changes: &mut VecDeque<Change>) {
        self.failures.clear();
        self.gate
            .works(exchange.id, exchange.kind == RequestKind::Submit);
        match self.blocked {
            Some(Blocked {
                why: Why::Outage, ..
            }) => self.unblock(changes),
            // What was out when the key was refused may have been served before.
            Some(Blocked {
                why: Why::Key,
                newest,
                ..
            }) if exchange.id > newest && exchange.key_number == self.key_number => {
                self.key_number = self.key_number.wrapping_add(1);
                self.was_key_retaken = true;
                self.unblock(changes);
            }
            Some(_) | None => {}
        }
    }

    fn key_refused(
        &mut self,
        exchange: &Completed,
        cause: impl Fn() -> Cause,
        now: Time,
        changes: &mut VecDeque<Change>,
    ) {
        // While submits alone are refused, the others go on.
        let is_held = exchange.kind == RequestKind::Submit && self.gate.is_pausing();
        // One with an old key says nothing about the one there is now.
        if exchange.key_number == self.key_number && !self.is_key_refused() && !is_held {
            self.block(Why::Key, cause, now, changes);
        }
    }

    fn fails(
        &mut self,
        exchange: &Completed,
        cause: impl Fn() -> Cause,
        now: Time,
        changes: &mut VecDeque<Change>,
    ) {
        self.failures.add(exchange.subject, is_unsent(&cause()));
        let is_certain = self.failures.are_common() && self.probe.failed() > 0;
        if (is_certain || self.failures.are_many()) && self.blocked.is_none() {
            self.block(Why::Outage, cause, now, changes);
        }
    }

    /// A submit is over, and it is known what became of it.
    fn submit_over(&mut self, exchange: &Completed, cause: impl Fn() -> Cause, now: Time) {
        match exchange.signal {
            Signal::Works => self.failed_submits.clear(),
            Signal::Nothing => self.gate.over(exchange.id),
            Signal::Down | Signal::Busy(_) | Signal::KeyRefused => {
                self.failed_submits
                    .add(exchange.subject, is_unsent(&cause()));
                // In an outage of everything, what finds out about that finds out about submits.
                if self.failed_submits.are_many() && !self.is_outage() {
                    self.gate.failed(exchange.id, self.newest, now);
                } else {
                    self.gate.over(exchange.id);
                }
            }
        }
    }

    fn block(
        &mut self,
        why: Why,
        cause: impl Fn() -> Cause,
        now: Time,
        changes: &mut VecDeque<Change>,
    ) {
        if let Some(Blocked { why, since, .. }) = self.blocked.take() {
            changes.push_back(Change::Resumed {
                reason: why.reason(),
                since,
            });
            self.probe.end();
        }
        self.blocked = Some(Blocked {
            why,
            since: now,
            newest: self.newest,
        });
        let until = self.probe.begin(why == Why::Key, now).max(now);
        changes.push_back(Change::Paused(Pause {
            reason: why.reason(),
            since: now,
            until,
            cause: cause(),
        }));
    }

    fn unblock(&mut self, changes: &mut VecDeque<Change>) {
        if let Some(Blocked { why, since, .. }) = self.blocked.take() {
            self.probe.end();
            changes.push_back(Change::Resumed {
                reason: why.reason(),
                since,
            });
        }
    }

    /// Reports that submits are held back, or no longer.
    fn report_gate(
        &mut self,
        cause: impl Fn() -> Cause,
        now: Time,
        changes: &mut VecDeque<Change>,
    ) {
        let reason = PauseReason::Submits;
        // A gate that closes for a moment, while others succeed, is not worth a word.
        let is_closed = self.gate.is_closed() && self.probe.failed() > 0;
        match (self.gate_since, is_closed || self.gate.is_pausing()) {
            (None, true) => {
                self.gate_since = Some(now);
                let probe_at = self.probe.wanted_at().filter(|_| is_closed);
                changes.push_back(Change::Paused(Pause {
                    reason,
                    since: now,
                    until: self.gate.next_at().max(probe_at.unwrap_or(now)),
                    cause: cause(),
                }));
            }
            (Some(since), false) => {
                self.gate_since = None;
                changes.push_back(Change::Resumed { reason, since });
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    fn is_blocked_by(&self, why: Why) -> bool {
        self.blocked.is_some_and(|blocked| blocked.why == why)
    }
}

fn is_unsent(cause: &Cause) -> bool {
    matches!(cause, Cause::Failure(failure) if failure.kind() == FailureKind::NotSent)
}

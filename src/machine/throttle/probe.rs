//! Single requests that find out whether something works again.

use std::time::Duration;

use super::{RequestId, RetryPolicy, Time, random};

/// How far apart probes of an outage are: from the first to the longest, doubling.
const OUTAGE_DELAYS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How far apart probes of a refused key are.
const KEY_DELAYS: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(300));

/// When the next probe is wanted, and whether one is out. One at a time.
#[derive(Debug)]
pub(super) struct Probe {
    seed: u64,
    /// How many in a row have brought no evidence.
    failed: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// None is wanted.
    Idle,
    /// One is wanted from then on.
    Wanted(Time),
    /// The next request is one.
    Granted,
    /// This is one.
    Out(RequestId),
}

impl Probe {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            failed: 0,
            state: State::Idle,
        }
    }

    /// When the next one is wanted, if one is.
    pub(super) fn wanted_at(&self) -> Option<Time> {
        match self.state {
            State::Wanted(at) => Some(at),
            State::Idle | State::Granted | State::Out(_) => None,
        }
    }

    pub(super) fn is_granted(&self) -> bool {
        self.state == State::Granted
    }

    pub(super) fn failed(&self) -> u32 {
        self.failed
    }

    /// Wants one soon, unless one is wanted already. Says when.
    pub(super) fn begin(&mut self, is_key: bool, now: Time) -> Time {
        if self.state == State::Idle {
            self.state = State::Wanted(now + self.delay(is_key));
        }
        self.wanted_at().unwrap_or(now)
    }

    /// Wants one at once.
    pub(super) fn begin_now(&mut self, now: Time) {
        self.state = State::Wanted(now);
    }

    pub(super) fn grant(&mut self) {
        if self.wanted_at().is_some() {
            self.state = State::Granted;
        }
    }

    /// What was let through does not leave: another one is wanted.
    pub(super) fn withdraw(&mut self, now: Time) {
        if self.is_granted() {
            self.state = State::Wanted(now);
        }
    }

    /// Whether this is the one that is out.
    pub(super) fn is_out(&self, id: RequestId) -> bool {
        self.state == State::Out(id)
    }

    /// A request leaves. Says whether it is the probe.
    pub(super) fn sent(&mut self, id: RequestId) -> bool {
        let is_probe = self.is_granted();
        if is_probe {
            self.state = State::Out(id);
        }
        is_probe
    }

    /// An exchange brought no evidence. Says whether it was the probe.
    pub(super) fn fails(&mut self, id: RequestId, is_key: bool, now: Time) -> bool {
        let is_probe = self.is_out(id);
        if is_probe {
            self.failed = self.failed.saturating_add(1);
            self.state = State::Wanted(now + self.delay(is_key));
        }
        is_probe
    }

    /// An exchange brought evidence. If it was the probe, none is out any more: what it brought may
    /// say nothing of what is to be found out by now.
    pub(super) fn works(&mut self, id: RequestId) {
        if self.is_out(id) {
            self.state = State::Idle;
        }
    }

    /// No more are wanted.
    pub(super) fn end(&mut self) {
        (self.state, self.failed) = (State::Idle, 0);
    }

    fn delay(&self, is_key: bool) -> Duration {
        let (first, longest) = if is_key { KEY_DELAYS } else { OUTAGE_DELAYS };
        let failures = self.failed.saturating_add(1);
        let number = u16::try_from(failures).unwrap_or(u16::MAX);
        RetryPolicy::new()
            .with_delays(first, longest)
            .delay(number, random::draw(self.seed, failures))
    }
}

//! Whether submits may leave, after one of which nobody knows what became of it, or after many that
//! certainly did not arrive.
//!
//! ```text
//!            unknown                evidence                 unknown
//!   Open ---------------> Closed ---------------> Single ---------------> Closed
//!    ^ |                    |  evidence of a submit  | ^
//!    | |                    |                        | |
//!    +-|--------------------+------------------------+ |
//!      +-----------------------------------------------+
//!                  many have failed one by one
//! ```
//!
//! Evidence counts from exchanges that began after the gate closed. While other exchanges succeed,
//! one submit at a time is let through: the first after one of unknown outcome at once, another a
//! second later, then at intervals that double. Two in a row happen by chance where 4 % of all
//! submits end unknown; three hardly do.

use std::time::Duration;

use super::{RequestId, Time};

/// As many in a row may be chance.
const MAX_BY_CHANCE: u16 = 2;
/// How long to wait after these.
const SECOND_INTERVAL: Duration = Duration::from_secs(1);
/// From one submit to the next while they keep failing: 10 s, doubling to 5 minutes.
const FIRST_INTERVAL: Duration = Duration::from_secs(10);
const MAX_INTERVAL: Duration = Duration::from_secs(300);

/// Whether submits may leave.
#[derive(Debug)]
pub(super) struct Gate {
    state: State,
    /// Submits in a row that ended unknown, or failed one at a time; those that were out together
    /// count once.
    failed: u16,
    /// The newest exchange when the gate closed: what it and earlier ones bring says nothing.
    newest: RequestId,
    /// When the gate closed last, or a single submit failed.
    closed_at: Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// It takes evidence that the service works.
    Closed,
    /// One at a time; whether it is out.
    Single {
        is_out: bool,
    },
}

/// What happens to a gate.
#[derive(Debug, Clone, Copy)]
enum Input {
    /// It is unknown what became of a submit that began after the gate closed last.
    Unknown,
    /// The service works.
    Works,
    /// A submit brought evidence.
    SubmitWorks,
    /// A submit is over that proves nothing.
    SubmitOver,
    /// One more of many that certainly did not arrive.
    Failed,
    /// A submit leaves.
    Sent,
}

impl Gate {
    pub(super) const fn new() -> Self {
        Self {
            state: State::Open,
            failed: 0,
            newest: RequestId::new(0),
            closed_at: Time::EPOCH,
        }
    }

    /// How many submits in a row have failed, and when the last did, while no others may leave.
    pub(super) fn failures(&self) -> Option<(u16, Time)> {
        (self.state != State::Open).then_some((self.failed, self.closed_at))
    }

    /// Is closed, as it was when another process ended.
    pub(super) fn close(&mut self, failed: u16, closed_at: Time) {
        (self.failed, self.closed_at) = (failed, closed_at);
        self.step(Input::Unknown);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Whether a single submit is out.
    pub(super) fn is_out(&self) -> bool {
        self.state == State::Single { is_out: true }
    }

    /// Whether it is worth reporting: submits keep ending unknown.
    pub(super) fn is_pausing(&self) -> bool {
        self.failed > MAX_BY_CHANCE && self.state != State::Open
    }

    /// From when on a submit may leave; `None` while it takes something else.
    pub(super) fn opens_at(&self, can_probe: bool) -> Option<Time> {
        match self.state {
            State::Open => Some(Time::EPOCH),
            State::Closed if can_probe => None,
            // Nothing else can find out: a submit does.
            State::Closed => {
                Some(self.closed_at + interval(self.failed.saturating_add(MAX_BY_CHANCE)))
            }
            State::Single { is_out: true } => None,
            State::Single { is_out: false } => Some(self.closed_at + interval(self.failed)),
        }
    }

    /// The next time at which a single submit may leave.
    pub(super) fn next_at(&self) -> Time {
        self.closed_at + interval(self.failed)
    }

    /// A submit leaves.
    pub(super) fn sent(&mut self) {
        self.step(Input::Sent);
    }

    /// It is unknown what became of this submit. `newest` is the newest exchange.
    pub(super) fn unknown(&mut self, id: RequestId, newest: RequestId, now: Time) {
        let is_first = self.failed == 0;
        if id > self.newest || is_first {
            self.failed = self.failed.saturating_add(1);
            (self.newest, self.closed_at) = (newest, now);
            self.step(Input::Unknown);
        }
    }

    /// Many submits have certainly not arrived, and this is one more. One that left before the gate
    /// was closed makes no room for another.
    pub(super) fn failed(&mut self, id: RequestId, newest: RequestId, now: Time) {
        let is_first = self.failed == 0;
        if id > self.newest || is_first {
            self.failed = self.failed.max(MAX_BY_CHANCE).saturating_add(1);
            (self.newest, self.closed_at) = (newest, now);
            self.step(Input::Failed);
        }
    }

    /// A single submit may leave without delay, for a reason to expect that it succeeds.
    pub(super) fn allow(&mut self) {
        if matches!(self.state, State::Single { .. }) {
            self.closed_at = Time::EPOCH;
        }
    }

    /// An exchange brought evidence that the service works.
    pub(super) fn works(&mut self, id: RequestId, is_submit: bool) {
        if id > self.newest {
            self.step(if is_submit {
                Input::SubmitWorks
            } else {
                Input::Works
            });
        }
    }

    /// This submit is over, and neither unknown nor evidence.
    pub(super) fn over(&mut self, id: RequestId) {
        if id > self.newest {
            self.step(Input::SubmitOver);
        }
    }

    fn step(&mut self, input: Input) {
        use State::{Closed, Open, Single};
        self.state = match (self.state, input) {
            (_, Input::Unknown) => Closed,
            (_, Input::SubmitWorks) => Open,
            (Closed, Input::Works) => Single { is_out: false },
            (Closed | Single { .. }, Input::Sent) => Single { is_out: true },
            (Single { .. }, Input::SubmitOver) => Single { is_out: false },
            (Open | Single { .. }, Input::Failed) => Single { is_out: false },
            (Open, Input::Works | Input::SubmitOver | Input::Sent) => Open,
            (Closed, Input::SubmitOver | Input::Failed) => Closed,
            (Single { is_out }, Input::Works) => Single { is_out },
        };
        if self.state == Open {
            self.failed = 0;
        }
    }
}

/// How long to wait after this many in a row: nothing after the first.
fn interval(failed: u16) -> Duration {
    match failed {
        0 | 1 => Duration::ZERO,
        MAX_BY_CHANCE => SECOND_INTERVAL,
        // 10 s times at most 2^5: no overflow.
        _ => (FIRST_INTERVAL * (1 << (failed - MAX_BY_CHANCE - 1).min(5))).min(MAX_INTERVAL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time::from_unix_seconds(1_700_000_000);
    const ID: fn(u64) -> RequestId = RequestId::new;

    #[test]
    fn what_was_out_when_the_gate_closed_neither_opens_it_nor_closes_it_again() {
        let mut gate = Gate::new();
        gate.unknown(ID(5), ID(9), START);
        gate.works(ID(9), false);
        gate.works(ID(9), true);
        assert!(gate.is_closed());
        for id in 6..=9 {
            gate.unknown(ID(id), ID(9), START);
        }
        assert_eq!(gate.next_at(), START, "they count once");
        gate.works(ID(10), false);
        assert_eq!(gate.opens_at(true), Some(START));
        gate.sent();
        gate.works(ID(11), true);
        assert_eq!(gate.opens_at(true), Some(Time::EPOCH));
        // A first one counts, whenever it left.
        gate.unknown(ID(7), ID(11), START);
        assert!(gate.is_closed());
    }

    #[test]
    fn two_in_a_row_are_not_worth_a_word_and_three_are() {
        let mut gate = Gate::new();
        for (id, is_pausing) in [(1, false), (2, false), (3, true)] {
            gate.unknown(ID(id), ID(id), START);
            assert_eq!(gate.is_pausing(), is_pausing, "{id}");
        }
        gate.works(ID(4), true);
        assert!(!gate.is_pausing());
    }
}

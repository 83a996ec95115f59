//! What is stored of a throttle between two processes.

use serde::{Deserialize, Serialize};

use super::Time;
use crate::machine::check::Check;
use crate::machine::stored_json::{self, TicketError, check_contents, check_version};

/// What a process knew of the service when it ended: until when it asked for a pause, whether it
/// works, whether it takes the key, and how much of the rate is used up.
///
/// [`Batch::throttle_state`](crate::machine::Batch::throttle_state) returns it, and
/// [`Batch::with_throttle_state`](crate::machine::Batch::with_throttle_state) lets the next process
/// begin with it; a [`Drain`](crate::machine::Drain) does the same. Without it, a process that is
/// started again and again in an outage sends its first submits into it each time.
///
/// It can be serialized with [`serde`] or [`to_json`](Self::to_json), and contains a version and a
/// checksum, as a [`Ticket`](crate::machine::Ticket) does. It has a few numbers and no secret.
///
/// ```
/// use typless::machine::{Batch, BatchOptions, ThrottleState, Time};
/// use typless::wire::Api;
///
/// let api = Api::new(Api::PRODUCTION, "my-key")?;
/// let now = Time::from_unix_seconds(1_700_000_000);
/// let batch = Batch::new(&api, BatchOptions::new(), now);
/// let stored = batch.throttle_state().to_json();
///
/// // In the next process.
/// let state = ThrottleState::from_json(&stored)?;
/// let batch = Batch::new(&api, BatchOptions::new(), now).with_throttle_state(&state, now);
/// # drop(batch);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StateWire", into = "StateWire")]
pub struct ThrottleState {
    pub(super) taken_at: Time,
    /// When the next request would be sent if all kept their interval.
    pub(super) next_at: Time,
    pub(super) paused_until: Time,
    /// Since when the service does not work.
    pub(super) outage_since: Option<Time>,
    /// Since when it refuses the key.
    pub(super) key_refused_since: Option<Time>,
    /// How many submits in a row ended unknown, or failed one at a time, and when the last did.
    pub(super) failed_submits: u16,
    pub(super) failed_at: Time,
}

impl ThrottleState {
    /// The version that is written and read.
    pub const VERSION: u32 = 1;

    /// For what does not submit.
    pub(crate) fn without_submits(&self) -> Self {
        Self {
            failed_submits: 0,
            ..self.clone()
        }
    }

    /// As seen now: where the clock was set back, what was ahead is as far ahead. What has happened
    /// has happened by now.
    pub(super) fn seen(&self, now: Time) -> Self {
        let back = self.taken_at.saturating_since(now);
        let shifted = |time: Time| Time::from_unix(time.since_epoch().saturating_sub(back));
        let past = |time: Time| shifted(time).min(now);
        Self {
            taken_at: shifted(self.taken_at),
            next_at: shifted(self.next_at),
            paused_until: shifted(self.paused_until),
            outage_since: self.outage_since.map(past),
            key_refused_since: self.key_refused_since.map(past),
            failed_submits: self.failed_submits,
            failed_at: past(self.failed_at),
        }
    }

    /// The state as one line of JSON.
    pub fn to_json(&self) -> String {
        // Numbers always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a state.
    ///
    /// # Errors
    ///
    /// It is none, its version is newer, or it was altered. Nothing is lost if it is left out.
    pub fn from_json(json: &str) -> Result<Self, TicketError> {
        stored_json::read::<StateWire, _>(WHAT, "typless_throttle", Self::VERSION, json)
    }
}

const WHAT: &str = "throttle state";

/// The stored form. Times are milliseconds since the Unix epoch.
#[derive(Serialize, Deserialize)]
struct StateWire {
    typless_throttle: u32,
    taken_at_ms: u64,
    next_at_ms: u64,
    paused_until_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outage_since_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_refused_since_ms: Option<u64>,
    failed_submits: u16,
    failed_at_ms: u64,
    check: Box<str>,
}

impl StateWire {
    fn check(&self) -> Box<str> {
        let optional = |time: Option<u64>| time.map(|time| time.to_string());
        Check::new()
            .number("typless_throttle", self.typless_throttle.into())
            .number("taken_at_ms", self.taken_at_ms)
            .number("next_at_ms", self.next_at_ms)
            .number("paused_until_ms", self.paused_until_ms)
            .text("outage_since_ms", optional(self.outage_since_ms).as_deref())
            .text(
                "key_refused_since_ms",
                optional(self.key_refused_since_ms).as_deref(),
            )
            .number("failed_submits", self.failed_submits.into())
            .number("failed_at_ms", self.failed_at_ms)
            .digits()
            .into()
    }
}

impl From<ThrottleState> for StateWire {
    fn from(state: ThrottleState) -> Self {
        let mut wire = Self {
            typless_throttle: ThrottleState::VERSION,
            taken_at_ms: state.taken_at.as_unix_milliseconds(),
            next_at_ms: state.next_at.as_unix_milliseconds(),
            paused_until_ms: state.paused_until.as_unix_milliseconds(),
            outage_since_ms: state.outage_since.map(Time::as_unix_milliseconds),
            key_refused_since_ms: state.key_refused_since.map(Time::as_unix_milliseconds),
            failed_submits: state.failed_submits,
            failed_at_ms: state.failed_at.as_unix_milliseconds(),
            check: Box::default(),
        };
        wire.check = wire.check();
        wire
    }
}

impl TryFrom<StateWire> for ThrottleState {
    type Error = TicketError;

    fn try_from(wire: StateWire) -> Result<Self, TicketError> {
        check_version(WHAT, wire.typless_throttle, 1..=Self::VERSION)?;
        check_contents(&wire.check, &wire.check())?;
        Ok(Self {
            taken_at: Time::from_unix_milliseconds(wire.taken_at_ms),
            next_at: Time::from_unix_milliseconds(wire.next_at_ms),
            paused_until: Time::from_unix_milliseconds(wire.paused_until_ms),
            outage_since: wire.outage_since_ms.map(Time::from_unix_milliseconds),
            key_refused_since: wire.key_refused_since_ms.map(Time::from_unix_milliseconds),
            failed_submits: wire.failed_submits,
            failed_at: Time::from_unix_milliseconds(wire.failed_at_ms),
        })
    }
}

//! What is stored of a drain between two processes.

use serde::{Deserialize, Serialize};

use super::entries::State;
use super::{Drain, DrainOptions};
use crate::machine::check::Check;
use crate::machine::stored_json::{self, TicketError, check_contents, check_version};
use crate::machine::time::Time;
use crate::wire::{Api, ExtractionId};

/// What a drain knows of its ids: which are to be fetched, which were delivered and not
/// acknowledged, which are set aside, and how many attempts each has had.
///
/// [`Drain::snapshot`](crate::machine::Drain::snapshot) returns it, and
/// [`Drain::restore`](crate::machine::Drain::restore) takes it, in another process as well. It can
/// be serialized with [`serde`] or [`to_json`](Self::to_json), and contains a version and a
/// checksum, as a [`Ticket`](crate::machine::Ticket) does. It has no result, and no API key.
///
/// ```
/// use typless::machine::{Drain, DrainOptions, DrainSnapshot, Time};
/// use typless::wire::{Api, ExtractionId};
///
/// let api = Api::new(Api::PRODUCTION, "my-key")?;
/// let now = Time::from_unix_seconds(1_700_000_000);
/// let mut drain = Drain::new(&api, DrainOptions::new(), now);
/// drain.acknowledge(&ExtractionId::new("0d14338251a6db69")?);
/// let stored = drain.snapshot().to_json();
///
/// // In the next process.
/// let snapshot = DrainSnapshot::from_json(&stored)?;
/// let drain = Drain::restore(&api, &snapshot, DrainOptions::new(), now);
/// assert_eq!(drain.progress().acknowledged, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SnapshotWire", into = "SnapshotWire")]
pub struct DrainSnapshot {
    pub(super) taken_at: Time,
    pub(super) ids: Vec<StoredId>,
}

impl Drain {
    /// Restores a drain: it lists immediately, and goes on with the ids of the snapshot.
    ///
    /// An id whose fetch was in flight, and one that was delivered and not acknowledged, is fetched
    /// again, whether it is listed or not: the service may list no more what was read.
    pub fn restore(api: &Api, snapshot: &DrainSnapshot, options: DrainOptions, now: Time) -> Self {
        let mut drain = Self::new(api, options, now);
        for stored in &snapshot.ids {
            let state = snapshot.state_now(stored.state, now);
            drain.entries.restore(stored, state);
        }
        drain
    }

    /// What is known of the ids, to store. Take it after the events that are ready.
    pub fn snapshot(&self) -> DrainSnapshot {
        DrainSnapshot {
            taken_at: self.latest.to_millisecond(),
            ids: self.entries.stored(),
        }
    }

    /// The parameters of a new drain, for a transcript.
    pub(crate) fn origin(&self) -> String {
        let mut origin = format!("Drain\n{:?}\n{:?}", self.api, self.options);
        let snapshot = self.snapshot();
        if !snapshot.is_empty() {
            origin = format!("{origin}\n{}", snapshot.to_json());
        }
        let new = Self::new(&self.api, self.options.clone(), self.latest);
        let state = self.throttle_state();
        if state != new.throttle_state() {
            origin = format!("{origin}\n{}", state.to_json());
        }
        origin
    }
}

/// One id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredId {
    pub(super) id: ExtractionId,
    pub(super) state: State,
    pub(super) attempts: u16,
    pub(super) deliveries: u16,
}

impl DrainSnapshot {
    /// The version that is written and read.
    pub const VERSION: u32 = 1;

    /// How many ids it has.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The state in which an id goes on now. What was out, and what was delivered and not
    /// acknowledged, is fetched again.
    pub(super) fn state_now(&self, state: State, now: Time) -> State {
        let back = self.taken_at.saturating_since(now);
        match state {
            State::Retrying(due) => {
                State::Retrying(Time::from_unix(due.since_epoch().saturating_sub(back)))
            }
            State::Fetching | State::HandedOut(_) => State::Retrying(now),
            State::Waiting | State::Acknowledged | State::SetAside => state,
        }
    }

    /// The snapshot as one line of JSON.
    pub fn to_json(&self) -> String {
        // Texts and numbers always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a snapshot.
    ///
    /// # Errors
    ///
    /// It is no snapshot, its version is newer, or it was altered.
    pub fn from_json(json: &str) -> Result<Self, TicketError> {
        stored_json::read::<SnapshotWire, _>(WHAT, "typless_drain", Self::VERSION, json)
    }
}

const WHAT: &str = "snapshot of a drain";

/// The stored form. Times are milliseconds since the Unix epoch.
#[derive(Serialize, Deserialize)]
struct SnapshotWire {
    typless_drain: u32,
    taken_at_ms: u64,
    ids: Vec<IdWire>,
    check: Box<str>,
}

#[derive(Serialize, Deserialize)]
struct IdWire {
    id: Box<str>,
    state: StateWire,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_ms: Option<u64>,
    attempts: u16,
    deliveries: u16,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateWire {
    Waiting,
    Retrying,
    Fetching,
    Delivered,
    Acknowledged,
    SetAside,
}

impl StateWire {
    /// As it is written.
    fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Retrying => "retrying",
            Self::Fetching => "fetching",
            Self::Delivered => "delivered",
            Self::Acknowledged => "acknowledged",
            Self::SetAside => "set_aside",
        }
    }
}

impl SnapshotWire {
    fn check(&self) -> Box<str> {
        let check = Check::new()
            .number("typless_drain", self.typless_drain.into())
            .number("taken_at_ms", self.taken_at_ms);
        let add = |check: Check, id: &IdWire| {
            let due = id.due_ms.map(|due| due.to_string());
            check
                .text("id", Some(&id.id))
                .text("state", Some(id.state.name()))
                .text("due_ms", due.as_deref())
                .number("attempts", id.attempts.into())
                .number("deliveries", id.deliveries.into())
        };
        self.ids.iter().fold(check, add).digits().into()
    }
}

impl From<DrainSnapshot> for SnapshotWire {
    fn from(snapshot: DrainSnapshot) -> Self {
        let ids = snapshot.ids.into_iter().map(|stored| {
            let (state, due) = match stored.state {
                State::Waiting => (StateWire::Waiting, None),
                State::Retrying(due) => (StateWire::Retrying, Some(due)),
                State::Fetching => (StateWire::Fetching, None),
                State::HandedOut(due) => (StateWire::Delivered, Some(due)),
                State::Acknowledged => (StateWire::Acknowledged, None),
                State::SetAside => (StateWire::SetAside, None),
            };
            IdWire {
                id: stored.id.as_str().into(),
                state,
                due_ms: due.map(Time::as_unix_milliseconds),
                attempts: stored.attempts,
                deliveries: stored.deliveries,
            }
        });
        let mut wire = Self {
            typless_drain: DrainSnapshot::VERSION,
            taken_at_ms: snapshot.taken_at.as_unix_milliseconds(),
            ids: ids.collect(),
            check: Box::default(),
        };
        wire.check = wire.check();
        wire
    }
}

impl TryFrom<SnapshotWire> for DrainSnapshot {
    type Error = TicketError;

    fn try_from(wire: SnapshotWire) -> Result<Self, TicketError> {
        check_version(WHAT, wire.typless_drain, 1..=Self::VERSION)?;
        check_contents(&wire.check, &wire.check())?;
        let ids = wire.ids.into_iter().map(|wire| {
            let due = Time::from_unix_milliseconds(wire.due_ms.unwrap_or_default());
            Ok(StoredId {
                id: ExtractionId::new(&wire.id)
                    .map_err(|error| TicketError::unreadable(WHAT, &error.to_string()))?,
                state: match wire.state {
                    StateWire::Waiting => State::Waiting,
                    StateWire::Retrying => State::Retrying(due),
                    StateWire::Fetching => State::Fetching,
                    StateWire::Delivered => State::HandedOut(due),
                    StateWire::Acknowledged => State::Acknowledged,
                    StateWire::SetAside => State::SetAside,
                },
                attempts: wire.attempts,
                deliveries: wire.deliveries,
            })
        });
        Ok(Self {
            taken_at: Time::from_unix_milliseconds(wire.taken_at_ms),
            ids: ids.collect::<Result<_, TicketError>>()?,
        })
    }
}

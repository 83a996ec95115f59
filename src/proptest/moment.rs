//! When, and after what, a hook is called.

use std::cell::Cell;

use crate::machine::Time;

/// When, and after what, a hook of the checker is called. Made by [`LawChecker`](super::LawChecker), consumed by hooks.
#[derive(Debug, Clone)]
pub struct Moment {
    pub(super) start: Time,
    pub(super) now: Time,
    pub(super) latest: Time,
    pub(super) last_sequence: Option<u64>,
    pub(super) is_told: Cell<bool>,
}

impl Moment {
    /// When the machine was made.
    pub fn start(&self) -> Time {
        self.start
    }

    /// What the clock says, for the machine; it may have been put back. Who asks for it tells it to the machine: from then on it counts as told (law 4).
    pub fn now(&self) -> Time {
        self.is_told.set(true);
        self.now
    }

    /// The latest time the machine was told, or would be told now: what counts for it.
    pub fn latest(&self) -> Time {
        self.latest
    }

    /// The sequence of the last event, or one less than that of the first; `None` where the checker knows no sequences.
    pub fn last_sequence(&self) -> Option<u64> {
        self.last_sequence
    }
}

//! The time of a call to a hook.

use std::cell::Cell;

use crate::machine::Time;

/// The time at which the checker calls a hook, and what happened before.
#[derive(Debug, Clone)]
pub struct Moment {
    pub(super) start: Time,
    pub(super) now: Time,
    pub(super) latest: Time,
    pub(super) last_sequence: Option<u64>,
    pub(super) was_read: Cell<bool>,
}

impl Moment {
    /// The time at which the machine was built.
    pub fn start(&self) -> Time {
        self.start
    }

    /// The time to pass to the machine. It may be earlier than before.
    ///
    /// After this call the machine counts as having seen this time (law 4).
    pub fn now(&self) -> Time {
        self.was_read.set(true);
        self.now
    }

    /// The latest time that the machine has seen, or would see now. This is the time that counts
    /// for it.
    pub fn latest(&self) -> Time {
        self.latest
    }

    /// The sequence of the last event, or one less than that of the first if there was none; `None`
    /// if the checker knows no sequences.
    pub fn last_sequence(&self) -> Option<u64> {
        self.last_sequence
    }
}

//! How far a drain is.

use super::entries::State;
use super::{Drain, What};
use crate::machine::Time;

/// How far a [`Drain`] is, in numbers of extractions. Made by [`Drain::progress`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DrainProgress {
    /// Named by the last listing that was answered.
    pub listed: usize,
    /// Still to be fetched, for the first time or again.
    pub waiting: usize,
    /// Being fetched.
    pub in_flight: usize,
    /// Handed out and not acknowledged.
    pub unacknowledged: usize,
    /// Acknowledged, and remembered since they are still listed, or were a moment ago.
    pub acknowledged: usize,
    /// Set aside, and still listed, or a moment ago.
    pub set_aside: usize,
}

impl DrainProgress {
    pub(super) fn of(drain: &Drain) -> Self {
        let count = |state| drain.entries.count(state);
        Self {
            listed: drain.listing.listed,
            waiting: count(State::Waiting) + count(State::Retrying(Time::EPOCH)),
            in_flight: drain
                .in_flight
                .values()
                .filter(|flight| matches!(flight.what, What::Fetch { .. }))
                .count(),
            unacknowledged: count(State::HandedOut(Time::EPOCH)),
            acknowledged: count(State::Acknowledged),
            set_aside: count(State::SetAside),
        }
    }
}

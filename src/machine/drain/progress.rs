//! The progress of a drain.

use super::entries::State;
use super::{Drain, Purpose};
use crate::machine::{ActivePause, Time};

/// The progress of a [`Drain`], in numbers of extractions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DrainProgress {
    /// In the last listing that was received.
    pub listed: usize,
    /// Still to be fetched, for the first time or again.
    pub waiting: usize,
    /// Being fetched.
    pub in_flight: usize,
    /// Delivered and not acknowledged.
    pub unacknowledged: usize,
    /// Acknowledged, and still listed or only just not listed any more.
    pub acknowledged: usize,
    /// Set aside, and still listed or only just not listed any more.
    pub set_aside: usize,
    /// The pause that there is now; the one that holds back most, if there are several.
    pub pause: Option<ActivePause>,
}

impl DrainProgress {
    pub(super) fn new(drain: &Drain) -> Self {
        let count = |state| drain.entries.count(state);
        Self {
            listed: drain.listing.listed,
            waiting: count(State::Waiting) + count(State::Retrying(Time::EPOCH)),
            in_flight: drain
                .in_flight
                .values()
                .filter(|outstanding| matches!(outstanding.purpose, Purpose::Fetch { .. }))
                .count(),
            unacknowledged: count(State::HandedOut(Time::EPOCH)),
            acknowledged: count(State::Acknowledged),
            set_aside: count(State::SetAside),
            pause: drain
                .throttle
                .pauses(drain.latest)
                .chain(drain.fetch_gate.pause())
                .next(),
        }
    }
}

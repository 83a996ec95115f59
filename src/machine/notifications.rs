//! Notifications that arrived before their extraction was known.

use std::collections::BTreeMap;
use std::time::Duration;

use super::time::Time;
use crate::wire::ExtractionId;

/// Notifications of unknown extractions: a webhook may arrive before the response to its own
/// submit.
///
/// Machines insert every notification with an unknown id, and query it once for each id that they
/// learn. Notifications are unsigned, so anybody can send any number: one that is not taken within
/// [`KEEP_FOR`](Self::KEEP_FOR) is dropped, and so is the oldest one when there are more than
/// [`MAX`](Self::MAX). An operation costs O(log n) of what is kept, amortized. A flood costs at
/// most a few megabytes, and delays at worst the early poll that a dropped notification would have
/// caused.
#[derive(Debug, Default)]
pub(crate) struct Notifications {
    /// The ids, with their place in the order of arrival.
    places: BTreeMap<ExtractionId, u64>,
    /// The same in the order of arrival, with its time.
    arrivals: BTreeMap<u64, (ExtractionId, Time)>,
    next_place: u64,
}

impl Notifications {
    /// How long one is kept: 10 minutes, which is longer than any submit is in flight.
    pub(crate) const KEEP_FOR: Duration = Duration::from_secs(600);

    /// The most that are kept.
    pub(crate) const MAX: usize = 8192;

    /// Keeps one. For an id that is already kept, the first arrival counts.
    pub(crate) fn insert(&mut self, extraction_id: &ExtractionId, now: Time) {
        self.drop_expired(now);
        if self.places.contains_key(extraction_id) {
            return;
        }
        if self.places.len() >= Self::MAX {
            self.drop_oldest();
        }
        self.places.insert(extraction_id.clone(), self.next_place);
        self.arrivals
            .insert(self.next_place, (extraction_id.clone(), now));
        self.next_place += 1;
    }

    /// Removes the notification with this id; returns whether there was one.
    pub(crate) fn take(&mut self, extraction_id: &ExtractionId, now: Time) -> bool {
        self.drop_expired(now);
        let place = self.places.remove(extraction_id);
        place.is_some_and(|place| self.arrivals.remove(&place).is_some())
    }

    /// How many are kept.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.places.len()
    }

    fn drop_expired(&mut self, now: Time) {
        while self
            .arrivals
            .first_key_value()
            .is_some_and(|(_, (_, arrived))| now.saturating_since(*arrived) >= Self::KEEP_FOR)
        {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some((_, (extraction_id, _))) = self.arrivals.pop_first() {
            self.places.remove(&extraction_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> ExtractionId {
        ExtractionId::new(&format!("{number:040x}")).expect("an id")
    }

    fn at(seconds: u64) -> Time {
        Time::from_unix_seconds(1_700_000_000 + seconds)
    }

    #[test]
    fn what_came_early_is_found_once() {
        let mut early = Notifications::default();
        early.insert(&id(1), at(0));
        early.insert(&id(1), at(300));
        assert!(early.take(&id(1), at(599)));
        assert!(!early.take(&id(1), at(599)));
        assert_eq!(early.len(), 0);
    }

    #[test]
    fn what_nobody_asks_for_is_dropped_after_ten_minutes() {
        let mut early = Notifications::default();
        early.insert(&id(1), at(0));
        early.insert(&id(2), at(1));
        assert!(!early.take(&id(1), at(600)));
        assert!(early.take(&id(2), at(600)));
        assert_eq!(early.len(), 0);
    }

    #[test]
    fn a_flood_pushes_out_the_oldest_and_costs_no_more_than_its_room() {
        let mut early = Notifications::default();
        for number in 0..50_000 {
            early.insert(&id(number), at(0));
        }
        assert_eq!(
            (early.len(), early.arrivals.len()),
            (Notifications::MAX, Notifications::MAX)
        );
        assert!(!early.take(&id(0), at(0)) && early.take(&id(49_999), at(0)));
    }

    #[test]
    fn ids_that_come_and_go_leave_nothing_behind() {
        let mut early = Notifications::default();
        for number in 0..50_000 {
            early.insert(&id(number % 7), at(0));
            assert!(early.take(&id(number % 7), at(0)));
        }
        assert_eq!((early.len(), early.arrivals.len()), (0, 0));
    }
}

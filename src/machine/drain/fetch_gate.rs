//! Whether fetches may leave, after many that failed.
//!
//! ```text
//!           fetches of many ids fail
//!   Open ------------------------------> Single
//!    ^                                     |
//!    +-------------------------------------+
//!                a fetch works
//! ```
//!
//! Listings may work where fetches do not, so a listing says nothing about fetches. While the gate
//! is single, one fetch at a time is let through, at intervals that double.

use std::time::Duration;

use super::super::collections::slab::Key;
use super::super::pause::{ActivePause, PauseReason};
use super::super::time::Time;

/// Fetches of so many ids fail, and none works between them: then it is not the ids that are bad.
const MAX_IDS: usize = 8;

/// From one fetch to the next while they keep failing: 10 s, doubling to 5 minutes.
const FIRST_INTERVAL: Duration = Duration::from_secs(10);
const MAX_INTERVAL: Duration = Duration::from_secs(300);

/// After so many single fetches, which take more than an hour and a half, a drain that has to
/// finish sets aside what is left.
const MAX_SINGLE: u16 = 24;

/// Whether fetches may leave.
#[derive(Debug, Default)]
pub(super) struct FetchGate {
    /// The ids whose fetches have failed since one worked, each once; no more than it takes.
    failed: Vec<Key>,
    single: Option<Single>,
}

/// One fetch at a time.
#[derive(Debug)]
struct Single {
    /// How many have failed one at a time, with the one that made the gate single.
    failed: u16,
    next_at: Time,
    /// The exchange of the one that is out.
    out: Option<u64>,
    /// Since when it is reported that fetches are held back.
    paused_since: Option<Time>,
}

impl FetchGate {
    /// From when on a fetch may leave; `None` while the single one is out.
    pub(super) fn opens_at(&self) -> Option<Time> {
        match &self.single {
            None => Some(Time::EPOCH),
            Some(Single { out: Some(_), .. }) => None,
            Some(single) => Some(single.next_at),
        }
    }

    /// The pause of fetches, if there is one.
    pub(super) fn pause(&self) -> Option<ActivePause> {
        let single = self.single.as_ref()?;
        Some(ActivePause {
            reason: PauseReason::Fetches,
            since: single.paused_since?,
            until: single.out.is_none().then_some(single.next_at),
        })
    }

    pub(super) const fn is_single(&self) -> bool {
        self.single.is_some()
    }

    /// Whether fetches have failed one at a time for so long that there is no hope.
    pub(super) fn is_hopeless(&self) -> bool {
        let single = self.single.as_ref();
        single.is_some_and(|single| single.failed > MAX_SINGLE)
    }

    /// A fetch leaves.
    pub(super) fn sent(&mut self, exchange: u64) {
        if let Some(single) = &mut self.single {
            single.out = Some(exchange);
        }
    }

    /// A fetch worked. Says since when it was reported that fetches are held back.
    pub(super) fn works(&mut self) -> Option<Time> {
        self.failed.clear();
        self.single.take()?.paused_since
    }

    /// A fetch is over that says nothing about others.
    pub(super) fn over(&mut self, exchange: u64) {
        if let Some(single) = &mut self.single {
            single.out = single.out.filter(|out| *out != exchange);
        }
    }

    /// The fetch of this id failed. Until when all others are held back, if that is news.
    ///
    /// In an outage of everything the gate does not become single: what finds out about the one
    /// finds out about the other.
    pub(super) fn fails(
        &mut self,
        exchange: u64,
        id: Key,
        is_outage: bool,
        now: Time,
    ) -> Option<Time> {
        if self.failed.len() < MAX_IDS && !self.failed.contains(&id) {
            self.failed.push(id);
        }
        let failed = match &self.single {
            None if is_outage || self.failed.len() < MAX_IDS => return None,
            None => 1,
            Some(single) if single.out == Some(exchange) => single.failed.saturating_add(1),
            // It was out when the gate became single.
            Some(_) => return None,
        };
        let next_at = now + interval(failed);
        self.single = Some(Single {
            failed,
            next_at,
            out: None,
            paused_since: Some(now),
        });
        Some(next_at)
    }

    /// The single fetch is about to leave. Since when it was reported that fetches are held back.
    pub(super) fn resume(&mut self) -> Option<Time> {
        self.single.as_mut()?.paused_since.take()
    }

    /// A single fetch may leave without delay, for a reason to expect that it succeeds.
    pub(super) fn allow(&mut self) {
        if let Some(single) = &mut self.single {
            single.next_at = Time::EPOCH;
        }
    }
}

/// How long to wait after this many in a row.
fn interval(failed: u16) -> Duration {
    // 10 s times at most 2^5: no overflow.
    let doublings = failed.saturating_sub(1).min(5);
    (FIRST_INTERVAL * (1 << doublings)).min(MAX_INTERVAL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::collections::slab::Slab;

    const START: Time = Time::from_unix_seconds(1_700_000_000);

    fn ids() -> Vec<Key> {
        let mut slab = Slab::new();
        (0..MAX_IDS).map(|_| slab.insert(())).collect()
    }

    /// A gate that became single at the start, and the ids that failed.
    fn single() -> (FetchGate, Vec<Key>) {
        let (mut gate, ids) = (FetchGate::default(), ids());
        let news = ids.iter().filter_map(|id| gate.fails(1, *id, false, START));
        assert_eq!(news.collect::<Vec<_>>(), [START + FIRST_INTERVAL]);
        (gate, ids)
    }

    #[test]
    fn it_takes_many_ids_and_none_that_works_between_them() {
        let (mut gate, ids) = (FetchGate::default(), ids());
        for exchange in 0..100 {
            assert_eq!(gate.fails(exchange, ids[0], false, START), None);
        }
        for id in &ids[1..MAX_IDS - 1] {
            assert_eq!(gate.fails(1, *id, false, START), None);
        }
        assert_eq!(gate.works(), None);
        assert_eq!(gate.fails(1, ids[MAX_IDS - 1], false, START), None);
        assert!(!gate.is_single() && !gate.is_hopeless());
        assert_eq!(gate.opens_at(), Some(Time::EPOCH));
    }

    #[test]
    fn one_at_a_time_leaves_at_intervals_that_double() {
        let (mut gate, ids) = single();
        let mut intervals = Vec::new();
        for exchange in 10..18 {
            let now = gate.opens_at().expect("none is out");
            assert!(gate.resume().is_some() && gate.resume().is_none());
            gate.sent(exchange);
            assert_eq!(gate.opens_at(), None);
            assert_eq!(gate.fails(1, ids[0], false, now), None, "it was out before");
            assert_eq!(gate.opens_at(), None);
            let until = gate.fails(exchange, ids[0], false, now).expect("news");
            intervals.push(until.saturating_since(now).as_secs());
        }
        assert_eq!(intervals, [20, 40, 80, 160, 300, 300, 300, 300]);
        assert!(gate.works().is_some());
        assert_eq!(gate.opens_at(), Some(Time::EPOCH));
    }

    #[test]
    fn an_outage_of_everything_does_not_make_it_single() {
        let (mut gate, ids) = (FetchGate::default(), ids());
        for id in &ids {
            assert_eq!(gate.fails(1, *id, true, START), None);
        }
        assert!(!gate.is_single());
        let news = gate.fails(2, ids[0], false, START);
        assert!(news.is_some(), "the first that fails after it does");
    }

    #[test]
    fn one_that_says_nothing_makes_room_for_the_next() {
        let (mut gate, _) = single();
        gate.sent(7);
        gate.over(6);
        assert_eq!(gate.opens_at(), None);
        gate.over(7);
        assert_eq!(gate.opens_at(), Some(START + FIRST_INTERVAL));
        gate.allow();
        assert_eq!(gate.opens_at(), Some(Time::EPOCH));
    }

    #[test]
    fn after_some_time_there_is_no_hope() {
        let (mut gate, ids) = single();
        let mut now = START;
        while !gate.is_hopeless() {
            now = gate.opens_at().expect("none is out");
            gate.sent(9);
            gate.fails(9, ids[0], false, now);
        }
        let hours = now.saturating_since(START).as_secs_f64() / 3600.0;
        assert!((1.5..2.0).contains(&hours), "{hours}");
    }
}

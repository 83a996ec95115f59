//! The schedule against a sorted map, and what it promises beyond that.

use std::collections::BTreeMap;
use std::collections::btree_map::OccupiedEntry;
use std::time::Duration;

use proptest::prelude::*;

use super::Time;
use super::schedule::{Schedule, tick_time};

const START: Time = Time::from_unix_seconds(1_700_000_000);

/// The same, as simple as can be: entries by tick, and by when they were put in.
struct Model {
    entries: BTreeMap<(Time, usize), u32>,
    pushed: usize,
    latest: Time,
}

impl Model {
    fn new(now: Time) -> Self {
        Self { entries: BTreeMap::new(), pushed: 0, latest: whole(now) }
    }

    fn push(&mut self, slot: u32, due: Time) {
        self.entries.insert((tick_time(due).max(self.latest), self.pushed), slot);
        self.pushed += 1;
    }

    fn pop_due(&mut self, now: Time) -> Option<u32> {
        let now = whole(now).max(self.latest);
        let first = self.entries.first_entry().filter(|entry| entry.key().0 <= now);
        self.latest = first.as_ref().map_or(now, |entry| entry.key().0);
        first.map(OccupiedEntry::remove)
    }

    fn next_due(&self) -> Option<Time> {
        self.entries.keys().next().map(|(due, _)| *due)
    }
}

/// The last whole millisecond up to now.
fn whole(now: Time) -> Time {
    if now == Time::MAX { now } else { Time::from_unix(Duration::from_millis(now.since_epoch().as_millis() as u64)) }
}

#[derive(Debug, Clone)]
enum Step {
    Push(Duration),
    PushAt(Time),
    Pop,
    PopTogether,
    Pass(Duration),
    Jump(Time),
}

/// Durations of every magnitude: within a tick, within each level, and beyond.
fn span() -> impl Strategy<Value = Duration> {
    (0..62_u32).prop_flat_map(|bits| 0..1_u64 << bits).prop_map(Duration::from_nanos)
}

fn moment() -> impl Strategy<Value = Time> {
    prop_oneof![
        span().prop_map(Time::from_unix),
        span().prop_map(|span| START + span),
        Just(Time::EPOCH),
        Just(Time::MAX),
        (0..3_000_000_u64).prop_map(|before| Time::from_unix(Time::MAX.since_epoch() - Duration::from_nanos(before))),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => span().prop_map(Step::Push),
        1 => moment().prop_map(Step::PushAt),
        4 => Just(Step::Pop),
        1 => Just(Step::PopTogether),
        3 => span().prop_map(Step::Pass),
        1 => moment().prop_map(Step::Jump),
    ]
}

proptest! {
    #[test]
    fn it_does_what_a_sorted_map_does(start in moment(), steps in prop::collection::vec(step(), 0..200)) {
        let (mut schedule, mut model, mut now) = (Schedule::new(start), Model::new(start), start);
        for (slot, step) in (0..).zip(steps) {
            let due = match step {
                Step::Push(ahead) => Some(now + ahead),
                Step::PushAt(due) => Some(due),
                Step::Pass(span) => { now = now + span; None }
                Step::Jump(to) => { now = to; None }
                Step::Pop => None,
                Step::PopTogether => {
                    let mut slots = Vec::new();
                    schedule.pop_due_together(now, &mut slots);
                    prop_assert!(!slots.is_empty() || model.pop_due(now).is_none());
                    for slot in slots {
                        prop_assert_eq!(model.pop_due(now), Some(slot));
                    }
                    continue;
                }
            };
            if let Some(due) = due {
                schedule.push(slot, due);
                model.push(slot, due);
            } else {
                prop_assert_eq!(schedule.pop_due(now), model.pop_due(now));
            }
            prop_assert_eq!(schedule.next_due(), model.next_due());
            prop_assert_eq!(schedule.len(), model.entries.len());
        }
        while let Some(slot) = model.pop_due(Time::MAX) {
            prop_assert_eq!(schedule.pop_due(Time::MAX), Some(slot));
        }
        prop_assert_eq!((schedule.pop_due(Time::MAX), schedule.next_due()), (None, None));
    }

    #[test]
    fn many_entries_of_few_ticks_keep_their_order(dues in prop::collection::vec(0..20_u64, 0..500), pause in 0..100_u64) {
        let (mut schedule, mut model) = (Schedule::new(START), Model::new(START));
        for (slot, due) in (0..).zip(dues) {
            let due = START + Duration::from_millis(due * 1_000 + 990);
            schedule.push(slot, due);
            model.push(slot, due);
            let now = START + Duration::from_millis(pause * u64::from(slot));
            prop_assert_eq!(schedule.pop_due(now), model.pop_due(now));
        }
        let mut slots = Vec::new();
        while schedule.len() > 0 {
            schedule.pop_due_together(Time::MAX, &mut slots);
        }
        prop_assert_eq!(slots, std::iter::from_fn(|| model.pop_due(Time::MAX)).collect::<Vec<_>>());
    }
}

#[test]
fn nothing_comes_out_before_its_time_and_waiting_for_it_is_enough() {
    let mut schedule = Schedule::new(START);
    let due = START + Duration::from_nanos(1_000_001);
    schedule.push(7, due);
    let until = schedule.next_due().expect("one is scheduled");
    assert_eq!(until, START + Duration::from_millis(2));
    assert_eq!((until, tick_time(until)), (tick_time(due), until), "what is rounded stays as it is");
    assert_eq!(schedule.pop_due(START + Duration::from_nanos(1_999_999)), None);
    assert_eq!(schedule.pop_due(until), Some(7));
}

#[test]
fn what_saturated_is_due_at_the_end_of_time() {
    let mut schedule = Schedule::new(START);
    schedule.push(1, Time::MAX);
    assert_eq!((schedule.next_due(), tick_time(Time::MAX)), (Some(Time::MAX), Time::MAX));
    assert_eq!(schedule.pop_due(Time::from_unix(Time::MAX.since_epoch() - Duration::from_nanos(1))), None);
    assert_eq!(schedule.pop_due(Time::MAX), Some(1));
}

#[test]
fn time_that_goes_back_makes_nothing_late() {
    let mut schedule = Schedule::new(START + Duration::from_secs(60));
    assert_eq!(schedule.pop_due(Time::EPOCH), None);
    schedule.push(1, START);
    assert_eq!(schedule.next_due(), Some(START + Duration::from_secs(60)), "the latest time told counts");
    assert_eq!(schedule.pop_due(Time::EPOCH), Some(1));
}

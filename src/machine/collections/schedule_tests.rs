//! The schedule against a sorted map, and what it promises beyond that.

use std::collections::BTreeMap;
use std::collections::btree_map::OccupiedEntry;
use std::time::Duration;

use proptest::prelude::*;

use super::Time;
use super::schedule::Schedule;

const START: Time = Time::from_unix_seconds(1_700_000_000);

/// The same, as simple as can be: entries by tick, and by when they were put in.
struct Model {
    entries: BTreeMap<(Time, usize), u32>,
    pushed: usize,
    latest: Time,
}

impl Model {
    fn new(now: Time) -> Self {
        Self {
            entries: BTreeMap::new(),
            pushed: 0,
            latest: whole(now),
        }
    }

    fn push(&mut self, slot: u32, due: Time) {
        self.entries
            .insert((tick_time(due).max(self.latest), self.pushed), slot);
        self.pushed += 1;
    }

    fn pop_due(&mut self, now: Time) -> Option<u32> {
        let now = whole(now).max(self.latest);
        let first = self
            .entries
            .first_entry()
            .filter(|entry| entry.key().0 <= now);
        self.latest = first.as_ref().map_or(now, |entry| entry.key().0);
        first.map(OccupiedEntry::remove)
    }

    fn next_due(&self) -> Option<Time> {
        self.entries.keys().next().map(|(due, _)| *due)
    }
}

/// The first whole millisecond from then on.
fn tick_time(due: Time) -> Time {
    Time::from_unix(Duration::from_millis(
        due.since_epoch().as_nanos().div_ceil(1_000_000) as u64,
    ))
}

/// The last whole millisecond up to now.
fn whole(now: Time) -> Time {
    if now == Time::MAX {
        now
    } else {
        Time::from_unix(Duration::from_millis(now.since_epoch().as_millis() as u64))
    }
}

#[derive(Debug, Clone)]
enum Due {
    In(Duration),
    At(Time),
}

#[derive(Debug, Clone)]
enum Step {
    Push(Due),
    Pop,
    Pass(Duration),
    Jump(Time),
}

/// Durations of every magnitude: within a tick, within each level, and beyond.
fn span() -> impl Strategy<Value = Duration> {
    (0..62_u32)
        .prop_flat_map(|bits| 0..1_u64 << bits)
        .prop_map(Duration::from_nanos)
}

fn moment() -> impl Strategy<Value = Time> {
    prop_oneof![
        span().prop_map(Time::from_unix),
        span().prop_map(|span| START + span),
        Just(Time::EPOCH),
        Just(Time::MAX),
        (0..3_000_000_u64).prop_map(|before| Time::from_unix(
            Time::MAX.since_epoch() - Duration::from_nanos(before)
        )),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => span().prop_map(|ahead| Step::Push(Due::In(ahead))),
        1 => moment().prop_map(|due| Step::Push(Due::At(due))),
        4 => Just(Step::Pop),
        3 => span().prop_map(Step::Pass),
        1 => moment().prop_map(Step::Jump),
    ]
}

/// What the schedule takes out at once.
fn pop(schedule: &mut Schedule, now: Time) -> Vec<u32> {
    let mut slots = Vec::new();
    schedule.pop_due(now, &mut slots);
    slots
}

/// Takes some out of both, and compares.
fn pop_both(schedule: &mut Schedule, model: &mut Model, now: Time) -> Result<(), TestCaseError> {
    let slots = pop(schedule, now);
    let expected: Vec<u32> = (0..slots.len().max(1))
        .map_while(|_| model.pop_due(now))
        .collect();
    prop_assert_eq!(slots, expected);
    Ok(())
}

proptest! {
    #[test]
    fn it_does_what_a_sorted_map_does(
        start in moment(),
        steps in prop::collection::vec(step(), 0..200),
    ) {
        let (mut schedule, mut model, mut now) = (Schedule::new(start), Model::new(start), start);
        for (slot, step) in (0..).zip(steps) {
            match step {
                Step::Push(due) => {
                    let due = match due { Due::In(ahead) => now + ahead, Due::At(due) => due };
                    schedule.push(slot, due);
                    model.push(slot, due);
                }
                Step::Pop => pop_both(&mut schedule, &mut model, now)?,
                Step::Pass(span) => now = now + span,
                Step::Jump(to) => now = to,
            }
            prop_assert_eq!(schedule.next_due(), model.next_due());
            prop_assert_eq!(schedule.len(), model.entries.len());
        }
        while schedule.next_due().is_some() {
            pop_both(&mut schedule, &mut model, Time::MAX)?;
        }
        prop_assert_eq!((model.next_due(), schedule.next_due()), (None, None));
    }

    #[test]
    fn many_entries_of_few_ticks_keep_their_order(
        dues in prop::collection::vec(0..20_u64, 0..500),
        pause in 0..100_u64,
    ) {
        let (mut schedule, mut model) = (Schedule::new(START), Model::new(START));
        for (slot, due) in (0..).zip(dues) {
            let due = START + Duration::from_millis(due * 1_000 + 990);
            schedule.push(slot, due);
            model.push(slot, due);
            if slot % 100 == 99 {
                let now = START + Duration::from_millis(pause * u64::from(slot));
                pop_both(&mut schedule, &mut model, now)?;
            }
        }
        while schedule.next_due().is_some() {
            pop_both(&mut schedule, &mut model, Time::MAX)?;
        }
        prop_assert_eq!(model.next_due(), None);
    }
}

#[test]
fn nothing_comes_out_before_its_time_and_waiting_for_it_is_enough() {
    let mut schedule = Schedule::new(START);
    let due = START + Duration::from_nanos(1_000_001);
    schedule.push(7, due);
    let until = schedule.next_due().expect("one is scheduled");
    assert_eq!(until, START + Duration::from_millis(2));
    assert_eq!(
        (until, tick_time(until)),
        (tick_time(due), until),
        "what is rounded stays as it is"
    );
    assert!(pop(&mut schedule, START + Duration::from_nanos(1_999_999)).is_empty());
    assert_eq!(pop(&mut schedule, until), [7]);
}

#[test]
fn what_is_due_together_comes_out_by_and_by() {
    let mut schedule = Schedule::new(START);
    (0..100).for_each(|slot| schedule.push(slot, START));
    let first = pop(&mut schedule, START);
    assert!(first.len() > 1 && first.len() < 40, "{}", first.len());
    schedule.push(100, START);
    let rest =
        std::iter::from_fn(|| Some(pop(&mut schedule, START)).filter(|slots| !slots.is_empty()))
            .flatten();
    assert_eq!(
        first.into_iter().chain(rest).collect::<Vec<_>>(),
        (0..=100).collect::<Vec<_>>()
    );
}

#[test]
fn what_saturated_is_due_at_the_end_of_time() {
    let mut schedule = Schedule::new(START);
    schedule.push(1, Time::MAX);
    assert_eq!(
        (schedule.next_due(), tick_time(Time::MAX)),
        (Some(Time::MAX), Time::MAX)
    );
    assert!(
        pop(
            &mut schedule,
            Time::from_unix(Time::MAX.since_epoch() - Duration::from_nanos(1))
        )
        .is_empty()
    );
    assert_eq!(pop(&mut schedule, Time::MAX), [1]);
}

#[test]
fn time_that_goes_back_makes_nothing_late() {
    let mut schedule = Schedule::new(START + Duration::from_secs(60));
    assert!(pop(&mut schedule, Time::EPOCH).is_empty());
    schedule.push(1, START);
    assert_eq!(
        schedule.next_due(),
        Some(START + Duration::from_secs(60)),
        "the latest time given counts"
    );
    assert_eq!(pop(&mut schedule, Time::EPOCH), [1]);
}

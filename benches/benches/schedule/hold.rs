//! Removing what is due and inserting it again, repeatedly (the hold model): our schedule and two
//! heaps.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::time::Duration;

use typless::machine::Time;
use typless_benches::noise::Noise;

use crate::jobs::{Record, START, gap, poll, record};
use crate::shipped::schedule::Schedule;
use crate::shipped::slab::Slab;

/// A queue of slots, ordered by due time.
pub(crate) trait Queue {
    fn push(&mut self, slot: u32, due: Time);

    /// Removes the slots that are due next, one or more. Returns their time: now, or later if
    /// nothing is due now.
    fn pop(&mut self, now: Time, slots: &mut Vec<u32>) -> Time;
}

/// Our schedule, as a batch uses it: first what is due now, then the time of the next.
pub(crate) struct Ours(Schedule);

impl Queue for Ours {
    fn push(&mut self, slot: u32, due: Time) {
        self.0.push(slot, due);
    }

    fn pop(&mut self, now: Time, slots: &mut Vec<u32>) -> Time {
        self.0.pop_due(now, slots);
        if !slots.is_empty() {
            return now;
        }
        let now = self.0.next_due().unwrap_or(now);
        self.0.pop_due(now, slots);
        now
    }
}

/// The obvious implementation.
pub(crate) struct Heap(BinaryHeap<Reverse<(Time, u32)>>);

impl Queue for Heap {
    fn push(&mut self, slot: u32, due: Time) {
        self.0.push(Reverse((due, slot)));
    }

    fn pop(&mut self, now: Time, slots: &mut Vec<u32>) -> Time {
        let Some(Reverse((due, slot))) = self.0.pop() else {
            return now;
        };
        slots.push(slot);
        now.max(due)
    }
}

/// The fastest heap: milliseconds and slot in one word.
pub(crate) struct PackedHeap(BinaryHeap<Reverse<u64>>);

const SLOT_BITS: u32 = 22;

impl Queue for PackedHeap {
    fn push(&mut self, slot: u32, due: Time) {
        let milliseconds = due.saturating_since(START).as_nanos().div_ceil(1_000_000) as u64;
        self.0
            .push(Reverse(milliseconds << SLOT_BITS | u64::from(slot)));
    }

    fn pop(&mut self, now: Time, slots: &mut Vec<u32>) -> Time {
        let Some(Reverse(packed)) = self.0.pop() else {
            return now;
        };
        slots.push((packed & ((1 << SLOT_BITS) - 1)) as u32);
        now.max(START + Duration::from_millis(packed >> SLOT_BITS))
    }
}

pub(crate) fn ours() -> Ours {
    Ours(Schedule::new(START))
}

pub(crate) fn heap() -> Heap {
    Heap(BinaryHeap::new())
}

pub(crate) fn packed_heap() -> PackedHeap {
    PackedHeap(BinaryHeap::new())
}

/// A queue of jobs that become due again and again.
pub(crate) struct Hold<Q> {
    queue: Q,
    /// The jobs' records, if they are touched.
    records: Option<Slab<Record>>,
    noise: Noise,
    now: Time,
    /// The slots removed by the last step.
    slots: Vec<u32>,
}

impl<Q: Queue> Hold<Q> {
    pub(crate) fn new(mut queue: Q, jobs: usize, touched: bool) -> Self {
        let mut noise = Noise::new(3);
        let mut records = Slab::new();
        for slot in 0..jobs {
            let record = record(&mut noise);
            let slot = if touched {
                records.insert(record).slot
            } else {
                slot as u32
            };
            queue.push(slot, record.due);
        }
        Self {
            queue,
            records: touched.then_some(records),
            noise,
            now: START,
            slots: Vec::new(),
        }
    }

    /// Removes and inserts at least this many times.
    pub(crate) fn run(&mut self, times: usize) {
        let mut gone = 0;
        while gone < times {
            self.slots.clear();
            self.now = self.queue.pop(self.now, &mut self.slots);
            gone += self.slots.len();
            match &mut self.records {
                None => self
                    .slots
                    .iter()
                    .for_each(|slot| self.queue.push(*slot, self.now + gap(&mut self.noise))),
                Some(records) => {
                    if self.slots.len() > 1 {
                        records.fetch(&self.slots, |record| record.due);
                    }
                    for slot in &self.slots {
                        let Some((_, record)) = records.at_mut(*slot) else {
                            return;
                        };
                        // An entry may be outdated, so the record has to be checked; none is
                        // outdated here.
                        assert!(
                            record.due <= self.now,
                            "nothing is removed before it is due"
                        );
                        self.queue
                            .push(*slot, poll(record, &mut self.noise, self.now));
                    }
                }
            }
        }
        black_box(self.now);
    }
}

//! Many jobs: removing what is due next and inserting it again, the memory of each, and looking up
//! the ids of a listing.

mod hold;
mod jobs;
mod listing;
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the files are included unchanged, and not all of their code is measured"
)]
mod shipped;

use std::alloc::System;
use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use typless::machine::{Batch, BatchOptions, Ticket};
use typless::wire::{Api, ConfigError, ExtractionId};
use typless_benches::bounds::Bounds;
use typless_benches::counting;
use typless_benches::noise::Noise;
use typless_benches::rounds::{Times, Way, measure};
use typless_benches::table::Table;

use hold::{Hold, Queue};
use jobs::{Jobs, START};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROUNDS: usize = 7;

const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const MAX: usize = 1_000_000;

/// The minimum and the maximum of steps in one sample: enough that far entries come near several
/// times.
const TIMES: [usize; 2] = [20_000, 500_000];

/// The maximum growth of a step with the record touched, from a thousand jobs to a million.
const GROWTH: f64 = 5.0;

/// How many times faster than the heap ours should be for a million jobs, with the record touched.
const FASTER: f64 = 6.0;

/// The maximum number of bytes for one of a million jobs: entry and record; and those with id and
/// index.
const ENTRY_AND_RECORD: f64 = 96.0;
const ALL: f64 = 300.0;

/// The maximum time for each id of a listing of a million, in nanoseconds.
const LISTED: f64 = 150.0;

const OURS: &str = "ours";
const HEAP: &str = "BinaryHeap<(Time, u32)>";
const PACKED: &str = "BinaryHeap<u64>, packed";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut bounds = Bounds::new();
    schedule(&mut bounds);
    memory(&mut bounds)?;
    listings(&mut bounds)?;
    Ok(bounds.finish())
}

/// Removing and inserting, for each number of jobs.
fn schedule(bounds: &mut Bounds) {
    let mut table = Table::new(&[
        "queue",
        "record",
        "1e3",
        "1e4",
        "1e5",
        "1e6",
        "growth",
        "ours faster at 1e6",
    ]);
    for touched in [false, true] {
        let mut ways = Vec::new();
        for jobs in SIZES {
            ways.push(way(OURS, hold::ours(), jobs, touched));
            ways.push(way(HEAP, hold::heap(), jobs, touched));
            ways.push(way(PACKED, hold::packed_heap(), jobs, touched));
        }
        let times = measure(&mut ways, ROUNDS);
        let times_of = |name| {
            ways.iter()
                .zip(&times)
                .filter(move |(way, _)| way.name() == name)
                .map(|(_, times)| times)
                .collect::<Vec<_>>()
        };
        let last = SIZES.len() - 1;
        for name in [OURS, HEAP, PACKED] {
            let [first, .., max] = times_of(name)[..] else {
                continue;
            };
            let (growth, faster) = (growth(first, max), times_of(OURS)[last].faster_than(max));
            let record = if touched { "touched" } else { "none" };
            let mut row = vec![name.to_owned(), record.to_owned()];
            row.extend(times_of(name).iter().zip(SIZES).map(|(times, jobs)| {
                format!("{:.1} ns", times.median() * 1e9 / times_for(jobs) as f64)
            }));
            row.extend([format!("{growth:.1}x"), format!("{faster:.1}x")]);
            table.row(row);
            if touched && name == OURS {
                bounds.goal(
                    &format!(
                        "a step with the record costs {growth:.1}x for 1e6 jobs what it does for \
                         1e3, at most {GROWTH}x"
                    ),
                    growth <= GROWTH,
                );
            }
            if touched && name == HEAP {
                bounds.goal(
                    &format!(
                        "it is {faster:.1}x as fast as {HEAP} for 1e6 jobs, at least {FASTER}x"
                    ),
                    faster >= FASTER,
                );
            }
        }
        table.gap();
    }
    println!(
        "CPU time of removing what is due next and inserting it again, median of {ROUNDS} rounds\n"
    );
    table.print();
}

fn way<'a>(name: &'static str, queue: impl Queue + 'a, jobs: usize, touched: bool) -> Way<'a> {
    let mut hold = Hold::new(queue, jobs, touched);
    Way::new(name, move || hold.run(times_for(jobs)))
}

/// As many steps as jobs, within limits.
fn times_for(jobs: usize) -> usize {
    jobs.clamp(TIMES[0], TIMES[1])
}

/// The cost of a step for the largest number of jobs, relative to the smallest.
fn growth(first: &Times, last: &Times) -> f64 {
    let each = |times: &Times, jobs| times.median() / times_for(jobs) as f64;
    each(last, MAX) / each(first, SIZES[0])
}

/// The memory of a million jobs.
fn memory(bounds: &mut Bounds) -> Result<(), Box<dyn Error>> {
    let (_hold, entry_and_record) = counting::count(|| {
        let mut hold = Hold::new(hold::ours(), MAX, true);
        hold.run(2 * MAX);
        hold
    });
    let ids = || {
        let mut noise = Noise::new(2);
        (0..MAX).filter_map(move |number| ExtractionId::new(&jobs::id(&mut noise, number)).ok())
    };
    let (jobs, all) = counting::count(|| Jobs::new(ids()));
    assert!(jobs.slab.len() == MAX);
    drop(jobs);
    let (batch, whole) = counting::count(|| resumed_batch(ids()));
    assert!(batch?.progress().unfinished() == MAX);
    for (what, live, max) in [
        ("entry and record", entry_and_record.live, ENTRY_AND_RECORD),
        ("entry, record, id and index", all.live, ALL),
        ("a Batch that resumes them", whole.live, ALL),
    ] {
        let bytes = live as f64 / MAX as f64;
        bounds.bound(
            &format!("{what}: {bytes:.1} bytes for each of 1e6 jobs, at most {max}"),
            bytes <= max,
        );
    }
    Ok(())
}

/// A batch that resumed these jobs.
fn resumed_batch(ids: impl Iterator<Item = ExtractionId>) -> Result<Batch, ConfigError> {
    let mut batch = Batch::new(
        &Api::new(Api::PRODUCTION, "key")?,
        BatchOptions::new(),
        START,
    );
    for id in ids {
        batch.resume(
            &Ticket::new(id, START, START + Duration::from_secs(86_400)),
            START,
        );
    }
    Ok(batch)
}

/// Listings of many ids: all known, and none known.
fn listings(bounds: &mut Bounds) -> Result<(), Box<dyn Error>> {
    let mut table = Table::new(&["way", "ids listed", "whose", "ns per id", "ours faster"]);
    for (count, known) in [(1_000, true), (100_000, true), (MAX, true), (MAX, false)] {
        let case = listing::Case::new(count, known);
        let found = case.ours()?;
        assert!(
            found == case.by_hand()?
                && found == case.by_hand_borrowed()?
                && found.0 == if known { count } else { 0 }
        );
        let mut ways = [
            Way::new("ours: for_each_id, find_together", || {
                drop(black_box(case.ours()));
            }),
            Way::new("Vec<String>, HashMap<String, u32>", || {
                drop(black_box(case.by_hand()));
            }),
            Way::new("Vec<&str>, the same map", || {
                drop(black_box(case.by_hand_borrowed()));
            }),
        ];
        let times = measure(&mut ways, ROUNDS);
        let whose = if known { "all ours" } else { "all foreign" };
        for (way, own) in ways.iter().zip(&times) {
            let each = own.median() * 1e9 / count as f64;
            let faster = times[0].faster_than(own);
            table.row(vec![
                way.name().to_owned(),
                count.to_string(),
                whose.to_owned(),
                format!("{each:.0}"),
                format!("{faster:.1}x"),
            ]);
        }
        if count == MAX {
            let each = times[0].median() * 1e9 / count as f64;
            bounds.goal(
                &format!(
                    "{each:.0} ns for each of 1e6 ids in a listing, {whose}, at most {LISTED}"
                ),
                each <= LISTED,
            );
        }
        table.gap();
    }
    println!(
        "\nCPU time of decoding a listing and looking up its ids among as many jobs, median of \
         {ROUNDS} rounds\n"
    );
    table.print();
    Ok(())
}

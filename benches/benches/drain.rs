//! Handling a long listing of the queue: the drain, and what a user writes without it.

use std::alloc::System;
use std::collections::HashSet;
use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use serde::Deserialize;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use typless::machine::{Drain, DrainOptions, Machine, Output, RequestId, Time};
use typless::wire::{Api, ExtractionId};
use typless_benches::bounds::Bounds;
use typless_benches::noise::Noise;
use typless_benches::rounds::{Way, measure};
use typless_benches::table::Table;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROUNDS: usize = 9;
const SIZES: [usize; 2] = [10_000, 1_000_000];

/// The maximum time to decode and look up one id of a listing, in nanoseconds.
const GOAL: f64 = 150.0;

/// The maximum memory of a drain for a listed id, in bytes.
const HELD: usize = 200;

const KNOWN: &str = "Drain: all known, listed as before";
const SHUFFLED: &str = "Drain: all known, in another order each time";
const NEW: &str = "Drain: all new";
const NAIVE_KNOWN: &str = "Vec<String>, HashSet: all known";
const NAIVE_NEW: &str = "Vec<String>, HashSet: all new";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut table = Table::new(&["way", "ids", "ns / id", "x HashSet"]);
    let mut bounds = Bounds::new();
    for size in SIZES {
        compare(size, &mut table, &mut bounds)?;
        hold(size, &mut bounds)?;
        table.gap();
    }
    println!("CPU time of the thread for one listing, median of {ROUNDS} rounds\n");
    table.print();
    Ok(bounds.finish())
}

fn compare(size: usize, table: &mut Table, bounds: &mut Bounds) -> Result<(), Box<dyn Error>> {
    let ids = ids(size);
    let lists: Vec<Response<Bytes>> = (0..3).map(|seed| listing(&shuffled(&ids, seed))).collect();
    let api = Api::new(Api::PRODUCTION, "key")?;
    let [mut same, mut other] = [acknowledged(&api, &ids)?, acknowledged(&api, &ids)?];
    let known: HashSet<String> = ids.iter().cloned().collect();
    let mut turn = 0;
    let mut ways = [
        Way::new(KNOWN, || same.take(&lists[0])),
        Way::new(SHUFFLED, || {
            turn = (turn + 1) % lists.len();
            other.take(&lists[turn]);
        }),
        Way::new(NEW, || Draining::new(&api).take(&lists[0])),
        Way::new(NAIVE_KNOWN, || {
            black_box(
                naive(&lists[0])
                    .iter()
                    .filter(|id| known.contains(*id))
                    .count(),
            );
        }),
        Way::new(NAIVE_NEW, || {
            let mut known = HashSet::new();
            black_box(
                naive(&lists[0])
                    .into_iter()
                    .filter(|id| known.insert(id.clone()))
                    .count(),
            );
        }),
    ];
    let times = measure(&mut ways, ROUNDS);
    for (way, time) in ways.iter().zip(&times) {
        let rival = &times[if way.name().ends_with("new") { 4 } else { 3 }];
        let nanoseconds = time.median() * 1e9 / size as f64;
        table.row(vec![
            way.name().to_owned(),
            size.to_string(),
            format!("{nanoseconds:.0}"),
            format!("{:.2}", time.faster_than(rival)),
        ]);
        if [KNOWN, SHUFFLED].contains(&way.name()) {
            let text = format!(
                "{size} ids: {}: {nanoseconds:.0} ns each, at most {GOAL}",
                way.name()
            );
            bounds.goal(&text, nanoseconds <= GOAL);
        }
    }
    Ok(())
}

/// Checks the memory of a drain for what is listed.
fn hold(size: usize, bounds: &mut Bounds) -> Result<(), Box<dyn Error>> {
    let list = listing(&ids(size));
    let api = Api::new(Api::PRODUCTION, "key")?;
    let before = INSTRUMENTED_SYSTEM.stats();
    let mut draining = Draining::new(&api);
    draining.take(&list);
    let taken = INSTRUMENTED_SYSTEM.stats() - before;
    let held = (taken.bytes_allocated - taken.bytes_deallocated) / size;
    drop(draining);
    let text = format!(
        "{size} ids: a drain holds {held} bytes for each that is listed and not fetched, at most \
         {HELD}"
    );
    bounds.bound(&text, held <= HELD);
    Ok(())
}

/// A drain that gets one listing after another.
struct Draining {
    drain: Drain,
    now: Time,
}

impl Draining {
    fn new(api: &Api) -> Self {
        let now = Time::from_unix_seconds(1_700_000_000);
        Self {
            drain: Drain::new(
                api,
                DrainOptions::new().with_interval(Duration::from_secs(1)),
                now,
            ),
            now,
        }
    }

    /// Runs the drain until it sends a listing.
    fn next_listing(&mut self) -> Option<RequestId> {
        loop {
            match self.drain.next_output(self.now) {
                Output::Send(transmit) => return Some(transmit.id),
                Output::Event(event) => drop(black_box(event)),
                Output::Wait(until) => self.now = until,
                Output::NeedInput | Output::Done => return None,
            }
        }
    }

    fn take(&mut self, list: &Response<Bytes>) {
        if let Some(id) = self.next_listing() {
            self.drain.handle_response(id, list.clone(), self.now);
        }
    }
}

/// A drain to which all of these ids are acknowledged.
fn acknowledged(api: &Api, ids: &[String]) -> Result<Draining, Box<dyn Error>> {
    let mut draining = Draining::new(api);
    for id in ids {
        draining.drain.acknowledge(&ExtractionId::new(id)?);
    }
    draining.take(&listing(ids));
    Ok(draining)
}

/// Ids like those of the service: forty hexadecimal digits, the first of which grow with time.
fn ids(size: usize) -> Vec<String> {
    let mut noise = Noise::new(7);
    let mut id = |number: usize| {
        let mut bytes = [0; 16];
        noise.fill(&mut bytes);
        format!(
            "{:08x}{:032x}",
            0x0e89_0000 + number / 4,
            u128::from_le_bytes(bytes)
        )
    };
    (0..size).map(&mut id).collect()
}

/// The same ids in another order; seed 0 keeps the order.
fn shuffled(ids: &[String], seed: u64) -> Vec<String> {
    let mut ids = ids.to_vec();
    if seed > 0 {
        let mut noise = Noise::new(seed);
        for place in (1..ids.len()).rev() {
            let mut bytes = [0; 8];
            noise.fill(&mut bytes);
            ids.swap(place, u64::from_le_bytes(bytes) as usize % (place + 1));
        }
    }
    ids
}

fn listing(ids: &[String]) -> Response<Bytes> {
    Response::new(Bytes::from(
        serde_json::json!({ "extraction_ids": ids }).to_string(),
    ))
}

/// The type that a user derives.
#[derive(Deserialize)]
struct Listing {
    extraction_ids: Vec<String>,
}

fn naive(response: &Response<Bytes>) -> Vec<String> {
    serde_json::from_slice::<Listing>(response.body())
        .map(|listing| listing.extraction_ids)
        .unwrap_or_default()
}

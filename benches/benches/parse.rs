//! Reading a status answer: the client, and what a user writes without it.

use std::alloc::System;
use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;

use bytes::Bytes;
use http::Response;
use serde::Deserialize;
use serde_json::value::RawValue;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use typless::wire::{Extraction, StatusResponse};
use typless_benches::answer::Answer;
use typless_benches::bounds::Bounds;
use typless_benches::counting::{self, Allocations};
use typless_benches::reading;
use typless_benches::rounds::{Times, Way, measure};
use typless_benches::table::{Table, size};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROUNDS: usize = 21;

/// Line items of the answers with a result; each has eight columns, and ten fields stand outside of them.
const LINE_ITEMS: [usize; 2] = [0, 40];
const COLUMNS: usize = 8;
const FIELDS: usize = 10;

/// Allocations of ours: for each field its name and its value, for each row its list, and some for what there is once.
const PER_FIELD: usize = 2;
const PER_ROW: usize = 1;
const ONCE: usize = 16;

/// The most bytes ours allocates for each byte of an answer with a result.
const BYTES: f64 = 1.25;

/// The most allocations of ours for an answer that says to come back later.
const PENDING: usize = 1;

/// How many times faster than each of these ours should be.
const GOALS: [(&str, f64); 3] = [(VALUE, 2.2), (HAND_TEXT, 1.0), (HAND, 1.15)];

const OURS: &str = "StatusResponse::decode";
const VALUE: &str = "serde_json::Value";
const HAND: &str = "by hand: derived, from_slice";
const HAND_TEXT: &str = "by hand: derived, from_str";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut table = Table::new(&[
        "way",
        "answer",
        "us",
        "MB/s",
        "x Value",
        "x by hand",
        "allocations",
        "bytes / body",
    ]);
    let mut bounds = Bounds::new();
    for line_items in LINE_ITEMS {
        let case = Case::new(Answer::success(line_items), FIELDS + line_items * COLUMNS);
        case.agree()?;
        case.compare(&mut table, &mut bounds)?;
        case.count(&mut bounds)?;
        table.gap();
    }
    let pending = Case::new(Answer::pending(), 0);
    pending.agree()?;
    pending.compare(&mut table, &mut bounds)?;
    pending.count(&mut bounds)?;
    println!(
        "CPU time of the thread, median of {ROUNDS} rounds, from the bytes received until what was read is dropped again\n"
    );
    table.print();
    Ok(bounds.finish())
}

/// A status answer, and what stands in it.
struct Case {
    answer: Answer,
    response: Response<Bytes>,
    /// Fields of the document and of all rows.
    fields: usize,
}

impl Case {
    fn new(answer: Answer, fields: usize) -> Self {
        let response = answer.response();
        Self {
            answer,
            response,
            fields,
        }
    }

    fn name(&self) -> String {
        let what = if self.fields == 0 {
            "pending".to_owned()
        } else {
            format!("{} fields", self.fields)
        };
        format!("{}, {what}", size(self.response.body().len() as u64))
    }

    /// Makes sure that all ways read the same.
    fn agree(&self) -> Result<(), Box<dyn Error>> {
        let Self {
            answer, response, ..
        } = self;
        assert!(
            reading::seen_by_ours(&StatusResponse::decode(response)?) == *answer,
            "ours"
        );
        assert!(
            reading::by_hand(response)? == *answer,
            "by hand, from_slice"
        );
        assert!(
            reading::by_hand_from_text(response)? == *answer,
            "by hand, from_str"
        );
        assert!(
            reading::value_then_types(response)? == *answer,
            "Value, then types"
        );
        assert!(
            reading::seen_by_untagged(reading::untagged(response)?) == *answer,
            "untagged"
        );
        assert!(
            self.fields == 0 || reading::ours(response)?.raw_json() == result(response)?,
            "the result alone"
        );
        Ok(())
    }

    /// Times all ways, and counts what each allocates.
    fn compare(&self, table: &mut Table, bounds: &mut Bounds) -> Result<(), Box<dyn Error>> {
        let Self { response, .. } = self;
        let alone = Bytes::from(result(response)?.to_owned());
        let mut ways = [
            Way::new(OURS, || self.ours()),
            Way::new("StatusResponse::decode, entered again", || self.ours()),
            Way::new("Extraction::from_json, the result alone", || {
                drop(black_box(Extraction::from_json(alone.clone())))
            }),
            Way::new(HAND_TEXT, || {
                drop(black_box(reading::by_hand_from_text(response)))
            }),
            Way::new(HAND, || drop(black_box(reading::by_hand(response)))),
            Way::new("by hand: untagged scalars, from_str", || {
                drop(black_box(reading::untagged(response)))
            }),
            Way::new(VALUE, || drop(black_box(reading::value(response)))),
            Way::new("Value, then types by hand", || {
                drop(black_box(reading::value_then_types(response)))
            }),
            Way::new("IgnoredAny: all of it skipped", || {
                drop(black_box(reading::skip(response)))
            }),
        ];
        let times = measure(&mut ways, ROUNDS);
        let allocations: Vec<Allocations> = ways
            .iter_mut()
            .map(|way| counting::count(|| way.run()).1)
            .collect();
        let find = |name| {
            ways.iter()
                .position(|way| way.name() == name)
                .map_or(&times[0], |index| &times[index])
        };
        for ((way, times), allocations) in ways.iter().zip(&times).zip(&allocations) {
            table.row(self.row(
                way.name(),
                times,
                [find(VALUE), find(HAND_TEXT)],
                *allocations,
            ));
        }
        if self.fields > 0 {
            for (name, goal) in GOALS {
                let ratio = find(OURS).faster_than(find(name));
                bounds.goal(
                    &format!(
                        "{}: {OURS} is {ratio:.2}x {name}, at least {goal}x",
                        self.name()
                    ),
                    ratio >= goal,
                );
            }
        }
        Ok(())
    }

    /// Ours to the end: the result by value, but of a pending answer no more than the status.
    fn ours(&self) {
        if self.fields == 0 {
            drop(black_box(StatusResponse::decode(&self.response)));
        } else {
            drop(black_box(reading::ours(&self.response)));
        }
    }

    fn row(
        &self,
        name: &str,
        times: &Times,
        [value, hand]: [&Times; 2],
        allocations: Allocations,
    ) -> Vec<String> {
        let median = times.median();
        let length = self.response.body().len() as f64;
        vec![
            name.to_owned(),
            self.name(),
            format!("{:.2}", median * 1e6),
            format!("{:.0}", length / median / 1e6),
            format!("{:.2}", times.faster_than(value)),
            format!("{:.2}", times.faster_than(hand)),
            allocations.count.to_string(),
            format!("{:.2}", allocations.bytes as f64 / length),
        ]
    }

    /// Holds ours to what it may allocate.
    fn count(&self, bounds: &mut Bounds) -> Result<(), Box<dyn Error>> {
        let (name, length) = (self.name(), self.response.body().len());
        let (read, Allocations { count, bytes, .. }) =
            counting::count(|| StatusResponse::decode(&self.response));
        drop(read?);
        if self.fields == 0 {
            bounds.bound(
                &format!("{name}: {OURS} allocates {count} time(s), at most {PENDING}"),
                count <= PENDING,
            );
            return Ok(());
        }
        let rows = self.answer.result.line_items.len();
        let most = PER_FIELD * self.fields + PER_ROW * rows + ONCE;
        let text = format!(
            "{name}: {OURS} allocates {count} times; at most {PER_FIELD} per field, {PER_ROW} per row and {ONCE}: {most}"
        );
        bounds.bound(&text, count <= most);
        let ratio = bytes as f64 / length as f64;
        bounds.bound(
            &format!(
                "{name}: {OURS} allocates {ratio:.2} bytes per byte of the body, at most {BYTES}"
            ),
            ratio <= BYTES,
        );
        Ok(())
    }
}

/// The result in an answer, as it is written there.
fn result(response: &Response<Bytes>) -> Result<&str, Box<dyn Error>> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        result: &'a RawValue,
    }
    Ok(serde_json::from_slice::<Envelope<'_>>(response.body())?
        .result
        .get())
}

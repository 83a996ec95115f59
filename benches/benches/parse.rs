//! Decoding a status response: the client, and what a user writes without it.

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
use typless_benches::bounds::Bounds;
use typless_benches::counting::{self, Allocations};
use typless_benches::decoding;
use typless_benches::rounds::{Times, Way, measure};
use typless_benches::status_body::StatusBody;
use typless_benches::table::{Table, size};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROUNDS: usize = 21;

/// Line items of the responses with a result; each has eight columns, and ten fields stand outside
/// of them.
const LINE_ITEMS: [usize; 2] = [0, 40];
const COLUMNS: usize = 8;
const FIELDS: usize = 10;

/// Our allocations: two for each field (name and value), one for each row, and some once.
const PER_FIELD: usize = 2;
const PER_ROW: usize = 1;
const ONCE: usize = 16;

/// The maximum of bytes allocated per byte of a response with a result.
const BYTES: f64 = 1.25;

/// The maximum number of allocations for a response without a result.
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
        "response",
        "us",
        "MB/s",
        "x Value",
        "x by hand",
        "allocations",
        "bytes / body",
    ]);
    let mut bounds = Bounds::new();
    for line_items in LINE_ITEMS {
        let case = Case::new(
            StatusBody::success(line_items),
            FIELDS + line_items * COLUMNS,
        );
        case.agree()?;
        case.compare(&mut table, &mut bounds)?;
        case.count(&mut bounds)?;
        table.gap();
    }
    let pending = Case::new(StatusBody::pending(), 0);
    pending.agree()?;
    pending.compare(&mut table, &mut bounds)?;
    pending.count(&mut bounds)?;
    println!(
        "CPU time of the thread, median of {ROUNDS} rounds, from the received bytes until the \
         decoded value is dropped\n"
    );
    table.print();
    Ok(bounds.finish())
}

/// A status response, and what it contains.
struct Case {
    body: StatusBody,
    response: Response<Bytes>,
    /// The number of fields of the document and all rows.
    fields: usize,
}

impl Case {
    fn new(body: StatusBody, fields: usize) -> Self {
        let response = body.response();
        Self {
            body,
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

    /// Checks that all ways decode the same values.
    fn agree(&self) -> Result<(), Box<dyn Error>> {
        let Self { body, response, .. } = self;
        assert!(
            decoding::decoded_by_ours(&StatusResponse::decode(response)?) == *body,
            "ours"
        );
        assert!(decoding::by_hand(response)? == *body, "by hand, from_slice");
        assert!(
            decoding::by_hand_from_text(response)? == *body,
            "by hand, from_str"
        );
        assert!(
            decoding::value_then_types(response)? == *body,
            "Value, then types"
        );
        assert!(
            decoding::decoded_by_untagged(decoding::untagged(response)?) == *body,
            "untagged"
        );
        assert!(
            self.fields == 0 || decoding::ours(response)?.raw_json() == result(response)?,
            "the result alone"
        );
        Ok(())
    }

    /// Times all ways, and counts their allocations.
    fn compare(&self, table: &mut Table, bounds: &mut Bounds) -> Result<(), Box<dyn Error>> {
        let Self { response, .. } = self;
        let alone = Bytes::from(result(response)?.to_owned());
        let mut ways = [
            Way::new(OURS, || self.ours()),
            Way::new("StatusResponse::decode, entered again", || self.ours()),
            Way::new("Extraction::from_json, the result alone", || {
                drop(black_box(Extraction::from_json(alone.clone())));
            }),
            Way::new(HAND_TEXT, || {
                drop(black_box(decoding::by_hand_from_text(response)));
            }),
            Way::new(HAND, || drop(black_box(decoding::by_hand(response)))),
            Way::new("by hand: untagged scalars, from_str", || {
                drop(black_box(decoding::untagged(response)));
            }),
            Way::new(VALUE, || drop(black_box(decoding::value(response)))),
            Way::new("Value, then types by hand", || {
                drop(black_box(decoding::value_then_types(response)));
            }),
            Way::new("IgnoredAny: all of it skipped", || {
                drop(black_box(decoding::skip(response)));
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

    /// Decodes with the client: the result by value, or only the status of a pending response.
    fn ours(&self) {
        if self.fields == 0 {
            drop(black_box(StatusResponse::decode(&self.response)));
        } else {
            drop(black_box(decoding::ours(&self.response)));
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

    /// Checks our allocations.
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
        let rows = self.body.result.line_items.len();
        let max = PER_FIELD * self.fields + PER_ROW * rows + ONCE;
        let text = format!(
            "{name}: {OURS} allocates {count} times; at most {PER_FIELD} per field, {PER_ROW} per \
             row and {ONCE}: {max}"
        );
        bounds.bound(&text, count <= max);
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

/// The JSON of the result in a response.
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

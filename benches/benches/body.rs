//! The JSON body of a submit: ours in each of its forms, and what a user writes without the client.

use std::alloc::System;
use std::error::Error;
use std::hint::black_box;
use std::io::{self, Read};
use std::process::ExitCode;

use base64::Engine;
use base64::engine::{GeneralPurposeConfig, Simd};
use bytes::Bytes;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use typless::wire::{Api, Body, Document, SubmitRequest};
use typless_benches::bounds::Bounds;
use typless_benches::consuming;
use typless_benches::counting::{self, Allocations};
use typless_benches::naive;
use typless_benches::noise::Noise;
use typless_benches::rounds::{Times, Way, measure};
use typless_benches::submission::{self, DOCUMENT_TYPE, body_len};
use typless_benches::table::{Table, size};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SIZES: [usize; 4] = [1_000, 100_000, 1_000_000, 10_000_000];
const LARGE: usize = 100_000_000;
const ROUNDS: usize = 21;

/// The sizes with a goal for speed, and the goal.
const GOAL_SIZES: std::ops::RangeInclusive<usize> = 100_000..=10_000_000;
const GOAL: f64 = 8.0;

const OURS: &str = "to_bytes";
const NAIVE: &str = "naive: String, derive, to_vec";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let large = std::env::args().any(|argument| argument == "--large");
    let mut table = Table::new(&[
        "way",
        "document",
        "us",
        "GB/s",
        "x naive",
        "allocations",
        "bytes / body",
    ]);
    let mut bounds = Bounds::new();
    for length in SIZES.into_iter().chain(large.then_some(LARGE)) {
        if length != SIZES[0] {
            table.gap();
        }
        let case = Case::new(length)?;
        case.agree()?;
        case.compare(&mut table, &mut bounds)?;
        case.count(&mut bounds)?;
    }
    count_names(&mut bounds)?;
    println!(
        "CPU time of the thread, median of {ROUNDS} rounds; GB of body made; allocations from \
         open to end\n"
    );
    table.print();
    Ok(bounds.finish())
}

/// A document of one size, and its submit.
struct Case {
    api: Api,
    document: Bytes,
    body: Body,
}

impl Case {
    fn new(length: usize) -> Result<Self, Box<dyn Error>> {
        let mut document = vec![0; length];
        Noise::new(length as u64).fill(&mut document);
        let document = Bytes::from(document);
        let api = Api::new(Api::PRODUCTION, "key")?;
        let body = submission::body(&api, &document)?;
        Ok(Self {
            api,
            document,
            body,
        })
    }

    fn name(&self) -> String {
        size(self.document.len() as u64)
    }

    /// Checks that all ways make the same bytes.
    fn agree(&self) -> Result<(), Box<dyn Error>> {
        let expected = naive::to_vec(&self.document);
        assert_eq!(
            expected.len() as u64,
            body_len(self.document.len() as u64),
            "the length computed in advance"
        );
        assert_eq!(
            self.body.len(),
            expected.len() as u64,
            "the length of the body"
        );
        for (what, body) in [
            ("memory", &self.body),
            (
                "a source",
                &submission::body_from_source(&self.api, &self.document)?,
            ),
        ] {
            assert!(body.to_bytes()? == expected, "to_bytes from {what}");
            for block in [1_000, 16 * 1024, 64 * 1024] {
                assert!(
                    consuming::read_all(body.reader()?, block)? == expected,
                    "reads of {block} from {what}"
                );
            }
            assert!(
                body.chunks()?.collect::<io::Result<Vec<_>>>()?.concat() == expected,
                "chunks from {what}"
            );
        }
        let text = naive::to_text(&self.document);
        assert!(
            serde_json::from_str::<serde_json::Value>(&text)?
                == serde_json::from_slice::<serde_json::Value>(&expected)?,
            "the JSON value"
        );
        Ok(())
    }

    /// Times all ways, and counts their allocations.
    fn compare(&self, table: &mut Table, bounds: &mut Bounds) -> Result<(), Box<dyn Error>> {
        let Self {
            api,
            document,
            body,
        } = self;
        let from_source = submission::body_from_source(&self.api, &self.document)?;
        let made = body.to_bytes()?;
        let mut short = vec![0; 16 * 1024];
        let mut short_too = short.clone();
        let mut long = vec![0; 64 * 1024];
        let mut warm = vec![0; made.len()];
        let simd = Simd::standard(GeneralPurposeConfig::new());
        let mut ways = [
            Way::new(OURS, || drop(black_box(body.to_bytes()))),
            Way::new("to_bytes, entered again", || {
                drop(black_box(body.to_bytes()));
            }),
            Way::new("to_bytes, request and head too", || {
                drop(black_box(
                    submission::body(api, document).map(|body| body.to_bytes()),
                ));
            }),
            Way::new("Read into 16 KiB", || {
                drop(black_box(
                    body.reader()
                        .and_then(|reader| consuming::read(reader, &mut short)),
                ));
            }),
            Way::new("Read into 64 KiB", || {
                drop(black_box(
                    body.reader()
                        .and_then(|reader| consuming::read(reader, &mut long)),
                ));
            }),
            Way::new("Read into 16 KiB, from a source", || {
                drop(black_box(
                    from_source
                        .reader()
                        .and_then(|reader| consuming::read(reader, &mut short_too)),
                ));
            }),
            Way::new("chunks, each dropped", || {
                drop(black_box(body.chunks().and_then(consuming::chunks)));
            }),
            Way::new(NAIVE, || drop(black_box(naive::to_vec(document)))),
            Way::new("naive: json!().to_string()", || {
                drop(black_box(naive::to_text(document)));
            }),
            Way::new("bare Simd into a warm buffer", || {
                drop(black_box(simd.encode_slice(document, &mut warm)));
            }),
            Way::new("memcpy of the body, fresh Vec", || {
                drop(black_box(made.to_vec()));
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
        let (ours, naive) = (find(OURS), find(NAIVE));
        for ((way, times), allocations) in ways.iter().zip(&times).zip(&allocations) {
            table.row(self.row(way.name(), times, naive, *allocations));
        }
        if GOAL_SIZES.contains(&document.len()) {
            let ratio = ours.faster_than(naive);
            bounds.goal(
                &format!(
                    "{}: to_bytes is {ratio:.1}x naive, at least {GOAL}x",
                    self.name()
                ),
                ratio >= GOAL,
            );
        }
        Ok(())
    }

    fn row(
        &self,
        name: &str,
        times: &Times,
        naive: &Times,
        allocations: Allocations,
    ) -> Vec<String> {
        let median = times.median();
        let length = self.body.len() as f64;
        vec![
            name.to_owned(),
            self.name(),
            format!("{:.2}", median * 1e6),
            format!("{:.2}", length / median / 1e9),
            format!("{:.2}", times.faster_than(naive)),
            allocations.count.to_string(),
            format!("{:.3}", allocations.bytes as f64 / length),
        ]
    }

    /// Checks the allocations of our own ways.
    fn count(&self, bounds: &mut Bounds) -> Result<(), Box<dyn Error>> {
        let (name, length) = (self.name(), usize::try_from(self.body.len())?);
        // A new body, as in any program, so that allocations on first use count.
        let body = submission::body(&self.api, &self.document)?;
        let (made, Allocations { count, bytes, .. }) = counting::count(|| body.to_bytes());
        drop(made?);
        let text = format!(
            "{name}: to_bytes allocates {count} time(s), {bytes} bytes; exactly 1, {length}"
        );
        bounds.bound(&text, count == 1 && bytes == length);
        for block in [16, 64] {
            let mut buffer = vec![0; block * 1024];
            let mut reader = submission::body(&self.api, &self.document)?.reader()?;
            black_box(reader.read(&mut buffer)?);
            let (rest, Allocations { count, .. }) =
                counting::count(|| consuming::read(&mut reader, &mut buffer));
            rest?;
            let text = format!(
                "{name}: Read into {block} KiB allocates {count} times after the first; exactly 0"
            );
            bounds.bound(&text, count == 0);
        }
        let mut chunks = submission::body(&self.api, &self.document)?.chunks()?;
        drop(black_box(chunks.next().transpose()?));
        let (rest, Allocations { count, .. }) = counting::count(|| consuming::chunks(chunks));
        rest?;
        bounds.bound(
            &format!("{name}: chunks allocate {count} times after the first; exactly 0"),
            count == 0,
        );
        Ok(())
    }
}

/// Checks that `to_bytes` allocates once for any length of the file name.
fn count_names(bounds: &mut Bounds) -> Result<(), Box<dyn Error>> {
    let api = Api::new(Api::PRODUCTION, "key")?;
    let mut others = Vec::new();
    for length in 1..=Document::MAX_FILE_NAME_BYTES {
        let document = Document::new(
            &"x".repeat(length),
            DOCUMENT_TYPE,
            Bytes::from_static(b"%PDF"),
        )?;
        let body = SubmitRequest::new(document).request(&api).into_body();
        let (made, Allocations { count, .. }) = counting::count(|| body.to_bytes());
        drop(made?);
        if count != 1 {
            others.push(length);
        }
    }
    let mut text =
        "to_bytes allocates exactly once whatever the length of the file name".to_owned();
    if let Some(first) = others.first() {
        text += &format!("; not so for {} lengths, the first {first}", others.len());
    }
    bounds.bound(&text, others.is_empty());
    Ok(())
}

//! What a ledger costs for each document, and how long it takes to take up what a process has left.

use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Response;
use rusqlite::{Connection, params};
use typless::machine::{
    Batch, BatchEvent, BatchEventKind, BatchOptions, JobEventKind, Machine, Output, Purpose, Time,
    Transmit,
};
use typless::wire::{Api, Document};
use typless_benches::bounds::Bounds;
use typless_benches::noise::Noise;
use typless_benches::process::thread_cpu;
use typless_benches::rounds::{Times, Way, measure};
use typless_benches::table::{Table, size};
use typless_ledger::{ContentDigest, Ledger, LedgerOptions, Session};

const ROUNDS: usize = 3;
const DOCUMENTS: usize = 1000;
const LENGTH: usize = 100_000;
const START: Time = Time::from_unix_seconds(1_700_000_000);

/// Entries that a process has left, and the time to take them up.
const LEFT: usize = 100_000;
const TAKEN_UP: Duration = Duration::from_secs(2);

/// How many commits, and so syncs, a document has at most, with 16 in flight.
const COMMITS: f64 = 1.0;

const ALONE: &str = "batch alone";
const LEDGER: &str = "with a ledger";
const AGAIN: &str = "with a ledger, entered again";
const NAIVE: &str = "by hand: a row by path, a commit for each event";
const DIGEST: &str = "SHA-256 of the document alone";

const IN_PROGRESS: &str = r#"{"status": "IN_PROGRESS", "error": {}, "result": {}}"#;
const SUCCESS: &str = concat!(
    r#"{"status": "SUCCESS", "error": {}, "#,
    r#""result": {"object_id": "14a5", "extracted_fields": []}}"#,
);

type BenchResult<T> = Result<T, Box<dyn Error>>;

fn main() -> BenchResult<ExitCode> {
    let mut bounds = Bounds::new();
    cost(&mut bounds)?;
    recovery(&mut bounds)?;
    Ok(bounds.finish())
}

/// The CPU time of a document with and without a ledger.
fn cost(bounds: &mut Bounds) -> BenchResult<()> {
    let mut content = vec![0; LENGTH];
    Noise::new(1).fill(&mut content);
    let content = Bytes::from(content);
    let (documents, api) = (documents(&content, DOCUMENTS)?, api()?);
    let mut commits = 0;
    let mut failed = None;
    let mut keep = |result: BenchResult<usize>| match result {
        Ok(count) => commits = count,
        Err(error) => failed = Some(error),
    };
    keep(with_ledger(&api, &documents));
    let mut ways = [
        Way::new(ALONE, || {
            let mut batch = Batch::new(&api, options(), START);
            add(&mut batch, &documents);
            let _ = run(&mut batch, SUCCESS, |_, _, _| Ok(true));
        }),
        Way::new(LEDGER, || drop(black_box(with_ledger(&api, &documents)))),
        Way::new(AGAIN, || drop(black_box(with_ledger(&api, &documents)))),
        Way::new(NAIVE, || drop(black_box(by_hand(&api, &documents)))),
        Way::new(DIGEST, || {
            for _ in 0..DOCUMENTS {
                black_box(ContentDigest::from_bytes(black_box(&content)));
            }
        }),
    ];
    let times = measure(&mut ways, ROUNDS);
    println!(
        "CPU time of the thread for a document of {}, from submit to result, without HTTP; median \
         of {ROUNDS} rounds of {DOCUMENTS}\n",
        size(LENGTH as u64)
    );
    let mut table = Table::new(&["way", "us", "more than alone", "x by hand"]);
    let us =
        |index: usize| times.get(index).map_or(f64::NAN, Times::median) * 1e6 / DOCUMENTS as f64;
    for (index, way) in ways.iter().enumerate() {
        table.row(vec![
            way.name().to_owned(),
            format!("{:.1}", us(index)),
            format!("{:.1}", us(index) - us(0)),
            format!("{:.2}", times[index].faster_than(&times[3])),
        ]);
    }
    table.print();
    drop(ways);
    if let Some(error) = failed {
        return Err(error);
    }
    let commits = commits as f64 / DOCUMENTS as f64;
    bounds.bound(
        &format!("commits for each document: {commits:.2}, at most {COMMITS}"),
        commits <= COMMITS,
    );
    bounds.ratio(
        &format!("{LEDGER} against {NAIVE}"),
        times[1].faster_than(&times[3]),
        1.0,
        times[1].noise(&times[2]),
    );
    Ok(())
}

/// How long it takes to take up what has not finished.
fn recovery(bounds: &mut Bounds) -> BenchResult<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger.db");
    let open = || Ledger::open(&path, LedgerOptions::new().without_sync());
    let api = api()?;
    let (mut session, mut batch) = open()?.start(&api, options(), START);
    add(&mut batch, &documents(&Bytes::from_static(b"%PDF"), LEFT)?);
    submit_all(&mut session, &mut batch)?;
    drop((session, batch));

    let (start, cpu) = (Instant::now(), thread_cpu());
    let (mut session, mut batch) = open()?.start(&api, options(), START);
    let recovered = session.recover(&mut batch, |_| None, START)?;
    let (time, cpu) = (start.elapsed(), thread_cpu() - cpu);
    let in_order = recovered.jobs.windows(2).all(|pair| {
        let expires = |index: usize| {
            let entry = session.ledger().entry(&pair[index].1);
            entry.ok().flatten().and_then(|entry| entry.expires_at())
        };
        expires(0) <= expires(1)
    });
    println!(
        "\n{} entries taken up in {:.2} s; CPU time {:.2} s, {:.1} us each\n",
        recovered.jobs.len(),
        time.as_secs_f64(),
        cpu.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / LEFT as f64
    );
    bounds.bound("all are taken up", recovered.jobs.len() == LEFT);
    bounds.bound("the first to expire first", in_order);
    bounds.goal(
        &format!(
            "in {:.2} s of CPU time, at most {TAKEN_UP:?}",
            cpu.as_secs_f64()
        ),
        cpu <= TAKEN_UP,
    );
    Ok(())
}

fn api() -> BenchResult<Api> {
    Ok(Api::new("http://localhost", "key")?)
}

fn options() -> BatchOptions {
    BatchOptions::new().without_rate().with_max_submits(16)
}

/// Documents with the same content, and digests of their own.
fn documents(content: &Bytes, count: usize) -> BenchResult<Vec<Document>> {
    let document = |number: usize| -> BenchResult<Document> {
        let name = format!("invoices/2026/11/{number}.pdf");
        let digest = ContentDigest::from_bytes(name.as_bytes()).to_string();
        let document = Document::new("invoice.pdf", "line-item-invoice", content.clone())?;
        Ok(document.with_reference(&name)?.with_digest(&digest)?)
    };
    (0..count).map(document).collect()
}

fn add(batch: &mut Batch, documents: &[Document]) {
    for document in documents {
        batch.add(document.clone(), START);
    }
    batch.close();
}

/// Runs a batch with a ledger. How many commits there were.
fn with_ledger(api: &Api, documents: &[Document]) -> BenchResult<usize> {
    let folder = tempfile::tempdir()?;
    let ledger = Ledger::open(folder.path().join("ledger.db"), LedgerOptions::new())?;
    let (mut session, mut batch) = ledger.start(api, options(), START);
    add(&mut batch, documents);
    let mut commits = 0;
    run(&mut batch, SUCCESS, |batch, events, now| {
        for event in events {
            session.record(batch, event, now);
        }
        commits += usize::from(events.iter().any(BatchEvent::must_be_stored));
        session.commit(batch, now)?;
        Ok(true)
    })?;
    Ok(commits)
}

/// What one writes without it: a row for each path, and each event at once.
fn by_hand(api: &Api, documents: &[Document]) -> BenchResult<()> {
    let folder = tempfile::tempdir()?;
    let connection = Connection::open(folder.path().join("table.db"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         CREATE TABLE documents (path TEXT PRIMARY KEY, state TEXT NOT NULL)",
    )?;
    let mut batch = Batch::new(api, options().with_confirmation(), START);
    add(&mut batch, documents);
    let sql = "INSERT INTO documents VALUES (?1, ?2) \
        ON CONFLICT (path) DO UPDATE SET state = excluded.state";
    run(&mut batch, SUCCESS, |batch, events, _| {
        for event in events {
            if let BatchEventKind::Job {
                key,
                reference: Some(path),
                event: job,
            } = &event.kind
                && job.must_be_stored()
            {
                let snapshot = batch.snapshot(*key).map(|snapshot| snapshot.to_json());
                let state = snapshot.as_deref().unwrap_or("finished");
                connection
                    .prepare_cached(sql)?
                    .execute(params![&**path, state])?;
            }
            batch.confirm(event.sequence);
        }
        Ok(true)
    })
}

/// Drives a batch until it is done, or `store` returns `false`. All requests that it wants are out
/// at once, and `store` gets the events that are ready. Polls bring `status`.
fn run(
    batch: &mut Batch,
    status: &'static str,
    mut store: impl FnMut(&mut Batch, &[BatchEvent], Time) -> BenchResult<bool>,
) -> BenchResult<()> {
    let (mut now, mut ids) = (START, 0);
    let (mut events, mut out) = (Vec::new(), Vec::new());
    loop {
        match batch.next_output(now) {
            Output::Event(event) => events.push(event),
            Output::Send(transmit) => out.push(transmit),
            _ if !events.is_empty() => {
                if !store(batch, &events, now)? {
                    return Ok(());
                }
                events.clear();
            }
            Output::Wait(_) | Output::NeedInput if !out.is_empty() => {
                now = now + Duration::from_millis(100);
                for transmit in out.drain(..) {
                    let response = respond(&transmit, status, &mut ids)?;
                    batch.handle_response(transmit.id, response, now);
                }
            }
            Output::Wait(until) => now = until,
            Output::NeedInput | Output::Done => return Ok(()),
        }
    }
}

/// Submits all, and ends there.
fn submit_all(session: &mut Session, batch: &mut Batch) -> BenchResult<()> {
    let mut submitted = 0;
    run(batch, IN_PROGRESS, |batch, events, now| {
        for event in events {
            session.record(batch, event, now);
            submitted += usize::from(matches!(
                event.kind,
                BatchEventKind::Job {
                    event: JobEventKind::Submitted(_),
                    ..
                }
            ));
        }
        session.commit(batch, now)?;
        Ok(submitted < LEFT)
    })
}

fn respond(
    transmit: &Transmit,
    status: &'static str,
    ids: &mut usize,
) -> BenchResult<Response<Bytes>> {
    let body = match transmit.purpose {
        Purpose::Submit => {
            black_box(transmit.request.body().to_bytes()?);
            *ids += 1;
            Bytes::from(format!(r#"{{"extraction_id": "{ids:040}"}}"#))
        }
        Purpose::Poll => Bytes::from_static(status.as_bytes()),
        _ => Bytes::from_static(br#"{"extraction_ids": []}"#),
    };
    Ok(Response::new(body))
}

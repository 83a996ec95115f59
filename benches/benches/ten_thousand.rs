//! Ten thousand documents on a bad day: through the emulator over loopback, with 5 % of all exchanges failing in every way it knows.

use std::error::Error;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;
use std::{env, process, thread};

use typless_benches::bad_day::{Day, Scene, on_tokio, over_threads};
use typless_benches::bounds::Bounds;
use typless_benches::table::Table;

const DOCUMENTS: usize = 10_000;
const QUICK_DOCUMENTS: usize = 300;

/// So few documents may well be spared by some kind of fault.
const ENOUGH_FOR_EACH_FAULT: usize = 5000;

/// So much longer than a day takes that something hangs.
const PATIENCE: Duration = Duration::from_mins(20);

/// Problems that are printed; those of all documents would be too many.
const SHOWN: usize = 20;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let documents = if env::args().any(|argument| argument == "--quick") {
        QUICK_DOCUMENTS
    } else {
        DOCUMENTS
    };
    let _watch = watch();
    let scene = Scene::long(documents);
    let days = [
        ("ureq, threads, webhooks", over_threads(&scene)?),
        ("hyper, tokio, the queue", on_tokio(&scene)?),
    ];
    println!("{documents} documents each; 5 % of all exchanges fail");
    print(&days, documents);
    let mut bounds = Bounds::new();
    for (client, day) in &days {
        let problems = day.unaccounted.iter().chain(&day.exceeded);
        problems
            .take(SHOWN)
            .for_each(|problem| println!("{client}: {problem}"));
        bounds.bound(
            &format!("{client}: every document is accounted for, and none was accepted twice"),
            day.unaccounted.is_empty(),
        );
        bounds.bound(
            &format!("{client}: no limit is exceeded by the emulator's count"),
            day.exceeded.is_empty(),
        );
        if documents >= ENOUGH_FOR_EACH_FAULT {
            bounds.bound(
                &format!("{client}: every kind of fault happened"),
                day.spared.is_empty(),
            );
        }
    }
    Ok(bounds.finish())
}

fn print(days: &[(&str, Day)], documents: usize) {
    let of = |seen: usize, most: usize| format!("{seen} of {most}");
    let mut table = Table::new(&[
        "client",
        "results",
        "failed",
        "unknown",
        "of these taken",
        "time",
        "CPU each",
    ]);
    for (client, day) in days {
        table.row(vec![
            (*client).to_owned(),
            day.tally.read.to_string(),
            day.tally.failed.to_string(),
            day.tally.unknown.to_string(),
            day.unknown_but_taken.to_string(),
            format!("{:.0} s", day.elapsed.as_secs_f64()),
            format!("{:.0} us", day.cpu.as_secs_f64() * 1e6 / documents as f64),
        ]);
    }
    table.gap();
    table.row(
        [
            "client",
            "requests each",
            "submits",
            "polls",
            "queue",
            "faults",
            "429",
        ]
        .map(ToOwned::to_owned)
        .to_vec(),
    );
    for (client, day) in days {
        table.row(vec![
            (*client).to_owned(),
            format!("{:.3}", day.requests() as f64 / documents as f64),
            day.sent.submits.to_string(),
            day.sent.polls.to_string(),
            day.sent.listings.to_string(),
            day.counts.faults.to_string(),
            (day.busy + day.counts.throttled).to_string(),
        ]);
    }
    table.gap();
    table.row(
        [
            "client",
            "at once",
            "submits at once",
            "in a second",
            "above the limit",
        ]
        .map(ToOwned::to_owned)
        .to_vec(),
    );
    for (client, day) in days {
        table.row(vec![
            (*client).to_owned(),
            of(day.counts.max_in_flight, day.limits.in_flight),
            of(day.counts.max_submits_in_flight, day.limits.submits),
            of(day.counts.max_per_second, day.limits.max_in_a_second()),
            day.counts.throttled.to_string(),
        ]);
    }
    table.print();
}

/// Ends the process if it hangs; until what is given back is dropped.
fn watch() -> mpsc::Sender<()> {
    let (running, ended) = mpsc::channel();
    thread::spawn(move || {
        if ended.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("it hangs");
            process::exit(1);
        }
    });
    running
}

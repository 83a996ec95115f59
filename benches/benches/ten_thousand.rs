//! Ten thousand documents with many faults: through the emulator over loopback, where 5 % of all
//! requests fail with every kind of fault.

use std::error::Error;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;
use std::{env, process, thread};

use typless_benches::bad_day::{RunReport, Scenario, on_tokio, over_threads};
use typless_benches::bounds::Bounds;
use typless_benches::table::Table;

const DOCUMENTS: usize = 10_000;
const QUICK_DOCUMENTS: usize = 300;

/// With fewer documents a kind of fault may be missing.
const MIN_DOCUMENTS_FOR_EACH_FAULT: usize = 5000;

/// Much longer than a run takes; then something hangs.
const HANG_TIMEOUT: Duration = Duration::from_mins(20);

/// The maximum number of problems to print.
const MAX_PROBLEMS_SHOWN: usize = 20;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let documents = if env::args().any(|argument| argument == "--quick") {
        QUICK_DOCUMENTS
    } else {
        DOCUMENTS
    };
    let _watch = watch();
    let scenario = Scenario::long(documents);
    let reports = [
        ("ureq, threads, webhooks", over_threads(&scenario)?),
        ("hyper, tokio, the queue", on_tokio(&scenario)?),
    ];
    println!("{documents} documents each; 5 % of all requests fail");
    print(&reports, documents);
    let mut bounds = Bounds::new();
    for (client, report) in &reports {
        let problems = report.unaccounted.iter().chain(&report.exceeded);
        problems
            .take(MAX_PROBLEMS_SHOWN)
            .for_each(|problem| println!("{client}: {problem}"));
        bounds.bound(
            &format!("{client}: every document is accounted for, and none was accepted twice"),
            report.unaccounted.is_empty(),
        );
        bounds.bound(
            &format!("{client}: no limit is exceeded by the emulator's count"),
            report.exceeded.is_empty(),
        );
        if documents >= MIN_DOCUMENTS_FOR_EACH_FAULT {
            bounds.bound(
                &format!("{client}: every kind of fault happened"),
                report.missing_faults.is_empty(),
            );
        }
    }
    Ok(bounds.finish())
}

fn print(reports: &[(&str, RunReport)], documents: usize) {
    let out_of = |seen: usize, max: usize| format!("{seen} of {max}");
    let mut table = Table::new(&[
        "client",
        "results",
        "failed",
        "unknown",
        "of these accepted",
        "time",
        "CPU each",
    ]);
    for (client, report) in reports {
        table.row(vec![
            (*client).to_owned(),
            report.outcomes.extracted.to_string(),
            report.outcomes.failed.to_string(),
            report.outcomes.unknown.to_string(),
            report.unknown_but_accepted.to_string(),
            format!("{:.0} s", report.elapsed.as_secs_f64()),
            format!(
                "{:.0} us",
                report.cpu.as_secs_f64() * 1e6 / documents as f64
            ),
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
    for (client, report) in reports {
        table.row(vec![
            (*client).to_owned(),
            format!("{:.3}", report.requests() as f64 / documents as f64),
            report.sent.submits.to_string(),
            report.sent.polls.to_string(),
            report.sent.listings.to_string(),
            report.counts.faults.to_string(),
            (report.injected_429s + report.counts.throttled).to_string(),
        ]);
    }
    table.gap();
    table.row(
        [
            "client",
            "in flight",
            "submits in flight",
            "in a second",
            "above the limit",
        ]
        .map(ToOwned::to_owned)
        .to_vec(),
    );
    for (client, report) in reports {
        table.row(vec![
            (*client).to_owned(),
            out_of(report.counts.max_in_flight, report.limits.in_flight),
            out_of(report.counts.max_submits_in_flight, report.limits.submits),
            out_of(
                report.counts.max_per_second,
                report.limits.max_in_a_second(),
            ),
            report.counts.throttled.to_string(),
        ]);
    }
    table.print();
}

/// Ends the process if it hangs; until the returned sender is dropped.
fn watch() -> mpsc::Sender<()> {
    let (running, ended) = mpsc::channel();
    thread::spawn(move || {
        if ended.recv_timeout(HANG_TIMEOUT) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("it hangs");
            process::exit(1);
        }
    });
    running
}

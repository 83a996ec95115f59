//! Outages of three minutes under the command, over HTTP, all at the same time.
//!
//! Each begins after 20 of 300 documents were accepted. Every document must end with a result, or
//! as unknown: at most those in flight when the outage began, and 24.

#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use typless::drive::Clock;
use typless::machine::Time;
use typless_emulator::{Fault, Faults, Listener, Pace, Service, ServiceOptions};
use typless_transports::SystemClock;

const DOCUMENTS: usize = 300;
const ACCEPTED_BEFORE: usize = 20;
const OUTAGE_DURATION: Duration = Duration::from_secs(180);

/// How many more documents than those in flight may be unknown.
const MAX_MORE_UNKNOWN: usize = 24;

/// Begins an outage that lasts until then.
type Begin = fn(&Listener, Time);

/// How an outage looks.
const OUTAGES: [(&str, Begin); 5] = [
    ("HTML with 200", |listener, until| {
        listener.with_service(|service| service.fail_until(until, Fault::Portal));
    }),
    ("502", |listener, until| {
        listener.with_service(|service| service.fail_until(until, Fault::BadGateway));
    }),
    ("503, Retry-After: 10", |listener, until| {
        listener.with_service(|service| service.fail_until(until, Fault::Unavailable));
    }),
    ("closed port", |listener, _| {
        listener.close_for(OUTAGE_DURATION);
    }),
    ("502 to each POST", |listener, until| {
        listener.with_service(|service| service.fail_submits_until(until, Fault::BadGateway));
    }),
];

/// What came of one run.
struct Report {
    statuses: BTreeMap<String, usize>,
    /// Submits in flight when the outage began.
    in_flight: usize,
    requests_before: usize,
    requests_during: usize,
    requests: usize,
    /// From the end of the outage to the end of the command.
    recovery: Duration,
    exit: Option<i32>,
    err: String,
}

impl Report {
    fn count(&self, status: &str) -> usize {
        self.statuses.get(status).copied().unwrap_or_default()
    }

    fn is_within_bounds(&self) -> bool {
        let unknown = self.count("SUBMIT_UNKNOWN");
        self.count("SUCCESS") + unknown == DOCUMENTS && unknown <= self.in_flight + MAX_MORE_UNKNOWN
    }
}

fn main() -> ExitCode {
    let folder = tempfile::tempdir().unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../emulator/samples/invoice.pdf");
    for index in 0..DOCUMENTS {
        std::fs::copy(&sample, folder.path().join(format!("{index:03}.pdf"))).unwrap();
    }
    let runs = OUTAGES.map(|(name, begin)| {
        let folder = folder.path().to_path_buf();
        (name, thread::spawn(move || run(&folder, begin)))
    });
    println!(
        "{DOCUMENTS} documents; an outage of {} s after {ACCEPTED_BEFORE} were accepted",
        OUTAGE_DURATION.as_secs()
    );
    println!(
        "{:<22} {:>7} {:>7} {:>9} {:>5}  {:>8} {:>8} {:>8}  {:>8} {:>4}",
        "outage",
        "results",
        "unknown",
        "in flight",
        "other",
        "requests",
        "during",
        "after",
        "recovery",
        "exit"
    );
    let mut is_good = true;
    for (name, run) in runs {
        let report = run.join().unwrap();
        let (results, unknown) = (report.count("SUCCESS"), report.count("SUBMIT_UNKNOWN"));
        println!(
            "{name:<22} {results:>7} {unknown:>7} {:>9} {:>5}  {:>8} {:>8} {:>8}  {:>6} s {:>4}",
            report.in_flight,
            DOCUMENTS - results - unknown,
            report.requests,
            report.requests_during,
            report.requests - report.requests_before - report.requests_during,
            report.recovery.as_secs(),
            report.exit.unwrap_or(-1),
        );
        if !report.is_within_bounds() {
            println!("out of bounds: {:?}\n{}", report.statuses, report.err);
            is_good = false;
        }
        let pauses = report.err.lines().filter(|line| line.contains("pause"));
        pauses.for_each(|line| println!("    {line}"));
    }
    if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run(folder: &Path, begin: Begin) -> Report {
    let faults = Faults::default().with_retry_after(Duration::from_secs(10));
    let options = ServiceOptions::new()
        .with_pace(Pace::lognormal(Duration::from_secs(3), 0.5))
        .with_faults(faults);
    let listener = Listener::bind(([127, 0, 0, 1], 0).into(), Service::new(options)).unwrap();
    let process = Command::new(env!("CARGO_BIN_EXE_typless"))
        .args(["extract", "--base-url", &listener.base_url()])
        .args(["--document-type", "line-item-invoice", "--format", "json"])
        .arg(folder)
        .env("TYPLESS_API_KEY", "key")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let requests = || listener.with_service(|service| service.counts());
    while listener.with_service(|service| service.accepted()) < ACCEPTED_BEFORE {
        thread::sleep(Duration::from_millis(2));
    }
    begin(&listener, SystemClock::new().now() + OUTAGE_DURATION);
    let before = requests();
    let in_flight = before.submits - listener.with_service(|service| service.accepted());
    let ends = Instant::now() + OUTAGE_DURATION;
    let reader = thread::spawn(move || process.wait_with_output().unwrap());
    thread::sleep(OUTAGE_DURATION);
    let during = requests();
    let output = reader.join().unwrap();
    let recovery = ends.elapsed();
    let out = String::from_utf8(output.stdout).unwrap();
    let mut statuses = BTreeMap::new();
    for line in out.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let status = row["status"].as_str().unwrap_or_default();
        *statuses.entry(status.to_owned()).or_default() += 1;
    }
    Report {
        statuses,
        in_flight,
        requests_before: before.requests,
        requests_during: during.requests - before.requests,
        requests: requests().requests,
        recovery,
        exit: output.status.code(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

//! Many interruptions while responses are lost, compared with what the service accepted.
//!
//! `TYPLESS_INTERRUPTIONS` says how many; .ci/deep makes a thousand.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::{at, folder, read, service, start};
use typless_emulator::{Fault, Faults, Listener, ServiceOptions};

const DEFAULT_INTERRUPTIONS: u64 = 120;
const DOCUMENTS: usize = 8;

/// How a command is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// Ctrl-C.
    Once,
    /// Ctrl-C, and again when the first is reported or the process is done.
    Twice,
    /// Standard output is closed, and Ctrl-C.
    Closed,
}

/// What the commands reported of accepted documents, and of others.
#[derive(Debug, Default)]
struct Reported {
    accepted: usize,
    /// Accepted, and reported as unknown.
    unknown: usize,
    not_submitted: usize,
}

fn interrupt(id: u32) {
    // It may be done already.
    let _ = Command::new("kill")
        .args(["-INT", &id.to_string()])
        .stderr(Stdio::null())
        .status()
        .unwrap();
}

/// A service that loses 40 % of its responses, and is slow with as many.
fn lossy(seed: u64) -> Listener {
    let faults = Faults::new(0.8)
        .with_kinds([Fault::ResponseLost, Fault::ResponseDelayed])
        .with_delay(Duration::from_millis(30));
    let options = ServiceOptions::new()
        .with_pace(Duration::from_millis(1))
        .with_faults(faults);
    service(options.with_seed(seed))
}

/// What a line says of the document that it names.
fn says_not_submitted(line: &str) -> bool {
    let says_so = line.contains("not submitted") || line.contains("NOT_SUBMITTED");
    says_so && !says_unknown(line)
}

fn says_unknown(line: &str) -> bool {
    line.contains("unknown whether") || line.contains("SUBMIT_UNKNOWN")
}

/// Interrupts one command.
fn run_once(seed: u64, way: Way, reported: &mut Reported) {
    let folder = folder(DOCUMENTS);
    let listener = lossy(seed);
    let (command, format): (_, &[&str]) = if seed.is_multiple_of(2) {
        ("extract", &["--format", "json"])
    } else {
        ("submit", &[])
    };
    let arguments = ["--document-type", "line-item-invoice", "--rate", "1000"];
    let mut process = start(
        at(command, &listener.base_url(), &arguments)
            .args(format)
            .arg(folder.path()),
    );
    if way == Way::Closed {
        drop(process.stdout.take());
    }
    // At another moment each time. After an unknown submit the next ones wait for evidence.
    let submits = 1 + (seed / 6) as usize % 4;
    let is_running =
        |listener: &Listener| listener.with_service(|service| service.counts().submits) < submits;
    while is_running(&listener) && process.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(1));
    }
    thread::sleep(Duration::from_millis(seed / 24 % 8));
    let id = process.id();
    interrupt(id);
    if way == Way::Twice {
        thread::sleep(Duration::from_millis(seed / 7 % 4));
        interrupt(id);
    }
    let (_, out, err) = read(process.wait_with_output().unwrap());
    for index in 0..DOCUMENTS {
        let name = format!("{index}.pdf");
        let lines: Vec<&str> = out
            .lines()
            .chain(err.lines())
            .filter(|line| line.contains(&name))
            .collect();
        let is_accepted = listener.with_service(|service| service.accepted_named(&name)) > 0;
        let is_wrong = is_accepted && lines.iter().any(|line| says_not_submitted(line));
        assert!(!is_wrong, "seed {seed}, {way:?}, {name}: {out}{err}");
        // Otherwise it is named with a result, an error, or a ticket.
        let is_named = !lines.is_empty() || way == Way::Closed;
        assert!(is_named, "seed {seed}, {way:?}, {name}: {out}{err}");
        reported.accepted += usize::from(is_accepted);
        reported.unknown += usize::from(is_accepted && lines.iter().any(|line| says_unknown(line)));
        reported.not_submitted += usize::from(lines.iter().any(|line| says_not_submitted(line)));
    }
}

#[test]
fn an_interruption_tells_no_accepted_document_that_it_was_not_submitted() {
    let interruptions = std::env::var("TYPLESS_INTERRUPTIONS")
        .map_or(DEFAULT_INTERRUPTIONS, |text| text.parse().unwrap());
    let mut reports = BTreeMap::new();
    for seed in 0..interruptions {
        let way = [Way::Once, Way::Twice, Way::Closed][(seed % 3) as usize];
        run_once(seed, way, reports.entry(way).or_default());
    }
    println!("{interruptions} interruptions: {reports:#?}");
    let total = |count: fn(&Reported) -> usize| reports.values().map(count).sum::<usize>();
    // It tested something.
    assert!(total(|reported| reported.unknown) > 0 && total(|reported| reported.not_submitted) > 0);
}

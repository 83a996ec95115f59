//! What follows every HTTP status with every kind of body, as one table:
//! `tests/decision_table.txt`. Its second part, what a response says of the service, is compared
//! by `src/machine/interpret_tests.rs`.
//!
//! `cargo test -p typless --test it decision_table -- --nocapture` prints it.

use std::fmt::Write;
use std::ops::RangeInclusive;

use crate::support::{self, ID, Run, START, accepted, api, submit};
use typless::machine::{Job, JobEventKind, JobOptions, JobState, RetryPolicy, Ticket, Time};
use typless::wire::ExtractionId;

const TABLE: &str = include_str!("../../decision_table.txt");

/// Where the part begins that is compared elsewhere.
const SECOND_PART: &str = "\nWhat a response says of the service";

const STANDARD_ERROR: &str = r#"{"code": "X1", "message": "no", "details": {}}"#;
const HTML: &str = "<html><body>Bad gateway</body></html>";

/// The kinds of body, as the response to a submit and to a poll.
const BODIES: [(&str, &str, &str); 5] = [
    ("no body", "", ""),
    ("standard error", STANDARD_ERROR, STANDARD_ERROR),
    ("HTML", HTML, HTML),
    (
        "cut off",
        r#"{"extraction_id": "0d14"#,
        r#"{"error": {}, "result": {"object_id": "1cb2"}, "status": "SUCC"#,
    ),
    (
        "valid",
        r#"{"extraction_id": "0d14"}"#,
        r#"{"error": {}, "result": {"object_id": "1cb2"}, "status": "SUCCESS"}"#,
    ),
];

/// What follows the response to a submit.
fn after_submit(status: u16, body: &str) -> &'static str {
    // With one attempt allowed, a response that counts as an attempt is the last.
    let mut run = Run::new(submit(
        JobOptions::new().with_retry_policy(RetryPolicy::new().with_attempts(1)),
    ));
    run.reply(support::response(status, body));
    match run.job.state() {
        JobState::Waiting => "accepted",
        JobState::Ready => "again, uncounted",
        JobState::Exhausted => "again, counted",
        JobState::Refused => "end: refused",
        JobState::SubmitUnknown => "end: unknown",
        state => panic!("{status} {body}: {state:?}"),
    }
}

/// What follows the response to the first poll of an id that is seconds old.
fn after_first_poll(status: u16, body: &str) -> &'static str {
    let mut run = Run::new(submit(JobOptions::new()));
    run.reply(accepted());
    after_poll(run, status, body)
}

/// What follows the response to a poll of a resumed job.
fn after_resumed_poll(status: u16, body: &str) -> &'static str {
    let ticket = Ticket::new(ExtractionId::new(ID).unwrap(), START, Time::MAX);
    after_poll(
        Run::new(Job::resume(&api(), &ticket, JobOptions::new(), START)),
        status,
        body,
    )
}

fn after_poll(mut run: Run, status: u16, body: &str) -> &'static str {
    run.reply(support::response(status, body));
    let state = run.job.state();
    // Takes the events until the next request.
    let _ = run.next_request();
    let event = run.events.iter().find_map(|event| match &event.kind {
        JobEventKind::Progressed {
            status: Some(_), ..
        } => Some("in progress"),
        JobEventKind::Progressed { status: None, .. } => Some("not known yet"),
        JobEventKind::PollFailed { .. } => Some("failed poll"),
        _ => None,
    });
    match (state, event) {
        (JobState::Waiting, Some(event)) => event,
        (JobState::Succeeded, None) => "end: succeeded",
        (JobState::Refused, None) => "end: refused",
        (JobState::NotFound, None) => "end: not found",
        other => panic!("{status} {body}: {other:?}"),
    }
}

/// One line for each range of statuses in which everything is the same.
fn section(table: &mut String, title: &str, follows: impl Fn(u16, usize) -> &'static str) {
    writeln!(table, "{title}\n").unwrap();
    let cells =
        |status: u16| -> [&'static str; 5] { std::array::from_fn(|body| follows(status, body)) };
    let mut ranges: Vec<(RangeInclusive<u16>, [&str; 5])> = Vec::new();
    for status in 100..=999 {
        let row = cells(status);
        match ranges.last_mut() {
            Some((range, same)) if *same == row => *range = *range.start()..=status,
            _ => ranges.push((status..=status, row)),
        }
    }
    let mut line = |first: &str, cells: [&str; 5]| {
        let line = cells.iter().fold(format!("{first:8}"), |line, cell| {
            format!("{line} | {cell:16}")
        });
        writeln!(table, "{}", line.trim_end()).unwrap();
    };
    line("status", BODIES.map(|(name, ..)| name));
    for (range, row) in ranges {
        let first = if range.start() == range.end() {
            range.start().to_string()
        } else {
            format!("{}-{}", range.start(), range.end())
        };
        line(&first, row);
    }
    table.push('\n');
}

fn table() -> String {
    let mut table = String::from(
        "What follows a response, by its HTTP status and its body.\n\
         Written by tests/it/machine/decision_table.rs.\n\n",
    );
    section(&mut table, "A submit.", |status, body| {
        after_submit(status, BODIES[body].1)
    });
    section(
        &mut table,
        "The first poll of an id of our own, within a minute.",
        |status, body| after_first_poll(status, BODIES[body].2),
    );
    section(&mut table, "A poll of a resumed job.", |status, body| {
        after_resumed_poll(status, BODIES[body].2)
    });
    table.truncate(table.trim_end().len());
    table.push('\n');
    table
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test can write its table again"
)]
fn every_response_has_the_consequence_in_the_table() {
    let table = table();
    println!("{table}");
    if std::env::var("UPDATE_TABLE").is_ok() {
        let rest = TABLE.find(SECOND_PART).map_or("", |at| &TABLE[at..]);
        std::fs::write(
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/decision_table.txt"),
            table + rest,
        )
        .unwrap();
        return;
    }
    let (first_part, _) = TABLE.split_once(SECOND_PART).unwrap();
    let (was, is): (Vec<&str>, Vec<&str>) = (first_part.lines().collect(), table.lines().collect());
    let gone = was
        .iter()
        .filter(|line| !is.contains(line))
        .map(|line| format!("- {line}\n"));
    let new = is
        .iter()
        .filter(|line| !was.contains(line))
        .map(|line| format!("+ {line}\n"));
    let difference: String = gone.chain(new).collect();
    assert!(
        was == is,
        "tests/decision_table.txt differs:\n{difference}\n\
                If the change is meant, write it again, and read the difference once \
                more before committing it:\n    \
         UPDATE_TABLE=1 cargo test -p typless --test it decision_table"
    );
}

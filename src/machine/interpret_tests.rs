//! What a response or a failure says of the service: the second part of `tests/decision_table.txt`.
//!
//! `UPDATE_TABLE=1 cargo test -p typless interpret` writes it again.

use std::fmt::Write;
use std::time::Duration;

use bytes::Bytes;
use http::Response;

use super::exchange::{Failure, FailureKind};
use super::interpret::{self, ListingResult, PollResult, Reply, Signal};

const TABLE: &str = include_str!("../../tests/decision_table.txt");
const TITLE: &str = "What a response says of the service";

const ERROR: &str = r#"{"code": "X1", "message": "no", "details": {}}"#;
const HTML: &str = "<html><body>Bad gateway</body></html>";

/// The kinds of body, as the response to a submit, a poll and a listing.
const BODIES: [(&str, [&str; 3]); 7] = [
    ("no body", [""; 3]),
    ("standard error", [ERROR; 3]),
    ("other JSON", [r#"{"detail": "no"}"#; 3]),
    ("HTML", [HTML; 3]),
    (
        "cut off",
        [
            r#"{"extraction_id": "0d14"#,
            r#"{"error": {}, "result": {"object_id": "1cb2"}, "status": "SUCC"#,
            r#"{"extraction_ids": ["0d14"#,
        ],
    ),
    (
        "bad value",
        [
            r#"{"extraction_id": NaN}"#,
            r#"{"error": {}, "result": {"score": NaN}, "status": "SUCCESS"}"#,
            r#"{"extraction_ids": NaN}"#,
        ],
    ),
    (
        "valid",
        [
            r#"{"extraction_id": "0d14"}"#,
            r#"{"error": {}, "result": {}, "status": "IN_PROGRESS"}"#,
            r#"{"extraction_ids": ["0d14"]}"#,
        ],
    ),
];

const KINDS: [&str; 3] = ["A submit.", "A poll.", "A listing."];

fn signal(kind: usize, reply: Reply) -> &'static str {
    let signal = match kind {
        0 => interpret::submit(reply, false).signal,
        1 => interpret::poll(reply).signal,
        _ => interpret::listing(&reply, |_| {}).signal,
    };
    match signal {
        Signal::Works => "works",
        Signal::Busy(_) => "busy",
        Signal::Down => "down",
        Signal::KeyRefused => "key refused",
        Signal::Nothing => "-",
    }
}

fn response(status: u16, body: &str, hint: Option<&str>) -> Reply {
    let mut response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
    *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
    if let Some(hint) = hint {
        let value = http::HeaderValue::from_str(hint).expect("a value");
        response
            .headers_mut()
            .insert(http::header::RETRY_AFTER, value);
    }
    Reply::Response(response)
}

fn line(table: &mut String, first: &str, cells: &[&str]) {
    let cells = cells
        .iter()
        .map(|cell| format!(" | {cell:14}"))
        .collect::<String>();
    writeln!(table, "{first:12}{}", cells.trim_end()).expect("a string");
}

fn table() -> String {
    let mut table = format!("{TITLE}. Written by src/machine/interpret_tests.rs.\n");
    for (kind, title) in KINDS.iter().enumerate() {
        write!(table, "\n{title}\n\n").expect("a string");
        line(&mut table, "status", &BODIES.map(|(name, _)| name));
        let mut ranges: Vec<(u16, u16, [&str; BODIES.len()])> = Vec::new();
        for status in 100..=999 {
            let cells =
                BODIES.map(|(_, bodies)| signal(kind, response(status, bodies[kind], None)));
            match ranges.last_mut() {
                Some((_, last, same)) if *same == cells => *last = status,
                _ => ranges.push((status, status, cells)),
            }
        }
        for (first, last, cells) in ranges {
            let range = if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            };
            line(&mut table, &range, &cells);
        }
        let hinted = [400, 429, 503].map(|status| {
            let is_busy = signal(kind, response(status, "", Some("7"))) == "busy";
            assert!(is_busy, "{status}");
            "busy"
        });
        line(&mut table, "Retry-After", &[hinted[0], "with any error"]);
        for failure in [
            FailureKind::NotSent,
            FailureKind::Interrupted,
            FailureKind::Source,
            FailureKind::TooLarge,
        ] {
            let reply = Reply::Failure(Failure::new(failure, "broken"));
            line(&mut table, &format!("{failure:?}"), &[signal(kind, reply)]);
        }
        line(&mut table, "time limit", &[signal(kind, Reply::TimeLimit)]);
    }
    table
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test may be asked to write its table"
)]
fn every_response_says_of_the_service_what_is_in_the_table() {
    let table = table();
    let (first_part, second_part) = TABLE
        .find(TITLE)
        .map_or((TABLE, ""), |at| TABLE.split_at(at));
    if std::env::var("UPDATE_TABLE").is_ok() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/decision_table.txt");
        let first_part = first_part.trim_end();
        std::fs::write(path, format!("{first_part}\n\n{table}")).expect("the table");
        return;
    }
    assert_eq!(
        second_part, table,
        "write it with UPDATE_TABLE=1, and read the difference"
    );
}

#[test]
fn a_hint_counts_whatever_it_comes_with() {
    let hint = Some(Duration::from_secs(7));
    for (status, body) in [(200, HTML), (408, ""), (500, HTML), (503, ERROR)] {
        let poll = interpret::poll(response(status, body, Some("7"))).result;
        let of_poll = match poll {
            PollResult::Failed { hint } | PollResult::Deferred { hint } => hint,
            _ => None,
        };
        assert_eq!(of_poll, hint, "{status}");
        let reply = response(status, body, Some("7"));
        let of_listing = match interpret::listing(&reply, |_| {}).result {
            ListingResult::Failed { hint } | ListingResult::Unreadable { hint } => hint,
            ListingResult::Received { .. }
            | ListingResult::Refused
            | ListingResult::TooLarge
            | ListingResult::KeyRefused => None,
        };
        assert_eq!(of_listing, hint, "{status}");
    }
}

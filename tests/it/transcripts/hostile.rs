//! What a transcript may hold: odd causes, and text that somebody else wrote.

use std::fmt::Write as _;

use crate::support::{START, api, response};
use typless::machine::{Batch, BatchOptions, Failure, FailureKind, Machine, Output, Ticket, Time};
use typless::transcript::{Recorder, Transcript};
use typless::wire::{Document, ExtractionId};

fn new(now: Time) -> Batch {
    Batch::new(&api(), BatchOptions::new(), now)
}

fn document() -> Document {
    Document::new("a.pdf", "line-item-invoice", &b"%PDF"[..]).unwrap()
}

#[test]
fn a_run_replays_whatever_the_cause_of_a_failure_is() {
    let long = "x".repeat(600);
    for cause in [
        "\n".repeat(300),
        format!("{}\u{202e}", "x".repeat(499)),
        format!("{}\u{202e}", "x".repeat(500)),
        format!(" {long}"),
        format!("\\{long}"),
        " ".to_owned(),
        String::new(),
        "…".repeat(501),
    ] {
        let mut recorder = Recorder::new(new(START), START);
        recorder.add(document(), START);
        recorder.close();
        while let output @ (Output::Send(_) | Output::Event(_)) = recorder.next_output(START) {
            if let Output::Send(transmit) = output {
                let failure = Failure::new(FailureKind::Interrupted, cause.clone());
                recorder.handle_failure(transmit.id, failure, START);
            }
        }
        let transcript = Transcript::parse(recorder.transcript()).unwrap();
        transcript
            .replay(new(START))
            .unwrap_or_else(|divergence| panic!("{divergence}"));
    }
}

#[test]
fn a_response_with_too_many_headers_is_an_error() {
    let mut text = "typless transcript 1\n@ 1700000000\n    Batch\n+0 < 1 200 {}\n".to_owned();
    for number in 0..40_000 {
        writeln!(text, "    x-{number}: 1").unwrap();
    }
    assert!(Transcript::parse(&text).is_err());
}

#[test]
fn no_results_are_in_the_debug_of_a_transcript() {
    let text = "typless transcript 1\n@ 1700000000\n    Batch\n+0 < 1 200 {\"iban\": \"NL91\"}\n";
    let transcript = Transcript::parse(text).unwrap();
    let shown = format!("{transcript:?}");
    assert!(!shown.contains("NL91"), "{shown}");
}

#[test]
fn a_job_that_is_followed_for_centuries_is_cut() {
    let mut recorder = Recorder::new(new(START), START);
    let id = ExtractionId::new("0d14338251a6db69").unwrap();
    let ticket = Ticket::new(id, START, Time::MAX);
    let key = recorder.resume(&ticket, START).unwrap();
    let (mut now, mut polls) = (START, 0);
    while polls < 4 {
        match recorder.next_output(now) {
            Output::Send(transmit) => {
                polls += 1;
                let in_progress = response(200, r#"{"status": "IN_PROGRESS"}"#);
                recorder.handle_response(transmit.id, in_progress, now);
            }
            Output::Wait(until) => now = until,
            _ => {}
        }
    }
    let _ = recorder.next_output(Time::MAX);
    let transcript = Transcript::parse(recorder.transcript()).unwrap();
    let cut = transcript.cut(key, new).unwrap();
    assert!(cut.has_same_outcome() && cut.transcript().len() < 2_000_000);
}

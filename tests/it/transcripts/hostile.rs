//! What a transcript may hold: odd causes, and text that somebody else wrote.

use crate::support::{START, api};
use typless::machine::{Batch, BatchOptions, Failure, FailureKind, Machine, Output, Time};
use typless::transcript::{Recorder, Transcript};
use typless::wire::Document;

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

//! The life of a batch when all is well: every document is accounted for, within the limits, with few requests.
#![allow(missing_docs, unreachable_pub, dead_code, clippy::unwrap_used)]

#[path = "support/service.rs"]
mod service;
mod support;

use std::time::Duration;

use service::{BatchRun, numbered};
use support::{START, api, document};
use typless::machine::{Batch, BatchEventKind, BatchOptions, JobEventKind, JobState, LookReason, Machine, Output};

#[test]
fn every_document_has_its_outcome_and_then_it_is_done() {
    let mut run = BatchRun::of(100, BatchOptions::new());
    run.run();
    assert_eq!((run.succeeded(), run.service.submits), (100, 100));
    assert!(matches!(run.batch.next_output(run.now), Output::Done));
    let sequences: Vec<u64> = run.events.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, (1..=sequences.len() as u64).collect::<Vec<_>>());
    assert_eq!(run.batch.progress().unfinished(), 0);
    assert_eq!(run.batch.progress().succeeded, 100);
}

#[test]
fn an_open_batch_waits_for_more() {
    let mut run = BatchRun::new(BatchOptions::new());
    assert!(matches!(run.batch.next_output(run.now), Output::NeedInput));
    let key = run.batch.add(document(), run.now).unwrap();
    assert_eq!(run.batch.state(key), Some(JobState::Ready));
    assert_eq!(run.batch.snapshot(key).unwrap().reference(), Some("row 17"));
    run.run();
    assert_eq!((run.succeeded(), run.batch.state(key)), (1, None));
    assert!(matches!(run.batch.next_output(run.now), Output::NeedInput));
    run.batch.close();
    assert!(matches!(run.batch.next_output(run.now), Output::Done));
    assert!(run.batch.add(numbered(0), run.now).is_none());
}

#[test]
fn events_name_the_job_and_come_before_their_request() {
    let mut batch = Batch::new(&api(), BatchOptions::new(), START);
    let key = batch.add(document(), START).unwrap();
    let Output::Event(event) = batch.next_output(START) else { panic!() };
    let BatchEventKind::Job { key: named, reference, event: JobEventKind::Submitting { attempt: 1 } } = event.kind else { panic!() };
    assert_eq!((named, reference.as_deref()), (key, Some("row 17")));
    let Output::Send(transmit) = batch.next_output(START) else { panic!() };
    assert_eq!(transmit.request.method(), "POST");
}

#[test]
fn a_single_document_is_looked_at_as_a_job_is() {
    let mut run = BatchRun::of(1, BatchOptions::new());
    run.run();
    let looks = run.count_job_events(|event| matches!(event, JobEventKind::LookDue { reason: LookReason::Policy, .. }));
    assert_eq!((looks, run.service.listings), (4, 0), "at about 6, 12, 19 and 26 seconds");
}

#[test]
fn the_limits_are_kept_by_the_tests_own_count() {
    let options = BatchOptions::new().with_most_in_flight(5).with_most_submits(2).with_rate(20, Duration::from_secs(1)).with_burst(4);
    let mut run = BatchRun::of(300, options);
    run.round_trip = Duration::from_millis(700);
    run.run();
    assert_eq!(run.succeeded(), 300);
    assert!((run.most_in_flight_seen, run.most_submits_seen) == (5, 2));
    assert!(run.most_in_a_second <= 24, "{}", run.most_in_a_second);
}

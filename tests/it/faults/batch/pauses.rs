//! What stops all jobs at once: a refused key, and pauses the service asks for.

use std::time::Duration;

use crate::support::batch_run::BatchRun;
use crate::support::service::Fault;
use crate::support::{START, response, response_with};
use typless::machine::{BatchEventKind, BatchOptions, Machine, Output, PauseReason};

#[test]
fn a_refused_key_pauses_everything_once_and_finishes_nothing() {
    let mut run = BatchRun::with_documents(50, BatchOptions::new());
    run.service.fault = Box::new(|number, _, _| (number >= 20).then_some(Fault::Status(401)));
    run.run_until(START + Duration::from_secs(600));
    assert_eq!(
        run.count_events(|kind| matches!(
            kind,
            BatchEventKind::Paused(pause) if pause.reason == PauseReason::KeyRefused
        )),
        1
    );
    let stopped_at = run.requests;
    run.run_until(START + Duration::from_secs(3600));
    assert!(
        (10..=15).contains(&(run.requests - stopped_at)),
        "{}",
        run.requests - stopped_at
    );
    assert!(run.outcomes.is_empty() && run.is_paused(PauseReason::KeyRefused));
    run.service.fault = Box::new(|_, _, _| None);
    run.batch.set_key("another").unwrap();
    run.run();
    assert_eq!((run.succeeded(), run.service.submits), (50, 50));
    assert!(run.now < START + Duration::from_secs(3700), "at once");
}

#[test]
fn with_a_refused_key_jobs_finish_only_at_their_deadline() {
    let mut run = BatchRun::with_documents(
        50,
        BatchOptions::new().with_deadline(Duration::from_secs(100)),
    );
    run.service.fault = Box::new(|number, _, _| (number >= 20).then_some(Fault::Status(403)));
    run.run();
    assert_eq!(run.now, START + Duration::from_secs(100));
    assert_eq!(
        (
            run.count_errors("Deadline") + run.count_errors("Exhausted"),
            run.outcomes.len()
        ),
        (50, 50)
    );
}

#[test]
fn a_pause_the_service_asks_for_applies_to_all_jobs_once() {
    let mut run = BatchRun::with_documents(50, BatchOptions::new());
    run.service.fault = Box::new(|number, _, _| (number < 4).then_some(Fault::RetryAfter(429, 30)));
    run.run_until(START + Duration::from_secs(30));
    assert_eq!(
        (run.requests, run.service.submits),
        (4, 0),
        "all four were in flight at the first response"
    );
    run.run();
    assert_eq!((run.succeeded(), run.service.submits), (50, 50));
    assert_eq!(
        run.count_events(|kind| matches!(
            kind,
            BatchEventKind::Paused(pause) if pause.reason == PauseReason::Throttled
        )),
        1
    );
}

#[test]
fn the_longest_requested_pause_applies() {
    let mut run = BatchRun::with_documents(2, BatchOptions::new());
    let mut sent = Vec::new();
    while let output @ (Output::Event(_) | Output::Send(_)) = run.batch.next_output(run.now) {
        sent.extend(if let Output::Send(transmit) = output {
            Some(transmit.id)
        } else {
            None
        });
    }
    run.batch
        .handle_response(sent[0], response(429, "{}"), run.now);
    run.batch.handle_response(
        sent[1],
        response_with(429, ("retry-after", "300"), "{}"),
        run.now,
    );
    let pause = run.batch.progress().pause.expect("a pause");
    assert_eq!(
        (pause.reason, pause.since, pause.until),
        (
            PauseReason::Throttled,
            START,
            Some(START + Duration::from_secs(300))
        )
    );
}

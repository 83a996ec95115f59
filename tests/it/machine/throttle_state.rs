//! What a batch knew of the service, in the next process.

use std::time::Duration;

use crate::support::batch_run::BatchRun;
use crate::support::service::{Fault, numbered};
use crate::support::{self, START, api};
use typless::machine::{
    Batch, BatchEventKind, BatchOptions, Cause, Drain, DrainOptions, Machine, Output, PauseReason,
    ThrottleState, TicketError, Time,
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

const GOLDEN: &str = include_str!("../../golden/throttle-1.json");

/// The next process, a second later, with 40 documents; with what was stored or without.
fn next_process(run: &mut BatchRun, state: Option<&ThrottleState>) {
    run.now = run.now + SECOND;
    let mut batch = Batch::new(&api(), BatchOptions::new(), run.now);
    if let Some(state) = state {
        let state = ThrottleState::from_json(&state.to_json()).unwrap();
        batch = batch.with_throttle_state(&state, run.now);
    }
    for number in 100..140 {
        batch.add(numbered(number), run.now).unwrap();
    }
    run.restart(batch);
    run.requests = 0;
}

/// The pauses that were there when the process began, and since when.
fn pauses(run: &BatchRun) -> Vec<(PauseReason, Time)> {
    let kinds = run.events.iter().map(|event| &event.kind);
    kinds
        .filter_map(|kind| match kind {
            BatchEventKind::Paused(pause) if matches!(pause.cause, Cause::Stored) => {
                Some((pause.reason, pause.since))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn a_process_that_begins_in_an_outage_sends_one_request_to_find_out() {
    for is_stored in [true, false] {
        let mut run = BatchRun::with_documents(40, BatchOptions::new());
        run.service.fault = Box::new(|_, _, _| Some(Fault::Status(502)));
        run.run_until(START + MINUTE);
        let state = run.batch.throttle_state();
        next_process(&mut run, is_stored.then_some(&state));
        let now = run.now;
        run.run_until(now + SECOND / 2);
        if !is_stored {
            assert!(run.requests > 1, "otherwise the test shows nothing");
            continue;
        }
        assert_eq!(run.requests, 1);
        let pauses = pauses(&run);
        let [(PauseReason::Outage, since), (PauseReason::Submits, _)] = pauses[..] else {
            panic!("{pauses:?}")
        };
        assert!(since < now && since > START, "it is the same outage");
        // It heals as any other.
        run.service.fault = Box::new(|_, _, _| None);
        run.batch.close();
        run.run();
        assert_eq!(run.succeeded() + run.count_errors("SubmitUnknown"), 40);
        assert!(run.count_errors("SubmitUnknown") <= 1);
    }
}

#[test]
fn a_pause_that_the_service_asked_for_holds_in_the_next_process() {
    let mut run = BatchRun::with_documents(1, BatchOptions::new());
    run.service.fault = Box::new(|_, _, _| Some(Fault::RetryAfter(429, 600)));
    run.run_until(START + SECOND);
    let state = run.batch.throttle_state();
    next_process(&mut run, Some(&state));
    run.service.fault = Box::new(|_, _, _| None);
    run.run_until(START + SECOND * 595);
    assert_eq!(run.requests, 0);
    assert_eq!(pauses(&run)[0].0, PauseReason::Throttled);
    run.run_until(START + SECOND * 615);
    assert!(run.requests > 0);
}

#[test]
fn where_the_clock_was_set_back_a_pause_is_as_long_as_before() {
    let mut run = BatchRun::with_documents(1, BatchOptions::new());
    run.service.fault = Box::new(|_, _, _| Some(Fault::RetryAfter(429, 600)));
    run.run_until(START + SECOND);
    let state = run.batch.throttle_state();
    let earlier = Time::from_unix_seconds(1_000_000_000);
    let mut batch = Batch::new(&api(), BatchOptions::new(), earlier);
    batch.add(numbered(0), earlier).unwrap();
    let mut batch = batch.with_throttle_state(&state, earlier);
    assert!(matches!(batch.next_output(earlier), Output::Event(_)));
    let Output::Wait(until) = batch.next_output(earlier) else {
        panic!()
    };
    assert!(until <= earlier + SECOND * 600, "{until:?}");
}

#[test]
fn a_restart_gives_no_second_burst() {
    let options = || BatchOptions::new().with_rate(10, SECOND).with_burst(10);
    let requests_after_restart = |is_stored: bool| {
        let mut run = BatchRun::with_documents(40, options());
        run.run_until(START + SECOND);
        let state = run.batch.throttle_state();
        let mut batch = Batch::new(&api(), options(), run.now);
        if is_stored {
            batch = batch.with_throttle_state(&state, run.now);
        }
        for number in 100..140 {
            batch.add(numbered(number), run.now).unwrap();
        }
        run.restart(batch);
        run.requests = 0;
        let now = run.now;
        run.run_until(now + SECOND / 2);
        run.requests
    };
    assert!(requests_after_restart(true) <= 6);
    assert!(requests_after_restart(false) >= 10, "what it prevents");
}

#[test]
fn a_refused_key_is_tried_with_one_request() {
    let mut run = BatchRun::with_documents(20, BatchOptions::new());
    run.service.fault = Box::new(|_, _, _| Some(Fault::Status(401)));
    run.run_until(START + MINUTE);
    let state = run.batch.throttle_state();
    next_process(&mut run, Some(&state));
    let now = run.now;
    run.run_until(now + SECOND);
    assert_eq!(run.requests, 1);
    assert_eq!(pauses(&run)[0].0, PauseReason::KeyRefused);
    // Another key ends it, as in the process before.
    run.batch.set_key("another").unwrap();
    run.service.fault = Box::new(|_, _, _| None);
    run.batch.close();
    run.run();
    assert_eq!(run.succeeded(), 40);
}

#[test]
fn a_drain_begins_with_it_too() {
    let mut run = BatchRun::with_documents(1, BatchOptions::new());
    run.service.fault = Box::new(|_, _, _| Some(Fault::RetryAfter(429, 600)));
    run.run_until(START + SECOND);
    let state = run.batch.throttle_state();
    let drain = Drain::new(&api(), DrainOptions::new(), run.now);
    let mut drain = drain.with_throttle_state(&state, run.now);
    assert!(matches!(drain.next_output(run.now), Output::Event(_)));
    let Output::Wait(until) = drain.next_output(run.now) else {
        panic!()
    };
    assert!(until > START + SECOND * 590);
    assert!(drain.throttle_state().to_json().contains("paused_until_ms"));
}

#[test]
fn a_drain_has_no_submits_to_hold_back() {
    let mut run = BatchRun::with_documents(40, BatchOptions::new());
    run.service.fault =
        Box::new(|_, uri, _| uri.contains("data-async").then_some(Fault::Status(502)));
    run.run_until(START + MINUTE);
    let state = run.batch.throttle_state();
    assert!(!state.to_json().contains("\"failed_submits\":0"));
    let drain = Drain::new(&api(), DrainOptions::new(), run.now);
    let mut drain = drain.with_throttle_state(&state, run.now);
    assert!(matches!(drain.next_output(run.now), Output::Send(_)));
    assert!(
        drain
            .throttle_state()
            .to_json()
            .contains("\"failed_submits\":0")
    );
}

#[test]
fn its_stored_form_is_read_and_written_unchanged() {
    let mut run = BatchRun::with_documents(40, BatchOptions::new());
    run.service.fault = Box::new(|_, _, _| Some(Fault::Status(502)));
    run.run_until(START + MINUTE);
    let json = run.batch.throttle_state().to_json();
    assert_eq!(json, GOLDEN.trim_end());
    let read = ThrottleState::from_json(GOLDEN).unwrap();
    assert_eq!(read.to_json(), json);
    let altered = json.replace("_ms\":17", "_ms\":16");
    assert!(matches!(
        ThrottleState::from_json(&altered),
        Err(TicketError::Altered)
    ));
    assert!(matches!(
        ThrottleState::from_json(r#"{"typless_throttle": 7}"#),
        Err(TicketError::Newer { version: 7 })
    ));
    assert!(matches!(
        ThrottleState::from_json("{}"),
        Err(TicketError::Unreadable { .. })
    ));
}

#[test]
fn what_failed_in_the_future_holds_nothing_back() {
    let year = 365 * 24 * 3_600_000_u64;
    let now = START.as_unix_milliseconds();
    let json = support::forged(&[
        ("typless_throttle", 1.into()),
        ("taken_at_ms", now.into()),
        ("next_at_ms", 0.into()),
        ("paused_until_ms", 0.into()),
        ("failed_submits", 3.into()),
        ("failed_at_ms", (now + year).into()),
    ]);
    let state = ThrottleState::from_json(&json).unwrap();
    let mut batch = Batch::new(&api(), BatchOptions::new(), START);
    batch = batch.with_throttle_state(&state, START);
    batch.add(numbered(0), START).unwrap();
    batch.close();
    let mut run = BatchRun::new(BatchOptions::new());
    run.restart(batch);
    run.run_until(START + MINUTE * 10);
    assert_eq!(run.succeeded(), 1);
}

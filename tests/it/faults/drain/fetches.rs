//! Ids whose results can't be fetched, or not yet: D1 to D7, D16, D18 to D20.

use std::time::Duration;

use super::{HOUR, MINUTE, watching};
use crate::support::queue::{DrainRun, Queue, Reply, Rest, id, listing};
use crate::support::{START, expired, failed, in_progress, response, success};
use typless::machine::{
    Cause, DrainError, DrainEventKind, DrainOptions, Failure, FailureKind, Machine, RequestId,
};
use typless::wire::Status;

/// Drains a queue with one bad id among good ones. The good ones must be returned, whatever the bad
/// one does.
fn with_one_bad(reply: impl Fn() -> Reply + 'static) -> (DrainRun, Queue) {
    let mut run = DrainRun::with(DrainOptions::new());
    let mut queue = Queue::new(&["a", "bad", "b", "c"]).with("bad", reply);
    assert_eq!(run.serve(&mut queue, HOUR), Rest::Done);
    let returned = run.returned();
    assert_eq!(
        returned.iter().filter(|id| !id.ends_with("bad")).count(),
        3,
        "{returned:?}"
    );
    (run, queue)
}

/// Why the bad id was set aside, after this many attempts.
fn reason(run: &DrainRun, attempts: u16) -> &DrainError {
    let set_aside = run.set_aside();
    let [("bad", reason, made)] = set_aside[..] else {
        panic!("{set_aside:?}")
    };
    assert_eq!(made, attempts);
    reason
}

#[test]
fn d01_an_id_the_service_does_not_know_is_tried_five_times_and_set_aside() {
    let (run, queue) = with_one_bad(|| Ok(response(404, r#"{"message": "who?"}"#)));
    assert!(
        matches!(reason(&run, 5), DrainError::NotFound { error } if error.message() == Some("who?"))
    );
    assert_eq!((queue.fetched["bad"], queue.fetched["a"]), (5, 1));
    let (run, _) = with_one_bad(|| Ok(response(400, "")));
    assert!(matches!(
        reason(&run, 5),
        DrainError::Refused { error } if error.http_status().unwrap() == 400
    ));
}

#[test]
fn d02_a_failed_or_expired_result_is_an_outcome_and_is_returned_once() {
    let (run, queue) = with_one_bad(|| Ok(failed()));
    let outcome = run.events.iter().find_map(|event| match &event.kind {
        DrainEventKind::Extracted {
            extraction: Err(error),
            ..
        } => Some(error),
        _ => None,
    });
    assert!(matches!(
        outcome,
        Some(DrainError::Failed { error }) if error.code() == Some("INVALID_FILE")
    ));
    assert_eq!(queue.fetched["bad"], 1);
    let (run, queue) = with_one_bad(|| Ok(expired()));
    assert!(run.returned().contains(&"!bad".to_owned()) && run.set_aside().is_empty());
    assert_eq!(queue.fetched["bad"], 1);
}

#[test]
fn d03_a_listed_id_that_is_still_in_progress_is_polled_again() {
    let (run, _) = with_one_bad(|| Ok(in_progress()));
    assert!(matches!(
        reason(&run, 5),
        DrainError::Unfinished {
            status: Status::InProgress
        }
    ));
    let mut run = DrainRun::with(DrainOptions::new());
    let polls = std::cell::Cell::new(0);
    let mut queue = Queue::new(&["late"]).with("late", move || {
        polls.set(polls.get() + 1);
        Ok(if polls.get() < 3 {
            in_progress()
        } else {
            success()
        })
    });
    assert_eq!(run.serve(&mut queue, HOUR), Rest::Done);
    assert_eq!(
        (run.returned(), run.set_aside().len()),
        (vec!["late".to_owned()], 0)
    );
}

#[test]
fn d04_an_unreadable_result_is_set_aside_at_once_with_its_raw_response() {
    let body = r#"{"status": "SUCCESS", "result": {"extracted_fields": 7}}"#;
    let (run, queue) = with_one_bad(move || Ok(response(200, body)));
    assert!(matches!(
        reason(&run, 1),
        DrainError::Unreadable { error } if error.raw() == body.as_bytes()
    ));
    assert_eq!(queue.fetched["bad"], 1);
}

#[test]
fn d05_a_result_over_the_limit_is_set_aside_at_once() {
    let (run, queue) = with_one_bad(|| Err(FailureKind::TooLarge));
    assert!(matches!(reason(&run, 1), DrainError::TooLarge { .. }));
    assert_eq!(queue.fetched["bad"], 1);
    let mut run = DrainRun::with(DrainOptions::new().with_response_limit(7));
    let list = run.requests_now().remove(0);
    assert_eq!(
        list.limits.response_bytes,
        DrainOptions::LISTING_BYTES,
        "a listing has a limit of its own"
    );
    run.drain.handle_response(list.id, listing(&["a"]), run.now);
    assert!(
        run.requests_now()
            .iter()
            .any(|fetch| fetch.limits.response_bytes == 7)
    );
}

#[test]
fn d06_a_failing_fetch_is_retried_at_growing_intervals_and_set_aside() {
    let failures: [fn() -> Reply; 5] = [
        || Ok(response(500, "")),
        || Ok(response(502, "<html>")),
        || Ok(response(200, "<html>")),
        || Ok(response(200, r#"{"status": "SUC"#)),
        || Err(FailureKind::Interrupted),
    ];
    for failure in failures {
        let (run, queue) = with_one_bad(failure);
        assert!(matches!(reason(&run, 5), DrainError::Unanswered { .. }));
        assert_eq!(queue.fetched["bad"], 5);
        let times: Vec<_> = run
            .requests
            .iter()
            .filter(|(_, uri)| uri.ends_with("bad"))
            .map(|(sent_at, _)| *sent_at)
            .collect();
        let gaps: Vec<u64> = times
            .windows(2)
            .map(|pair| pair[1].saturating_since(pair[0]).as_secs())
            .collect();
        assert!(
            gaps.iter()
                .zip([2..=5, 5..=10, 10..=20, 20..=40])
                .all(|(gap, span)| span.contains(gap)),
            "{gaps:?}"
        );
    }
}

#[test]
fn d06_a_request_without_a_response_is_abandoned_after_its_limit() {
    let mut run = DrainRun::with(DrainOptions::new());
    let list = run.requests_now().remove(0);
    run.drain.handle_response(list.id, listing(&["a"]), run.now);
    let fetch = run.requests_now().remove(0);
    run.now = run.now + MINUTE;
    run.requests_now();
    run.drain.handle_response(fetch.id, success(), run.now);
    run.serve(&mut Queue::new(&["a"]), HOUR);
    let failed = run.count(|kind| {
        matches!(
            kind,
            DrainEventKind::FetchFailed {
                reason: DrainError::Unanswered { failed },
                ..
            } if matches!(failed.cause(), Cause::TimeLimit)
        )
    });
    assert_eq!(
        (failed, run.returned()),
        (1, vec!["a".to_owned()]),
        "the late response is ignored"
    );
}

#[test]
fn d07_an_id_set_aside_is_reported_once_and_not_fetched_until_requested() {
    let mut run = DrainRun::with(watching());
    let mut queue = Queue::new(&["bad"]).with("bad", || Ok(response(404, "")));
    run.serve(&mut queue, HOUR);
    assert_eq!(
        (
            run.set_aside().len(),
            queue.fetched["bad"],
            run.drain.progress().set_aside
        ),
        (1, 5, 1)
    );
    run.drain.retry(&id("bad"), run.now);
    run.serve(&mut queue, HOUR);
    assert_eq!(
        (run.set_aside().len(), queue.fetched["bad"]),
        (2, 10),
        "with as many attempts as a new one"
    );
    queue.odd.clear();
    run.drain.retry(&id("bad"), run.now);
    run.serve(&mut queue, HOUR);
    assert_eq!(
        (run.returned(), run.drain.progress().set_aside),
        (vec!["bad".to_owned()], 0)
    );
}

#[test]
fn d07_an_id_set_aside_and_no_longer_listed_is_forgotten() {
    let mut run = DrainRun::with(watching());
    let mut queue = Queue::new(&["bad"]).with("bad", || Err(FailureKind::TooLarge));
    run.serve(&mut queue, MINUTE);
    queue.listed.clear();
    run.serve(&mut queue, MINUTE * 3);
    assert_eq!(run.drain.progress().set_aside, 0);
}

#[test]
fn d16_ids_that_fail_slowly_take_at_most_half_of_the_slots() {
    let mut run = DrainRun::with(watching().with_max_in_flight(4).with_rate(1000, 1000));
    let ids: Vec<String> = (0..6000)
        .map(|number| format!("{}{number}", if number % 50 == 0 { "slow" } else { "" }))
        .collect();
    let list = run.requests_now().remove(0);
    run.drain.handle_response(list.id, listing(&ids), run.now);
    let (mut good, mut hanging, mut seen) = (0, 0, Vec::new());
    while good < 5880 {
        for transmit in run.requests_now() {
            let query = transmit
                .request
                .uri()
                .query()
                .unwrap_or_default()
                .to_owned();
            if !query.contains("slow") {
                good += 1;
                run.drain.handle_response(transmit.id, success(), run.now);
            } else if seen.contains(&query) {
                hanging += 1;
            } else {
                // It fails at once the first time, and hangs from then on.
                seen.push(query);
                run.drain
                    .handle_response(transmit.id, response(500, ""), run.now);
            }
        }
        run.now = run.now + Duration::from_millis(10);
    }
    assert_eq!(hanging, 2);
    assert!(run.now < START + MINUTE, "and the others come meanwhile");
}

#[test]
fn d18_unknown_and_repeated_responses_change_nothing() {
    let mut run = DrainRun::with(DrainOptions::new());
    let list = run.requests_now().remove(0);
    run.drain
        .handle_response(RequestId::new(77), listing(&["x"]), run.now);
    run.drain.handle_response(list.id, listing(&["a"]), run.now);
    run.drain
        .handle_response(list.id, listing(&["x", "y"]), run.now);
    let fetch = run.requests_now().remove(0);
    run.drain.handle_response(fetch.id, success(), run.now);
    run.drain.handle_response(fetch.id, failed(), run.now);
    run.drain
        .handle_failure(fetch.id, Failure::new(FailureKind::TooLarge, ""), run.now);
    assert_eq!(run.serve(&mut Queue::new(&["a"]), HOUR), Rest::Done);
    assert_eq!(run.returned(), ["a"]);
}

#[test]
fn d19_an_id_that_is_no_longer_listed_is_fetched_anyway() {
    let mut run = DrainRun::with(watching().with_rate(1, 1).with_max_in_flight(1));
    let list = run.requests_now().remove(0);
    run.drain
        .handle_response(list.id, listing(&["a", "b", "c"]), run.now);
    run.serve(&mut Queue::new(&[]), MINUTE * 10);
    assert_eq!(run.returned(), ["a", "b", "c"]);
}

#[test]
fn d20_neither_key_nor_result_is_in_the_debug_text_of_a_drain() {
    let mut run = DrainRun::with(DrainOptions::new());
    run.serve(
        &mut Queue::new(&["a", "b"]).with("b", || Ok(response(404, ""))),
        HOUR,
    );
    let shown = format!("{:?} {:?}", run.drain, run.events);
    assert!(
        !shown.contains("s3cret") && !shown.contains("12.0000"),
        "{shown}"
    );
}

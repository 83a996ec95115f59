//! A queue with ids that can't be fetched, that fails, or that other clients read too: the rows D
//! of `docs/faults.md`.

use std::time::Duration;

use crate::support::queue::{DrainRun, Queue, Reply, Rest, id, listing};
use crate::support::{START, expired, failed, in_progress, response, response_with, success};
use typless::machine::{
    Cause, DrainError, DrainEventKind, DrainOptions, Failure, FailureKind, Machine, Output,
    PauseReason, RequestId,
};
use typless::wire::Status;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn watching() -> DrainOptions {
    DrainOptions::new().with_interval(MINUTE)
}

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
                reason: DrainError::Unanswered {
                    cause: Cause::TimeLimit
                },
                ..
            }
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
fn d08_an_id_that_is_listed_repeatedly_is_fetched_once() {
    let mut run = DrainRun::with(watching());
    let mut queue = Queue::new(&["b", "a", "b", "b", "a"]);
    run.serve(&mut queue, HOUR);
    assert_eq!(
        (run.returned(), queue.fetched.values().sum::<usize>()),
        (vec!["b".to_owned(), "a".to_owned()], 2)
    );
    assert!(matches!(
        run.events[0].kind,
        DrainEventKind::ListingReceived { listed: 2, new: 2 }
    ));
    queue.listed.reverse();
    queue.listed.insert(2, "new".to_owned());
    run.serve(&mut queue, HOUR);
    assert_eq!(
        run.returned(),
        ["b", "a", "new"],
        "in another order they are the same"
    );
}

#[test]
fn d09_an_empty_response_of_any_form_is_no_error() {
    for none in [
        r#"{"extraction_ids": []}"#,
        r#"{"extraction_ids": null}"#,
        "{}",
        "null",
        "[]",
        "",
        " \n",
    ] {
        let is_empty = |kind: &DrainEventKind| {
            matches!(kind, DrainEventKind::ListingReceived { listed: 0, new: 0 })
        };
        let mut run = DrainRun::with(DrainOptions::new());
        let mut queue = Queue::new(&[]);
        queue.odd_listing = Some(Box::new(move || Ok(response(200, none))));
        assert_eq!(run.serve(&mut queue, HOUR), Rest::Done);
        assert!(matches!(&run.events[..], [event] if is_empty(&event.kind)));
    }
}

#[test]
fn d10_an_entry_that_is_not_an_id_does_not_hide_the_others() {
    for list in [
        r#"["a", null, 17, "", "b\u0007", {"id": "x"}, "b"]"#,
        r#"{"extraction_ids": ["a", ["x"], 17, "b"], "next": 2}"#,
    ] {
        let mut run = DrainRun::with(DrainOptions::new());
        let mut queue = Queue::new(&[]);
        queue.odd_listing = Some(Box::new(move || Ok(response(200, list))));
        assert_eq!(run.serve(&mut queue, HOUR), Rest::Done);
        assert_eq!(run.returned(), ["a", "17", "b"]);
    }
}

#[test]
fn d11_failing_listings_end_a_drain_that_is_not_watching() {
    let check = |reply: fn() -> Reply, attempts: usize| {
        let mut run = DrainRun::with(DrainOptions::new());
        let mut queue = Queue::new(&["a"]);
        queue.odd_listing = Some(Box::new(reply));
        assert_eq!(run.serve(&mut queue, HOUR), Rest::Done);
        let given_up =
            run.count(|kind| matches!(kind, DrainEventKind::ListingFailed { retry_at: None, .. }));
        assert_eq!(
            (
                queue.listings,
                run.count(|kind| matches!(kind, DrainEventKind::ListingFailed { .. })),
                given_up
            ),
            (attempts, attempts, 1)
        );
    };
    check(|| Ok(response(500, "")), 5);
    check(|| Ok(response(200, "<html>")), 5);
    check(|| Ok(response(200, r#"{"extraction_ids": 7}"#)), 5);
    check(|| Err(FailureKind::NotSent), 5);
    check(|| Ok(response(429, "")), 5);
    check(|| Ok(response(404, "")), 1);
    check(|| Ok(response(302, "")), 1);
    check(|| Err(FailureKind::TooLarge), 1);
}

#[test]
fn d11_a_watching_drain_repeats_the_listing_until_it_succeeds() {
    let replies: [fn() -> Reply; 4] = [
        || Ok(response(500, "")),
        || Ok(response(200, "<html>")),
        || Ok(response(404, "")),
        || Err(FailureKind::TooLarge),
    ];
    for reply in replies {
        let mut run = DrainRun::with(watching());
        let mut queue = Queue::new(&["a"]);
        queue.odd_listing = Some(Box::new(reply));
        assert_eq!(run.serve(&mut queue, HOUR), Rest::Waiting);
        assert!((10..=60).contains(&queue.listings), "{}", queue.listings);
        queue.odd_listing = None;
        run.serve(&mut queue, HOUR);
        assert_eq!(run.returned(), ["a"]);
    }
}

#[test]
fn d11_a_listing_cut_off_is_repeated_and_its_ids_are_fetched() {
    let mut run = DrainRun::with(DrainOptions::new());
    let list = run.requests_now().remove(0);
    run.drain.handle_response(
        list.id,
        response(200, r#"{"extraction_ids": ["a", "b", "cut"#),
        run.now,
    );
    let mut queue = Queue::new(&["a", "b", "cut off"]);
    assert_eq!(run.serve(&mut queue, HOUR), Rest::Done);
    let mut returned = run.returned();
    returned.sort_unstable();
    assert_eq!(returned, ["a", "b", "cut off"]);
    assert!(queue.fetched.values().all(|times| *times == 1));
}

#[test]
fn d11_a_failed_listing_counts_no_id_as_missing() {
    let mut run = DrainRun::with(watching());
    let mut queue = Queue::new(&["a"]);
    run.serve(&mut queue, MINUTE);
    queue.odd_listing = Some(Box::new(|| Ok(response(500, ""))));
    run.serve(&mut queue, MINUTE * 10);
    // One listing without it, and then it is listed again.
    (queue.odd_listing, queue.listed) = (None, Vec::new());
    let before = queue.listings;
    while queue.listings == before {
        run.serve(&mut queue, MINUTE / 60);
    }
    queue.listed.push("a".to_owned());
    run.serve(&mut queue, MINUTE * 5);
    assert_eq!(run.returned(), ["a"]);
}

#[test]
fn d12_a_customer_without_any_listed_id_is_suspected_and_rarely_checked_again() {
    let mut run = DrainRun::with(watching().with_customer("Acme Ltd").unwrap());
    let mut queue = Queue::new(&[]);
    queue.all = Some(vec!["x".to_owned(), "y".to_owned()]);
    run.serve(&mut queue, HOUR * 48);
    assert!(
        matches!(
            run.events[1].kind,
            DrainEventKind::CustomerSuspected { listed: Some(2) }
        ),
        "{:?}",
        run.events[1]
    );
    assert!(
        (3..=8).contains(&queue.listings_of_all),
        "{}",
        queue.listings_of_all
    );
    assert!(
        run.returned().is_empty() && queue.fetched.is_empty(),
        "what is others' is not fetched"
    );
    // A single id listed for the customer settles it.
    queue.listed.push("a".to_owned());
    run.serve(&mut queue, MINUTE * 2);
    queue.listed.clear();
    let before = queue.listings_of_all;
    run.serve(&mut queue, HOUR * 48);
    assert_eq!(
        (run.returned(), queue.listings_of_all),
        (vec!["a".to_owned()], before)
    );
}

#[test]
fn d12_a_drain_that_is_not_watching_checks_its_customer_before_it_finishes() {
    let check = |all: Vec<String>| {
        let mut run = DrainRun::with(DrainOptions::new().with_customer("Acme Ltd").unwrap());
        let mut queue = Queue::new(&[]);
        queue.all = Some(all);
        assert_eq!(run.serve(&mut queue, HOUR), Rest::Done);
        run.count(|kind| matches!(kind, DrainEventKind::CustomerSuspected { .. }))
    };
    assert_eq!((check(vec!["x".to_owned()]), check(Vec::new())), (1, 0));
    // A listing of all customers that is over the limit is not empty.
    let mut run = DrainRun::with(DrainOptions::new().with_customer("Acme Ltd").unwrap());
    let list = run.requests_now().remove(0);
    run.drain
        .handle_response(list.id, response(200, "{}"), run.now);
    let all = run.requests_now().remove(0);
    run.drain
        .handle_failure(all.id, Failure::new(FailureKind::TooLarge, ""), run.now);
    assert_eq!(run.serve(&mut Queue::new(&[]), HOUR), Rest::Done);
    assert_eq!(
        run.count(|kind| matches!(kind, DrainEventKind::CustomerSuspected { listed: None })),
        1
    );
}

#[test]
fn d13_a_refused_key_stops_everything_with_one_event_until_a_new_key() {
    for status in [401, 403] {
        let mut run = DrainRun::with(watching());
        let list = run.requests_now().remove(0);
        run.drain
            .handle_response(list.id, listing(&["a", "b", "c"]), run.now);
        let fetches = run.requests_now();
        assert_eq!(fetches.len(), 3);
        run.drain.handle_response(
            fetches[0].id,
            response(status, r#"{"message": "revoked"}"#),
            run.now,
        );
        run.drain
            .handle_response(fetches[1].id, response(status, ""), run.now);
        assert!(run.requests_now().is_empty());
        assert!(
            matches!(run.drain.next_output(run.now), Output::Wait(until) if until < START + MINUTE),
            "a listing will find out whether it is taken again"
        );
        run.drain.set_key("another").unwrap();
        let again = run.requests_now();
        assert_eq!(again.len(), 2, "{again:?}");
        assert!(
            again
                .iter()
                .all(|fetch| fetch.request.headers()["authorization"] == "Token another")
        );
        // A late response to the old key says nothing about the new key.
        run.drain
            .handle_response(fetches[2].id, response(status, ""), run.now);
        for fetch in again {
            run.drain.handle_response(fetch.id, success(), run.now);
        }
        run.serve(&mut Queue::new(&["a", "b", "c"]), MINUTE);
        assert_eq!(run.returned(), ["a", "b", "c"]);
        assert_eq!(
            run.count(|kind| matches!(
                kind,
                DrainEventKind::Paused(pause) if pause.reason == PauseReason::KeyRefused
            )),
            1
        );
        assert!(run.set_aside().is_empty());
        assert!(run.drain.set_key("").is_err());
    }
}

#[test]
fn d13_a_key_refused_for_the_listing_is_tried_every_five_minutes_and_heals() {
    for is_replaced in [true, false] {
        let mut run = DrainRun::with(DrainOptions::new());
        let mut queue = Queue::new(&["a"]);
        queue.odd_listing = Some(Box::new(|| Ok(response(401, ""))));
        assert_eq!(run.serve(&mut queue, HOUR), Rest::Waiting);
        assert!((12..30).contains(&queue.listings), "{}", queue.listings);
        queue.odd_listing = None;
        if is_replaced {
            run.drain.set_key("another").unwrap();
        }
        assert_eq!(run.serve(&mut queue, HOUR), Rest::Done);
        assert_eq!(run.returned(), vec!["a".to_owned()]);
        assert!(run.now <= START + HOUR + MINUTE * 5, "{:?}", run.now);
    }
}

#[test]
fn d14_a_pause_the_service_asks_for_applies_to_all_and_counts_against_no_id() {
    for status in [429, 503] {
        let mut run = DrainRun::with(watching());
        let list = run.requests_now().remove(0);
        run.drain
            .handle_response(list.id, listing(&["a", "b", "c"]), run.now);
        for fetch in run.requests_now() {
            run.drain.handle_response(
                fetch.id,
                response_with(status, ("retry-after", "30"), ""),
                run.now,
            );
        }
        assert!(run.requests_now().is_empty());
        let pauses = run.count(|kind| {
            matches!(
                kind,
                DrainEventKind::Paused(pause) if pause.until == START + MINUTE / 2
            )
        });
        assert_eq!(pauses, 1, "once for all that were in flight");
        let mut queue = Queue::new(&["a", "b", "c"]);
        run.serve(&mut queue, MINUTE - Duration::from_secs(1));
        assert_eq!(run.requests[0].0, START + MINUTE / 2);
        assert!(
            run.returned().len() == 3
                && run.count(|kind| matches!(kind, DrainEventKind::FetchFailed { .. })) == 0
        );
    }
}

#[test]
fn d15_an_outage_of_an_hour_sets_nothing_aside() {
    let ids: Vec<String> = (0..500).map(|number| number.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut run = DrainRun::with(watching());
    let mut queue = Queue::new(&ids);
    let list = run.requests_now().remove(0);
    run.drain.handle_response(list.id, listing(&ids), run.now);
    let broken: fn() -> Reply = || Ok(response(503, ""));
    queue.odd_listing = Some(Box::new(broken));
    ids.iter()
        .for_each(|id| drop(queue.odd.insert((*id).to_owned(), Box::new(broken))));
    run.serve(&mut queue, HOUR);
    assert!(run.requests.len() < 100, "{}", run.requests.len());
    assert!(run.set_aside().is_empty(), "{:?}", run.set_aside());
    queue.odd_listing = None;
    queue.odd.clear();
    run.serve(&mut queue, HOUR);
    assert_eq!(run.returned().len(), 500);
}

#[test]
fn d15_while_only_listings_work_few_ids_are_tried() {
    // As with a wrong path: every fetch gets 404.
    let ids: Vec<String> = (0..500).map(|number| number.to_string()).collect();
    let mut run = DrainRun::with(watching());
    let mut queue = Queue::new(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    ids.iter().for_each(|id| {
        drop(
            queue
                .odd
                .insert(id.clone(), Box::new(|| Ok(response(404, "")))),
        );
    });
    run.serve(&mut queue, HOUR);
    assert!(run.set_aside().len() < 50, "{}", run.set_aside().len());
    assert!(run.count(|kind| matches!(kind, DrainEventKind::Paused { .. })) > 5);
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
fn d17_two_drains_of_one_queue_each_return_what_they_get() {
    let ids = ["a", "b", "c", "d"];
    let mut queue = Queue::new(&ids);
    queue.shrinks = true;
    let mut runs = [DrainRun::with(watching()), DrainRun::with(watching())];
    for run in &mut runs {
        let list = run.requests_now().remove(0);
        run.drain.handle_response(list.id, listing(&ids), run.now);
    }
    for run in &mut runs {
        run.serve(&mut queue, MINUTE * 3);
        assert_eq!(run.returned(), ids, "each returns all: nothing is lost");
        assert_eq!(run.drain.progress().acknowledged, 0);
    }
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

#[test]
fn d21_a_long_listing_is_taken_whole_and_remembered_while_it_is_listed() {
    let ids: Vec<String> = (0..50_000)
        .map(|number| format!("{:040x}", number * 7919))
        .collect();
    let mut run = DrainRun::with(watching());
    // Half of them were acknowledged before a restart.
    ids.iter()
        .step_by(2)
        .for_each(|name| run.drain.acknowledge(&id(name)));
    let list = run.requests_now().remove(0);
    run.drain.handle_response(list.id, listing(&ids), run.now);
    let progress = run.drain.progress();
    assert_eq!(
        (progress.listed, progress.waiting, progress.acknowledged),
        (50_000, 25_000, 25_000)
    );
    ids.iter().for_each(|name| run.drain.acknowledge(&id(name)));
    // In the same order, in reverse, and then without the first half.
    let reversed: Vec<String> = ids.iter().rev().cloned().collect();
    let remembered = [&ids[..], &reversed[..], &ids[25_000..], &ids[25_000..]].map(|list| {
        run.now = run.now + HOUR;
        let transmit = run.requests_now().remove(0);
        run.drain
            .handle_response(transmit.id, listing(list), run.now);
        run.drain.progress().acknowledged
    });
    assert_eq!(remembered, [50_000, 50_000, 50_000, 25_000]);
    let new = run.count(|kind| matches!(kind, DrainEventKind::ListingReceived { new: 1.., .. }));
    assert_eq!((new, run.returned().len()), (1, 0));
}

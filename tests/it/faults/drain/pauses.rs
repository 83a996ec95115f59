//! What stops all requests at once: D13 to D15.

use std::time::Duration;

use super::{HOUR, MINUTE, watching};
use crate::support::queue::{DrainRun, Queue, Reply, Rest, listing};
use crate::support::{START, response, response_with, success};
use typless::machine::{DrainError, DrainEventKind, DrainOptions, Machine, Output, PauseReason};

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
fn d13_an_id_for_which_alone_the_key_is_refused_is_set_aside() {
    for options in [DrainOptions::new(), watching()] {
        let mut run = DrainRun::with(options);
        let refused = || Ok(response(403, r#"{"message": "not yours"}"#));
        let mut queue = Queue::new(&["a", "b", "c"]).with("b", refused);
        run.serve(&mut queue, 48 * HOUR);
        let set_aside = run.count(|kind| {
            let reason = |reason: &_| matches!(reason, DrainError::Refused { .. });
            matches!(kind, DrainEventKind::SetAside { reason: why, .. } if reason(why))
        });
        assert_eq!(
            (run.returned().len(), set_aside),
            (2, 1),
            "{:?}",
            run.returned()
        );
    }
}

#[test]
fn d13_a_first_refusal_after_a_fetch_is_the_keys_and_not_the_ids() {
    let mut run = DrainRun::with(watching());
    run.serve(&mut Queue::new(&["a"]), MINUTE / 2);
    assert_eq!(run.returned(), ["a"]);
    let refused = || Ok(response(403, r#"{"message": "revoked"}"#));
    run.serve(&mut Queue::new(&["b"]).with("b", refused), 2 * MINUTE);
    let kinds = run.events.iter().map(|event| &event.kind);
    let mut since = kinds.skip_while(|kind| !matches!(kind, DrainEventKind::Paused(_)));
    let Some(DrainEventKind::Paused(pause)) = since.next() else {
        panic!("no pause")
    };
    assert_eq!(pause.reason, PauseReason::KeyRefused);
    // Until a listing has shown that the key is taken, nothing is charged to the id.
    let charged = since
        .take_while(|kind| !matches!(kind, DrainEventKind::Resumed { .. }))
        .any(|kind| matches!(kind, DrainEventKind::FetchFailed { .. }));
    assert!(!charged);
}

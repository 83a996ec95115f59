//! A drain without faults: listed, fetched, returned, acknowledged. Faults are in
//! `faults/drain`.

use std::time::Duration;

use crate::support::queue::{DrainRun, Queue, Rest, id, listing};
use crate::support::{START, in_progress, response_with, success};
use typless::machine::{Drain, DrainEventKind, DrainOptions, Machine, Output, Time};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn watching() -> DrainOptions {
    DrainOptions::new().with_interval(MINUTE)
}

fn names(run: &DrainRun) -> Vec<String> {
    run.events
        .iter()
        .map(|event| {
            format!("{:?}", event.kind)
                .split([' ', '('])
                .next()
                .unwrap()
                .to_owned()
        })
        .collect()
}

#[test]
fn listed_results_are_fetched_and_returned_oldest_first() {
    let mut run = DrainRun::with(DrainOptions::new().with_max_in_flight(1));
    let mut queue = Queue::new(&["b", "a", "c"]);
    assert_eq!(run.serve(&mut queue, HOUR), Rest::Done);
    assert_eq!(run.returned(), ["b", "a", "c"]);
    let mut expected = [
        "ListingReceived",
        "FetchDue",
        "Extracted",
        "FetchDue",
        "Extracted",
        "FetchDue",
        "Extracted",
        "ListingReceived",
    ];
    let mut names = names(&run);
    // The last listing may come before the last result.
    expected.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, expected);
    let numbers: Vec<u64> = run.events.iter().map(|event| event.sequence).collect();
    assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
    assert!(matches!(
        run.events[0].kind,
        DrainEventKind::ListingReceived { listed: 3, new: 3 }
    ));
    assert_eq!((run.now, queue.fetched.values().max()), (START, Some(&1)));
}

#[test]
fn an_empty_queue_is_drained_with_one_request() {
    let mut run = DrainRun::with(DrainOptions::new());
    assert_eq!(run.serve(&mut Queue::new(&[]), HOUR), Rest::Done);
    assert_eq!(
        (run.requests.len(), names(&run)),
        (1, vec!["ListingReceived".to_owned()])
    );
}

#[test]
fn drained_once_it_finishes_with_a_listing_without_new_ids() {
    // A service that lists at most two ids in one response.
    let mut run = DrainRun::with(DrainOptions::new());
    let mut queue = Queue::new(&["a", "b", "c", "d", "e"]);
    queue.shrinks = true;
    let mut rest: Vec<String> = queue.listed.split_off(2);
    loop {
        let requests = run.requests_now();
        if requests.is_empty() {
            break;
        }
        for transmit in requests {
            if queue.listed.len() < 2 && !rest.is_empty() {
                queue.listed.push(rest.remove(0));
            }
            run.drain.handle_response(
                transmit.id,
                queue.respond(transmit.request.uri()).unwrap(),
                run.now,
            );
        }
    }
    assert_eq!(run.returned(), ["a", "b", "c", "d", "e"]);
    assert!(matches!(run.drain.next_output(run.now), Output::Done));
}

#[test]
fn a_watching_drain_lists_at_its_interval_and_fetches_only_new_ids() {
    let mut run = DrainRun::with(watching());
    let mut queue = Queue::new(&["a", "b"]);
    assert_eq!(run.serve(&mut queue, MINUTE * 5), Rest::Waiting);
    queue.listed.push("c".to_owned());
    run.serve(&mut queue, MINUTE * 5);
    assert_eq!(run.returned(), ["a", "b", "c"]);
    assert_eq!(
        (queue.listings, queue.fetched.values().sum::<usize>()),
        (11, 3)
    );
    let listings = run
        .requests
        .iter()
        .filter(|(_, uri)| uri.contains("awaiting"));
    assert!(
        listings
            .zip(0..)
            .all(|((sent_at, _), number)| *sent_at == START + MINUTE * number)
    );
}

#[test]
fn a_listing_waits_until_the_listed_ids_are_fetched() {
    let mut run = DrainRun::with(watching().with_rate(1, 1));
    let ids: Vec<String> = (0..150).map(|number| number.to_string()).collect();
    let mut queue = Queue::new(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    run.serve(&mut queue, MINUTE * 2);
    assert_eq!(queue.listings, 1);
    run.serve(&mut queue, MINUTE);
    assert_eq!((queue.listings, run.returned().len()), (2, 150));
}

#[test]
fn an_unacknowledged_result_is_returned_again_until_acknowledged() {
    let mut run = DrainRun::unacknowledged(watching().with_redelivery(MINUTE * 3));
    let mut queue = Queue::new(&["a", "b"]);
    run.serve(&mut queue, MINUTE);
    run.drain.acknowledge(&id("b"));
    run.serve(&mut queue, MINUTE * 6);
    assert_eq!(run.returned(), ["a", "b", "a", "a"]);
    let deliveries: Vec<u16> = run
        .events
        .iter()
        .filter_map(|event| {
            if let DrainEventKind::Extracted { delivery, .. } = event.kind {
                Some(delivery)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(deliveries, [1, 1, 2, 3]);
    run.drain.acknowledge(&id("a"));
    run.serve(&mut queue, HOUR);
    assert_eq!((run.returned().len(), queue.fetched["a"]), (4, 3));
}

#[test]
fn drained_once_it_waits_for_every_acknowledgement() {
    let mut run = DrainRun::unacknowledged(DrainOptions::new());
    let mut queue = Queue::new(&["a"]);
    assert_eq!(run.serve(&mut queue, MINUTE), Rest::Waiting);
    assert_eq!(run.drain.progress().unacknowledged, 1);
    run.drain.acknowledge(&id("a"));
    assert_eq!(run.serve(&mut queue, MINUTE), Rest::Done);
    run.drain.acknowledge(&id("a"));
    run.drain.acknowledge(&id("unheard of"));
    assert_eq!(run.serve(&mut queue, MINUTE), Rest::Done);
}

#[test]
fn acknowledging_is_optional() {
    let mut run = DrainRun::unacknowledged(DrainOptions::new().without_acknowledgement());
    assert_eq!(run.serve(&mut Queue::new(&["a", "b"]), MINUTE), Rest::Done);
    assert_eq!(run.returned(), ["a", "b"]);
}

#[test]
fn unacknowledged_results_stop_the_fetching() {
    let mut run = DrainRun::unacknowledged(watching().with_max_unacknowledged(3));
    let mut queue = Queue::new(&["a", "b", "c", "d", "e"]);
    run.serve(&mut queue, MINUTE);
    assert_eq!((run.returned().len(), run.drain.progress().waiting), (3, 2));
    run.drain.acknowledge(&id("b"));
    run.serve(&mut queue, MINUTE);
    assert_eq!(run.returned(), ["a", "b", "c", "d"]);
}

#[test]
fn acknowledged_ids_are_remembered_only_while_they_are_listed() {
    let mut run = DrainRun::with(watching());
    let mut queue = Queue::new(&["a", "b"]);
    run.serve(&mut queue, MINUTE);
    assert_eq!(run.drain.progress().acknowledged, 2);
    queue.listed.remove(0);
    run.serve(&mut queue, MINUTE * 2);
    assert_eq!(
        run.drain.progress().acknowledged,
        1,
        "missing in two listings"
    );
    // To the drain, it is a new one.
    queue.listed.push("a".to_owned());
    run.serve(&mut queue, MINUTE);
    assert_eq!(run.returned(), ["a", "b", "a"]);
}

#[test]
fn after_a_restart_nothing_acknowledged_comes_again_and_nothing_else_is_lost() {
    // Reading a result removes it from the list, which is the harder case.
    let mut queue = Queue::new(&["a", "b", "c"]);
    queue.shrinks = true;
    let mut run = DrainRun::unacknowledged(DrainOptions::new());
    run.serve(&mut queue, MINUTE);
    run.drain.acknowledge(&id("a"));
    let begun = run.events.iter().filter_map(|event| match &event.kind {
        DrainEventKind::FetchDue { extraction_id, .. } => Some(extraction_id.clone()),
        _ => None,
    });
    // What was started and not acknowledged, by a log of the events and acknowledgements.
    let open: Vec<_> = begun.filter(|id| id.as_str() != "a").collect();
    let next = run.events.last().unwrap().sequence + 1;
    queue.listed = vec!["a".to_owned(), "d".to_owned()];
    let mut again = DrainRun::with(DrainOptions::new().with_first_sequence(next));
    again.drain.acknowledge(&id("a"));
    open.iter().for_each(|id| again.drain.retry(id, again.now));
    assert_eq!(again.serve(&mut queue, MINUTE), Rest::Done);
    let mut returned = again.returned();
    returned.sort_unstable();
    assert_eq!(
        (returned, again.events[0].sequence),
        (vec!["b".to_owned(), "c".to_owned(), "d".to_owned()], next)
    );
}

#[test]
fn an_id_acknowledged_before_its_result_is_not_returned() {
    let mut run = DrainRun::with(DrainOptions::new());
    let list = run.requests_now().remove(0);
    run.drain
        .handle_response(list.id, listing(&["a", "b", "c"]), run.now);
    // While it waits, when its fetch is announced, and while its fetch is in flight.
    run.drain.acknowledge(&id("a"));
    let Output::Event(listed) = run.drain.next_output(run.now) else {
        panic!()
    };
    assert!(matches!(
        listed.kind,
        DrainEventKind::ListingReceived { .. }
    ));
    let Output::Event(_) = run.drain.next_output(run.now) else {
        panic!("b is announced")
    };
    run.drain.acknowledge(&id("b"));
    let fetches: Vec<_> = run
        .requests_now()
        .into_iter()
        .filter(|transmit| transmit.request.uri().path().ends_with("data"))
        .collect();
    assert_eq!(
        fetches
            .iter()
            .map(|fetch| fetch.request.uri().query().unwrap())
            .collect::<Vec<_>>(),
        ["extraction_id=c"]
    );
    run.drain.acknowledge(&id("c"));
    run.drain.handle_response(fetches[0].id, success(), run.now);
    run.serve(&mut Queue::new(&["a", "b", "c"]), MINUTE);
    assert!(run.returned().is_empty());
}

#[test]
fn no_more_is_in_flight_or_sent_per_second_than_the_limits_allow() {
    let ids: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    let mut run = DrainRun::with(watching().with_max_in_flight(3).with_rate(10, 5));
    let list = run.requests_now().remove(0);
    run.drain.handle_response(list.id, listing(&ids), run.now);
    assert_eq!(run.requests_now().len(), 3, "at once");
    let mut run = DrainRun::with(watching().with_rate(10, 5));
    let mut queue = Queue::new(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    run.serve(&mut queue, MINUTE / 2);
    assert_eq!(run.returned().len(), 100);
    for (first, (from, _)) in run.requests.iter().enumerate() {
        let within = run.requests[first..]
            .iter()
            .filter(|(sent_at, _)| *sent_at < *from + Duration::from_secs(1))
            .count();
        assert!(within <= 15, "{within}");
    }
}

#[test]
fn a_hint_on_a_listing_is_a_minimum_for_the_next_one() {
    let mut run = DrainRun::with(watching());
    let list = run.requests_now().remove(0);
    run.drain.handle_response(
        list.id,
        response_with(200, ("retry-after", "600"), "{}"),
        run.now,
    );
    run.serve(&mut Queue::new(&[]), HOUR);
    assert_eq!(run.requests[0].0, START + Duration::from_secs(600));
}

#[test]
fn a_closed_drain_finishes_after_what_is_in_flight() {
    let mut run = DrainRun::with(watching().with_max_in_flight(2));
    let list = run.requests_now().remove(0);
    run.drain
        .handle_response(list.id, listing(&["a", "b", "c"]), run.now);
    let fetches = run.requests_now();
    run.drain.close();
    run.drain.handle_response(fetches[0].id, success(), run.now);
    let Output::Event(event) = run.drain.next_output(run.now) else {
        panic!()
    };
    run.note(event);
    let Output::Wait(limit) = run.drain.next_output(run.now) else {
        panic!("one is out")
    };
    assert_eq!(limit, START + MINUTE);
    assert_eq!(run.serve(&mut Queue::new(&[]), HOUR), Rest::Done);
    assert_eq!(
        (run.returned(), run.requests.len()),
        (vec!["a".to_owned()], 0)
    );
}

#[test]
fn a_watching_drain_finishes_at_the_end_of_time() {
    let mut run = DrainRun::with(watching());
    run.now = Time::MAX;
    assert_eq!(run.serve(&mut Queue::new(&["a"]), HOUR), Rest::Done);
}

#[test]
fn customer_and_text_blocks_are_requested_only_if_set() {
    let options = DrainOptions::new()
        .with_customer("A & B")
        .unwrap()
        .with_text_blocks();
    let mut run = DrainRun::with(options);
    run.serve(&mut Queue::new(&["a"]), MINUTE);
    assert!(
        run.requests[0]
            .1
            .ends_with("/api/v1/awaiting-poll?customer=A%20%26%20B"),
        "{:?}",
        run.requests[0]
    );
    assert!(
        run.requests[1]
            .1
            .ends_with("get-extraction-data?extraction_id=a&text_blocks=true"),
        "{:?}",
        run.requests[1]
    );
    assert_eq!(
        DrainOptions::new().with_customer("").unwrap_err().field(),
        "customer"
    );
}

#[test]
fn into_outcome_accepts_only_events_with_an_outcome() {
    let mut run = DrainRun::with(DrainOptions::new());
    run.serve(
        &mut Queue::new(&["a", "b"]).with("b", || Ok(in_progress())),
        HOUR,
    );
    let outcomes: Vec<_> = run
        .events
        .into_iter()
        .filter_map(|event| Drain::into_outcome(event).ok())
        .collect();
    assert!(matches!(&outcomes[..], [(extraction_id, Ok(_))] if extraction_id.as_str() == "a"));
}

#[test]
fn a_listing_may_be_larger_than_a_result() {
    let limits = |options| {
        let mut run = DrainRun::with(options);
        let list = run.requests_now().remove(0);
        run.drain.handle_response(list.id, listing(&["a"]), run.now);
        let fetch = run.requests_now().remove(0);
        (list.limits.response_bytes, fetch.limits.response_bytes)
    };
    const MIB: u64 = 1 << 20;
    assert_eq!(limits(DrainOptions::new()), (64 * MIB, 32 * MIB));
}

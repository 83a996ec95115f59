//! What a listing has, or lacks: D8 to D12, D17, D21.

use super::{HOUR, MINUTE, watching};
use crate::support::queue::{DrainRun, Queue, Reply, Rest, id, listing};
use crate::support::{EMPTY_LISTINGS, response};
use typless::machine::{DrainEventKind, DrainOptions, Failure, FailureKind, Machine};

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
    for none in EMPTY_LISTINGS {
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

//! A queue of which the fetches do not work for long, or of which nothing works and then empty
//! listings prove nothing: the rows D13 and D15 of `docs/faults.md`.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::queue::{DrainRun, Queue, Reply, Rest, listing};
use crate::support::{START, failed, in_progress, response, response_with};
use typless::machine::{
    DrainEventKind, DrainOptions, Failure, FailureKind, Machine, Output, PauseReason, RequestId,
    Time,
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn watching() -> DrainOptions {
    DrainOptions::new().with_interval(MINUTE)
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

fn queue_of(names: &[String]) -> Queue {
    Queue::new(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Lets the fetches of these ids fail, and not the listings.
fn break_fetches(queue: &mut Queue, names: &[String], reply: fn() -> Reply) {
    for name in names {
        queue.odd.insert(name.clone(), Box::new(reply));
    }
}

/// The times of the fetches.
fn fetches(run: &DrainRun) -> Vec<Time> {
    let is_fetch = |request: &&(Time, String)| request.1.contains("extraction_id=");
    run.requests
        .iter()
        .filter(is_fetch)
        .map(|it| it.0)
        .collect()
}

/// How often it was reported that fetches are held back, and that they are not any more.
fn pauses(run: &DrainRun) -> (usize, usize) {
    let paused = run.count(|kind| {
        matches!(kind, DrainEventKind::Paused(pause) if pause.reason == PauseReason::Fetches)
    });
    let resumed = run.count(|kind| {
        matches!(kind, DrainEventKind::Resumed { reason, .. } if *reason == PauseReason::Fetches)
    });
    (paused, resumed)
}

#[test]
fn d15_an_hour_in_which_only_listings_work_sets_nothing_aside() {
    let failures: [fn() -> Reply; 7] = [
        || Ok(response(500, "")),
        || Ok(response(503, "")),
        || Ok(response(408, "")),
        || Ok(response(404, "<html>")),
        || Ok(response(200, "<html>")),
        || Err(FailureKind::Interrupted),
        || Err(FailureKind::NotSent),
    ];
    for (number, failure) in failures.into_iter().enumerate() {
        for fetched_before in [0, 1] {
            let names = names(500);
            let mut run = DrainRun::with(watching());
            let mut queue = queue_of(&names);
            break_fetches(&mut queue, &names[fetched_before..], failure);
            run.serve(&mut queue, HOUR);
            let text = format!("{number}, {fetched_before}");
            assert!(run.set_aside().is_empty(), "{text}: {:?}", run.set_aside());
            assert_eq!(run.returned().len(), fetched_before, "{text}");
            let (paused, resumed) = pauses(&run);
            assert!((12..25).contains(&paused), "{text}: {paused}");
            assert_eq!(paused, resumed + 1, "{text}: and the last one is not over");
            let sent = fetches(&run).len();
            assert!(sent < 60, "{text}: {sent}");
            queue.odd.clear();
            run.serve(&mut queue, MINUTE * 10);
            assert_eq!(run.returned().len(), names.len(), "{text}");
            assert_eq!(pauses(&run), (paused, paused), "{text}");
        }
    }
}

#[test]
fn d15_single_fetches_are_ten_seconds_to_five_minutes_apart() {
    let names = names(100);
    let mut run = DrainRun::with(watching().with_max_in_flight(1));
    let mut queue = queue_of(&names);
    break_fetches(&mut queue, &names, || Ok(response(500, "")));
    run.serve(&mut queue, HOUR);
    let times = fetches(&run);
    let single = times.iter().rposition(|time| *time < START + SECOND * 5);
    let gaps: Vec<u64> = times[single.unwrap()..]
        .windows(2)
        .map(|pair| pair[1].saturating_since(pair[0]).as_secs())
        .collect();
    assert_eq!(gaps[..6], [10, 20, 40, 80, 160, 300], "{gaps:?}");
    assert!(gaps[6..].iter().all(|gap| *gap == 300), "{gaps:?}");
    assert!(queue.listings > 50, "{}: they go on", queue.listings);
    let outages = run.count(
        |kind| matches!(kind, DrainEventKind::Paused(pause) if pause.reason == PauseReason::Outage),
    );
    assert_eq!(outages, 1, "until the first listing");
}

/// Responds to listings at once and to fetches never, or after this time that they failed, for an
/// hour.
fn hang(run: &mut DrainRun, queue: &mut Queue, after: Option<Duration>) {
    let (end, mut out): (Time, Vec<(Time, RequestId)>) = (run.now + HOUR, Vec::new());
    loop {
        match run.drain.next_output(run.now) {
            Output::Send(transmit) if transmit.request.uri().path().ends_with("awaiting-poll") => {
                let reply = queue.respond(transmit.request.uri()).unwrap();
                run.drain.handle_response(transmit.id, reply, run.now);
            }
            Output::Send(transmit) => {
                out.extend(after.map(|after| (run.now + after, transmit.id)));
            }
            Output::Event(event) => run.note(event),
            Output::Wait(until) => {
                let due = out.first().map_or(until, |(due, _)| *due);
                run.now = until.min(due);
                if run.now >= end {
                    return;
                }
                while let Some((_, id)) = out.first().copied().filter(|(due, _)| *due <= run.now) {
                    out.remove(0);
                    let failure = Failure::new(FailureKind::Interrupted, "set by the test");
                    run.drain.handle_failure(id, failure, run.now);
                }
            }
            Output::NeedInput | Output::Done => panic!("there is something to wait for"),
        }
    }
}

#[test]
fn d15_an_hour_in_which_fetches_hang_sets_nothing_aside() {
    for in_flight in [8, 64] {
        for after in [None, Some(SECOND / 10), Some(SECOND * 59)] {
            let names = names(200);
            let mut queue = queue_of(&names);
            let mut run = DrainRun::with(watching().with_max_in_flight(in_flight));
            hang(&mut run, &mut queue, after);
            assert!(
                run.set_aside().is_empty(),
                "{after:?}: {:?}",
                run.set_aside()
            );
            run.serve(&mut queue, MINUTE * 10);
            assert_eq!(run.returned().len(), names.len(), "{after:?}");
        }
    }
}

#[test]
fn d15_a_few_bad_ids_are_set_aside_whatever_is_left_besides_them() {
    for (good, bad) in [(0, 1), (0, 7), (100, 7), (3, 30)] {
        let names = names(good + bad);
        let mut run = DrainRun::with(DrainOptions::new());
        let mut queue = queue_of(&names);
        // From one to the next, so that good ones are among the bad ones.
        let odd: Vec<String> = names.iter().rev().step_by(2).cloned().collect();
        let rest = names.iter().rev().skip(1).step_by(2).cloned();
        let odd: Vec<String> = odd.into_iter().chain(rest).take(bad).collect();
        break_fetches(&mut queue, &odd, || Ok(response(500, "")));
        assert_eq!(run.serve(&mut queue, HOUR * 24), Rest::Done);
        assert_eq!((run.returned().len(), run.set_aside().len()), (good, bad));
        if bad < 8 {
            assert!(run.now < START + MINUTE * 3, "{good} {bad}: {:?}", run.now);
            assert_eq!(pauses(&run), (0, 0));
        }
    }
}

#[test]
fn d15_what_the_service_refuses_in_its_own_words_is_a_bad_id_once_one_was_fetched() {
    let names = names(30);
    let refusal: fn() -> Reply = || {
        Ok(response(
            404,
            r#"{"code": "X", "message": "no", "details": {}}"#,
        ))
    };
    let mut run = DrainRun::with(DrainOptions::new());
    let mut queue = queue_of(&names);
    break_fetches(&mut queue, &names[1..], refusal);
    assert_eq!(run.serve(&mut queue, MINUTE * 5), Rest::Done);
    assert_eq!((run.set_aside().len(), pauses(&run)), (29, (0, 0)));
    // While none was, it may be the address that is wrong.
    let mut run = DrainRun::with(DrainOptions::new());
    break_fetches(&mut queue, &names, refusal);
    assert_eq!(run.serve(&mut queue, HOUR), Rest::Waiting);
    assert!(run.set_aside().is_empty() && pauses(&run).0 > 10);
}

#[test]
fn d15_what_fetches_bring_that_is_no_result_shows_that_they_work() {
    for reply in [|| Ok(failed()), || Ok(in_progress())] as [fn() -> Reply; 2] {
        let names = names(40);
        let mut run = DrainRun::with(watching());
        let mut queue = queue_of(&names);
        break_fetches(&mut queue, &names, || Ok(response(500, "")));
        break_fetches(&mut queue, &names[4..5], reply);
        run.serve(&mut queue, SECOND);
        let before = fetches(&run).len();
        // Eight after it, and one more after the listing that shows that not everything fails.
        assert_eq!((before, pauses(&run).0), (14, 1));
    }
}

#[test]
fn d15_new_ids_find_out_first_whether_fetches_work() {
    let names = names(30);
    let mut run = DrainRun::with(watching());
    let mut queue = queue_of(&names);
    break_fetches(&mut queue, &names[..8], || Ok(response(500, "")));
    run.serve(&mut queue, SECOND * 15);
    assert_eq!(
        run.returned().len(),
        22,
        "the first of the others was a good one"
    );
    for number in 0..10 {
        queue.listed.push(format!("new{number}"));
        run.serve(&mut queue, MINUTE * 10);
    }
    assert_eq!(run.returned().len(), 32);
    assert_eq!(run.set_aside().len(), 8, "since fetches of new ones work");
}

/// Serves a drain of 20 ids that the service forgets as soon as it has listed them. Empty listings
/// have this body, and from the first one on everything fails for two minutes.
fn serve_forgetful(empty: Option<&'static str>, fault: fn() -> Reply) -> DrainRun {
    let names = names(20);
    let mut run = DrainRun::with(watching().with_max_in_flight(32));
    let list = run.requests_now().remove(0);
    run.drain.handle_response(list.id, listing(&names), run.now);
    let mut queue = queue_of(&[]);
    break_fetches(&mut queue, &names, fault);
    queue.odd_listing = Some(Box::new(fault));
    run.serve(&mut queue, MINUTE * 2);
    queue.odd.clear();
    queue.odd_listing =
        empty.map(|body| -> Box<dyn Fn() -> Reply> { Box::new(move || Ok(response(200, body))) });
    run.serve(&mut queue, HOUR);
    run
}

#[test]
fn d15_results_are_fetched_after_an_outage_whatever_an_empty_listing_looks_like() {
    let faults: [fn() -> Reply; 3] = [
        || Err(FailureKind::Interrupted),
        || Ok(response(503, "")),
        || Ok(response_with(503, ("retry-after", "5"), "")),
    ];
    for empty in [None, Some("[]"), Some("{}"), Some("null"), Some("")] {
        for fault in faults {
            let run = serve_forgetful(empty, fault);
            assert_eq!(run.returned().len(), 20, "{empty:?}");
            assert!(run.set_aside().is_empty(), "{empty:?}");
        }
    }
}

#[test]
fn d13_a_key_is_found_taken_again_whatever_an_empty_listing_looks_like() {
    for empty in [None, Some("[]"), Some("{}"), Some("null"), Some("")] {
        let run = serve_forgetful(empty, || Ok(response(401, "{}")));
        assert_eq!(run.returned().len(), 20, "{empty:?}");
        assert!(run.set_aside().is_empty(), "{empty:?}");
    }
}

#[test]
fn d13_probes_are_listings_and_fetches_in_turns() {
    let mut run = DrainRun::with(watching());
    let list = run.requests_now().remove(0);
    run.drain
        .handle_response(list.id, listing(&names(20)), run.now);
    let mut queue = queue_of(&[]);
    break_fetches(&mut queue, &names(20), || Ok(response(401, "")));
    queue.odd_listing = Some(Box::new(|| Ok(response(401, ""))));
    run.serve(&mut queue, HOUR);
    let is_listing: Vec<bool> = run
        .requests
        .iter()
        .skip_while(|(sent_at, _)| *sent_at == START)
        .map(|(_, uri)| uri.contains("awaiting-poll"))
        .collect();
    assert!(is_listing.len() > 10, "{is_listing:?}");
    assert!(
        is_listing
            .iter()
            .enumerate()
            .all(|(probe, is)| *is == (probe % 2 == 0)),
        "{is_listing:?}"
    );
}

#[test]
fn d13_a_probe_whose_id_is_acknowledged_meanwhile_is_another_request() {
    let mut run = DrainRun::with(watching());
    let list = run.requests_now().remove(0);
    run.drain
        .handle_response(list.id, listing(&names(20)), run.now);
    let refused: fn() -> Reply = || Ok(response(401, ""));
    let mut queue = queue_of(&[]);
    break_fetches(&mut queue, &names(20), refused);
    queue.odd_listing = Some(Box::new(refused));
    run.serve(&mut queue, SECOND);
    let acknowledged = loop {
        match run.drain.next_output(run.now) {
            Output::Event(event) => {
                if let DrainEventKind::FetchDue { extraction_id, .. } = &event.kind {
                    run.drain.acknowledge(extraction_id);
                    break extraction_id.to_string();
                }
            }
            Output::Wait(until) => run.now = until,
            Output::Send(list) => run
                .drain
                .handle_response(list.id, response(401, ""), run.now),
            rest => panic!("{rest:?}"),
        }
    };
    queue.odd.clear();
    run.serve(&mut queue, MINUTE * 10);
    let returned = run.returned();
    assert!(returned.len() == 19 && !returned.contains(&acknowledged));
}

#[test]
fn d15_a_fetch_that_failed_has_its_turn_however_often_listings_are_due() {
    let options = || DrainOptions::new().with_interval(SECOND);
    // A listing takes longer than the interval, or the rate allows no more than listings.
    let slow = (options().with_max_in_flight(1), Duration::from_millis(1500));
    let limited = (options().with_rate(1, 1), Duration::ZERO);
    for (options, round_trip) in [slow, limited] {
        let mut queue = Queue::new(&["a"]);
        let mut run = DrainRun::with(options);
        let mut out: Vec<(Time, RequestId, http::Response<bytes::Bytes>)> = Vec::new();
        let mut fetches = 0;
        while run.now < START + MINUTE {
            while let Some(at) = out.iter().position(|(at, ..)| *at <= run.now) {
                let (_, id, response) = out.remove(at);
                run.drain.handle_response(id, response, run.now);
            }
            let arrival = out.iter().map(|(at, ..)| *at).min();
            match run.drain.next_output(run.now) {
                Output::Send(transmit) => {
                    let uri = transmit.request.uri();
                    let is_fetch = uri.query().is_some_and(|query| query.contains("id="));
                    fetches += usize::from(is_fetch);
                    let reply = match is_fetch && fetches == 1 {
                        true => response(500, ""),
                        false => queue.respond(uri).unwrap(),
                    };
                    out.push((run.now + round_trip, transmit.id, reply));
                }
                Output::Event(event) => run.note(event),
                Output::Wait(until) => run.now = arrival.map_or(until, |at| at.min(until)),
                Output::NeedInput | Output::Done => run.now = arrival.unwrap(),
            }
        }
        assert_eq!((run.returned(), fetches), (vec!["a".to_owned()], 2));
    }
}

#[test]
fn d15_a_pause_ends_before_another_begins_whatever_was_emitted_before() {
    let names: Vec<String> = (0..10).map(|number| number.to_string()).collect();
    let options = DrainOptions::new().with_interval(MINUTE * 10);
    let mut run = DrainRun::with(options.with_max_in_flight(10));
    let html = || response(200, "<html>");
    let list = run.requests_now().remove(0);
    run.drain.handle_response(list.id, listing(&names), run.now);
    let fetches = run.requests_now();
    assert_eq!(fetches.len(), 10);
    for fetch in &fetches[..8] {
        run.drain.handle_response(fetch.id, html(), run.now);
    }
    // Evidence ends the outage: the next fetch is emitted, and not sent yet.
    run.now = run.now + SECOND * 2;
    let list = run.requests_now().remove(0);
    run.drain.handle_response(list.id, listing(&names), run.now);
    run.requests_now();
    run.now = run.now + SECOND * 4;
    loop {
        let Output::Event(event) = run.drain.next_output(run.now) else {
            panic!("a fetch is due");
        };
        let is_due = matches!(event.kind, DrainEventKind::FetchDue { .. });
        run.note(event);
        if is_due {
            break;
        }
    }
    // One more fails, and fetches leave one at a time; a new key lets the next one leave at once.
    run.drain.handle_response(fetches[8].id, html(), run.now);
    run.drain.set_key("another").unwrap();
    for fetch in run.requests_now() {
        run.drain.handle_response(fetch.id, html(), run.now);
    }
    run.requests_now();
    let mut paused = BTreeSet::new();
    for event in &run.events {
        match &event.kind {
            DrainEventKind::Paused(pause) => assert!(paused.insert(pause.reason)),
            DrainEventKind::Resumed { reason, .. } => assert!(paused.remove(reason)),
            _ => {}
        }
    }
    assert!(run.count(|kind| matches!(kind, DrainEventKind::Paused(_))) > 2);
}

#[test]
fn d15_a_drain_that_has_to_finish_does_so_within_two_hours_and_a_half() {
    let names = names(100);
    let mut queue = queue_of(&names);
    break_fetches(&mut queue, &names, || Ok(response(500, "")));
    let mut run = DrainRun::with(DrainOptions::new());
    assert_eq!(run.serve(&mut queue, HOUR * 3), Rest::Done);
    let hours = run.now.saturating_since(START);
    assert!(hours > HOUR && hours < HOUR * 5 / 2, "{hours:?}");
    assert_eq!(run.set_aside().len(), names.len());
}

//! Faults of many jobs: the queue, webhooks, load, a restart. Each test is named after its row in
//! `docs/faults.md`.

use std::time::Duration;

use crate::support::service::{BatchRun, Fault, Service, notification, numbered};
use crate::support::{START, response, response_with};
use typless::machine::{
    BatchEventKind, BatchOptions, JobEventKind, JobState, Machine, Output, PauseReason, PollReason,
    QueueProblem, RequestId, Ticket, Time,
};
use typless::wire::{Document, ExtractionId};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// This many jobs, submitted half a minute ago and finished just now.
fn resumed(jobs: u64, options: BatchOptions) -> BatchRun {
    let mut run = BatchRun::new(options);
    for number in 0..jobs {
        let id = run.service.hold(number, START);
        run.batch.resume(&ticket(&id), START).unwrap();
    }
    run.batch.close();
    run
}

fn ticket(id: &ExtractionId) -> Ticket {
    Ticket::new(
        id.clone(),
        Time::from_unix(START.since_epoch() - Duration::from_secs(30)),
        START + DAY,
    )
}

fn id(number: u64) -> ExtractionId {
    ExtractionId::new(&Service::id(number)).unwrap()
}

/// Responds to the next request with this status and body, and takes the events that follow.
fn respond_next(run: &mut BatchRun, status: u16, body: &str) -> String {
    loop {
        match run.batch.next_output(run.now) {
            Output::Send(transmit) => {
                run.batch
                    .handle_response(transmit.id, response(status, body), run.now);
                return transmit.request.uri().to_string();
            }
            Output::Event(event) => run.events.push(event),
            Output::Wait(until) => run.now = until,
            output => panic!("{output:?}"),
        }
    }
}

fn problems(run: &BatchRun) -> Vec<QueueProblem> {
    let problem = |kind: &BatchEventKind| {
        if let BatchEventKind::QueueDegraded(problem) = kind {
            Some(*problem)
        } else {
            None
        }
    };
    run.events
        .iter()
        .filter_map(|event| problem(&event.kind))
        .collect()
}

#[test]
fn q01_ids_of_others_are_counted_and_never_fetched() {
    let mut run = resumed(10, BatchOptions::new());
    run.service.unknown_ids = vec![Service::id(1000), Service::id(1001)];
    run.run();
    assert_eq!((run.succeeded(), run.service.polls), (10, 10));
    assert_eq!(
        run.count_events(|kind| matches!(
            kind,
            BatchEventKind::ListingReceived {
                listed: 12,
                ours: 10,
                new: 10
            }
        )),
        1
    );
}

#[test]
fn q02_what_is_listed_again_after_its_fetch_is_not_fetched_again() {
    let mut run = BatchRun::with_documents(30, BatchOptions::new());
    run.service.forgets_read = false;
    run.service.takes = Box::new(|number| Duration::from_secs(10 + number * 3));
    run.run();
    assert_eq!(run.succeeded(), 30);
    let listed = run.count_job_events(|event| {
        matches!(
            event,
            JobEventKind::PollDue {
                reason: PollReason::Listed,
                ..
            }
        )
    });
    assert!(
        listed <= 30 && run.service.listings > 10,
        "{listed} {}",
        run.service.listings
    );
}

#[test]
fn q03_a_large_listing_of_others_makes_room_for_single_polls() {
    let mut run = resumed(5, BatchOptions::new());
    run.service.unknown_ids = (0..250_000)
        .map(|number| Service::id(1 << 40 | number))
        .collect();
    run.service
        .held
        .values_mut()
        .for_each(|held| held.is_hidden = true);
    run.run();
    assert_eq!((run.succeeded(), run.service.listings), (5, 1));
    assert_eq!(problems(&run), [QueueProblem::Foreign]);
}

#[test]
fn q03_a_listing_over_the_limit_makes_room_for_single_polls() {
    let mut run = resumed(5, BatchOptions::new());
    run.service.fault =
        Box::new(|_, request, _| request.contains("awaiting").then_some(Fault::TooLarge));
    run.run();
    assert_eq!(run.succeeded(), 5);
    assert_eq!(problems(&run), [QueueProblem::TooLarge]);
}

#[test]
fn q04_a_job_that_is_never_listed_is_polled_anyway() {
    let mut run = resumed(20, BatchOptions::new());
    run.service.held.get_mut(&Service::id(7)).unwrap().is_hidden = true;
    run.run();
    assert_eq!(run.succeeded(), 20);
    assert!(
        run.lateness()[0] < Duration::from_secs(600),
        "{:?}",
        run.lateness()[0]
    );
}

#[test]
fn q05_a_wrong_customer_is_noticed() {
    let mut run = resumed(20, BatchOptions::new());
    run.service.lists_nothing = true;
    run.run();
    assert_eq!(run.succeeded(), 20);
    assert_eq!(problems(&run), [QueueProblem::NotListed]);
}

#[test]
fn q05_jobs_of_another_customer_are_polled_one_by_one() {
    let mut run = BatchRun::new(BatchOptions::new().with_queue_customer("Acme").unwrap());
    for number in 0..20 {
        let document = if number < 10 {
            numbered(number).with_customer("Acme").unwrap()
        } else {
            numbered(number)
        };
        run.batch.add(document, run.now).unwrap();
    }
    run.batch.close();
    run.run();
    assert_eq!(run.succeeded(), 20);
    let by_queue = run.count_job_events(|event| {
        matches!(
            event,
            JobEventKind::PollDue {
                reason: PollReason::Listed,
                ..
            }
        )
    });
    assert!(
        (1..=10).contains(&by_queue) && run.service.listings > 0,
        "{by_queue}"
    );
    assert_eq!(problems(&run), []);
}

#[test]
fn q06_a_listing_of_another_shape_is_read_or_reported() {
    for empty in [r#"{"extraction_ids": []}"#, "[]", "{}", "null", ""] {
        let mut run = resumed(5, BatchOptions::new());
        assert!(respond_next(&mut run, 200, empty).contains("awaiting-poll"));
        run.run();
        assert!(
            run.count_events(|kind| matches!(
                kind,
                BatchEventKind::ListingReceived { listed: 0, .. }
            )) >= 1,
            "{empty}"
        );
        assert_eq!(run.succeeded(), 5);
    }
    let mut run = resumed(5, BatchOptions::new());
    run.service.fault =
        Box::new(|_, request, _| request.contains("awaiting").then_some(Fault::Status(404)));
    run.run();
    assert_eq!(
        (run.succeeded(), problems(&run)),
        (5, vec![QueueProblem::Unreadable])
    );
}

#[test]
fn q07_an_id_that_is_listed_twice_is_fetched_once() {
    let mut run = resumed(5, BatchOptions::new());
    let twice = format!(r#"["{0}", "{0}", "{0}"]"#, Service::id(3));
    respond_next(&mut run, 200, &twice);
    run.run();
    assert_eq!((run.succeeded(), run.service.polls), (5, 5));
}

#[test]
fn q08_a_listed_but_unfinished_id_is_not_fetched_again_for_a_while() {
    let mut run = BatchRun::new(BatchOptions::new());
    for number in 0..5 {
        let id = run.service.hold(number, START + Duration::from_secs(3000));
        run.batch.resume(&ticket(&id), START).unwrap();
    }
    run.service.unknown_ids = vec![Service::id(3)];
    run.run_until(START + Duration::from_secs(1500));
    let polls = run.count_job_events(|event| {
        matches!(
            event,
            JobEventKind::PollDue {
                reason: PollReason::Listed,
                ..
            }
        )
    });
    assert!((5..50).contains(&polls), "{polls}");
}

#[test]
fn q09_two_batches_with_one_key_each_read_their_own_results() {
    let (mut one, mut two) = (
        resumed(10, BatchOptions::new()),
        resumed(10, BatchOptions::new()),
    );
    one.service.unknown_ids = (10..20).map(Service::id).collect();
    two.service.unknown_ids = (10..20).map(Service::id).collect();
    assert_eq!((one.run().succeeded(), two.run().succeeded()), (10, 10));
    assert_eq!((one.service.polls, two.service.polls), (10, 10));
}

#[test]
fn b01_a_webhook_repeated_ten_times_makes_one_poll() {
    let mut run = BatchRun::new(BatchOptions::new().without_queue());
    let id = run.service.hold(1, START + Duration::from_secs(1));
    run.batch.resume(&ticket(&id), START).unwrap();
    run.run_until(START + Duration::from_secs(2));
    let polls = run.service.polls;
    (0..10).for_each(|_| {
        run.batch
            .handle_notification(&notification(id.as_str()), run.now);
    });
    run.batch.close();
    run.run();
    assert_eq!((run.succeeded(), run.service.polls), (1, polls + 1));
}

#[test]
fn b02_a_webhook_before_the_response_to_its_submit_is_remembered() {
    let mut run = BatchRun::with_documents(1, BatchOptions::new());
    run.batch
        .handle_notification(&notification(&Service::id(0)), run.now);
    run.service.takes = Box::new(|_| Duration::ZERO);
    run.run();
    assert_eq!((run.succeeded(), run.service.polls), (1, 1));
    assert!(
        run.lateness()[0] <= Duration::from_millis(200),
        "{:?}",
        run.lateness()[0]
    );
}

#[test]
fn b03_forged_webhooks_for_a_live_id_bring_a_poll_a_second_and_finish_nothing() {
    let mut run = BatchRun::new(BatchOptions::new().without_queue());
    let id = run.service.hold(1, START + DAY);
    let key = run.batch.resume(&ticket(&id), START).unwrap();
    for milliseconds in 0..10_000 {
        run.run_until(START + Duration::from_millis(milliseconds));
        run.batch
            .handle_notification(&notification(id.as_str()), run.now);
    }
    assert!(run.service.polls <= 11, "{}", run.service.polls);
    assert_eq!(run.batch.state(key), Some(JobState::Waiting));
}

#[test]
fn b04_a_flood_of_webhooks_makes_no_request_and_no_wait() {
    let mut run = BatchRun::with_documents(1, BatchOptions::new());
    run.run_until(START + Duration::from_secs(1));
    let before = format!("{:?}", run.batch.next_output(run.now));
    (0..100_000).for_each(|number| {
        run.batch
            .handle_notification(&notification(&format!("forged-{number}")), run.now);
    });
    assert_eq!(format!("{:?}", run.batch.next_output(run.now)), before);
    assert_eq!(run.batch.progress().unknown_notifications, 100_000);
}

#[test]
fn b05_a_webhook_of_another_extraction_changes_nothing() {
    let mut run = BatchRun::with_documents(1, BatchOptions::new());
    run.run_until(START + Duration::from_secs(1));
    run.batch
        .handle_notification(&notification("another"), run.now);
    run.run();
    let notified = run.count_job_events(|event| {
        matches!(
            event,
            JobEventKind::PollDue {
                reason: PollReason::Notification,
                ..
            }
        )
    });
    assert_eq!((run.succeeded(), notified), (1, 0));
}

#[test]
fn b06_a_webhook_sent_again_later_costs_one_poll() {
    let mut run = BatchRun::new(BatchOptions::new().without_queue());
    let id = run.service.hold(1, START + Duration::from_secs(3600));
    run.batch.resume(&ticket(&id), START).unwrap();
    run.run_until(START + Duration::from_secs(100));
    let before = run.service.polls;
    run.batch
        .handle_notification(&notification(id.as_str()), run.now);
    run.run_until(START + Duration::from_secs(101));
    assert_eq!(run.service.polls, before + 1);
}

#[test]
fn b07_with_every_tenth_or_every_webhook_lost_no_result_is_lost() {
    for lost in [10, 1] {
        let mut run =
            BatchRun::with_documents(500, BatchOptions::new().without_rate().with_max_submits(16));
        run.webhook =
            Box::new(move |number| (number % lost != 0).then_some(Duration::from_secs(1)));
        run.service.takes = Box::new(|number| Duration::from_secs(5 + number % 100));
        run.run();
        assert_eq!(run.succeeded(), 500);
        assert!(
            run.lateness()[0] <= Duration::from_secs(65),
            "{lost}: {:?}",
            run.lateness()[0]
        );
    }
}

#[test]
fn b08_a_webhook_after_the_outcome_is_ignored() {
    let mut run = BatchRun::with_documents(1, BatchOptions::new());
    run.run();
    run.batch
        .handle_notification(&notification(&Service::id(0)), run.now);
    assert!(matches!(run.batch.next_output(run.now), Output::Done));
}

#[test]
fn y01_an_outage_is_not_multiplied_by_the_number_of_jobs() {
    let mut run = BatchRun::with_documents(1000, BatchOptions::new().with_retry_budget(50));
    let (from, to) = (
        START + Duration::from_secs(30),
        START + Duration::from_secs(630),
    );
    run.service.fault =
        Box::new(move |_, _, now| (now >= from && now < to).then_some(Fault::NotSent));
    run.run_until(from);
    let before = run.requests;
    run.run_until(to);
    // What was in flight, what the budget allows, and one request each half minute.
    let during = run.requests - before;
    assert!(during <= 16 + 16 + 50 + 20, "{during}");
    run.run();
    assert_eq!(run.succeeded(), 1000);
    assert!(run.max_in_a_second <= 20, "{}", run.max_in_a_second);
}

#[test]
fn y02_a_job_that_always_fails_delays_no_other() {
    let mut run = BatchRun::with_documents(100, BatchOptions::new().without_rate().without_queue());
    run.service.fault = Box::new(|_, request, _| {
        request
            .ends_with(&Service::id(5))
            .then_some(Fault::Status(500))
    });
    run.run_until(START + Duration::from_secs(60));
    assert_eq!(run.succeeded(), 99);
    assert!(
        run.lateness()[0] < Duration::from_secs(10),
        "{:?}",
        run.lateness()[0]
    );
}

#[test]
fn y02_a_job_that_always_fails_is_not_polled_at_every_listing() {
    let mut run = BatchRun::new(BatchOptions::new());
    run.service.fault = Box::new(|_, request, _| {
        request
            .ends_with(&Service::id(5))
            .then_some(Fault::Status(500))
    });
    for number in 0..600 {
        run.batch.add(numbered(number), run.now).unwrap();
        run.run_until(run.now + Duration::from_millis(300));
    }
    assert!(run.service.listings > 40, "{}", run.service.listings);
    let failed = run.count_job_events(|event| matches!(event, JobEventKind::PollFailed { .. }));
    assert!(failed < 20, "{failed}");
}

#[test]
fn y03_the_flood_of_one_customer_does_not_delay_another() {
    let mut run = BatchRun::new(BatchOptions::new());
    let named = |number, customer| numbered(number).with_customer(customer).unwrap();
    for number in 0..1003 {
        run.batch
            .add(
                named(number, if number < 1000 { "flood" } else { "other" }),
                run.now,
            )
            .unwrap();
    }
    run.run_until(START + Duration::from_secs(2));
    let others = run
        .service
        .held
        .values()
        .filter(|held| held.customer.as_deref() == Some("other"))
        .count();
    assert_eq!(others, 3);
}

#[test]
fn y05_submits_and_polls_each_keep_a_share() {
    // More has finished than the rate allows to fetch, and more is waiting to be submitted.
    let mut run = BatchRun::new(BatchOptions::new());
    for number in 0..1000 {
        let id = run.service.hold(1 << 20 | number, START);
        run.batch.resume(&ticket(&id), START).unwrap();
    }
    for number in 0..1000 {
        run.batch.add(numbered(number), run.now).unwrap();
    }
    run.run_until(START + Duration::from_secs(50));
    let (submits, polls) = (run.service.submits as f64, run.service.polls as f64);
    assert!(
        submits >= 0.09 * (submits + polls) && polls >= 0.09 * (submits + polls),
        "{submits} {polls}"
    );
}

#[test]
fn y06_a_restart_with_many_tickets_begins_with_one_listing_and_keeps_to_the_rate() {
    let mut run = BatchRun::new(BatchOptions::new());
    run.keeps_events = false;
    for number in 0..100_000 {
        let submitted_at = Time::from_unix(START.since_epoch() - Duration::from_secs(60 + number));
        let id = run
            .service
            .hold(number, START + Duration::from_secs(number % 2 * 1_000_000));
        run.batch
            .resume(&Ticket::new(id, submitted_at, START + DAY), START)
            .unwrap();
    }
    run.run_until(START + Duration::from_secs(60));
    assert_eq!(run.service.listings, 1);
    assert!(run.max_in_a_second <= 20 && run.max_in_flight_seen <= 16);
    // The oldest come first: the service deletes them first.
    let read = (0..100_000)
        .rev()
        .step_by(2)
        .map(|number| number - 1)
        .take_while(|number| run.service.held[&Service::id(*number)].read_at.is_some());
    assert!(read.count() as u64 >= run.service.polls - 20);
    assert!(run.service.polls >= 580, "{}", run.service.polls);
}

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
    assert!(run.outcomes.is_empty() && run.batch.progress().key_refused);
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
    assert_eq!(
        run.batch.progress().paused_until,
        Some(START + Duration::from_secs(300))
    );
}

#[test]
fn a_late_response_to_a_submit_is_reported() {
    let mut run = BatchRun::with_documents(2, BatchOptions::new().with_max_submits(1));
    let Some(late) = std::iter::from_fn(|| Some(run.batch.next_output(run.now))).find_map(
        |output| match output {
            Output::Send(transmit) => Some(transmit.id),
            _ => None,
        },
    ) else {
        panic!()
    };
    run.run_until(START + Duration::from_secs(70));
    assert_eq!(run.count_errors("SubmitUnknown"), 1);
    run.batch.handle_response(
        late,
        response(
            202,
            &format!(r#"{{"extraction_id": "{}"}}"#, Service::id(77)),
        ),
        run.now,
    );
    run.batch.handle_response(
        RequestId::new(4711),
        response(202, r#"{"extraction_id": "x"}"#),
        run.now,
    );
    run.run();
    let found = run.events.iter().find_map(|event| match &event.kind {
        BatchEventKind::SubmittedLate { ticket, .. } => Some(ticket.extraction_id().clone()),
        _ => None,
    });
    assert_eq!((found, run.succeeded()), (Some(id(77)), 1));
}

#[test]
fn documents_are_pulled_only_when_there_is_room() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let drawn = Arc::new(AtomicUsize::new(0));
    let counter = drawn.clone();
    let mut run = BatchRun::new(
        BatchOptions::new()
            .without_rate()
            .with_max_submits(3)
            .with_max_unfinished(10),
    );
    run.batch.add_all((0..100).map(numbered).inspect(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    }));
    run.batch.close();
    run.service.takes = Box::new(|_| Duration::from_secs(1000));
    run.run_until(START);
    assert_eq!(drawn.load(Ordering::Relaxed), 3);
    run.run_until(START + Duration::from_secs(500));
    assert_eq!(drawn.load(Ordering::Relaxed), 10);
    run.service.takes = Box::new(|_| Duration::from_secs(5));
    run.run();
    assert_eq!((run.succeeded(), drawn.load(Ordering::Relaxed)), (100, 100));
}

#[test]
fn no_more_bytes_are_in_flight_than_set_but_a_large_document_goes_alone() {
    let sized =
        |bytes: usize| Document::new("a.pdf", "line-item-invoice", vec![b'x'; bytes]).unwrap();
    let mut run = BatchRun::new(BatchOptions::new().with_max_bytes(1000));
    for bytes in [400, 400, 400, 5000, 10, 10] {
        run.batch.add(sized(bytes), run.now).unwrap();
    }
    run.batch.close();
    let mut in_flight = Vec::new();
    while let Output::Event(_) | Output::Send(_) = run.batch.next_output(run.now) {
        in_flight.push(run.batch.progress().in_flight);
    }
    assert_eq!(in_flight.last(), Some(&2));
    run.run_until(START + Duration::from_secs(100));
    assert_eq!(
        run.count_errors("SubmitUnknown"),
        2,
        "those without a response"
    );
    assert_eq!(run.succeeded(), 4);
}

#[test]
fn an_abandoned_job_finishes_and_the_others_continue() {
    let mut run = BatchRun::new(BatchOptions::new());
    let keys: Vec<_> = (0..10)
        .map(|number| run.batch.add(numbered(number), run.now).unwrap())
        .collect();
    run.batch.abandon(keys[9], run.now);
    run.run_until(START + Duration::from_secs(10));
    run.batch.abandon(keys[0], run.now);
    run.batch.close();
    run.run();
    assert_eq!(
        (
            run.succeeded(),
            run.count_errors("Abandoned"),
            run.service.submits
        ),
        (8, 2, 9)
    );
    assert!(run.batch.keys().next().is_none());
}

//! Outages, floods and many jobs at once: Y1 to Y6; and the limits of a batch.

use std::time::Duration;

use super::{DAY, ticket};
use crate::support::batch_run::BatchRun;
use crate::support::service::{Fault, Service, numbered};
use crate::support::{START, response};
use typless::machine::{
    BatchEventKind, BatchOptions, JobEventKind, Machine, Output, RequestId, Ticket, Time,
};
use typless::wire::{Document, ExtractionId};

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
fn y02_a_document_that_is_never_accepted_ends_and_delays_no_other() {
    let mut run = BatchRun::with_documents(100, BatchOptions::new());
    run.service.poison = Some(("5.pdf", 408));
    run.run_until(START + Duration::from_secs(60));
    assert_eq!(run.succeeded(), 99);
    run.run_until(START + Duration::from_secs(600));
    assert_eq!(run.count_errors("Exhausted"), 1);
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
fn y05_polls_have_their_turn_though_only_one_request_may_be_out() {
    let options = BatchOptions::new().with_max_in_flight(1).without_queue();
    let mut run = BatchRun::with_documents(500, options);
    run.service.takes = Box::new(|_| Duration::from_secs(1));
    run.run_until(START + Duration::from_secs(30));
    assert!(run.succeeded() > 20, "{}", run.succeeded());
    assert!(run.service.submits > 20, "{}", run.service.submits);
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
    let submitted = ExtractionId::new(&Service::id(77)).unwrap();
    assert_eq!((found, run.succeeded()), (Some(submitted), 1));
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

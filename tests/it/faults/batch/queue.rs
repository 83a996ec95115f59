//! What the queue has, or lacks: Q1 to Q9.

use std::time::Duration;

use super::ticket;
use crate::support::batch_run::BatchRun;
use crate::support::service::{Fault, Service, numbered};
use crate::support::{EMPTY_LISTINGS, START, response};
use typless::machine::{
    BatchEventKind, BatchOptions, JobEventKind, Machine, Output, PollReason, QueueProblem,
};

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
    for empty in EMPTY_LISTINGS {
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

//! Listings: how few requests a batch needs for many jobs, how late results are noticed, and what
//! follows from a wrong queue.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::support::START;
use crate::support::batch_run::BatchRun;
use crate::support::service::{Fault, Held, Service, numbered};
use typless::machine::{
    BatchEvent, BatchEventKind, BatchOptions, JobEventKind, PollPolicy, PollReason, Ticket, Time,
};

fn unlimited() -> BatchOptions {
    BatchOptions::new()
        .without_rate()
        .with_max_in_flight(64)
        .with_max_submits(64)
}

/// Durations that spread around a median, the same in each run.
fn spread(number: u64) -> Duration {
    // A log-logistic distribution, by its quantile function: median 20 s, shape 2.
    let share = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f64 / f64::from(1 << 24);
    Duration::from_secs_f64(20.0 * (share / (1.0 - share)).sqrt().clamp(0.01, 30.0))
}

/// Adds documents one by one at a steady rate.
fn steady(per_second: u64, documents: usize, mut run: BatchRun) -> BatchRun {
    run.service.takes = Box::new(spread);
    for number in 0..documents {
        run.run_until(START + Duration::from_millis(number as u64 * 1000 / per_second));
        run.batch.add(numbered(number), run.now).unwrap();
    }
    run.batch.close();
    run.run();
    run
}

fn percentile(lateness: &[Duration], percent: usize) -> Duration {
    lateness[lateness.len() * (100 - percent) / 100]
}

#[test]
fn a_thousand_documents_cost_little_more_than_one_request_each() {
    let mut run = BatchRun::with_documents(1000, unlimited());
    run.service.takes = Box::new(|number| Duration::from_millis(40_000 + number * 10));
    run.run();
    let asked = run.service.polls + run.service.listings;
    assert_eq!(run.succeeded(), 1000);
    assert!(
        asked <= 1100,
        "{} polls, {} listings",
        run.service.polls,
        run.service.listings
    );
    // Listings become frequent once one has listed a job. Until then, they are a tenth of the age
    // apart: here four seconds.
    assert!(
        percentile(&run.lateness(), 95) < Duration::from_secs(5),
        "{:?}",
        percentile(&run.lateness(), 95)
    );
}

#[test]
fn while_documents_wait_for_the_rate_few_requests_are_listings() {
    for (options, least, most) in [
        (BatchOptions::new(), 1000, 1100),
        (BatchOptions::new().without_queue(), 1000, 1500),
    ] {
        let mut run = BatchRun::with_documents(1000, options);
        run.service.takes =
            Box::new(|number| Duration::from_millis(40_000 + number * 7919 % 10_000));
        run.run();
        let asked = run.service.polls + run.service.listings;
        assert_eq!(run.succeeded(), 1000);
        assert!(
            (least..=most).contains(&asked),
            "{} polls, {} listings",
            run.service.polls,
            run.service.listings
        );
        // At ten a second and two requests for each document, that is hardly more than the minimum.
        assert!(
            run.now <= START + Duration::from_secs(100 + most / 10 + 45),
            "{:?}",
            run.now
        );
    }
}

#[test]
fn documents_that_wait_for_a_slot_do_not_delay_polls() {
    let run = |documents: usize| {
        let options = BatchOptions::new()
            .with_rate(2, Duration::from_secs(1))
            .with_burst(1)
            .with_max_unfinished(10)
            .without_queue();
        let mut run = BatchRun::new(options);
        run.service.takes = Box::new(|_| Duration::from_secs(40));
        run.batch.add_all((0..documents).map(numbered));
        run.batch.close();
        run.run();
        assert_eq!(run.succeeded(), documents);
        percentile(&run.lateness(), 90)
    };
    // Two a second are plenty for ten at a time: the others wait for a slot, not for the rate.
    let (few, many) = (run(10), run(200));
    assert!(many <= few + Duration::from_secs(2), "{few:?} {many:?}");
}

#[test]
fn the_first_request_after_a_restart_is_one_listing() {
    let mut run = BatchRun::new(BatchOptions::new());
    for number in 0..5000 {
        let age = Duration::from_secs(7200 + number);
        let submitted_at = Time::from_unix(START.since_epoch() - age);
        let id = run.service.hold(
            number,
            if number % 2 == 0 {
                START
            } else {
                START + Duration::from_secs(3600)
            },
        );
        run.batch
            .resume(
                &Ticket::new(id, submitted_at, START + Duration::from_secs(24 * 3600)),
                START,
            )
            .unwrap();
    }
    run.run_until(START + Duration::from_secs(10));
    assert_eq!(run.service.listings, 1);
    // The rest of the rate goes to the listed ids, oldest first.
    let reasons = run.count_job_events(|event| {
        matches!(
            event,
            JobEventKind::PollDue {
                reason: PollReason::Listed,
                ..
            }
        )
    });
    assert_eq!(reasons as u64, run.service.polls);
    assert!(
        run.service.polls > 100 && run.service.held[&Service::id(4998)].read_at.is_some(),
        "the oldest is the last number"
    );
    assert!(run.service.held[&Service::id(0)].read_at.is_none());
    run.batch.close();
    run.run();
    assert_eq!(run.succeeded(), 5000);
}

#[test]
fn jobs_that_the_queue_does_not_list_are_found() {
    let mut run = BatchRun::new(unlimited());
    run.service.hides = Box::new(|number| number % 100 == 7);
    let run = steady(10, 3000, run);
    assert_eq!(run.succeeded(), 3000);
    let silent = run.count_job_events(|event| {
        matches!(
            event,
            JobEventKind::PollDue {
                reason: PollReason::NotListed,
                ..
            }
        )
    });
    assert!(silent >= 30, "{silent}");
    assert!(
        run.lateness()[0] < Duration::from_secs(600),
        "{:?}",
        run.lateness()[0]
    );
    let asked = (run.service.polls + run.service.listings) as f64 / 3000.0;
    assert!(asked < 2.0, "{asked}");
}

#[test]
fn a_queue_that_misses_several_and_lists_the_rest_is_not_degraded() {
    let mut run = BatchRun::new(unlimited());
    run.service.hides = Box::new(|number| number % 400 < 4);
    let run = steady(40, 4000, run);
    assert_eq!(run.succeeded(), 4000);
    let is_distrust = |event: &BatchEvent| matches!(event.kind, BatchEventKind::QueueDegraded(_));
    let is_outcome = |event: &&BatchEvent| {
        matches!(
            event.kind,
            BatchEventKind::Job {
                event: JobEventKind::Finished(_),
                ..
            }
        )
    };
    let ended = run
        .events
        .iter()
        .take_while(|event| !is_distrust(event))
        .filter(is_outcome)
        .count();
    assert!(
        ended > 3900,
        "{ended}: it is trusted until hardly any are left but those that it hides"
    );
    let asked = (run.service.polls + run.service.listings) as f64 / 4000.0;
    assert!(asked < 1.5, "{asked}");
}

#[test]
fn a_queue_that_lists_all_is_checked_less_and_less() {
    let run = steady(100, 6000, BatchRun::new(unlimited()));
    assert_eq!(run.succeeded(), 6000);
    let silent = run.count_job_events(|event| {
        matches!(
            event,
            JobEventKind::PollDue {
                reason: PollReason::NotListed,
                ..
            }
        )
    });
    assert!(silent < 120, "{silent}");
    assert_eq!(
        run.count_events(|event| matches!(event, BatchEventKind::QueueDegraded(_))),
        0,
        "what finishes just after a listing is no reason"
    );
    let asked = (run.service.polls + run.service.listings) as f64 / 6000.0;
    assert!(asked < 1.1, "{asked}");
}

#[test]
fn a_result_whose_fetch_failed_is_fetched_at_its_own_retry() {
    let mut run = BatchRun::new(unlimited());
    let mut failures = 0;
    run.service.fault = Box::new(move |_, request, _| {
        let fails = request.ends_with(&Service::id(300)) && failures < 2;
        failures += u32::from(fails);
        fails.then_some(Fault::Status(500))
    });
    let run = steady(10, 600, run);
    assert_eq!(
        (
            run.succeeded(),
            run.count_job_events(|event| matches!(event, JobEventKind::PollFailed { .. }))
        ),
        (600, 2)
    );
    let held = &run.service.held[&Service::id(300)];
    // The listings in between list it again. It is not fetched for that, and does not count as not
    // listed.
    assert!(
        held.read_at.unwrap() < held.finished_at + Duration::from_secs(5),
        "{:?}",
        held.read_at.unwrap().saturating_since(held.finished_at)
    );
}

#[test]
fn a_listing_may_say_when_the_next_one_is_welcome() {
    let listings: Rc<RefCell<Vec<Time>>> = Rc::default();
    let log = listings.clone();
    let mut run = BatchRun::new(unlimited());
    run.service.fault = Box::new(move |_, request, now| {
        let is_listing = request.ends_with("awaiting-poll");
        is_listing.then(|| log.borrow_mut().push(now))?;
        Some(Fault::Hinted(90))
    });
    let run = steady(10, 600, run);
    assert_eq!(run.succeeded(), 600);
    let listings = listings.borrow();
    assert!(listings.len() > 1, "{listings:?}");
    for pair in listings.windows(2) {
        assert!(
            pair[1].saturating_since(pair[0]) >= Duration::from_secs(90),
            "{pair:?}"
        );
    }
}

#[test]
fn a_queue_that_breaks_after_a_long_time_is_degraded() {
    let mut run = BatchRun::new(unlimited());
    run.service.takes = Box::new(spread);
    for number in 0..6000 {
        run.run_until(START + Duration::from_millis(number * 20));
        run.service.lists_nothing = number >= 3000;
        run.batch.add(numbered(number as usize), run.now).unwrap();
    }
    run.batch.close();
    run.run();
    assert_eq!(run.succeeded(), 6000);
    assert!(
        run.count_events(|event| matches!(
            event,
            BatchEventKind::QueueDegraded(typless::machine::QueueProblem::NotListed)
        )) >= 1
    );
    assert!(
        run.lateness()[0] < Duration::from_secs(120),
        "{:?}",
        run.lateness()[0]
    );
}

#[test]
fn a_queue_that_never_lists_anything_is_degraded_and_single_polls_take_over() {
    let mut run = BatchRun::new(unlimited());
    run.service.lists_nothing = true;
    let run = steady(10, 2000, run);
    assert_eq!(run.succeeded(), 2000);
    assert!(
        run.count_events(|event| matches!(
            event,
            BatchEventKind::QueueDegraded(typless::machine::QueueProblem::NotListed)
        )) >= 1
    );
    assert!(run.service.listings < 400, "{}", run.service.listings);
    assert!(
        run.lateness()[0] < Duration::from_secs(600),
        "{:?}",
        run.lateness()[0]
    );
}

#[test]
fn a_queue_that_lists_nothing_from_the_start_is_degraded_soon() {
    let frugal = unlimited().with_poll_policy(PollPolicy::frugal());
    for (options, latest) in [(unlimited(), 30), (frugal, 120)] {
        let mut run = BatchRun::with_documents(100, options);
        run.service.lists_nothing = true;
        run.service.takes = Box::new(|number| Duration::from_millis(20_000 + number * 100));
        run.run();
        assert_eq!(run.succeeded(), 100);
        assert!(
            percentile(&run.lateness(), 90) < Duration::from_secs(latest),
            "{:?}",
            percentile(&run.lateness(), 90)
        );
    }
}

#[test]
fn working_webhooks_leave_few_requests() {
    let mut run = BatchRun::new(unlimited());
    run.webhook = Box::new(|number| {
        (number % 100 != 3).then(|| Duration::from_millis(500 + number % 7 * 200))
    });
    let run = steady(10, 5000, run);
    assert_eq!(run.succeeded(), 5000);
    let asked = (run.service.polls + run.service.listings) as f64 / 5000.0;
    assert!(asked <= 1.01, "{asked}: {} listings", run.service.listings);
    assert!(
        run.lateness()[0] <= Duration::from_secs(65),
        "{:?}",
        run.lateness()[0]
    );
}

#[test]
fn while_webhooks_arrive_jobs_are_polled_a_minute_apart_without_listings_too() {
    let mut run = BatchRun::new(unlimited().without_queue());
    run.service.takes = Box::new(|_| Duration::from_mins(3));
    run.webhook = Box::new(|_| Some(Duration::from_millis(500)));
    let run = steady(1, 600, run);
    assert_eq!(run.succeeded(), 600);
    let polls = run.service.polls as f64 / 600.0;
    assert!(polls <= 4.0, "{polls}");
}

#[test]
fn webhooks_that_stop_are_noticed_soon() {
    let mut run = BatchRun::new(unlimited());
    run.webhook = Box::new(|number| (number < 2000).then_some(Duration::from_secs(1)));
    let run = steady(10, 4000, run);
    assert_eq!(run.succeeded(), 4000);
    assert!(
        run.lateness()[0] <= Duration::from_secs(90),
        "{:?}",
        run.lateness()[0]
    );
    assert!(
        percentile(&run.lateness(), 95) <= Duration::from_secs(30),
        "{:?}",
        percentile(&run.lateness(), 95)
    );
}

#[test]
fn unknown_ids_are_never_fetched_and_make_listings_cost_more() {
    let options = unlimited();
    let mut run = BatchRun::new(options);
    run.service.unknown_ids = (0..20_000)
        .map(|number| format!("{:040x}", 1_u64 << 40 | number))
        .collect();
    let run = steady(10, 600, run);
    assert_eq!((run.succeeded(), run.count_errors("NotFound")), (600, 0));
    let asked = (run.service.polls + run.service.listings) as f64 / 600.0;
    assert!(asked < 1.6, "{asked}");
}

#[test]
fn without_listings_each_job_is_polled() {
    let run = steady(10, 300, BatchRun::new(unlimited().without_queue()));
    assert_eq!((run.succeeded(), run.service.listings), (300, 0));
    assert!(run.service.polls > 600);
}

/// A process polls, the service returns the result and lists it no longer, and the process ends
/// before it has stored it. The next one does not believe the queue, which lists all others.
#[test]
fn a_result_that_another_process_had_read_is_noticed_soon() {
    for has_webhooks in [false, true] {
        let options = || unlimited().with_poll_policy(PollPolicy::frugal());
        let mut run = BatchRun::with_documents(3, options());
        run.service.forgets_read = true;
        // A webhook makes it poll before the policy would.
        run.webhook = Box::new(|_| Some(Duration::from_millis(100)));
        run.service.fault = Box::new(|_, text, _| {
            text.contains("get-extraction-data")
                .then_some(Fault::ResponseLost)
        });
        // What a program stores: polls need not be stored.
        while run.batch.progress().submitted < 3 {
            run.run_until(run.now + Duration::from_millis(10));
        }
        let keys: Vec<_> = run.batch.keys().collect();
        let stored: Vec<_> = keys
            .iter()
            .filter_map(|key| run.batch.snapshot(*key))
            .collect();
        let is_read = |held: &Held| held.read_at.is_some();
        while !run.service.held.values().all(is_read) {
            run.run_until(run.now + Duration::from_secs(1));
        }
        let mut next = BatchRun::at(options(), run.now);
        for snapshot in stored {
            next.batch.restore(&snapshot, None, next.now).unwrap();
        }
        for number in 100..2100 {
            next.batch.add(numbered(number), next.now).unwrap();
        }
        next.batch.close();
        next.service = run.service;
        next.service.fault = Box::new(|_, _, _| None);
        if has_webhooks {
            // For those of this process: the others had theirs.
            next.webhook = Box::new(|_| Some(Duration::from_millis(100)));
        }
        next.run();
        assert_eq!(next.succeeded(), 2003);
        let took = next.now.saturating_since(run.now);
        assert!(took < Duration::from_secs(60), "{took:?}");
    }
}

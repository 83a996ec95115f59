//! A success resets what failures counted: after it, all is as if they had not been.
//!
//! Each test replies at random, counts the failures since the last success by itself, and compares
//! that with what the machine does.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::support::batch_run::BatchRun;
use crate::support::queue::{DrainRun, Queue, Reply, listing};
use crate::support::service::{Fault, numbered};
use crate::support::{Run, START, accepted, in_progress, response, response_with, success};
use proptest::collection::vec;
use proptest::prelude::*;
use typless::machine::{
    BatchEventKind, BatchOptions, DrainEventKind, DrainOptions, Failure, FailureKind, JobOptions,
    Machine, Output, PauseReason, QueueProblem, RetryPolicy,
};

const DAY: Duration = Duration::from_secs(24 * 3600);
const MINUTE: Duration = Duration::from_secs(60);

/// Asserts that a delay is that of the policy after so many failures in a row.
fn check_delay(policy: RetryPolicy, delay: Duration, failures: u16) -> Result<(), TestCaseError> {
    // A random number selects one between half of it and all.
    let half = policy.delay(failures, 0);
    let all = half * 2 + Duration::from_nanos(1);
    let is_right = delay >= half && delay <= all;
    prop_assert!(is_right, "{delay:?} after {failures}");
    Ok(())
}

/// The policy of a drain unless it is set.
fn drain_policy() -> RetryPolicy {
    let (first, longest) = (Duration::from_secs(5), Duration::from_secs(300));
    RetryPolicy::new()
        .with_attempts(5)
        .with_delays(first, longest)
}

/// What is replied.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    NotSent,
    Status(u16),
    Success,
}

fn failure() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::NotSent),
        Just(Step::Status(408)),
        Just(Step::Status(429))
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![3 => failure(), 1 => Just(Step::Status(500)), 3 => Just(Step::Success)]
}

proptest! {
    #![proptest_config(super::cases(64))]

    #[test]
    fn a_job_waits_by_its_failures_since_the_last_success(
        seed in any::<u64>(), submits in vec(failure(), 0..7), polls in vec(step(), 1..12),
    ) {
        let mut run = Run::with(JobOptions::new().with_seed(seed).with_deadline(DAY));
        let (accepted_after, mut failures, mut replied_at) = (submits.len(), 0, run.now);
        let steps = submits.into_iter().chain([Step::Success]).chain(polls);
        for (at, step) in steps.enumerate() {
            let transmit = run.next_request().expect("it goes on");
            if failures > 0 {
                let delay = run.now.saturating_since(replied_at);
                check_delay(RetryPolicy::new(), delay, failures)?;
            }
            (failures, replied_at) = (failures + 1, run.now);
            match step {
                Step::NotSent => {
                    let failure = Failure::new(FailureKind::NotSent, "set by the test");
                    run.job.handle_failure(transmit.id, failure, run.now);
                }
                Step::Status(status) => {
                    run.job.handle_response(transmit.id, response(status, ""), run.now);
                }
                Step::Success => {
                    let success = if at == accepted_after { accepted() } else { in_progress() };
                    run.job.handle_response(transmit.id, success, run.now);
                    failures = 0;
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(super::cases(48))]

    /// What was not sent, or only put off, is charged to no id.
    #[test]
    fn a_drain_charges_an_id_for_its_failures_since_its_last_result(
        seed in any::<u64>(), steps in vec(step(), 1..14),
    ) {
        let charged: Rc<RefCell<u16>> = Rc::default();
        let (counts, at) = (charged.clone(), RefCell::new(0));
        let reply = move || -> Reply {
            let number = at.replace_with(|at| *at + 1);
            match steps[number % steps.len()] {
                Step::NotSent => Err(FailureKind::NotSent),
                Step::Status(429) => Ok(response(429, "")),
                Step::Status(status) => {
                    *counts.borrow_mut() += 1;
                    Ok(response(status, ""))
                }
                Step::Success => {
                    *counts.borrow_mut() = 0;
                    Ok(success())
                }
            }
        };
        // Results are not acknowledged, and so fetched again and again.
        let options = DrainOptions::new().with_seed(seed).with_interval(MINUTE);
        let options = options.with_redelivery(Duration::from_secs(1));
        let mut run = DrainRun::unacknowledged(options);
        let mut queue = Queue::new(&["a", "good"]).with("a", reply);
        let mut fetches = 0;
        while run.now < START + MINUTE * 30 {
            match run.drain.next_output(run.now) {
                Output::Send(transmit) => match queue.respond(transmit.request.uri()) {
                    Ok(response) => run.drain.handle_response(transmit.id, response, run.now),
                    Err(kind) => {
                        let failure = Failure::new(kind, "set by the test");
                        run.drain.handle_failure(transmit.id, failure, run.now);
                    }
                },
                Output::Wait(until) => run.now = until,
                Output::Event(event) => match event.kind {
                    DrainEventKind::FetchDue {
                        extraction_id,
                        attempt,
                    } if extraction_id.as_str() == "a" => {
                        fetches += 1;
                        prop_assert_eq!(attempt, *charged.borrow() + 1);
                    }
                    DrainEventKind::SetAside { attempts, .. } => {
                        prop_assert_eq!((attempts, *charged.borrow()), (5, 5));
                    }
                    _ => {}
                },
                other => prop_assert!(false, "{other:?}"),
            }
        }
        prop_assert!(fetches > 0);
    }

    /// And a hint is a minimum.
    #[test]
    fn a_drain_lists_again_by_the_failures_since_the_last_listing(
        seed in any::<u64>(),
        steps in vec(prop_oneof![Just(None), Just(Some(0)), (1..600_u64).prop_map(Some)], 1..14),
    ) {
        let options = DrainOptions::new().with_seed(seed).with_interval(MINUTE);
        let mut run = DrainRun::with(options);
        let (turns, at) = (steps.clone(), RefCell::new(0));
        let mut queue = Queue::new(&[]);
        queue.odd_listing = Some(Box::new(move || {
            let number = at.replace_with(|at| *at + 1);
            Ok(match turns[number % turns.len()] {
                None => listing::<&str>(&[]),
                Some(0) => response(500, ""),
                Some(hint) => response_with(503, ("retry-after", &hint.to_string()), ""),
            })
        }));
        run.serve(&mut queue, MINUTE * 60);
        let announced = run.events.iter().filter_map(|event| match event.kind {
            DrainEventKind::ListingFailed { retry_at, .. } => Some(retry_at),
            _ => None,
        });
        let (mut announced, mut failures) = (announced, 0);
        for (number, pair) in run.requests.windows(2).enumerate() {
            let (sent_at, next_at) = (pair[0].0, pair[1].0);
            let gap = next_at.saturating_since(sent_at);
            let Some(hint) = steps[number % steps.len()].map(Duration::from_secs) else {
                failures = 0;
                prop_assert_eq!(gap, MINUTE);
                continue;
            };
            failures += 1;
            prop_assert_eq!(announced.next(), Some(Some(next_at)));
            prop_assert!(gap >= hint, "{gap:?} {hint:?}");
            if gap > hint {
                check_delay(drain_policy(), gap, failures)?;
            }
        }
    }

    /// The first pause that the service asks for without a length is short: the rate is lower then.
    /// Those that follow without a success between them are longer and longer.
    #[test]
    fn pauses_grow_by_the_refusals_since_the_last_success(
        seed in any::<u64>(), refuses in vec(any::<bool>(), 1..16), is_batch in any::<bool>(),
    ) {
        let refused: Rc<RefCell<Vec<bool>>> = Rc::default();
        let log = refused.clone();
        let refuses_next = move || {
            let mut log = log.borrow_mut();
            let refuses = refuses[log.len() % refuses.len()];
            log.push(refuses);
            refuses
        };
        let (policy, pauses) = if is_batch {
            (RetryPolicy::new(), batch_pauses(seed, refuses_next))
        } else {
            (drain_policy(), drain_pauses(seed, refuses_next))
        };
        let mut in_a_row = 0;
        let mut expected = Vec::new();
        for refuses in refused.borrow().iter() {
            in_a_row = if *refuses { in_a_row + 1 } else { 0 };
            expected.extend(refuses.then_some(in_a_row));
        }
        // The response to the last one may not have come.
        prop_assert!(expected.len() - pauses.len() <= 1, "{expected:?} {pauses:?}");
        for (pause, in_a_row) in pauses.into_iter().zip(expected) {
            match in_a_row {
                1 => prop_assert!(pause <= Duration::from_millis(250), "{pause:?}"),
                _ => check_delay(policy, pause, in_a_row - 1)?,
            }
        }
    }
}

/// The lengths of the pauses of a drain, each request of which is refused with 429 or not.
fn drain_pauses(seed: u64, refuses: impl Fn() -> bool + Clone + 'static) -> Vec<Duration> {
    let options = DrainOptions::new()
        .with_seed(seed)
        .with_interval(MINUTE)
        .with_max_in_flight(1)
        .with_redelivery(Duration::from_secs(1));
    let mut run = DrainRun::unacknowledged(options);
    let refuses_listing = refuses.clone();
    let reply = move || {
        Ok(if refuses() {
            response(429, "")
        } else {
            success()
        })
    };
    let mut queue = Queue::new(&["a"]).with("a", reply);
    queue.odd_listing = Some(Box::new(move || {
        let is_refused = refuses_listing();
        Ok(if is_refused {
            response(429, "")
        } else {
            listing(&["a"])
        })
    }));
    run.serve(&mut queue, MINUTE * 10);
    let pauses = run.events.iter().filter_map(|event| match &event.kind {
        DrainEventKind::Paused(pause) if pause.reason == PauseReason::Throttled => {
            Some(pause.until.saturating_since(pause.since))
        }
        _ => None,
    });
    pauses.collect()
}

/// The same of a batch without a queue.
fn batch_pauses(seed: u64, refuses: impl Fn() -> bool + 'static) -> Vec<Duration> {
    let options = BatchOptions::new()
        .with_seed(seed)
        .without_queue()
        .with_max_in_flight(1)
        .with_deadline(DAY)
        .with_retry_budget(1000);
    let mut run = BatchRun::with_documents(5, options);
    run.service.fault = Box::new(move |_, _, _| refuses().then_some(Fault::Status(429)));
    run.run_until(START + MINUTE * 10);
    let pauses = run.events.iter().filter_map(|event| match &event.kind {
        BatchEventKind::Paused(pause) if pause.reason == PauseReason::Throttled => {
            Some(pause.until.saturating_since(pause.since))
        }
        _ => None,
    });
    pauses.collect()
}

proptest! {
    #![proptest_config(super::cases(48))]

    #[test]
    fn a_queue_is_of_no_use_after_three_unreadable_listings_in_a_row(
        seed in any::<u64>(), unreadable in vec(prop::bool::weighted(0.6), 1..12),
    ) {
        let mut run = BatchRun::new(BatchOptions::new().with_seed(seed).with_deadline(DAY));
        for number in 0..30 {
            run.batch.add(numbered(number), run.now).unwrap();
        }
        run.service.takes = Box::new(|number| Duration::from_secs(30 + number * 20));
        let seen: Rc<RefCell<Vec<bool>>> = Rc::default();
        let log = seen.clone();
        run.service.fault = Box::new(move |_, request, _| {
            let mut log = log.borrow_mut();
            let is_listing = request.contains("awaiting");
            let is_unreadable = is_listing && unreadable[log.len() % unreadable.len()];
            if is_listing {
                log.push(is_unreadable);
            }
            is_unreadable.then_some(Fault::Status(404))
        });
        let is_unreadable = |kind: &BatchEventKind| {
            matches!(kind, BatchEventKind::QueueDegraded(QueueProblem::Unreadable))
        };
        while run.count_events(is_unreadable) == 0 && run.now < START + MINUTE * 15 {
            let until = run.now + Duration::from_millis(500);
            // Where nothing is due, it does not get there by itself.
            run.run_until(until).now = until;
        }
        let seen = seen.borrow();
        let third = (3..=seen.len()).find(|end| seen[end - 3..*end].iter().all(|it| *it));
        if run.count_events(is_unreadable) > 0 {
            prop_assert_eq!(third, Some(seen.len()), "{:?}", seen);
        } else {
            // The response to the last one may not have come.
            prop_assert!(third.is_none_or(|third| third == seen.len()), "{:?}", seen);
        }
    }
}

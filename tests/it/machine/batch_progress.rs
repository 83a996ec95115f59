//! The numbers of a batch, for people, logs and metrics.

use std::time::Duration;

use crate::support::batch_run::BatchRun;
use crate::support::service::Fault;
use crate::support::{START, response_with};
use http::Method;
use proptest::prelude::*;
use typless::machine::{BatchOptions, Machine, Output, PauseReason, Time};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// What is counted is what there is, at any moment of a run with faults.
    #[test]
    fn it_says_what_a_walk_through_all_jobs_would(
        seconds in prop::collection::vec(1..400_u64, 1..40),
        faults in prop::collection::vec(0..8_u8, 64),
        steps in prop::collection::vec(1..60_u64, 1..40),
    ) {
        let mut run = BatchRun::with_documents(seconds.len(), BatchOptions::new());
        let takes = seconds.clone();
        let of = move |number: u64| takes[number as usize % takes.len()];
        run.service.takes = Box::new(move |number| SECOND * of(number) as u32);
        run.service.fault = Box::new(move |number, _, _| match faults.get(number as usize)? {
            0 => Some(Fault::ResponseLost),
            1 => Some(Fault::Status(503)),
            2 => Some(Fault::RetryAfter(429, 5)),
            _ => None,
        });
        for step in steps {
            run.run_until(run.now + SECOND * step as u32);
            let progress = run.batch.progress();
            let tickets = run.batch.keys().filter_map(|key| run.batch.ticket(key));
            let oldest = tickets.map(|ticket| ticket.submitted_at()).min();
            let whole = oldest.map(|at| Time::EPOCH + SECOND * at.since_epoch().as_secs() as u32);
            prop_assert_eq!(progress.oldest_submitted_at, whole);
            prop_assert_eq!(progress.next_expiry_at(), whole.map(|at| at + HOUR * 48));
            prop_assert_eq!(progress.unknown, run.count_errors("SubmitUnknown") as u64);
            prop_assert_eq!(progress.unfinished(), run.batch.keys().count());
            prop_assert_eq!(progress.pause, run.batch.pauses().next());
        }
    }
}

#[test]
fn the_oldest_job_is_known_until_it_has_finished() {
    let mut run = BatchRun::with_documents(2, BatchOptions::new());
    // The first takes longer than the second, which is submitted later.
    run.service.takes = Box::new(|number| HOUR * (2 - number as u32));
    run.run_until(START + HOUR / 2);
    let before = run.batch.progress();
    assert_eq!(before.submitted, 2);
    assert!(before.oldest_submitted_at >= Some(START));
    run.run();
    assert_eq!(run.succeeded(), 2);
    let after = run.batch.progress();
    assert_eq!(
        (after.oldest_submitted_at, after.next_expiry_at()),
        (None, None)
    );
}

#[test]
fn an_unknown_submit_is_counted_by_itself() {
    let mut run = BatchRun::with_documents(5, BatchOptions::new());
    run.service.fault = Box::new(|number, _, _| (number == 0).then_some(Fault::ResponseLost));
    run.run();
    let progress = run.batch.progress();
    assert_eq!(
        (progress.succeeded, progress.failed, progress.unknown),
        (4, 1, 1)
    );
}

#[test]
fn a_pause_has_its_reason_its_beginning_and_its_end() {
    let mut run = BatchRun::with_documents(50, BatchOptions::new());
    run.service.fault = Box::new(|number, _, _| (number >= 20).then_some(Fault::Status(403)));
    run.run_until(START + Duration::from_secs(60));
    let pause = run.batch.progress().pause.expect("a pause");
    assert_eq!(pause.reason, PauseReason::KeyRefused);
    assert!((START..run.now).contains(&pause.since), "{pause:?}");
    // It moves on: the next request that finds out.
    let first = pause.until.expect("no request is out");
    assert!(first > run.now && first <= run.now + SECOND * 300);
    run.run_until(first + SECOND);
    let pause = run.batch.progress().pause.expect("a pause");
    assert!(pause.until > Some(first), "{pause:?}");
    run.service.fault = Box::new(|_, _, _| None);
    run.batch.set_key("another").unwrap();
    assert_eq!(run.batch.progress().pause, None);
}

/// A pause that the service asks for holds on in an outage: both are there, and the outage counts.
#[test]
fn the_pause_that_holds_back_most_comes_first() {
    let options = BatchOptions::new().with_max_in_flight(4);
    let mut run = BatchRun::with_documents(50, options);
    let mut sent = Vec::new();
    while let output @ (Output::Event(_) | Output::Send(_)) = run.batch.next_output(run.now) {
        sent.extend(match output {
            Output::Send(transmit) if transmit.request.method() == Method::POST => {
                Some(transmit.id)
            }
            _ => None,
        });
    }
    for (index, id) in sent.into_iter().enumerate() {
        let response = match index {
            0 => response_with(429, ("retry-after", "300"), "{}"),
            _ => response_with(403, ("retry-after", "1"), "{}"),
        };
        run.batch.handle_response(id, response, run.now);
    }
    let reasons: Vec<_> = run.batch.pauses().map(|pause| pause.reason).collect();
    assert_eq!(reasons, [PauseReason::KeyRefused, PauseReason::Throttled]);
    // No request finds out about the key before that, either.
    let until = run.batch.progress().pause.and_then(|pause| pause.until);
    assert!(until >= Some(START + SECOND * 300), "{until:?}");
}

/// Submits fail, and everything else goes on: the next submit finds out whether they work again.
#[test]
fn a_pause_of_submits_ends_with_the_next_one() {
    let mut run = BatchRun::with_documents(50, BatchOptions::new());
    run.service.fault = Box::new(|number, request, _| {
        (number >= 10 && request.starts_with("POST")).then_some(Fault::NotSent)
    });
    run.service.takes = Box::new(|_| HOUR);
    let mut ends = Vec::new();
    for minute in 1..60 {
        run.run_until(START + SECOND * 60 * minute);
        let pause = run.batch.pauses().next();
        if let Some(pause) = pause.filter(|_| run.batch.progress().in_flight == 0) {
            assert_eq!(pause.reason, PauseReason::Submits);
            ends.push(pause.until.expect("no submit is out"));
        }
    }
    assert!(ends.len() > 10 && ends.is_sorted() && ends.first() < ends.last());
}

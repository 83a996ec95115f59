//! Webhooks that are repeated, early, forged or lost: B1 to B8.

use std::time::Duration;

use super::{DAY, ticket};
use crate::support::START;
use crate::support::batch_run::BatchRun;
use crate::support::service::{Service, notification};
use typless::machine::{BatchOptions, JobEventKind, JobState, Machine, Output, PollReason};

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

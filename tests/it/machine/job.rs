//! A job without faults: its events, hints, deadlines, confirmations. Faults are in `faults`.

use std::time::Duration;

use crate::support::{Run, START, accepted, in_progress, response, response_with, success};
use typless::machine::{
    Cause, FailureKind, Job, JobError, JobEventKind, JobOptions, JobState, LastPoll, Machine,
    Output, PollReason, Time,
};
use typless::wire::Notification;

fn since_start(time: Time) -> Duration {
    time.saturating_since(START)
}

#[test]
fn a_document_goes_in_and_its_result_comes_out() {
    let mut run = Run::with(JobOptions::new());
    let transmit = run.next_request().unwrap();
    assert_eq!(transmit.request.method(), "POST");
    assert_eq!(run.job.state(), JobState::Submitting);
    run.job.handle_response(transmit.id, accepted(), run.now);
    run.reply(in_progress())
        .reply(in_progress())
        .reply(success())
        .settle();
    assert_eq!(
        run.outcome().unwrap().as_ref().unwrap().text("total"),
        Some("12.0000")
    );
    let reported: Vec<String> = run
        .events
        .iter()
        .map(|event| {
            format!("{:?}", event.kind)
                .split([' ', '('])
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(
        reported,
        [
            "Submitting",
            "Submitted",
            "PollDue",
            "Progressed",
            "PollDue",
            "Progressed",
            "PollDue",
            "Finished"
        ]
    );
    let numbers: Vec<u64> = run.events.iter().map(|event| event.sequence).collect();
    assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
    assert_eq!(run.job.state(), JobState::Succeeded);
}

#[test]
fn polls_follow_the_age_of_the_job() {
    let mut run = Run::submitted();
    let mut ages = Vec::new();
    for _ in 0..5 {
        let transmit = run.next_request().unwrap();
        ages.push(since_start(run.now).as_secs());
        run.job.handle_response(transmit.id, in_progress(), run.now);
    }
    assert_eq!(ages, [6, 12, 19, 26, 34]);
}

#[test]
fn an_unreadable_document_is_not_submitted() {
    let mut run = Run::with(JobOptions::new());
    run.fail(FailureKind::Source);
    assert!(matches!(run.error(), JobError::SourceFailed { .. }));
}

#[test]
fn a_hint_is_a_minimum_and_is_reported() {
    let mut run = Run::submitted();
    run.reply(response_with(
        200,
        ("retry-after", "120"),
        r#"{"status": "IN_PROGRESS"}"#,
    ));
    let asked_at = run.now;
    run.reply(success()).settle();
    assert_eq!(run.now.saturating_since(asked_at), Duration::from_secs(120));
    assert!(run.events.iter().any(|event| matches!(
        event.kind,
        JobEventKind::PollDue {
            reason: PollReason::Hint,
            ..
        }
    )));
}

#[test]
fn a_hint_with_a_404_of_a_new_id_is_a_minimum_as_well() {
    let mut run = Run::submitted();
    run.reply(response_with(404, ("retry-after", "600"), "{}"));
    let asked = run.now + Duration::from_secs(600);
    run.reply(success());
    assert_eq!(run.now, asked);
}

#[test]
fn a_hint_past_the_deadline_ends_the_job_at_once() {
    let mut run = Run::with(JobOptions::new().with_deadline(Duration::from_secs(60)));
    run.reply(accepted());
    run.reply(response_with(429, ("retry-after", "300"), "{}"));
    let told_at = run.now;
    let JobError::Deadline {
        retry_after,
        last: Some(LastPoll::Failed(failed)),
        ..
    } = run.error()
    else {
        panic!()
    };
    assert!(matches!(failed.cause(), Cause::Service(_)));
    assert_eq!(*retry_after, Some(Duration::from_secs(300)));
    assert_eq!(run.now, told_at);
}

#[test]
fn the_deadline_brings_one_last_poll() {
    let mut run = Run::with(JobOptions::new().with_deadline(Duration::from_secs(15)));
    run.reply(accepted())
        .reply(in_progress())
        .reply(in_progress());
    let last = run.next_request().unwrap();
    assert_eq!(since_start(run.now), Duration::from_secs(15));
    assert!(matches!(
        run.events.last().unwrap().kind,
        JobEventKind::PollDue {
            poll: 3,
            reason: PollReason::Deadline
        }
    ));
    let mut lucky = run;
    lucky.job.handle_response(last.id, success(), lucky.now);
    lucky.settle();
    assert!(lucky.outcome().unwrap().is_ok());
}

#[test]
fn after_the_last_poll_the_outcome_is_deadline_with_the_ticket() {
    let mut run = Run::with(JobOptions::new().with_deadline(Duration::from_secs(3)));
    run.reply(accepted()).reply(in_progress());
    assert!(matches!(
        run.error(),
        JobError::Deadline {
            retry_after: None,
            ..
        }
    ));
    assert!(
        run.outcome()
            .unwrap()
            .as_ref()
            .unwrap_err()
            .ticket()
            .is_some()
    );
}

#[test]
fn a_submit_waits_for_its_confirmation() {
    let mut run = Run::with(JobOptions::new().with_confirmation());
    assert!(run.next_request().is_none());
    assert!(matches!(run.job.next_output(run.now), Output::NeedInput));
    run.job.confirm(0);
    assert!(
        matches!(run.job.next_output(run.now), Output::NeedInput),
        "another event's confirmation"
    );
    run.job.confirm(run.events.last().unwrap().sequence);
    run.reply(response(429, ""))
        .advance(Duration::from_secs(60));
    assert!(run.next_request().is_none(), "each attempt needs its own");
    // One confirmation covers all events before it.
    run.job.confirm(100);
    run.reply(accepted()).reply(success()).succeeded();
}

#[test]
fn the_first_event_needs_its_confirmation_as_well_if_it_has_number_0() {
    let options = JobOptions::new().with_confirmation();
    let mut run = Run::with(options.with_first_sequence(0));
    assert!(run.next_request().is_none());
    assert_eq!(run.events.last().unwrap().sequence, 0);
    run.job.confirm(0);
    assert!(run.next_request().is_some());
}

#[test]
fn without_a_confirmation_the_deadline_passes_and_nothing_is_sent() {
    let mut run = Run::with(
        JobOptions::new()
            .with_confirmation()
            .with_deadline(Duration::from_secs(10)),
    );
    run.settle().advance(Duration::from_secs(10));
    assert!(matches!(run.error(), JobError::Exhausted { .. }));
}

fn notification(id: &str) -> Notification {
    let json = format!(
        r#"{{"event_id": "1", "event_time": "2022-02-03T10:19:17.388584",
            "data": {{"id": "{id}", "message": "Extraction process finished"}},
            "type": "extraction.finished"}}"#
    );
    Notification::decode(json.as_bytes()).unwrap()
}

#[test]
fn a_notification_of_another_job_changes_nothing() {
    let mut run = Run::submitted();
    let Output::Event(_) = run.job.next_output(run.now) else {
        panic!()
    };
    let Output::Wait(before) = run.job.next_output(run.now) else {
        panic!()
    };
    run.job
        .handle_notification(&notification("another"), run.now);
    let Output::Wait(after) = run.job.next_output(run.now) else {
        panic!()
    };
    assert_eq!(before, after);
}

#[test]
fn the_time_limit_of_a_poll_begins_when_it_is_sent() {
    let mut run = Run::submitted();
    // The application waits after the event of the poll for longer than a poll may take.
    loop {
        match run.job.next_output(run.now) {
            Output::Event(event) if matches!(event.kind, JobEventKind::PollDue { .. }) => break,
            Output::Wait(until) => run.now = until,
            _ => {}
        }
    }
    run.advance(Duration::from_secs(3600));
    let Output::Send(transmit) = run.job.next_output(run.now) else {
        panic!()
    };
    let Output::Wait(until) = run.job.next_output(run.now) else {
        panic!("its time is not up")
    };
    assert_eq!(until, run.now + Duration::from_secs(60));
    run.job.handle_response(transmit.id, success(), run.now);
    run.succeeded();
}

#[test]
fn only_the_last_event_has_an_outcome() {
    let mut run = Run::submitted();
    run.reply(success()).settle();
    let outcomes = run
        .events
        .into_iter()
        .filter_map(|event| Job::into_outcome(event).ok())
        .count();
    assert_eq!(outcomes, 1);
}

#[test]
fn polls_that_fail_alike_are_counted() {
    let mut run = Run::submitted();
    for status in [500, 500, 502, 200, 200, 200] {
        run.reply(response(status, "<html>"));
    }
    run.reply(in_progress()).reply(response(200, "<html>"));
    let counts: Vec<u16> = run
        .events
        .iter()
        .filter_map(|event| match event.kind {
            JobEventKind::PollFailed { alike, .. } => Some(alike),
            _ => None,
        })
        .collect();
    assert_eq!(counts, [1, 2, 1, 1, 2, 3]);
    run.reply(success()).succeeded();
}

//! When the next poll is made, and which response counts: P6, P19 to P24, P33.

use std::time::Duration;

use super::{notification, since_start, statuses};
use crate::support::{
    Run, accepted, expired, failed, in_progress, response, response_with, success,
};
use proptest::prelude::*;
use typless::machine::{
    Cause, Failure, FailureKind, JobError, JobEventKind, JobOptions, JobState, LastPoll, Machine,
    Output, PollReason, RequestId,
};
use typless::wire::Status;

#[test]
fn p06_in_progress_after_a_notification_continues_by_age() {
    let mut run = Run::submitted();
    run.advance(Duration::from_secs(2));
    run.job.handle_notification(&notification(), run.now);
    run.reply(in_progress());
    assert_eq!(since_start(run.now), Duration::from_secs(2));
    assert!(matches!(
        run.events[2].kind,
        JobEventKind::PollDue {
            reason: PollReason::Notification,
            ..
        }
    ));
    run.reply(in_progress());
    assert!(
        since_start(run.now) > Duration::from_secs(4)
            && since_start(run.now) < Duration::from_secs(10),
        "{}",
        run.now
    );
    // Another one brings the next poll forward again, but never closer than a second to the last
    // one.
    for _ in 0..100 {
        run.job.handle_notification(&notification(), run.now);
    }
    let last = run.now;
    run.reply(success()).succeeded();
    assert_eq!(run.now.saturating_since(last), Duration::from_secs(1));
}

#[test]
fn p19_throttled_polls_wait_as_requested_while_the_job_ages() {
    let mut run = Run::submitted();
    run.reply(response_with(429, ("retry-after", "120"), "{}"));
    let asked_at = run.now;
    run.reply(in_progress());
    assert_eq!(run.now.saturating_since(asked_at), Duration::from_secs(120));
    let before = run.now;
    assert!(run.next_request().is_some());
    assert!(
        run.now.saturating_since(before) > Duration::from_secs(12),
        "the distance is that of its age"
    );
}

#[test]
fn p21_a_notification_during_a_poll_makes_no_second_request_but_a_prompt_next_one() {
    let mut run = Run::submitted();
    let transmit = run.next_request().unwrap();
    run.job.handle_notification(&notification(), run.now);
    assert!(
        matches!(run.job.next_output(run.now), Output::Wait(_)),
        "one poll a time"
    );
    run.job.handle_response(transmit.id, in_progress(), run.now);
    let asked_at = run.now;
    run.reply(success()).succeeded();
    assert_eq!(run.now.saturating_since(asked_at), Duration::from_secs(1));
}

#[test]
fn p22_a_poll_without_a_response_is_repeated() {
    let mut run = Run::submitted();
    let (lost, again) = (run.next_request().unwrap(), run.next_request().unwrap());
    assert_eq!(
        (lost.request.uri(), lost.request.method()),
        (again.request.uri(), again.request.method())
    );
    assert_eq!(
        run.count(|kind| matches!(
            kind,
            JobEventKind::PollFailed {
                cause: Cause::TimeLimit,
                ..
            }
        )),
        1
    );
    run.job.handle_response(lost.id, success(), run.now);
    assert_eq!(
        run.job.state(),
        JobState::Polling,
        "the response to the first one comes too late"
    );
    run.job.handle_response(again.id, success(), run.now);
    run.succeeded();
}

#[test]
fn p23_unknown_and_repeated_responses_change_nothing() {
    let mut run = Run::submitted();
    let transmit = run.next_request().unwrap();
    let failure = || Failure::new(FailureKind::TooLarge, "");
    for stranger in [0, 1, 77, u64::from(u32::MAX), u64::MAX] {
        run.job
            .handle_response(RequestId::new(stranger), failed(), run.now);
        run.job
            .handle_failure(RequestId::new(stranger), failure(), run.now);
    }
    assert_eq!(run.job.state(), JobState::Polling);
    run.job.handle_response(transmit.id, in_progress(), run.now);
    run.job.handle_response(transmit.id, failed(), run.now);
    run.job.handle_failure(transmit.id, failure(), run.now);
    run.reply(success()).succeeded();
    assert_eq!(statuses(&run), [Some(Status::InProgress)]);
}

proptest! {
    #[test]
    fn p24_responses_out_of_order_lead_to_the_same_outcome(
        order in Just(vec![0_usize, 1, 2, 3]).prop_shuffle(),
    ) {
        // Four polls with late responses, in any order: only the response to the one in flight
        // counts.
        let mut run = Run::submitted();
        let polls: Vec<_> = (0..4).map(|_| run.next_request().unwrap().id).collect();
        let responses = [failed(), expired(), response(404, ""), success()];
        for index in order {
            run.job
                .handle_response(polls[index], responses[index].clone(), run.now);
        }
        run.succeeded();
    }
}

#[test]
fn every_transient_failure_is_a_failed_poll_and_not_a_failed_job() {
    let mut run = Run::with(JobOptions::new());
    run.reply(accepted());
    for response in [
        response(408, ""),
        response(429, ""),
        response(500, "<html>"),
        response(502, ""),
        response(200, "{"),
        response(777, ""),
    ] {
        run.reply(response);
    }
    run.fail(FailureKind::NotSent)
        .fail(FailureKind::Interrupted)
        .reply(success())
        .succeeded();
    assert_eq!(
        run.count(|kind| matches!(kind, JobEventKind::PollFailed { .. })),
        8
    );
}

#[test]
fn p33_the_end_of_a_wait_says_why_how_often_and_for_how_long() {
    let cases = [
        (
            response(500, "<html>boom</html>"),
            "the service responded with 500",
        ),
        (
            response(200, "<html>sign in</html>"),
            "the status response could not be read",
        ),
        (response(204, ""), "the status response could not be read"),
        (response(429, "{}"), "the service responded with 429"),
        (in_progress(), "its status is IN_PROGRESS"),
        (
            response(200, r#"{"status": "COMPLETED"}"#),
            "its status is COMPLETED, which this version does not know",
        ),
    ];
    for (reply, why) in cases {
        let deadline = Duration::from_secs(100);
        let mut run = Run::with(JobOptions::new().with_deadline(deadline));
        run.reply(accepted());
        while let Some(transmit) = run.next_request() {
            run.job.handle_response(transmit.id, reply.clone(), run.now);
        }
        let said = run.error().to_string();
        let start = "the extraction did not finish before the deadline, 100 s after its submit: ";
        assert!(said.starts_with(&format!("{start}{why}")), "{said}");
        let is_failure = !why.contains("status is");
        let how_often = said.contains("(the last of ") && said.contains(" failed attempts in ");
        assert_eq!(how_often, is_failure, "{said}");
    }
    // A success in between ends what is counted.
    let mut run = Run::with(JobOptions::new().with_deadline(Duration::from_secs(60)));
    run.reply(accepted())
        .reply(response(500, ""))
        .reply(in_progress());
    while let Some(transmit) = run.next_request() {
        run.job
            .handle_response(transmit.id, response(500, ""), run.now);
    }
    let polls = run.count(|kind| matches!(kind, JobEventKind::PollDue { .. }));
    let JobError::Deadline {
        last: Some(LastPoll::Failed(failed)),
        ..
    } = run.error()
    else {
        panic!()
    };
    assert_eq!(failed.count() as usize, polls - 2);
}

#[test]
fn p33_a_wait_past_the_deadline_says_what_the_last_poll_brought() {
    let hint = |status, body| response_with(status, ("retry-after", "3000"), body);
    for (reply, why) in [
        (
            hint(200, r#"{"status": "COMPLETED"}"#),
            ": its status is COMPLETED, which this version does not know",
        ),
        (
            hint(200, r#"{"status": "IN_PROGRESS"}"#),
            ": its status is IN_PROGRESS",
        ),
        // In progress, as the id is so new.
        (
            hint(404, "{}"),
            ": the service responded with 404 Not Found",
        ),
        (hint(503, "{}"), ": the service responded with 503"),
    ] {
        let mut run = Run::with(JobOptions::new().with_deadline(Duration::from_secs(100)));
        run.reply(accepted()).reply(in_progress()).reply(reply);
        let said = run.error().to_string();
        let start = "the service asks to wait 50 min, which is past the deadline";
        assert!(said.starts_with(&format!("{start}{why}")), "{said}");
    }
    // Without a poll there is nothing to say.
    let mut run = Run::with(JobOptions::new().with_deadline(Duration::from_secs(100)));
    run.reply(response_with(
        202,
        ("retry-after", "3000"),
        r#"{"extraction_id": "0d14"}"#,
    ));
    assert!(matches!(run.error(), JobError::Deadline { last: None, .. }));
}

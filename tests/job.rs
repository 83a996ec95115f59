//! The life of a job: what follows each answer, each end, and what is told on the way.
#![allow(missing_docs, unreachable_pub, dead_code, clippy::unwrap_used)]

mod support;

use std::time::Duration;

use support::{ID, Run, START, accepted, answer, answer_with, expired, failed, in_progress, submit, success};
use typless::machine::{
    Cause, Failure, FailureKind, Job, JobError, JobEventKind, JobOptions, JobState, LookReason, Machine, Output, RequestId, RetryPolicy,
    Time,
};
use typless::wire::{Notification, Status};

fn run() -> Run {
    Run::new(submit(JobOptions::new()))
}

/// A job that was accepted.
fn submitted() -> Run {
    let mut run = run();
    run.reply(accepted());
    run
}

fn fail(run: &mut Run, kind: FailureKind) {
    let transmit = run.next_request().expect("a request");
    run.job.handle_failure(transmit.id, Failure::new(kind, "told by the test"), run.now);
}

fn ended(run: &mut Run) -> &JobError {
    run.settle();
    run.outcome().expect("an end").as_ref().expect_err("an error")
}

fn since_start(time: Time) -> Duration {
    time.saturating_since(START)
}

#[test]
fn a_document_goes_in_and_its_result_comes_out() {
    let mut run = run();
    let transmit = run.next_request().unwrap();
    assert_eq!(transmit.request.method(), "POST");
    assert_eq!(run.job.state(), JobState::Submitting);
    run.job.handle_response(transmit.id, accepted(), run.now);
    run.reply(in_progress()).reply(in_progress()).reply(success()).settle();
    assert_eq!(run.outcome().unwrap().as_ref().unwrap().text("total"), Some("12.0000"));
    let told: Vec<String> =
        run.events.iter().map(|event| format!("{:?}", event.kind).split([' ', '(']).next().unwrap().to_owned()).collect();
    assert_eq!(told, ["Submitting", "Submitted", "LookDue", "Progressed", "LookDue", "Progressed", "LookDue", "Finished"]);
    let numbers: Vec<u64> = run.events.iter().map(|event| event.sequence).collect();
    assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
    assert_eq!(run.job.state(), JobState::Succeeded);
}

#[test]
fn looks_follow_the_age_of_the_job() {
    let mut run = submitted();
    let mut ages = Vec::new();
    for _ in 0..5 {
        let transmit = run.next_request().unwrap();
        ages.push(since_start(run.now).as_secs());
        run.job.handle_response(transmit.id, in_progress(), run.now);
    }
    assert_eq!(ages, [6, 12, 19, 26, 34]);
}

#[test]
fn a_submit_that_was_not_sent_is_tried_again_within_its_budget() {
    let mut run = run();
    for _ in 0..8 {
        fail(&mut run, FailureKind::NotSent);
    }
    assert!(matches!(ended(&mut run), JobError::Exhausted { attempts: 8, cause: Some(Cause::Failure(_)) }));
    let took = since_start(run.now);
    assert!(took > Duration::from_secs(20) && took < Duration::from_secs(70), "{took:?}");
}

#[test]
fn answers_that_mean_not_processed_lead_to_another_attempt() {
    for first in [answer(408, "{}"), answer(429, "{}")] {
        let mut run = run();
        run.reply(first).reply(accepted()).reply(success()).settle();
        assert!(run.outcome().unwrap().is_ok());
    }
}

#[test]
fn throttled_submits_wait_as_asked_and_do_not_use_up_the_budget() {
    let mut run = run();
    for _ in 0..20 {
        run.reply(answer_with(429, ("retry-after", "60"), "{}"));
    }
    run.reply(accepted());
    assert!(since_start(run.now) >= Duration::from_secs(20 * 60));
}

#[test]
fn what_may_have_arrived_is_never_submitted_again() {
    let unknown = [
        answer(500, "{}"),
        answer(502, "<html>"),
        answer(503, "{}"),
        answer(504, ""),
        answer(501, "{}"),
        answer(199, "{}"),
        answer(600, "{}"),
        answer(202, "{}"),
        answer(202, r#"{"extraction_id": ""}"#),
        answer(202, r#"{"extraction_id": null}"#),
        answer(200, "<html>captive portal</html>"),
        answer(204, ""),
    ];
    for response in unknown {
        let status = response.status();
        let mut run = run();
        run.reply(response);
        assert!(matches!(ended(&mut run), JobError::SubmitUnknown { .. }), "{status}");
    }
    for kind in [FailureKind::Interrupted, FailureKind::TooLarge] {
        let mut run = run();
        fail(&mut run, kind);
        assert!(matches!(ended(&mut run), JobError::SubmitUnknown { .. }), "{kind:?}");
    }
}

#[test]
fn refusals_of_a_submit_are_final() {
    for status in [301, 302, 307, 400, 401, 402, 403, 404, 409, 413, 415, 422] {
        let mut run = run();
        run.reply(answer(status, r#"{"code": "X1", "message": "no", "details": {"a": 1}}"#));
        let JobError::Refused { ticket: None, error } = ended(&mut run) else { panic!("{status}") };
        assert_eq!(error.http_status().unwrap().as_u16(), status);
        assert_eq!((error.code(), error.message(), error.details()), (Some("X1"), Some("no"), Some(r#"{"a": 1}"#)));
    }
}

#[test]
fn any_2xx_with_an_id_is_accepted() {
    for status in [200, 201, 202, 299] {
        let mut run = run();
        run.reply(answer(status, r#"{"extraction_id": 12345, "more": []}"#)).reply(success()).settle();
        assert!(run.outcome().unwrap().is_ok());
        assert_eq!(run.job.ticket().unwrap().extraction_id().as_str(), "12345");
    }
}

#[test]
fn an_overload_is_trusted_only_where_the_caller_says_so() {
    let mut run = Run::new(submit(JobOptions::new().with_retry_policy(RetryPolicy::new().trusting_overload())));
    run.reply(answer(503, "{}")).reply(accepted()).reply(success()).settle();
    assert!(run.outcome().unwrap().is_ok());
}

#[test]
fn a_document_that_cannot_be_read_is_not_submitted() {
    let mut run = run();
    fail(&mut run, FailureKind::Source);
    assert!(matches!(ended(&mut run), JobError::SourceFailed { .. }));
}

#[test]
fn a_submit_nobody_answers_is_unknown_when_its_time_is_up() {
    let mut run = run();
    assert!(run.next_request().is_some());
    assert!(matches!(ended(&mut run), JobError::SubmitUnknown { cause: Cause::TimeLimit }));
    assert_eq!(since_start(run.now), Duration::from_secs(60));
    // Its id is worth having all the same.
    run.job.handle_response(RequestId::new(1), accepted(), run.now);
    assert_eq!(run.job.ticket().unwrap().extraction_id().as_str(), ID);
    assert!(matches!(run.job.next_output(run.now), Output::Done));
}

#[test]
fn an_attempt_that_arrived_after_all_is_followed_and_not_repeated() {
    let retry = RetryPolicy::new().with_resubmissions(1);
    let mut run = Run::new(submit(JobOptions::new().with_retry_policy(retry)));
    let first = run.next_request().unwrap();
    let second = run.next_request().unwrap();
    assert!(second.id > first.id);
    run.job.handle_response(first.id, accepted(), run.now);
    for _ in 0..2 {
        run.job.handle_response(second.id, answer(202, r#"{"extraction_id": "another"}"#), run.now);
    }
    run.reply(success()).settle();
    assert!(run.outcome().unwrap().is_ok());
    let again = run.events.iter().filter(|event| matches!(&event.kind, JobEventKind::SubmittedAgain(id) if id.as_str() == "another"));
    assert_eq!(again.count(), 1, "it is told once, also when its answer comes twice");
    assert_eq!(run.job.ticket().unwrap().extraction_id().as_str(), ID);
}

#[test]
fn each_end_a_look_can_bring_comes_with_the_ticket() {
    type Check = fn(&JobError) -> bool;
    let cases: [(http::Response<bytes::Bytes>, Check); 9] = [
        (failed(), |error| matches!(error, JobError::Failed { .. })),
        (expired(), |error| matches!(error, JobError::Expired { .. })),
        (answer(401, "{}"), |error| matches!(error, JobError::Refused { .. })),
        (answer(403, "{}"), |error| matches!(error, JobError::Refused { .. })),
        (answer(400, "{}"), |error| matches!(error, JobError::Refused { .. })),
        (answer(302, ""), |error| matches!(error, JobError::Refused { .. })),
        (answer(200, r#"{"status": "SUCCESS", "result": {}}"#), |error| matches!(error, JobError::Unreadable { .. })),
        (answer(200, r#"{"status": "SUCCESS", "result": null}"#), |error| matches!(error, JobError::Unreadable { .. })),
        (answer(200, r#"{"status": "SUCCESS", "result": "done"}"#), |error| matches!(error, JobError::Unreadable { .. })),
    ];
    for (response, check) in cases {
        let mut run = submitted();
        run.reply(response);
        let error = ended(&mut run);
        assert!(check(error), "{error:?}");
        assert_eq!(error.ticket().unwrap().extraction_id().as_str(), ID);
    }
    let mut run = submitted();
    fail(&mut run, FailureKind::TooLarge);
    assert!(matches!(ended(&mut run), JobError::TooLarge { .. }));
}

#[test]
fn the_failure_of_a_document_says_why() {
    let mut run = submitted();
    run.reply(failed());
    let error = ended(&mut run).service_error().unwrap();
    assert_eq!((error.code(), error.message(), error.details()), (Some("INVALID_FILE"), Some("not a PDF"), Some(r#"{"page": 1}"#)));
}

#[test]
fn a_failed_look_is_not_a_failed_job() {
    let mut run = submitted();
    for response in
        [answer(408, ""), answer(429, ""), answer(500, "<html>"), answer(502, ""), answer(200, "<html>"), answer(200, "{"), answer(777, "")]
    {
        run.reply(response);
    }
    for kind in [FailureKind::NotSent, FailureKind::Interrupted] {
        fail(&mut run, kind);
    }
    run.reply(success()).settle();
    assert!(run.outcome().unwrap().is_ok());
    assert_eq!(run.events.iter().filter(|event| matches!(event.kind, JobEventKind::LookFailed { .. })).count(), 9);
}

#[test]
fn a_look_nobody_answers_is_made_again() {
    let mut run = submitted();
    let lost = run.next_request().unwrap();
    let again = run.next_request().unwrap();
    assert_eq!((lost.request.uri(), lost.request.method()), (again.request.uri(), again.request.method()));
    run.job.handle_response(lost.id, success(), run.now);
    assert_eq!(run.job.state(), JobState::Polling, "the answer to the first one comes too late");
    run.job.handle_response(again.id, success(), run.now);
    run.settle();
    assert!(run.outcome().unwrap().is_ok());
}

#[test]
fn an_unknown_status_is_told_and_taken_for_in_progress() {
    let mut run = submitted();
    run.reply(answer(200, r#"{"status": "QUEUED_AGAIN"}"#))
        .reply(answer(200, "{}"))
        .reply(answer(200, r#"{"status": " success ", "result": {"object_id": "1"}}"#))
        .settle();
    assert!(run.outcome().unwrap().is_ok());
    let statuses: Vec<_> = run
        .events
        .iter()
        .filter_map(|event| if let JobEventKind::Progressed { status, .. } = &event.kind { Some(status.clone()) } else { None })
        .collect();
    assert_eq!(statuses, [Some(Status::Other("QUEUED_AGAIN".into())), Some(Status::Other("".into()))]);
}

#[test]
fn a_young_id_may_be_unknown_for_a_while() {
    let mut run = submitted();
    run.reply(answer(404, "")).reply(answer(404, "")).reply(in_progress()).reply(success()).settle();
    assert!(run.outcome().unwrap().is_ok());
    let mut run = submitted();
    run.reply(answer(404, "")).reply(answer(404, "")).reply(answer(404, ""));
    assert!(matches!(ended(&mut run), JobError::NotFound { .. }));
    assert!(since_start(run.now) < Duration::from_secs(60));
}

#[test]
fn a_hint_is_a_floor_and_says_so() {
    let mut run = submitted();
    run.reply(answer_with(200, ("retry-after", "120"), r#"{"status": "IN_PROGRESS"}"#));
    let asked_at = run.now;
    run.reply(success()).settle();
    assert_eq!(run.now.saturating_since(asked_at), Duration::from_secs(120));
    assert!(run.events.iter().any(|event| matches!(event.kind, JobEventKind::LookDue { reason: LookReason::Hint, .. })));
}

#[test]
fn a_hint_beyond_the_deadline_ends_the_job_at_once() {
    let mut run = Run::new(submit(JobOptions::new().with_deadline(Duration::from_secs(60))));
    run.reply(accepted());
    run.reply(answer_with(429, ("retry-after", "300"), "{}"));
    let told_at = run.now;
    let JobError::Deadline { retry_after, cause: Some(Cause::Service(_)), .. } = ended(&mut run) else { panic!() };
    assert_eq!(*retry_after, Some(Duration::from_secs(300)));
    assert_eq!(run.now, told_at);
}

#[test]
fn the_deadline_brings_one_last_look() {
    let mut run = Run::new(submit(JobOptions::new().with_deadline(Duration::from_secs(15))));
    run.reply(accepted()).reply(in_progress()).reply(in_progress());
    let last = run.next_request().unwrap();
    assert_eq!(since_start(run.now), Duration::from_secs(15));
    assert!(matches!(run.events.last().unwrap().kind, JobEventKind::LookDue { look: 3, reason: LookReason::Deadline }));
    let mut lucky = run;
    lucky.job.handle_response(last.id, success(), lucky.now);
    lucky.settle();
    assert!(lucky.outcome().unwrap().is_ok());
}

#[test]
fn after_the_last_look_the_deadline_ends_it_with_the_ticket() {
    let mut run = Run::new(submit(JobOptions::new().with_deadline(Duration::from_secs(3))));
    run.reply(accepted()).reply(in_progress());
    assert!(matches!(ended(&mut run), JobError::Deadline { retry_after: None, .. }));
    assert!(run.outcome().unwrap().as_ref().unwrap_err().ticket().is_some());
}

#[test]
fn a_submit_waits_for_its_confirmation() {
    let mut run = Run::new(submit(JobOptions::new().with_confirmation()));
    assert!(run.next_request().is_none());
    assert!(matches!(run.job.next_output(run.now), Output::NeedInput));
    run.job.confirm(0);
    assert!(matches!(run.job.next_output(run.now), Output::NeedInput), "another event's confirmation");
    run.job.confirm(run.events.last().unwrap().sequence);
    run.reply(answer(429, "")).pass(Duration::from_secs(60));
    assert!(run.next_request().is_none(), "each attempt needs its own");
    // One confirmation covers all events before it.
    run.job.confirm(100);
    run.reply(accepted()).reply(success()).settle();
    assert!(run.outcome().unwrap().is_ok());
}

#[test]
fn a_confirmation_that_never_comes_ends_with_the_deadline_and_nothing_sent() {
    let mut run = Run::new(submit(JobOptions::new().with_confirmation().with_deadline(Duration::from_secs(10))));
    run.settle().pass(Duration::from_secs(10));
    assert!(matches!(ended(&mut run), JobError::Exhausted { .. }));
}

#[test]
fn abandoning_a_submit_that_is_out_waits_for_its_id() {
    let mut run = run();
    let transmit = run.next_request().unwrap();
    run.job.abandon(run.now);
    assert!(matches!(run.job.next_output(run.now), Output::Wait(_)));
    run.job.handle_response(transmit.id, accepted(), run.now);
    let JobError::Abandoned { ticket: Some(ticket) } = ended(&mut run) else { panic!() };
    assert_eq!(ticket.extraction_id().as_str(), ID);
}

#[test]
fn abandoning_at_any_other_time_ends_at_once() {
    let mut unsent = run();
    unsent.job.abandon(START);
    assert!(matches!(ended(&mut unsent), JobError::Abandoned { ticket: None }));
    let mut waiting = submitted();
    waiting.job.abandon(waiting.now);
    assert!(matches!(ended(&mut waiting), JobError::Abandoned { ticket: Some(_) }));
    let mut polling = submitted();
    assert!(polling.next_request().is_some());
    polling.job.abandon(polling.now);
    assert!(matches!(ended(&mut polling), JobError::Abandoned { ticket: Some(_) }));
}

fn notification(id: &str) -> Notification {
    let json = format!(
        r#"{{"event_id": "1", "event_time": "2022-02-03T10:19:17.388584", "data": {{"id": "{id}", "message": "Extraction process finished"}}, "type": "extraction.finished"}}"#
    );
    Notification::decode(json.as_bytes()).unwrap()
}

#[test]
fn a_notification_brings_the_next_look_forward_and_proves_nothing() {
    let mut run = submitted();
    run.pass(Duration::from_secs(2));
    run.job.handle_notification(&notification(ID), run.now);
    run.reply(in_progress());
    assert_eq!(since_start(run.now), Duration::from_secs(2));
    assert!(matches!(run.events[2].kind, JobEventKind::LookDue { reason: LookReason::Notification, .. }));
    // However many come: a second apart, at the soonest.
    for _ in 0..100 {
        run.job.handle_notification(&notification(ID), run.now);
    }
    run.reply(success()).settle();
    assert_eq!(since_start(run.now), Duration::from_secs(3));
}

#[test]
fn a_notification_of_another_job_changes_nothing() {
    let mut run = submitted();
    let Output::Event(_) = run.job.next_output(run.now) else { panic!() };
    let Output::Wait(before) = run.job.next_output(run.now) else { panic!() };
    run.job.handle_notification(&notification("another"), run.now);
    let Output::Wait(after) = run.job.next_output(run.now) else { panic!() };
    assert_eq!(before, after);
}

#[test]
fn the_time_of_a_look_begins_when_it_is_sent() {
    let mut run = submitted();
    // The application sleeps over the announcement of the look, for longer than a look may take.
    loop {
        match run.job.next_output(run.now) {
            Output::Event(event) if matches!(event.kind, JobEventKind::LookDue { .. }) => break,
            Output::Wait(until) => run.now = until,
            _ => {}
        }
    }
    run.pass(Duration::from_secs(3600));
    let Output::Send(transmit) = run.job.next_output(run.now) else { panic!() };
    let Output::Wait(until) = run.job.next_output(run.now) else { panic!("its time is not up") };
    assert_eq!(until, run.now + Duration::from_secs(60));
    run.job.handle_response(transmit.id, success(), run.now);
    run.settle();
    assert!(run.outcome().unwrap().is_ok());
}

#[test]
fn an_outcome_is_taken_out_of_the_last_event_alone() {
    let mut run = submitted();
    run.reply(success()).settle();
    let outcomes = run.events.into_iter().filter_map(|event| Job::into_outcome(event).ok()).count();
    assert_eq!(outcomes, 1);
}

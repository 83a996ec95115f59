//! Faults of a poll, P1 to P26. `docs/faults.md` has the table; tests that need a socket are in the
//! package of the transports.

use std::time::Duration;

use crate::support::{
    ID, Run, START, accepted, api, expired, failed, in_progress, response, response_with, success,
};
use http::Response;
use proptest::prelude::*;
use typless::machine::{
    Cause, Failure, FailureKind, Job, JobError, JobEventKind, JobOptions, JobState, Machine,
    Output, PollReason, RequestId, Ticket, Time,
};
use typless::wire::{Notification, ServiceError, Status, StatusResponse};

fn since_start(time: Time) -> Duration {
    time.saturating_since(START)
}

/// A failed poll changes nothing about the job, and another one follows.
#[track_caller]
fn assert_failed_poll(response: Response<bytes::Bytes>) {
    let shown: String = String::from_utf8_lossy(response.body())
        .chars()
        .take(200)
        .collect();
    let mut run = Run::submitted();
    run.reply(response).reply(success()).succeeded();
    assert_eq!(
        run.count(|kind| matches!(kind, JobEventKind::PollFailed { .. })),
        1,
        "{shown}"
    );
}

/// A poll that finishes the job with an error, which has the ticket.
#[track_caller]
fn ends_as(response: Response<bytes::Bytes>) -> JobError {
    let mut run = Run::submitted();
    run.reply(response).settle();
    let finished = run.events.pop().unwrap();
    let error = Job::into_outcome(finished).unwrap().unwrap_err();
    assert_eq!(error.ticket().unwrap().extraction_id().as_str(), ID);
    error
}

fn statuses(run: &Run) -> Vec<Option<Status>> {
    let statuses = run.events.iter().filter_map(|event| match &event.kind {
        JobEventKind::Progressed { status, .. } => Some(status.clone()),
        _ => None,
    });
    statuses.collect()
}

fn notification() -> Notification {
    Notification::decode(format!(r#"{{"data": {{"id": "{ID}"}}}}"#).as_bytes()).unwrap()
}

#[test]
fn p01_a_young_id_may_be_unknown_for_a_while() {
    let mut run = Run::submitted();
    run.reply(response(404, ""))
        .reply(response(404, ""))
        .reply(in_progress())
        .reply(success())
        .succeeded();
    assert_eq!(statuses(&run), [None, None, Some(Status::InProgress)]);
    let mut run = Run::submitted();
    run.reply(response(404, ""))
        .reply(response(404, ""))
        .reply(response(404, ""));
    assert!(matches!(run.error(), JobError::NotFound { .. }));
    assert!(
        since_start(run.now) < Duration::from_secs(60),
        "three polls are enough"
    );
    let mut run = Run::submitted();
    run.advance(Duration::from_secs(61));
    assert!(
        matches!(
            run.reply(response(404, "")).error(),
            JobError::NotFound { .. }
        ),
        "and so is a minute"
    );
}

#[test]
fn p02_a_known_id_that_becomes_unknown_is_not_found() {
    let mut run = Run::submitted();
    run.reply(in_progress())
        .reply(in_progress())
        .reply(response(404, r#"{"message": "gone"}"#));
    let error = run.error();
    assert!(matches!(error, JobError::NotFound { .. }));
    assert_eq!(error.service_error().unwrap().message(), Some("gone"));
    // Within the grace period it makes no difference that it was known.
    Run::submitted()
        .reply(in_progress())
        .reply(response(404, ""))
        .reply(success())
        .succeeded();
}

#[test]
fn p03_with_another_accounts_key_each_job_ends_with_its_ticket() {
    for number in 0..3 {
        let ticket = Ticket::new(
            typless::wire::ExtractionId::new(&number.to_string()).unwrap(),
            START,
            Time::MAX,
        );
        let mut run = Run::new(Job::resume(&api(), &ticket, JobOptions::new(), START));
        assert_eq!(
            run.reply(response(404, "")).error().ticket(),
            Some(&ticket),
            "with the right key it can be resumed"
        );
    }
}

#[test]
fn p04_an_extraction_expired_before_the_first_poll_is_not_submitted_again() {
    let mut run = Run::submitted();
    run.advance(Duration::from_secs(50 * 3600)).reply(expired());
    assert!(matches!(run.error(), JobError::Expired { .. }));
    assert_eq!(
        run.count(|kind| matches!(kind, JobEventKind::Submitting { .. })),
        1
    );
}

#[test]
fn p05_the_first_outcome_counts_and_no_poll_follows() {
    for outcome in [success(), failed(), expired()] {
        let mut run = Run::submitted();
        let transmit = run.next_request().unwrap();
        run.job.handle_response(transmit.id, outcome, run.now);
        let state = run.job.state();
        for other in [in_progress(), success(), failed()] {
            run.job.handle_response(transmit.id, other, run.now);
        }
        run.job.handle_notification(&notification(), run.now);
        run.advance(Duration::from_secs(3600)).settle();
        assert_eq!(
            (
                run.job.state(),
                run.count(|kind| matches!(kind, JobEventKind::Finished(_)))
            ),
            (state, 1)
        );
    }
}

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
fn p07_an_unknown_status_is_reported_and_means_in_progress() {
    let unknown = [
        r#""QUEUED_AGAIN""#,
        "3",
        "true",
        r#""SUCCEEDED""#,
        r#""SUC CESS""#,
    ];
    for status in unknown {
        let mut run = Run::submitted();
        run.reply(response(
            200,
            &format!(r#"{{"status": {status}, "result": {{"object_id": "1"}}}}"#),
        ))
        .reply(success())
        .succeeded();
        assert!(
            matches!(&statuses(&run)[..], [Some(Status::Other(_))]),
            "{status}"
        );
    }
    // What is no status says nothing about the job.
    for status in [r#""""#, "null", "[]", "{}"] {
        let body = format!(r#"{{"status": {status}, "result": {{"object_id": "1"}}}}"#);
        assert_failed_poll(response(200, &body));
    }
    for status in ["SUCCESS", "success", " Success\n"] {
        let body = serde_json::json!({"status": status, "result": {"object_id": "1"}}).to_string();
        Run::submitted().reply(response(200, &body)).succeeded();
    }
}

#[test]
fn p08_a_success_without_a_result_keeps_the_raw_response() {
    for result in [
        "{}",
        "null",
        "[]",
        r#"["done"]"#,
        r#""done""#,
        "7",
        r#"{"extracted_fields": 5}"#,
        r#"{"extracted_fields": [{}]}"#,
    ] {
        let body = format!(r#"{{"status": "SUCCESS", "result": {result}}}"#);
        let JobError::Unreadable { error, .. } = ends_as(response(200, &body)) else {
            panic!("{result}")
        };
        assert_eq!(&error.raw()[..], body.as_bytes());
    }
    assert!(matches!(
        ends_as(response(200, r#"{"status": "SUCCESS"}"#)),
        JobError::Unreadable { .. }
    ));
}

#[test]
fn p09_a_failure_needs_no_explanation() {
    for error in [
        "null",
        "{}",
        "[]",
        r#""""#,
        "7",
        "[null]",
        r#"{"code": {}}"#,
        r#"{"message": ["odd"]}"#,
    ] {
        let error = ends_as(response(
            200,
            &format!(r#"{{"status": "ERROR", "error": {error}}}"#),
        ));
        assert!(
            matches!(error, JobError::Failed { .. })
                && error.service_error().unwrap().code().is_none(),
            "{error:?}"
        );
    }
    let error = ends_as(failed());
    let error = error.service_error().unwrap();
    assert_eq!(
        (error.code(), error.message(), error.details()),
        (
            Some("INVALID_FILE"),
            Some("not a PDF"),
            Some(r#"{"page": 1}"#)
        )
    );
}

#[test]
fn p10_the_status_decides_and_the_rest_is_kept() {
    let body =
        r#"{"status": "IN_PROGRESS", "result": {"object_id": "1"}, "error": {"message": "slow"}}"#;
    let progressing = StatusResponse::decode(&response(200, body)).unwrap();
    assert!(progressing.extraction().is_some() && progressing.error().is_some());
    Run::submitted()
        .reply(response(200, body))
        .reply(success())
        .succeeded();
    Run::submitted()
        .reply(response(200, &body.replace("IN_PROGRESS", "SUCCESS")))
        .succeeded();
    assert!(matches!(
        ends_as(response(200, &body.replace("IN_PROGRESS", "ERROR"))),
        JobError::Failed { .. }
    ));
    assert!(matches!(
        ends_as(response(200, &body.replace("IN_PROGRESS", "EXPIRED"))),
        JobError::Expired { .. }
    ));
}

#[test]
fn p11_a_result_over_the_limit_can_be_fetched_with_a_higher_one() {
    let mut run = Run::submitted();
    let JobError::TooLarge { ticket, .. } = run.fail(FailureKind::TooLarge).error() else {
        panic!()
    };
    let options = JobOptions::new().with_response_limit(1 << 30);
    let mut run = Run::new(Job::resume(&api(), ticket, options, START));
    let transmit = run.next_request().unwrap();
    assert_eq!(transmit.limits.response_bytes, 1 << 30);
    run.job.handle_response(transmit.id, success(), START);
    run.succeeded();
}

#[test]
fn p12_deep_nesting_is_an_error_and_no_stack_overflow() {
    let deep = |open: &str, close: &str| {
        [open.repeat(200_000), "1".to_owned(), close.repeat(200_000)].concat()
    };
    assert_failed_poll(response(200, &deep("[", "]")));
    for nest in [deep("[", "]"), deep(r#"{"a":"#, "}")] {
        // Under a key that is not read, nesting does no harm.
        Run::submitted()
            .reply(response(200, &format!(r#"{{"new": {nest}, "status": "SUCCESS", "result": {{"object_id": "1", "new": {nest}}}}}"#)))
            .succeeded();
        for known in ["object_id", "extracted_fields", "line_items"] {
            let body = format!(
                r#"{{"status": "SUCCESS", "result": {{"{known}": {nest}, "customer": "x"}}}}"#
            );
            assert!(
                matches!(ends_as(response(200, &body)), JobError::Unreadable { .. }),
                "{known}"
            );
        }
        assert!(matches!(
            ends_as(response(
                200,
                &format!(r#"{{"status": "ERROR", "error": {nest}}}"#)
            )),
            JobError::Failed { .. }
        ));
        assert!(matches!(
            ends_as(response(400, &nest)),
            JobError::Refused { .. }
        ));
    }
}

#[test]
fn p13_a_response_cut_at_any_byte_is_polled_again() {
    let whole = String::from_utf8(success().body().to_vec()).unwrap();
    for cut in 0..whole.len() {
        assert_failed_poll(response(200, &whole[..cut]));
    }
    Run::submitted().reply(response(200, &whole)).succeeded();
}

#[test]
fn p14_a_captive_page_is_a_failed_poll_for_as_long_as_it_lasts() {
    let mut run = Run::submitted();
    for _ in 0..50 {
        run.reply(response_with(
            200,
            ("content-type", "text/html"),
            "<html>Please sign in</html>",
        ));
    }
    assert!(
        since_start(run.now) > Duration::from_secs(600),
        "at a growing distance"
    );
    run.reply(success()).succeeded();
}

#[test]
fn p15_json_of_another_kind_is_a_failed_poll() {
    for foreign in [
        r#"{"detail": "Not authenticated"}"#,
        "{}",
        r#"{"message": "hello"}"#,
        "null",
        "7",
        r#""ok""#,
        "[]",
        r#"["SUCCESS", {"object_id": "1"}]"#,
    ] {
        assert_failed_poll(response(200, foreign));
    }
}

#[test]
fn p16_a_duplicate_key_is_unreadable() {
    assert_failed_poll(response(
        200,
        r#"{"status": "SUCCESS", "status": "ERROR", "result": {"object_id": "1"}}"#,
    ));
    let twice = r#"{"status": "SUCCESS", "result": {}, "result": {"object_id": "1"}}"#;
    assert!(matches!(
        ends_as(response(200, twice)),
        JobError::Unreadable { .. }
    ));
    let inside = r#"{"status": "SUCCESS", "result": {"object_id": "1", "object_id": "2"}}"#;
    assert!(matches!(
        ends_as(response(200, inside)),
        JobError::Unreadable { .. }
    ));
    let deep = r#"{"status": "SUCCESS", "result": {"object_id": "1", "extracted_fields": [{"name": "a", "values": [{"value": "1", "value": "2"}]}]}}"#;
    let error = ends_as(response(200, deep));
    assert!(
        error
            .to_string()
            .contains("result.extracted_fields[0].values[0]: duplicate field `value`"),
        "{error}"
    );
}

#[test]
fn p17_invalid_text_and_invalid_numbers_are_unreadable() {
    Run::submitted()
        .reply(response(
            200,
            "\u{feff}{\"status\": \"SUCCESS\", \"result\": {\"object_id\": \"1\"}}",
        ))
        .succeeded();
    let invalid = Response::new(bytes::Bytes::from_static(
        b"{\"status\": \"SUCCESS\", \"result\": {\"object_id\": \"\xff\"}}",
    ));
    assert!(matches!(ends_as(invalid), JobError::Unreadable { .. }));
    let with = |value: &str| {
        response(
            200,
            &format!(
                r#"{{"status": "SUCCESS", "result": {{"extracted_fields": [{{"name": "f", "values": [{{"value": {value}}}]}}]}}}}"#
            ),
        )
    };
    for odd in [r#""\ud800""#, "1e999", "NaN", "Infinity"] {
        assert!(
            matches!(ends_as(with(odd)), JobError::Unreadable { .. }),
            "{odd}: the status was read, the result can't be"
        );
    }
    let mut run = Run::submitted();
    run.reply(with(r#""99999999999999999999.9999""#))
        .succeeded();
    assert_eq!(
        run.outcome().unwrap().as_ref().unwrap().text("f"),
        Some("99999999999999999999.9999")
    );
}

#[test]
fn p18_a_key_refused_midway_leaves_a_ticket_to_resume() {
    for status in [401, 403] {
        let JobError::Refused {
            ticket: Some(ticket),
            error,
        } = ends_as(response(status, "{}"))
        else {
            panic!("{status}")
        };
        assert_eq!(error.http_status().unwrap().as_u16(), status);
        let fresh = api().with_key("fresh").unwrap();
        let mut run = Run::new(Job::resume(&fresh, &ticket, JobOptions::new(), START));
        assert_eq!(
            run.next_request().unwrap().request.headers()["authorization"],
            "Token fresh"
        );
    }
    // A replaced key is used from the next request on.
    let mut run = Run::submitted();
    run.reply(in_progress());
    assert!(run.job.set_key("two words").is_err());
    run.job.set_key("fresh").unwrap();
    assert_eq!(
        run.next_request().unwrap().request.headers()["authorization"],
        "Token fresh"
    );
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
fn p25_a_very_long_message_is_shortened_where_it_is_shown() {
    let body = format!(
        r#"{{"code": "{0}", "message": "{0}"}}"#,
        "x".repeat(1_000_000)
    );
    let JobError::Refused { error, .. } = ends_as(response(400, &body)) else {
        panic!()
    };
    assert!(error.to_string().len() < 1000 && format!("{error:?}").len() < 1500);
    assert!(error.raw().len() <= ServiceError::MAX_RAW_BYTES);
    let JobError::Failed { error, .. } = ends_as(response(
        200,
        &format!(r#"{{"status": "ERROR", "error": {body}}}"#),
    )) else {
        panic!()
    };
    assert!(error.to_string().len() < 1000 && error.raw().len() <= ServiceError::MAX_RAW_BYTES);
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

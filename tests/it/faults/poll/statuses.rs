//! What a response says of the job: P1 to P5, P7 to P11, P18.

use std::time::Duration;

use super::{assert_failed_poll, ends_as, notification, since_start, statuses};
use crate::support::{Run, START, api, expired, failed, in_progress, response, success};
use typless::machine::{
    FailureKind, Job, JobError, JobEventKind, JobOptions, Machine, Ticket, Time,
};
use typless::wire::{Status, StatusResponse};

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

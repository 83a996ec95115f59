//! What a job makes of responses and notifications.

use std::time::Duration;

use super::status;
use crate::support::{self, ID, Run, START, accepted, api, in_progress, response, success};
use bytes::Bytes;
use http::Response;
use serde_json::json;
use typless::machine::{
    FailureKind, Job, JobError, JobEventKind, JobOptions, Limits, Machine, RetryPolicy, Ticket,
};
use typless::wire::{ExtractionId, Notification, ServiceError, Status};

#[test]
fn a06_a_submit_that_may_have_arrived_is_repeated_only_if_the_caller_allows_it() {
    for kind in [FailureKind::Interrupted, FailureKind::TooLarge] {
        assert!(matches!(
            Run::with(JobOptions::new()).fail(kind).error(),
            JobError::SubmitUnknown { .. }
        ));
    }
    for unclear in [500, 502, 503, 504] {
        assert!(matches!(
            Run::with(JobOptions::new())
                .reply(response(unclear, ""))
                .error(),
            JobError::SubmitUnknown { .. }
        ));
    }
    // Certainly not processed: the connection was refused, or the request was not received or
    // throttled.
    let mut run = Run::with(JobOptions::new());
    run.fail(FailureKind::NotSent)
        .reply(response(408, ""))
        .reply(response(429, ""))
        .reply(accepted())
        .reply(success())
        .succeeded();
    for retry in [
        RetryPolicy::new().trusting_overload(),
        RetryPolicy::new().with_resubmissions(1),
    ] {
        let mut run = Run::with(JobOptions::new().with_retry_policy(retry));
        run.reply(response(503, ""))
            .reply(accepted())
            .reply(success())
            .succeeded();
    }
}

#[test]
fn a07_no_error_has_many_forms_and_an_error_has_more() {
    for none in ["{}", "null", "[]", r#""""#, "false"] {
        assert!(
            status(&format!(r#"{{"status": "IN_PROGRESS", "error": {none}}}"#))
                .error()
                .is_none(),
            "{none}"
        );
        assert!(
            status(&format!(r#"{{"status": "ERROR", "error": {none}}}"#))
                .error()
                .is_some(),
            "an ERROR is one, explained or not"
        );
    }
    assert!(status(r#"{"status": "SUCCESS"}"#).error().is_none());
    let message = |error: &str| {
        status(&format!(r#"{{"status": "ERROR", "error": {error}}}"#))
            .error()
            .unwrap()
            .message()
            .map(str::to_owned)
    };
    assert_eq!(
        message(r#"{"code": "X", "message": "broken file"}"#).as_deref(),
        Some("broken file")
    );
    assert_eq!(message(r#""broken file""#).as_deref(), Some("broken file"));
    assert_eq!(
        message(r#"[{"code": 7, "message": "first"}, {"message": "second"}]"#).as_deref(),
        Some("first; second")
    );
    assert_eq!(message(r#"{"unknown": 1}"#), None);
}

#[test]
fn a08_the_status_decides_and_an_empty_result_is_never_a_success() {
    let body = r#"{"status": "SUCCESS", "error": {}, "result": {}}"#;
    let mut run = Run::submitted();
    let JobError::Unreadable { error, ticket } = run.reply(response(200, body)).error() else {
        panic!()
    };
    assert_eq!(
        (&error.raw()[..], ticket.extraction_id().as_str()),
        (body.as_bytes(), ID)
    );
    let mut run = Run::submitted();
    let JobError::Failed { error, .. } = run
        .reply(response(
            200,
            r#"{"status": "ERROR", "error": {}, "result": {}}"#,
        ))
        .error()
    else {
        panic!()
    };
    assert_eq!((error.code(), error.message()), (None, None));
    assert_eq!(error.to_string(), "the service gave no explanation");
}

#[test]
fn a09_an_unknown_id_has_four_forms_and_is_not_polled_forever() {
    let ticket = Ticket::new(
        ExtractionId::new(ID).unwrap(),
        START,
        START + Duration::from_secs(3600),
    );
    let end = |response: Response<Bytes>| {
        let mut run = Run::new(Job::resume(&api(), &ticket, JobOptions::new(), START));
        format!("{:?}", run.reply(response).error())
            .split(' ')
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        end(response(
            200,
            r#"{"status": "ERROR", "error": {"message": "unknown id"}}"#
        )),
        "Failed"
    );
    assert_eq!(end(response(200, r#"{"status": "EXPIRED"}"#)), "Expired");
    assert_eq!(
        end(response(400, r#"{"message": "unknown id"}"#)),
        "Refused"
    );
    assert_eq!(
        end(response(404, r#"{"message": "unknown id"}"#)),
        "NotFound"
    );
    let mut young = Run::submitted();
    assert!(matches!(
        young
            .reply(response(404, ""))
            .reply(response(404, ""))
            .reply(response(404, ""))
            .error(),
        JobError::NotFound { .. }
    ));
}

#[test]
fn a10_an_unknown_status_is_reported_and_polled_until_the_deadline() {
    let of = |text: &str| status(&format!(r#"{{"status": {text}}}"#)).status().clone();
    assert_eq!(
        [of(r#""in_progress""#), of(r#"" Success ""#)],
        [Status::InProgress, Status::Success]
    );
    assert_eq!(
        [of(r#""Error""#), of(r#""expired""#)],
        [Status::Error, Status::Expired]
    );
    assert_eq!(of(r#""PAUSED""#), Status::Other("PAUSED".into()));
    let mut run = Run::with(JobOptions::new().with_deadline(Duration::from_secs(60)));
    run.reply(accepted());
    while let Some(transmit) = run.next_request() {
        run.job.handle_response(
            transmit.id,
            response(200, r#"{"status": "PAUSED"}"#),
            run.now,
        );
    }
    assert!(matches!(
        run.outcome(),
        Some(Err(JobError::Deadline { .. }))
    ));
    let paused = Status::Other("PAUSED".into());
    let is_paused = |kind: &JobEventKind| match kind {
        JobEventKind::Progressed { status, .. } => *status == Some(paused.clone()),
        _ => false,
    };
    assert!(run.count(is_paused) >= 5);
}

#[test]
fn a18_any_2xx_with_an_id_is_accepted_and_one_without_is_unknown() {
    for status in [200, 201, 202, 299] {
        let mut run = Run::with(JobOptions::new());
        run.reply(response(status, r#"{"extraction_id": "0d14", "more": []}"#))
            .reply(success())
            .succeeded();
        assert_eq!(run.job.ticket().unwrap().extraction_id().as_str(), "0d14");
    }
    assert!(matches!(
        Run::with(JobOptions::new())
            .reply(response(202, "{}"))
            .error(),
        JobError::SubmitUnknown { .. }
    ));
}

#[test]
fn a21_a_notification_is_an_id_and_a_hint() {
    let read = |json: &str| Notification::decode(json.as_bytes());
    for time in [
        r#""2022-02-03T10:19:17.388584""#,
        r#""2022-02-03T10:19:17Z""#,
        "5",
        "null",
    ] {
        let message = read(&format!(
            r#"{{"event_id": 1, "event_time": {time}, "data": {{"id": "{ID}", "more": 1}},
                "type": "other"}}"#
        ));
        assert_eq!(message.unwrap().extraction_id().as_str(), ID);
    }
    // Forged or repeated, it only brings the next poll forward, and finishes nothing.
    let mut run = Run::submitted();
    for _ in 0..10 {
        run.job.handle_notification(
            &read(&format!(r#"{{"data": {{"id": "{ID}"}}}}"#)).unwrap(),
            run.now,
        );
    }
    run.reply(in_progress());
    assert_eq!(run.now, START, "the poll was made at once");
    assert!(
        run.next_request().is_some() && run.now > START,
        "and only one"
    );
}

#[test]
fn a22_an_id_is_opaque() {
    for id in [
        "0",
        ID,
        "1cb25cc8-c9fa-4149-9a83-b4ed6a2173b9",
        "x/../y?z#",
        "Žiga 🧾",
        &"a".repeat(256),
    ] {
        let mut run = Run::with(JobOptions::new());
        run.reply(response(202, &json!({ "extraction_id": id }).to_string()));
        assert_eq!(run.job.ticket().unwrap().extraction_id().as_str(), id);
    }
}

#[test]
fn a25_responses_are_read_by_content_and_up_to_a_limit() {
    let html = "<html>Sign in to the guest network</html>";
    assert!(matches!(
        Run::with(JobOptions::new())
            .reply(response(200, html))
            .error(),
        JobError::SubmitUnknown { .. }
    ));
    let mut run = Run::submitted();
    run.reply(response(200, html)).reply(response(502, html));
    run.reply(support::response_with(
        200,
        ("content-type", "text/html"),
        r#"{"status": "SUCCESS", "result": {"object_id": "1"}}"#,
    ))
    .succeeded();
    assert_eq!(
        run.count(|kind| matches!(kind, JobEventKind::PollFailed { .. })),
        2
    );
    assert_eq!(Limits::default().response_bytes, 32 * 1024 * 1024);
    assert_eq!(
        Run::with(JobOptions::new().with_response_limit(5))
            .next_request()
            .unwrap()
            .limits
            .response_bytes,
        5
    );
    let long = ServiceError::from_response(&response(502, &"x".repeat(1_000_000)));
    assert_eq!(long.raw().len(), ServiceError::MAX_RAW_BYTES);
}

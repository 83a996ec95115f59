//! The stored form of events and of what exchanges bring.

use bytes::Bytes;
use http::{HeaderValue, Response};
use typless::machine::{ExchangeResult, Failure, FailureKind, JobEvent, JobOptions};

use crate::support::{Run, accepted, failed, in_progress, response, submit, success};

const GOLDEN: &str = include_str!("../../golden/events-1.jsonl");

/// The events of two jobs, one without a result, a line each.
fn events() -> Vec<JobEvent> {
    let mut run = Run::new(submit(JobOptions::new()));
    run.fail(FailureKind::NotSent).reply(accepted());
    run.reply(in_progress()).reply(response(502, "<html>"));
    run.reply(success()).settle();
    let mut events = run.events;
    let mut run = Run::new(submit(JobOptions::new()));
    run.reply(accepted()).reply(failed()).settle();
    events.extend(run.events);
    events
}

#[test]
fn events_of_version_1_are_read_and_written_unchanged() {
    let lines: Vec<String> = events()
        .iter()
        .map(|event| serde_json::to_string(event).unwrap())
        .collect();
    assert_eq!(lines.join("\n"), GOLDEN.trim_end());
    for (line, event) in GOLDEN.lines().zip(events()) {
        let read: JobEvent = serde_json::from_str(line).unwrap();
        assert_eq!(read.must_be_stored(), event.must_be_stored());
        assert_eq!(serde_json::to_string(&read).unwrap(), line);
    }
}

#[test]
fn an_event_of_another_version_is_refused_with_the_remedy() {
    let newer = GOLDEN.lines().next().unwrap().replacen(":1,", ":2,", 1);
    let error = serde_json::from_str::<JobEvent>(&newer).unwrap_err();
    assert!(error.to_string().contains("update this program"), "{error}");
}

#[test]
fn a_database_may_reorder_what_an_event_consists_of() {
    for line in GOLDEN.lines() {
        // A map of serde_json is in the order of its keys.
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let read: JobEvent = serde_json::from_str(&value.to_string()).unwrap();
        let again = serde_json::to_value(&read).unwrap();
        assert_eq!(again, value);
    }
}

#[test]
fn what_an_exchange_brought_is_read_back_byte_for_byte() {
    let mut odd = Response::new(Bytes::from_static(b"\xff\x00 not a text"));
    *odd.status_mut() = http::StatusCode::from_u16(599).unwrap();
    let value = HeaderValue::from_bytes(b"caf\xe9").unwrap();
    odd.headers_mut().append("x-name", value);
    odd.headers_mut()
        .append("x-name", HeaderValue::from_static("again"));
    for response in [accepted(), odd] {
        let stored = serde_json::to_string(&ExchangeResult::Response(response.clone())).unwrap();
        let ExchangeResult::Response(read) = serde_json::from_str(&stored).unwrap() else {
            panic!("{stored}")
        };
        assert_eq!(read.status(), response.status());
        assert_eq!(read.headers(), response.headers());
        assert_eq!(read.body(), response.body());
    }
    let failure = Failure::new(FailureKind::NotSent, "no route");
    let stored = serde_json::to_string(&ExchangeResult::from(Err(failure.clone()))).unwrap();
    let ExchangeResult::Failure(read) = serde_json::from_str(&stored).unwrap() else {
        panic!("{stored}")
    };
    assert_eq!(
        (read.kind(), read.to_string()),
        (failure.kind(), failure.to_string())
    );
}

#[test]
fn what_is_no_exchange_is_refused() {
    for text in [
        "{}",
        r#"{"typless_exchange": 1}"#,
        r#"{"typless_exchange": 2, "failure": {"kind": "not_sent", "cause": ""}}"#,
        r#"{"typless_exchange": 1, "response": {"status": 99, "headers": [], "body_base64": ""}}"#,
        r#"{"typless_exchange": 1, "response": {"status": 200, "headers": [],
            "body_base64": "?"}}"#,
    ] {
        assert!(
            serde_json::from_str::<ExchangeResult>(text).is_err(),
            "{text}"
        );
    }
}

#[test]
fn more_headers_than_a_response_can_have_are_an_error() {
    let headers: Vec<_> = (0..40_000)
        .map(|number| format!(r#"["x-{number}", {{"text": ""}}]"#))
        .collect();
    let headers = headers.join(",");
    let text = format!(
        r#"{{"typless_exchange": 1,
            "response": {{"status": 200, "headers": [{headers}], "body_base64": ""}}}}"#
    );
    assert!(serde_json::from_str::<ExchangeResult>(&text).is_err());
}

#[test]
fn what_a_document_says_is_not_shown_for_debugging() {
    let brought = ExchangeResult::Response(response(200, r#"{"value": "a name"}"#));
    let shown = format!("{brought:?}");
    assert!(shown.contains("200") && !shown.contains("name"), "{shown}");
}

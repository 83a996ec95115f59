//! Bodies that are cut off, foreign, invalid or very long: P12 to P17, P25.

use std::time::Duration;

use super::{assert_failed_poll, ends_as, since_start};
use crate::support::{Run, response, response_with, success};
use http::Response;
use typless::machine::JobError;
use typless::wire::ServiceError;

#[test]
fn p12_deep_nesting_is_an_error_and_no_stack_overflow() {
    let deep = |open: &str, close: &str| {
        [open.repeat(200_000), "1".to_owned(), close.repeat(200_000)].concat()
    };
    assert_failed_poll(response(200, &deep("[", "]")));
    for nest in [deep("[", "]"), deep(r#"{"a":"#, "}")] {
        // Under a key that is not read, nesting does no harm.
        Run::submitted()
            .reply(response(
                200,
                &format!(
                    r#"{{"new": {nest}, "status": "SUCCESS",
                        "result": {{"object_id": "1", "new": {nest}}}}}"#
                ),
            ))
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
    let deep = r#"{"status": "SUCCESS", "result": {"object_id": "1", "extracted_fields": [
        {"name": "a", "values": [{"value": "1", "value": "2"}]}
    ]}}"#;
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
                r#"{{"status": "SUCCESS", "result": {{"extracted_fields": [
                    {{"name": "f", "values": [{{"value": {value}}}]}}
                ]}}}}"#
            ),
        )
    };
    for odd in [r#""\ud800""#, "NaN", "Infinity"] {
        assert!(
            matches!(ends_as(with(odd)), JobError::Unreadable { .. }),
            "{odd}: the status was read, the result can't be"
        );
    }
    for large in ["99999999999999999999.9999", "1e999"] {
        for json in [large.to_owned(), format!("\"{large}\"")] {
            let mut run = Run::submitted();
            run.reply(with(&json)).succeeded();
            let outcome = run.outcome().unwrap();
            assert_eq!(outcome.as_ref().unwrap().text("f"), Some(large));
        }
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

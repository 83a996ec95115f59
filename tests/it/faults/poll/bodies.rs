//! Bodies that are cut off, foreign, invalid or very long: P12 to P15, P25.

use std::time::Duration;

use super::{assert_failed_poll, ends_as, since_start};
use crate::support::{Run, response, response_with, success};
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

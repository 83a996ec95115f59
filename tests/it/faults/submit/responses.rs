//! What a response accepts or refuses: S7 to S15, S20, S21.

use super::{assert_unknown, retrying, run};
use crate::support::{ID, Run, START, accepted, api, document, in_progress, response, success};
use typless::machine::{
    FailureKind, Job, JobError, JobEventKind, JobOptions, JobState, Machine, Output, RetryPolicy,
};

#[test]
fn s07_an_acceptance_cut_at_any_byte_is_never_submitted_again() {
    let whole = format!(r#"{{"extraction_id": "{ID}"}}"#);
    for cut in 0..whole.len() {
        assert_unknown(response(202, &whole[..cut]));
    }
    run()
        .reply(response(202, &whole))
        .reply(success())
        .succeeded();
}

#[test]
fn s08_an_acceptance_without_an_id_is_unknown_and_a_number_is_an_id() {
    for body in [
        "{}",
        "null",
        "[]",
        r#"["0d14"]"#,
        r#""0d14""#,
        r#"{"extraction_id": ""}"#,
        r#"{"extraction_id": null}"#,
        r#"{"extraction_id": true}"#,
        r#"{"extraction_id": ["0d14"]}"#,
        r#"{"extraction_id": {"id": "0d14"}}"#,
        r#"{"extraction_id": 1.5}"#,
        r#"{"extraction_id": -1}"#,
        r#"{"id": "0d14"}"#,
        r#"{"extraction_id": "a", "extraction_id": "b"}"#,
    ] {
        assert_unknown(response(202, body));
    }
    let mut run = run();
    run.reply(response(202, r#"{"extraction_id": 12345}"#));
    assert_eq!(run.job.ticket().unwrap().extraction_id().as_str(), "12345");
}

#[test]
fn s09_an_invalid_id_is_no_id() {
    assert_unknown(response(
        202,
        &format!(r#"{{"extraction_id": "{}"}}"#, "a".repeat(257)),
    ));
    for control in [r"a\nb", r"\u0000", r"a\u007f", r"\u009b", r"\ud800"] {
        assert_unknown(response(
            202,
            &format!(r#"{{"extraction_id": "{control}"}}"#),
        ));
    }
    let mut longest = run();
    longest.reply(response(
        202,
        &format!(r#"{{"extraction_id": "{}"}}"#, "a".repeat(256)),
    ));
    assert_eq!(longest.job.state(), JobState::Waiting);
}

#[test]
fn s10_any_2xx_with_an_id_is_an_acceptance() {
    for status in [200, 201, 203, 299] {
        let mut run = run();
        run.reply(response(status, r#"{"extraction_id": "0d14"}"#));
        assert!(run.next_uri().ends_with("=0d14"), "{status}");
    }
}

#[test]
fn s11_an_acceptance_without_a_body_is_unknown() {
    for status in [200, 202, 204, 205] {
        assert_unknown(response(status, ""));
    }
}

#[test]
fn s12_two_jobs_with_the_same_id_both_follow_it() {
    // A job knows no other job, so it cannot notice.
    let (mut one, mut other) = (Run::submitted(), Run::submitted());
    assert_eq!(
        one.job.ticket().unwrap().extraction_id(),
        other.job.ticket().unwrap().extraction_id()
    );
    one.reply(success()).succeeded();
    other.reply(success()).succeeded();
}

#[test]
fn s13_refusals_of_a_submit_are_final_and_reported() {
    for status in [307, 308, 400, 402, 404, 405, 409, 413, 415, 422, 425, 431] {
        let mut run = run();
        run.reply(response(
            status,
            r#"{"code": "X1", "message": "no", "details": {"a": 1}}"#,
        ));
        let JobError::Refused {
            ticket: None,
            error,
        } = run.error()
        else {
            panic!("{status}")
        };
        assert_eq!(error.http_status().unwrap().as_u16(), status);
        assert_eq!(
            (error.code(), error.message(), error.details()),
            (Some("X1"), Some("no"), Some(r#"{"a": 1}"#))
        );
    }
}

#[test]
fn s14_a_refused_key_refuses_the_job_and_nothing_is_billed() {
    for status in [401, 403] {
        let mut run = run();
        let error = run
            .reply(response(status, r#"{"detail": "Invalid token."}"#))
            .error();
        assert!(
            matches!(error, JobError::Refused { ticket: None, .. }),
            "{status}: {error:?}"
        );
        assert_eq!(
            error.service_error().unwrap().message(),
            Some("Invalid token.")
        );
    }
    // A replaced key is used by the next attempt.
    let mut run = run();
    run.fail(FailureKind::NotSent);
    run.job.set_key("fresh").unwrap();
    assert_eq!(
        run.next_request().unwrap().request.headers()["authorization"],
        "Token fresh"
    );
}

#[test]
fn s15_an_exhausted_quota_refuses_only_this_job() {
    let mut following = Run::submitted();
    let mut run = run();
    assert!(matches!(
        run.reply(response(402, r#"{"message": "quota"}"#)).error(),
        JobError::Refused { ticket: None, .. }
    ));
    following.reply(in_progress()).reply(success()).succeeded();
}

#[test]
fn s20_a_late_acceptance_is_followed_and_the_second_one_is_reported() {
    let mut run = retrying(RetryPolicy::new().with_resubmissions(1));
    let (first, second) = (run.next_request().unwrap(), run.next_request().unwrap());
    assert!(second.id > first.id);
    run.job.handle_response(first.id, accepted(), run.now);
    // Reported once, even if the response is repeated.
    for _ in 0..2 {
        run.job.handle_response(
            second.id,
            response(202, r#"{"extraction_id": "another"}"#),
            run.now,
        );
    }
    run.reply(success()).succeeded();
    assert_eq!(
        run.count(
            |kind| matches!(kind, JobEventKind::SubmittedAgain(id) if id.as_str() == "another")
        ),
        1
    );
    assert_eq!(run.job.ticket().unwrap().extraction_id().as_str(), ID);
}

#[test]
fn s21_two_jobs_of_one_document_are_two_submits() {
    // Documents have no identity: the caller must not submit one twice.
    let mut runs = [
        Job::submit(&api(), document(), JobOptions::new(), START),
        Job::submit(&api(), document(), JobOptions::new(), START),
    ];
    for job in &mut runs {
        assert!(matches!(job.next_output(START), Output::Event(_)));
        assert!(matches!(job.next_output(START), Output::Send(_)));
    }
}

//! Faults of a submit, S1 to S23: the call that is billed and has no idempotency key.
//! `docs/faults.md` has the table; tests that need a socket are in the package of the transports.

use std::time::Duration;

use crate::support::{
    ID, Run, START, accepted, api, document, in_progress, response, response_with, success,
};
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderValue, Response};
use proptest::prelude::*;
use typless::machine::{
    Cause, FailureKind, Job, JobError, JobEventKind, JobOptions, JobState, Machine, Output,
    RequestId, RetryPolicy, Time,
};

fn run() -> Run {
    Run::with(JobOptions::new())
}

fn retrying(retry: RetryPolicy) -> Run {
    Run::with(JobOptions::new().with_retry_policy(retry))
}

fn since_start(time: Time) -> Duration {
    time.saturating_since(START)
}

#[track_caller]
fn assert_unknown(response: Response<bytes::Bytes>) {
    let shown = format!("{response:?}");
    let mut run = run();
    let error = run.reply(response).error();
    assert!(
        matches!(error, JobError::SubmitUnknown { .. }) && error.ticket().is_none(),
        "{shown}: {error:?}"
    );
}

#[test]
fn s01_a_submit_that_was_not_sent_is_retried_within_its_budget() {
    let mut run = run();
    for _ in 0..8 {
        run.fail(FailureKind::NotSent);
    }
    assert!(matches!(
        run.error(),
        JobError::Exhausted {
            attempts: 8,
            cause: Some(Cause::Failure(_))
        }
    ));
    let took = since_start(run.now);
    assert!(
        took > Duration::from_secs(20) && took < Duration::from_secs(70),
        "{took:?}"
    );
    let mut other = Run::with(JobOptions::new().with_seed(1));
    other.fail(FailureKind::NotSent).next_request();
    assert_ne!(
        run.now, other.now,
        "clients that failed together do not come back together"
    );
}

#[test]
fn s02_a_lost_response_leaves_the_submit_unknown_and_a_late_one_still_has_its_id() {
    let mut run = run();
    assert!(run.next_request().is_some());
    assert!(matches!(
        run.error(),
        JobError::SubmitUnknown {
            cause: Cause::TimeLimit,
            ..
        }
    ));
    assert_eq!(since_start(run.now), Duration::from_secs(60));
    // Its id is still useful.
    run.job
        .handle_response(RequestId::new(1), accepted(), run.now);
    assert_eq!(run.job.ticket().unwrap().extraction_id().as_str(), ID);
    assert!(matches!(run.job.next_output(run.now), Output::Done));
    for kind in [FailureKind::Interrupted, FailureKind::TooLarge] {
        assert!(
            matches!(
                Run::with(JobOptions::new()).fail(kind).error(),
                JobError::SubmitUnknown {
                    cause: Cause::Failure(_),
                    ..
                }
            ),
            "{kind:?}"
        );
    }
}

#[test]
fn s03_whether_it_arrived_makes_no_difference_to_what_is_sent() {
    // Which of the submits the service accepted.
    for (allowed, arrives) in [
        (0, true),
        (0, false),
        (1, true),
        (1, false),
        (2, true),
        (2, false),
    ] {
        let mut run = retrying(RetryPolicy::new().with_resubmissions(allowed));
        let (mut sent, mut booked) = (0, 0);
        while let Some(transmit) = run.next_request() {
            if transmit.request.method() == http::Method::POST {
                (sent, booked) = (sent + 1, booked + u16::from(arrives));
                run.job.handle_failure(
                    transmit.id,
                    typless::machine::Failure::new(FailureKind::Interrupted, "lost"),
                    run.now,
                );
            }
        }
        assert!(matches!(run.error(), JobError::SubmitUnknown { .. }));
        assert_eq!(
            (sent, booked),
            (allowed + 1, if arrives { allowed + 1 } else { 0 }),
            "one, and as many more as were allowed"
        );
    }
}

#[test]
fn s04_a_break_in_the_middle_of_the_upload_leaves_it_unknown() {
    let mut run = run();
    let error = run.fail(FailureKind::Interrupted).error();
    assert!(
        error.to_string().contains("it is not submitted again"),
        "{error}"
    );
    assert_eq!(
        run.count(|kind| matches!(kind, JobEventKind::Submitting { .. })),
        1
    );
}

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
        assert!(
            run.next_request()
                .unwrap()
                .request
                .uri()
                .query()
                .unwrap()
                .ends_with("=0d14"),
            "{status}"
        );
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
    for status in [
        301, 302, 307, 400, 402, 404, 405, 409, 413, 415, 422, 425, 431,
    ] {
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
fn s16_a_request_the_service_did_not_receive_is_sent_again() {
    run()
        .reply(response(408, "{}"))
        .reply(accepted())
        .reply(success())
        .succeeded();
    let mut run = run();
    for _ in 0..8 {
        run.reply(response(408, ""));
    }
    assert!(matches!(
        run.error(),
        JobError::Exhausted {
            attempts: 8,
            cause: Some(Cause::Service(_))
        }
    ));
}

#[test]
fn s17_throttled_submits_back_off_and_do_not_use_up_the_budget() {
    let (mut run, mut sent_at) = (run(), Vec::new());
    for _ in 0..20 {
        let transmit = run.next_request().unwrap();
        sent_at.push(run.now);
        run.job
            .handle_response(transmit.id, response(429, ""), run.now);
    }
    let gaps: Vec<Duration> = sent_at
        .windows(2)
        .map(|pair| pair[1].saturating_since(pair[0]))
        .collect();
    assert!(
        gaps[0] <= Duration::from_millis(500)
            && gaps[18] >= Duration::from_secs(15)
            && gaps[18] <= Duration::from_secs(30),
        "{gaps:?}"
    );
    run.reply(accepted()).reply(success()).succeeded();
}

/// How long a submit waits after a 429 with these headers.
fn wait_after(headers: &[&str], date: Option<&str>) -> Duration {
    let mut response = response(429, "");
    for header in headers {
        response.headers_mut().append(
            RETRY_AFTER,
            HeaderValue::from_bytes(header.as_bytes()).unwrap(),
        );
    }
    if let Some(date) = date {
        response
            .headers_mut()
            .insert(DATE, HeaderValue::from_str(date).unwrap());
    }
    let mut run = run();
    run.reply(response);
    assert!(run.next_request().is_some());
    since_start(run.now)
}

#[test]
fn s18_a_hint_is_clamped_to_a_second_and_an_hour_and_ignored_if_unreadable() {
    let date = Some("Mon, 23 Nov 2026 10:00:00 GMT");
    let seconds = |headers: &[&str], date| wait_after(headers, date).as_secs_f64();
    assert_eq!(seconds(&["7"], None), 7.0);
    assert_eq!(
        [
            seconds(&["0"], None),
            seconds(&["99999999999999999999999"], None)
        ],
        [1.0, 3600.0]
    );
    assert_eq!(
        [
            seconds(&["5", "20", "soon"], None),
            seconds(&["20", "5"], None)
        ],
        [20.0, 20.0]
    );
    assert_eq!(seconds(&["Mon, 23 Nov 2026 10:02:00 GMT"], date), 120.0);
    assert_eq!(seconds(&["Mon, 23 Nov 2026 09:00:00 GMT"], date), 1.0);
    assert_eq!(seconds(&["Fri, 31 Dec 9999 23:59:59 GMT"], date), 3600.0);
    for unreadable in ["-1", "1e18", "soon", "", "1.5", "ž"] {
        let wait = seconds(&[unreadable], date);
        assert!((0.25..=0.5).contains(&wait), "{unreadable:?}: {wait}");
    }
    assert!(
        seconds(&["Mon, 23 Nov 2026 10:02:00 GMT"], None) <= 0.5,
        "without a Date there is nothing to count from"
    );
}

proptest! {
    #[test]
    fn s18_no_hint_waits_for_more_than_an_hour(
        header in "[ -~]{0,40}",
        date in proptest::option::of("[ -~]{0,40}"),
    ) {
        prop_assert!(wait_after(&[&header], date.as_deref()) <= Duration::from_secs(3600));
    }
}

#[test]
fn s19_a_5xx_leaves_the_submit_unknown() {
    for (status, body) in [
        (500, "{}"),
        (501, "{}"),
        (502, "<html>"),
        (503, "{}"),
        (504, ""),
        (599, ""),
        (199, "{}"),
        (600, "{}"),
    ] {
        assert_unknown(response(status, body));
    }
    assert_unknown(response_with(503, ("retry-after", "5"), "{}"));
    let mut trusting = retrying(RetryPolicy::new().trusting_overload());
    trusting
        .reply(response_with(503, ("retry-after", "5"), "{}"))
        .reply(accepted());
    assert_eq!(since_start(trusting.now), Duration::from_secs(5));
    assert!(matches!(
        retrying(RetryPolicy::new().trusting_overload())
            .reply(response(502, ""))
            .error(),
        JobError::SubmitUnknown { .. }
    ));
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

#[test]
fn s22_abandoning_at_every_step_keeps_the_id_if_there_is_one() {
    for steps in 0..12 {
        let mut run = retrying(RetryPolicy::new().with_resubmissions(1));
        let mut in_flight = None;
        for _ in 0..steps {
            match run.job.next_output(run.now) {
                Output::Send(transmit) if transmit.id.get() == 1 => {
                    run.job.handle_failure(
                        transmit.id,
                        typless::machine::Failure::new(FailureKind::NotSent, ""),
                        run.now,
                    );
                }
                Output::Send(transmit) => in_flight = Some(transmit),
                Output::Event(event) => run.events.push(event),
                Output::Wait(until) if in_flight.is_none() => run.now = until,
                Output::Wait(_) | Output::NeedInput | Output::Done => break,
            }
        }
        let submitting = run.job.state() == JobState::Submitting && in_flight.is_some();
        run.job.abandon(run.now);
        if let Some(transmit) = in_flight.filter(|_| submitting) {
            assert!(
                matches!(run.job.next_output(run.now), Output::Wait(_)),
                "its id is worth waiting for"
            );
            run.job.handle_response(transmit.id, accepted(), run.now);
            let JobError::Abandoned {
                ticket: Some(ticket),
            } = run.error()
            else {
                panic!("step {steps}")
            };
            assert_eq!(ticket.extraction_id().as_str(), ID);
        } else {
            assert!(
                matches!(run.job.state(), JobState::Abandoned),
                "step {steps}"
            );
            let _ = run.next_request();
            assert!(
                matches!(
                    run.outcome(),
                    Some(Err(JobError::Abandoned { ticket: None }))
                ),
                "step {steps}"
            );
        }
    }
    // Without a response it is abandoned only if the submit certainly did not arrive.
    for kind in [FailureKind::NotSent, FailureKind::Interrupted] {
        let mut run = run();
        let transmit = run.next_request().unwrap();
        run.job.abandon(run.now);
        run.job.handle_failure(
            transmit.id,
            typless::machine::Failure::new(kind, ""),
            run.now,
        );
        match kind {
            FailureKind::NotSent => {
                assert!(matches!(run.error(), JobError::Abandoned { ticket: None }));
            }
            _ => assert!(matches!(run.error(), JobError::SubmitUnknown { .. })),
        }
    }
    let mut unanswered = run();
    assert!(unanswered.next_request().is_some());
    unanswered.job.abandon(unanswered.now);
    assert!(matches!(
        unanswered.error(),
        JobError::SubmitUnknown {
            cause: Cause::TimeLimit,
            ..
        }
    ));
    assert_eq!(since_start(unanswered.now), Duration::from_secs(60));
}

#[test]
fn s22_abandoning_a_submitted_job_finishes_at_once_with_its_ticket() {
    let mut waiting = Run::submitted();
    waiting.job.abandon(waiting.now);
    assert!(matches!(
        waiting.error(),
        JobError::Abandoned { ticket: Some(_) }
    ));
    let mut polling = Run::submitted();
    assert!(polling.next_request().is_some());
    polling.job.abandon(polling.now);
    assert!(matches!(
        polling.error(),
        JobError::Abandoned { ticket: Some(_) }
    ));
}

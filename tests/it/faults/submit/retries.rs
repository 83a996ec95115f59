//! Which submits are sent again, and when: S1 to S4, S16 to S19.

use std::time::Duration;

use super::{assert_unknown, retrying, run, since_start};
use crate::support::{ID, Run, accepted, response, response_with, success};
use http::HeaderValue;
use http::header::{DATE, RETRY_AFTER};
use proptest::prelude::*;
use typless::machine::{
    Cause, FailureKind, JobError, JobEventKind, JobOptions, Machine, Output, RequestId, RetryPolicy,
};

#[test]
fn s01_a_submit_that_was_not_sent_is_retried_within_its_budget() {
    let mut run = run();
    for _ in 0..8 {
        run.fail(FailureKind::NotSent);
    }
    assert!(matches!(
        run.error(),
        JobError::Exhausted { attempts: 8, failed: Some(failed) }
            if failed.count() == 8 && matches!(failed.cause(), Cause::Failure(_))
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
        JobError::SubmitUnknown { failed, .. } if matches!(failed.cause(), Cause::TimeLimit)
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
                JobError::SubmitUnknown { failed, .. }
                    if matches!(failed.cause(), Cause::Failure(_))
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
        JobError::Exhausted { attempts: 8, failed: Some(failed) }
            if failed.count() == 8 && matches!(failed.cause(), Cause::Service(_))
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

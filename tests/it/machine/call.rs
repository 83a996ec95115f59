//! Single calls with retries: what is retried, what must not be, and the outcome of each.

use std::time::Duration;

use crate::support::{START, api, document, response, response_with};
use typless::machine::{
    Call, CallError, CallEventKind, CallOptions, Failure, FailureKind, Machine, Output, RequestId,
    RetryPolicy, Time,
};
use typless::transcript::Recorder;
use typless::wire::{
    AwaitingRequest, ExtractRequest, ExtractionId, Request, Status, StatusRequest,
};

fn poll() -> Call<StatusRequest> {
    Call::new(
        &api(),
        StatusRequest::new(ExtractionId::new("0d14").unwrap()),
        CallOptions::new(),
        START,
    )
}

fn extract() -> Call<ExtractRequest> {
    Call::new(
        &api(),
        ExtractRequest::new(document()),
        CallOptions::new(),
        START,
    )
}

/// What a transport reports.
enum Reply {
    Response(http::Response<bytes::Bytes>),
    Failure(FailureKind),
    Nothing,
}

/// Drives a call with these replies, and without responses after them. Returns the outcome, the
/// number of attempts, and the time it took.
fn drive<R: Request>(
    mut call: Call<R>,
    replies: Vec<Reply>,
) -> (Result<R::Response, CallError>, usize, Duration) {
    let (mut replies, mut now, mut attempts) = (replies.into_iter(), START, 0);
    loop {
        match call.next_output(now) {
            Output::Send(transmit) => {
                attempts += 1;
                match replies.next().unwrap_or(Reply::Nothing) {
                    Reply::Response(response) => call.handle_response(transmit.id, response, now),
                    Reply::Failure(kind) => {
                        call.handle_failure(
                            transmit.id,
                            Failure::new(kind, "set by the test"),
                            now,
                        );
                    }
                    Reply::Nothing => {}
                }
            }
            Output::Wait(until) => {
                assert!(until > now);
                now = until;
            }
            Output::Event(event) => {
                if let Ok(outcome) = Call::<R>::into_outcome(event) {
                    assert!(matches!(call.next_output(now), Output::Done));
                    return (outcome, attempts, now.saturating_since(START));
                }
            }
            Output::NeedInput | Output::Done => panic!("it ended without an outcome"),
        }
    }
}

#[test]
fn a_repeatable_call_survives_any_transient_failure() {
    let passing = vec![
        Reply::Failure(FailureKind::NotSent),
        Reply::Failure(FailureKind::Interrupted),
        Reply::Response(response(500, "")),
        Reply::Response(response(429, "")),
        Reply::Response(response(200, "<html>")),
        Reply::Nothing,
        Reply::Response(response(200, r#"{"status": "EXPIRED"}"#)),
    ];
    let (outcome, attempts, _) = drive(poll(), passing);
    assert_eq!(outcome.unwrap().status(), &Status::Expired);
    assert_eq!(attempts, 7);
}

#[test]
fn a_billed_call_is_retried_only_if_certainly_not_processed() {
    let again = vec![
        Reply::Failure(FailureKind::NotSent),
        Reply::Response(response(408, "")),
        Reply::Response(response(429, "")),
        Reply::Response(response(200, r#"{"object_id": "1"}"#)),
    ];
    let (outcome, attempts, _) = drive(extract(), again);
    assert_eq!((outcome.unwrap().object_id(), attempts), (Some("1"), 4));
    for unclear in [
        Reply::Failure(FailureKind::Interrupted),
        Reply::Response(response(503, "")),
        Reply::Response(response(700, "")),
        Reply::Nothing,
    ] {
        let (outcome, attempts, _) = drive(extract(), vec![unclear]);
        assert!(matches!(outcome, Err(CallError::Unknown { .. })));
        assert_eq!(attempts, 1);
    }
    let (outcome, attempts, _) = drive(extract(), vec![Reply::Response(response(200, "<html>"))]);
    assert!(matches!(outcome, Err(CallError::Unreadable(_))) && attempts == 1);
}

#[test]
fn each_outcome_has_its_cause() {
    let (refused, ..) = drive(
        poll(),
        vec![Reply::Response(response(401, r#"{"message": "no"}"#))],
    );
    assert!(matches!(&refused, Err(CallError::Refused(error)) if error.message() == Some("no")));
    let (large, ..) = drive(poll(), vec![Reply::Failure(FailureKind::TooLarge)]);
    assert!(matches!(large, Err(CallError::TooLarge { .. })));
    let (source, ..) = drive(extract(), vec![Reply::Failure(FailureKind::Source)]);
    assert!(matches!(source, Err(CallError::SourceFailed { .. })));
    let (exhausted, attempts, _) = drive(
        poll(),
        (0..20)
            .map(|_| Reply::Failure(FailureKind::NotSent))
            .collect(),
    );
    let Err(CallError::Exhausted { failed }) = exhausted else {
        panic!()
    };
    assert_eq!((failed.count(), attempts), (8, 8));
}

#[test]
fn a_hint_is_a_minimum_and_one_past_the_deadline_ends_the_call_at_once() {
    let (outcome, _, took) = drive(
        poll(),
        vec![
            Reply::Response(response_with(429, ("retry-after", "60"), "")),
            Reply::Response(response(200, "{}")),
        ],
    );
    assert!(outcome.is_ok() && took == Duration::from_secs(60));
    let (outcome, _, took) = drive(
        poll(),
        vec![Reply::Response(response_with(
            429,
            ("retry-after", "600"),
            "",
        ))],
    );
    let Err(CallError::Deadline { retry_after, .. }) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(retry_after, Some(Duration::from_secs(600)));
    assert_eq!(took, Duration::ZERO);
}

#[test]
fn no_attempt_begins_after_the_deadline() {
    let options = CallOptions::new()
        .with_deadline(Duration::from_secs(100))
        .with_retry_policy(RetryPolicy::new().with_attempts(1000));
    let call = Call::new(&api(), AwaitingRequest::new(), options, START);
    let (outcome, attempts, took) = drive(call, Vec::new());
    assert!(
        matches!(outcome, Err(CallError::Deadline { .. })),
        "{outcome:?}"
    );
    // Two attempts of 60 s each: the second was in flight when the deadline passed.
    assert_eq!((attempts, took > Duration::from_secs(100)), (2, true));
}

#[test]
fn responses_to_other_requests_and_earlier_times_are_ignored() {
    let mut call = poll();
    let Output::Send(first) = call.next_output(START) else {
        panic!()
    };
    call.handle_response(RequestId::new(77), response(200, "{}"), START);
    call.handle_failure(first.id, Failure::new(FailureKind::NotSent, ""), START);
    call.handle_response(first.id, response(401, "{}"), START);
    let Output::Event(event) = call.next_output(START) else {
        panic!()
    };
    assert!(matches!(event.kind, CallEventKind::AttemptFailed { .. }));
    let Output::Wait(until) = call.next_output(Time::EPOCH) else {
        panic!("time does not go back")
    };
    assert!(until > START);
    call.abandon(START);
    let Output::Event(event) = call.next_output(START) else {
        panic!()
    };
    assert!(matches!(
        event.kind,
        CallEventKind::Finished(Err(CallError::Abandoned))
    ));
    assert!(matches!(call.next_output(START), Output::Done));
}

#[test]
fn a_transcript_says_which_call_it_is() {
    let mut recorder = Recorder::new(poll(), START);
    assert!(matches!(recorder.next_output(START), Output::Send(_)));
    let (_, text) = recorder.into_parts();
    assert!(text.contains("Call, GET https://"), "{text}");
    assert!(text.contains("extraction_id=0d14, 0 bytes"), "{text}");
    assert!(text.contains("CallOptions"), "{text}");
}

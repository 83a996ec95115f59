//! Every outcome and error says in one sentence what happened, keeps its cause, and shows neither
//! key nor document.

use std::error::Error;
use std::time::Duration;

use crate::support::queue::{DrainRun, Queue, Reply};
use crate::support::{
    Run, START, accepted, api, document, expired, failed, in_progress, response, response_with,
    submit,
};
use typless::machine::{
    Call, CallError, CallOptions, DrainError, DrainEventKind, DrainOptions, Failure, FailureKind,
    Job, JobError, JobOptions, JobState, Machine, Output, RetryPolicy, Snapshot, Ticket,
};
use typless::wire::{AwaitingRequest, ExtractRequest, Request};

/// The name of the variant of an error, from its `Debug`, as `code` has it: `NotFound` is
/// `not_found`.
fn variant(error: &impl std::fmt::Debug) -> String {
    let debug = format!("{error:?}");
    let name = debug.split(|letter: char| !letter.is_alphanumeric()).next();
    let mut snake = String::new();
    for letter in name.unwrap().chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// Drives a job with these responses. Returns the outcome and the final state.
fn run_job(
    options: JobOptions,
    replies: Vec<Result<http::Response<bytes::Bytes>, FailureKind>>,
) -> (JobError, JobState) {
    let mut run = Run::new(submit(options));
    for reply in replies {
        let transmit = run.next_request().unwrap();
        match reply {
            Ok(response) => run.job.handle_response(transmit.id, response, run.now),
            Err(kind) => {
                run.job
                    .handle_failure(transmit.id, Failure::new(kind, "set by the test"), run.now);
            }
        }
    }
    while run.next_request().is_some() {}
    let state = run.job.state();
    let outcome = run
        .events
        .into_iter()
        .find_map(|event| Job::into_outcome(event).ok());
    (outcome.expect("an outcome").expect_err("no result"), state)
}

#[track_caller]
fn check(
    options: JobOptions,
    replies: Vec<Result<http::Response<bytes::Bytes>, FailureKind>>,
    state: JobState,
    sentence: &str,
) {
    let (error, found) = run_job(options, replies);
    assert_eq!(found, state);
    assert!(state.is_finished());
    assert!(error.to_string().contains(sentence), "{error}");
    assert_eq!(error.code(), variant(&error));
    assert_eq!(format!("{:?}", error.clone()), format!("{error:?}"));
    let stored = serde_json::to_string(&error).unwrap();
    let read: JobError = serde_json::from_str(&stored).unwrap();
    assert_eq!(read.to_string(), error.to_string(), "{stored}");
    assert!(stored.starts_with(&format!(r#"{{"{}":"#, error.code())));
    let shown = format!(
        "{error} {error:?} {:?}",
        error.source().map(ToString::to_string)
    );
    assert!(
        !shown.contains("s3cret") && !shown.contains("secret contents"),
        "{shown}"
    );
}

#[test]
fn each_outcome_of_a_job_has_its_sentence() {
    let usual = JobOptions::new;
    let soon = || JobOptions::new().with_deadline(Duration::from_secs(20));
    check(
        usual(),
        vec![Ok(accepted()), Ok(failed())],
        JobState::Failed,
        "could not process the document: not a PDF (code INVALID_FILE)",
    );
    check(
        usual(),
        vec![Ok(accepted()), Ok(expired())],
        JobState::Expired,
        "not fetched within 48 hours",
    );
    let gone = || Ok(response(404, ""));
    check(
        usual(),
        vec![Ok(accepted()), gone(), gone(), gone()],
        JobState::NotFound,
        "does not know the extraction",
    );
    check(
        usual(),
        vec![Ok(response(422, "{}"))],
        JobState::Refused,
        "refused the request: the service responded with 422",
    );
    check(
        usual(),
        vec![Ok(accepted()), Err(FailureKind::TooLarge)],
        JobState::TooLarge,
        "larger than the limit",
    );
    check(
        usual(),
        vec![
            Ok(accepted()),
            Ok(response(200, r#"{"status": "SUCCESS"}"#)),
        ],
        JobState::Unreadable,
        "succeeded, but the status response could not be read",
    );
    check(
        soon(),
        vec![Ok(accepted()), Ok(in_progress())],
        JobState::Deadline,
        "did not finish before the deadline, 72 s after its submit: there was no response",
    );
    let later = Ok(response_with(429, ("retry-after", "300"), ""));
    check(
        soon(),
        vec![Ok(accepted()), later],
        JobState::Deadline,
        "asks to wait 5 min, which is past the deadline",
    );
    let once = usual().with_retry_policy(RetryPolicy::new().with_attempts(1));
    check(
        once,
        vec![Err(FailureKind::NotSent)],
        JobState::Exhausted,
        "not submitted: the service could not be reached: set by the test",
    );
    check(
        usual().with_deadline(Duration::ZERO),
        vec![],
        JobState::Exhausted,
        "not submitted before the deadline",
    );
    check(
        usual(),
        vec![Err(FailureKind::Interrupted)],
        JobState::SubmitUnknown,
        "unknown whether the document was submitted",
    );
    check(
        usual(),
        vec![Err(FailureKind::Source)],
        JobState::SourceFailed,
        "not submitted: the document could not be sent",
    );
    let mut run = Run::new(submit(usual()));
    run.job.abandon(START);
    assert_eq!(run.error().to_string(), "the job was abandoned");
    assert_eq!(run.job.state(), JobState::Abandoned);
}

/// Drives a call with this reply, and without responses after it.
fn run_call<R: Request>(
    mut call: Call<R>,
    reply: Option<Result<http::Response<bytes::Bytes>, FailureKind>>,
) -> CallError
where
    R::Response: std::fmt::Debug,
{
    let (mut now, mut reply) = (START, reply);
    loop {
        match call.next_output(now) {
            Output::Send(transmit) => match reply.take() {
                Some(Ok(response)) => call.handle_response(transmit.id, response, now),
                Some(Err(kind)) => {
                    call.handle_failure(transmit.id, Failure::new(kind, "set by the test"), now);
                }
                None => {}
            },
            Output::Wait(until) => now = until,
            Output::Event(event) => {
                if let Ok(outcome) = Call::<R>::into_outcome(event) {
                    return outcome.unwrap_err();
                }
            }
            Output::NeedInput | Output::Done => panic!("it ended without an outcome"),
        }
    }
}

#[test]
fn each_outcome_of_a_call_has_its_sentence() {
    let options = || CallOptions::new().with_seed(3).with_response_limit(1000);
    let list = |options| Call::new(&api(), AwaitingRequest::new(), options, START);
    let extract = || Call::new(&api(), ExtractRequest::new(document()), options(), START);
    let once = options().with_retry_policy(RetryPolicy::new().with_attempts(1));
    let cases = [
        (
            run_call(list(options()), Some(Ok(response(403, "{}")))),
            "the service refused the request: the service responded with 403",
        ),
        (
            run_call(extract(), Some(Ok(response(200, "<html>")))),
            "the result could not be read: not JSON",
        ),
        (
            run_call(extract(), None),
            "unknown whether the request was processed, so it is not repeated: \
                there was no response within the time limit",
        ),
        (
            run_call(list(once), Some(Err(FailureKind::NotSent))),
            "no response: the service could not be reached",
        ),
        (
            run_call(list(options().with_deadline(Duration::from_secs(70))), None),
            "no response before the deadline: there was no response within the time limit",
        ),
        (
            run_call(list(options().with_deadline(Duration::ZERO)), None),
            "there was no response before the deadline",
        ),
        (
            run_call(list(options()), Some(Err(FailureKind::TooLarge))),
            "the response is larger than the limit",
        ),
        (
            run_call(extract(), Some(Err(FailureKind::Source))),
            "the document could not be sent",
        ),
    ];
    for (error, sentence) in cases {
        assert!(error.to_string().contains(sentence), "{error}");
        assert_eq!(error.code(), variant(&error));
        let stored = serde_json::to_string(&error).unwrap();
        let read: CallError = serde_json::from_str(&stored).unwrap();
        assert_eq!(read.to_string(), error.to_string(), "{stored}");
        assert!(!format!("{error:?}").contains("s3cret"));
    }
    let mut call = list(options());
    call.abandon(START);
    let Output::Event(event) = call.next_output(START) else {
        panic!()
    };
    assert_eq!(
        Call::<AwaitingRequest>::into_outcome(event)
            .unwrap()
            .unwrap_err()
            .to_string(),
        "the call was abandoned"
    );
}

/// The response for a listed id, and a part of the message that follows.
type Case = (fn() -> Reply, &'static str);

#[test]
fn each_reason_of_a_drain_has_its_sentence() {
    let cases: [Case; 8] = [
        (
            || Ok(failed()),
            "could not process the document: not a PDF (code INVALID_FILE)",
        ),
        (|| Ok(expired()), "not fetched within 48 hours"),
        (
            || Ok(response(404, "")),
            "lists the extraction and does not know it: the service responded with 404",
        ),
        (
            || Ok(response(422, "")),
            "refused the request: the service responded with 422",
        ),
        (|| Err(FailureKind::TooLarge), "larger than the limit"),
        (
            || Ok(response(200, r#"{"status": "SUCCESS"}"#)),
            "succeeded, but the status response could not be read",
        ),
        (
            || Ok(in_progress()),
            "lists the extraction as finished and says IN_PROGRESS",
        ),
        (
            || Err(FailureKind::Interrupted),
            "could not be fetched: the exchange with the service broke off: set by the test (the \
             last of 5 failed attempts in 50 s)",
        ),
    ];
    for (reply, sentence) in cases {
        let mut run = DrainRun::with(DrainOptions::new());
        run.serve(
            &mut Queue::new(&["a"]).with("a", reply),
            Duration::from_secs(3600),
        );
        let reason = run.events.into_iter().find_map(|event| match event.kind {
            DrainEventKind::Extracted {
                extraction: Err(reason),
                ..
            }
            | DrainEventKind::SetAside { reason, .. } => Some(reason),
            _ => None,
        });
        let reason = reason.expect("a reason");
        assert!(reason.to_string().contains(sentence), "{reason}");
        assert_eq!(reason.code(), variant(&reason));
        let stored = serde_json::to_string(&reason).unwrap();
        let read: DrainError = serde_json::from_str(&stored).unwrap();
        assert_eq!(read.to_string(), reason.to_string(), "{stored}");
        assert_eq!(
            reason.source().is_some(),
            sentence.contains("larger"),
            "what the message has already is no source"
        );
        assert!(!format!("{reason:?}").contains("s3cret"));
    }
}

#[test]
fn a_restart_is_reported_as_the_cause() {
    let mut job = submit(JobOptions::new());
    assert!(matches!(job.next_output(START), Output::Event(_)));
    let snapshot = job.snapshot().unwrap();
    let job = Job::restore(&api(), &snapshot, None, JobOptions::new(), START);
    let mut run = Run::new(job.unwrap());
    assert!(
        run.error()
            .to_string()
            .ends_with("the process ended before the response was known")
    );
}

#[test]
fn a_failure_keeps_the_words_of_the_client() {
    let failure = Failure::new(
        FailureKind::Interrupted,
        std::io::Error::from(std::io::ErrorKind::ConnectionReset),
    );
    assert!(
        failure
            .to_string()
            .starts_with("the exchange with the service broke off: connection reset")
    );
    assert!(
        failure
            .source()
            .unwrap()
            .downcast_ref::<std::io::Error>()
            .is_some()
    );
    assert_eq!(failure.cause().to_string(), "connection reset");
    // A cause adds nothing: the chain goes on with the error of the client.
    let cause = typless::machine::Cause::Failure(failure);
    let source = cause.source().unwrap();
    assert!(source.downcast_ref::<std::io::Error>().is_some());
    assert!(typless::machine::Cause::TimeLimit.source().is_none());
}

#[test]
fn errors_of_unreadable_tickets_and_snapshots_say_what_to_do() {
    assert!(
        Ticket::from_json(r#"{"typless_ticket": 9}"#)
            .unwrap_err()
            .to_string()
            .contains("update this program")
    );
    assert!(
        Snapshot::from_json("no JSON")
            .unwrap_err()
            .to_string()
            .contains("snapshot")
    );
}

#[test]
fn what_the_message_of_a_job_has_already_is_no_source() {
    let once = JobOptions::new().with_retry_policy(RetryPolicy::new().with_resubmissions(1));
    let mut run = Run::with(once);
    let error = run
        .fail(FailureKind::Interrupted)
        .fail(FailureKind::Source)
        .error();
    assert!(
        error
            .to_string()
            .contains("the last attempt: the document was not submitted: "),
        "{error}"
    );
    assert!(error.source().is_none());
}

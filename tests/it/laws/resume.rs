//! Law 12: a job resumed from its ticket, or before that its snapshot, at any step has the same
//! outcome.

use std::time::Duration;

use crate::support::observer::{JobObserver, Observed, RESTART};
use crate::support::reached::Reached;
use crate::support::{
    self, ID, START, accepted, api, document, expired, failed, in_progress, response, submit,
    success,
};
use bytes::Bytes;
use http::Response;
use proptest::prelude::*;
use typless::machine::{
    Failure, FailureKind, Job, JobError, JobEvent, JobOptions, LastPoll, Machine, Output, Snapshot,
    Ticket, Time, Transmit,
};

/// A service that accepts a document after some refused attempts, and finishes it some time later.
#[derive(Debug, Clone)]
struct Service {
    unreachable: u32,
    submits: u32,
    submitted_at: Option<Time>,
    takes: Duration,
    outcome: ServiceOutcome,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum ServiceOutcome {
    Success,
    Failure,
    Forgotten,
}

const RETENTION: Duration = Duration::from_secs(48 * 3600);

impl Service {
    fn respond(&mut self, transmit: &Transmit, now: Time) -> Result<Response<Bytes>, Failure> {
        if transmit.request.method() == http::Method::POST {
            if self.unreachable > 0 {
                self.unreachable -= 1;
                return Err(Failure::new(FailureKind::NotSent, "refused"));
            }
            self.submits += 1;
            self.submitted_at = Some(now);
            return Ok(accepted());
        }
        let age = now.saturating_since(self.submitted_at.unwrap());
        Ok(match self.outcome {
            _ if age < self.takes => in_progress(),
            ServiceOutcome::Success if age < self.takes + RETENTION => success(),
            ServiceOutcome::Failure if age < self.takes + RETENTION => failed(),
            ServiceOutcome::Forgotten => response(404, "{}"),
            ServiceOutcome::Success | ServiceOutcome::Failure => expired(),
        })
    }
}

fn service() -> impl Strategy<Value = Service> {
    let outcome = prop::sample::select(vec![
        ServiceOutcome::Success,
        ServiceOutcome::Failure,
        ServiceOutcome::Forgotten,
    ]);
    // Far from the deadline on either side, so that the exact time of a poll does not matter.
    let takes = prop_oneof![
        19 => (0..20_000_u64).prop_map(Duration::from_secs),
        1 => Just(Duration::from_secs(200_000)),
    ];
    (0..4_u32, takes, outcome).prop_map(|(unreachable, takes, outcome)| Service {
        unreachable,
        submits: 0,
        submitted_at: None,
        takes,
        outcome,
    })
}

/// The outcome of a job as text, without its times.
fn name(outcome: &Result<typless::wire::Extraction, JobError>) -> String {
    match outcome {
        Ok(extraction) => format!("{:?}", extraction.text("total")),
        Err(JobError::Deadline {
            last: Some(LastPoll::Status(status)),
            ..
        }) => format!("deadline: {status}"),
        // How often and for how long depends on the process.
        Err(error @ (JobError::Deadline { .. } | JobError::Exhausted { .. })) => {
            format!("{:?} {:?}", error.ticket().is_some(), error.cause())
        }
        Err(error) => error.to_string(),
    }
}

/// How far a job runs.
#[derive(Debug, Clone, Copy)]
struct Extent {
    outputs: usize,
    /// If the last output is a request, nobody takes its response.
    loses_last: bool,
}

const WHOLE: Extent = Extent {
    outputs: usize::MAX,
    loses_last: false,
};

/// Runs a job so far. Returns the outcome, if there was one.
fn run<M>(job: &mut M, service: &mut Service, now: &mut Time, extent: Extent) -> Option<String>
where
    M: Machine<Event = JobEvent, Outcome = <Job as Machine>::Outcome>,
{
    for output in 1..=extent.outputs {
        match job.next_output(*now) {
            Output::Send(transmit) => {
                let reply = service.respond(&transmit, *now);
                if extent.loses_last && output == extent.outputs {
                    return None;
                }
                match reply {
                    Ok(response) => job.handle_response(transmit.id, response, *now),
                    Err(failure) => job.handle_failure(transmit.id, failure, *now),
                }
            }
            Output::Event(event) => {
                if let Ok(outcome) = M::into_outcome(event) {
                    return Some(name(&outcome));
                }
            }
            Output::Wait(until) => *now = until,
            Output::NeedInput | Output::Done => return None,
        }
    }
    None
}

proptest! {
    #![proptest_config(super::cases(2_000))]

    #[test]
    fn law_12_a_resumed_job_has_the_same_outcome(case in interrupted()) {
        resumes(&case, &Reached::default())?;
    }
}

/// A job that is interrupted, and goes on after a pause of so many seconds.
#[derive(Debug, Clone)]
struct Interrupted {
    service: Service,
    extent: Extent,
    seed: u64,
    pause: u64,
}

fn interrupted() -> impl Strategy<Value = Interrupted> {
    let outputs = prop_oneof![0..8_usize, 0..60_usize];
    let extent = (outputs, any::<bool>()).prop_map(|(outputs, loses_last)| Extent {
        outputs,
        loses_last,
    });
    (service(), extent, any::<u64>(), 0..3600_u64).prop_map(|(service, extent, seed, pause)| {
        Interrupted {
            service,
            extent,
            seed,
            pause,
        }
    })
}

fn resumes(case: &Interrupted, reached: &Reached) -> Result<(), TestCaseError> {
    let options = JobOptions::new().with_seed(case.seed);
    let (mut whole, mut now) = (case.service.clone(), START);
    let expected = run(&mut submit(options), &mut whole, &mut now, WHOLE).unwrap();

    let (mut interrupted, mut now) = (case.service.clone(), START);
    let machine = submit(options);
    let observer = JobObserver::new(reached, START, Time::MAX);
    let mut job = Observed { machine, observer };
    if let Some(outcome) = run(&mut job, &mut interrupted, &mut now, case.extent) {
        prop_assert_eq!(outcome, expected);
        return Ok(());
    }
    // The process dies, and another one resumes from what was stored.
    now = now + Duration::from_secs(case.pause);
    let Observed {
        machine: job,
        observer,
    } = &mut job;
    observer.input(job, RESTART);
    let snapshot = job.snapshot().expect("it has not finished");
    prop_assert_eq!(job.ticket().is_some(), snapshot.ticket().is_some());
    let submits = interrupted.submits;
    let (mut resumed, lost) = match snapshot.ticket() {
        Some(ticket) => {
            let ticket = Ticket::from_json(&ticket.to_json()).unwrap();
            (Job::resume(&api(), &ticket, options, now), false)
        }
        None => {
            let snapshot = Snapshot::from_json(&snapshot.to_json()).unwrap();
            prop_assert_eq!(snapshot.reference(), Some("row 17"));
            let document = snapshot.needs_document().then(document);
            (
                Job::restore(&api(), &snapshot, document, options, now).unwrap(),
                snapshot.may_be_submitted(),
            )
        }
    };
    let outcome = run(&mut resumed, &mut interrupted, &mut now, WHOLE).unwrap();
    if lost {
        // The outcome of a submit in flight is unknown: it is reported so, and not submitted again.
        prop_assert!(
            outcome.starts_with("it is unknown whether the document was submitted"),
            "{outcome}"
        );
        prop_assert_eq!(interrupted.submits, submits);
    } else {
        prop_assert_eq!(outcome, expected);
        prop_assert!(interrupted.submits <= 1);
    }
    Ok(())
}

/// The same cases each time.
pub(super) fn run_same_cases(reached: &Reached) {
    super::same_cases(450, &interrupted(), reached, |case| resumes(&case, reached));
}

proptest! {
    #![proptest_config(super::cases(256))]

    #[test]
    fn no_text_makes_reading_a_ticket_panic(text in ".*", cut in 0..400_usize) {
        let _ = Ticket::from_json(&text);
        let _ = Snapshot::from_json(&text);
        let whole = ticket().to_json();
        if let Some(part) = whole.get(..cut).filter(|part| part.len() < whole.len()) {
            prop_assert!(Ticket::from_json(part).is_err());
        }
    }
}

fn ticket() -> Ticket {
    let mut run = support::Run::new(submit(
        JobOptions::new().with_deadline(Duration::from_secs(3600)),
    ));
    run.reply(accepted());
    run.job.ticket().unwrap()
}

/// The outputs of a job until it first waits, as text.
fn beginning(job: &mut Job, now: Time) -> Vec<String> {
    let mut outputs = Vec::new();
    loop {
        match job.next_output(now) {
            Output::Event(event) => outputs.push(format!("{:?}", event.kind)),
            Output::Send(transmit) => outputs.push(format!(
                "{} {}",
                transmit.request.method(),
                transmit.request.uri()
            )),
            Output::Wait(_) | Output::NeedInput | Output::Done => return outputs,
        }
    }
}

#[test]
fn a_resumed_job_polls_at_once() {
    let now = START + Duration::from_secs(600);
    let mut job = Job::resume(&api(), &ticket(), JobOptions::new(), now);
    let outputs = beginning(&mut job, now);
    assert!(outputs[0].contains("Resumed"), "{outputs:?}");
    assert_eq!(
        outputs[1],
        format!("GET https://developers.typless.com/api/get-extraction-data?extraction_id={ID}")
    );
}

#[test]
fn a_new_deadline_in_the_options_replaces_that_of_the_ticket() {
    let now = START + Duration::from_secs(90_000);
    let mut run = support::Run::new(Job::resume(
        &api(),
        &ticket(),
        JobOptions::new().with_deadline(Duration::from_secs(60)),
        now,
    ));
    run.now = now;
    run.reply(in_progress()).reply(success()).settle();
    assert!(matches!(run.outcome(), Some(Ok(_))));
}

#[test]
fn a_clock_set_back_makes_the_job_young_and_its_deadline_as_far_away() {
    let day = Duration::from_secs(24 * 3600);
    let now = Time::from_unix(START.since_epoch() - day);
    let mut run = support::Run::new(Job::resume(&api(), &ticket(), JobOptions::new(), now));
    run.now = now;
    run.reply(in_progress());
    let mut polls = 1;
    while let Some(transmit) = run.next_request() {
        run.job.handle_response(transmit.id, in_progress(), run.now);
        polls += 1;
    }
    assert!(matches!(
        run.outcome(),
        Some(Err(JobError::Deadline { .. }))
    ));
    assert!(
        run.now <= now + day + Duration::from_secs(3600) && polls > 10,
        "{polls} polls until {}",
        run.now
    );
}

#[test]
fn an_unknown_id_of_a_resumed_job_is_not_found_at_once() {
    let mut run = support::Run::new(Job::resume(&api(), &ticket(), JobOptions::new(), START));
    run.reply(response(404, r#"{"detail": "no such extraction"}"#))
        .settle();
    let Some(Err(error @ JobError::NotFound { .. })) = run.outcome() else {
        panic!()
    };
    assert_eq!(
        error.service_error().unwrap().message(),
        Some("no such extraction")
    );
}

#[test]
fn restoring_keeps_the_retry_budget_and_the_pause() {
    let mut run = support::Run::new(submit(JobOptions::new()));
    run.reply(support::response_with(429, ("retry-after", "600"), "{}"));
    assert!(matches!(run.job.next_output(run.now), Output::Event(_)));
    let snapshot = run.job.snapshot().unwrap();
    assert!(!snapshot.may_be_submitted());
    let mut restored = Job::restore(
        &api(),
        &snapshot,
        Some(document()),
        JobOptions::new(),
        START + Duration::from_secs(10),
    )
    .unwrap();
    let Output::Wait(until) = restored.next_output(START + Duration::from_secs(10)) else {
        panic!()
    };
    assert_eq!(until, START + Duration::from_secs(600));
    assert!(beginning(&mut restored, until)[0].contains("attempt: 2"));
}

#[test]
fn a_lost_submit_is_repeated_only_where_that_is_allowed() {
    let mut job = submit(JobOptions::new());
    assert!(matches!(job.next_output(START), Output::Event(_)));
    let snapshot = job.snapshot().unwrap();
    assert!(snapshot.may_be_submitted());
    let restored = |options| Job::restore(&api(), &snapshot, Some(document()), options, START);
    let mut careful = support::Run::new(restored(JobOptions::new()).unwrap());
    careful.settle();
    assert!(matches!(
        careful.outcome(),
        Some(Err(JobError::SubmitUnknown { .. }))
    ));
    let bold = JobOptions::new()
        .with_retry_policy(typless::machine::RetryPolicy::new().with_resubmissions(1));
    let mut bold = support::Run::new(restored(bold).unwrap());
    bold.reply(accepted()).reply(success()).settle();
    assert!(matches!(bold.outcome(), Some(Ok(_))));
}

#[test]
fn restoring_forgets_no_attempt_that_was_charged_and_none_that_may_have_arrived() {
    let retry = typless::machine::RetryPolicy::new()
        .with_attempts(3)
        .with_resubmissions(1);
    let options = || JobOptions::new().with_retry_policy(retry);
    let restored = |run: &support::Run| {
        let snapshot = run.job.snapshot().unwrap();
        let job = Job::restore(&api(), &snapshot, Some(document()), options(), run.now).unwrap();
        support::Run {
            now: run.now,
            ..support::Run::new(job)
        }
    };
    let mut run = support::Run::new(submit(options()));
    run.fail(FailureKind::NotSent).fail(FailureKind::NotSent);
    let mut run = restored(&run);
    let exhausted = run.fail(FailureKind::NotSent).error();
    assert!(
        matches!(exhausted, JobError::Exhausted { attempts: 3, .. }),
        "{exhausted:?}"
    );

    let mut run = support::Run::new(submit(options()));
    run.fail(FailureKind::Interrupted);
    for last in [FailureKind::Interrupted, FailureKind::Source] {
        let unknown = restored(&run).fail(last).error().to_string();
        assert!(
            unknown.starts_with("it is unknown whether the document"),
            "{unknown}"
        );
    }
}

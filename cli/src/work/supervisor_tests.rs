//! The supervisor in virtual time, with the emulator as the service.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use typless::drive::Clock;
use typless::machine::{
    Batch, BatchEventKind, BatchOptions, Failure, FailureKind, JobError, JobEventKind, Machine,
    Output, PauseReason, Purpose, RequestId, Ticket, Time,
};
use typless::wire::{Api, Document};
use typless_emulator::{Fault, Faults, InProcess, Service, ServiceOptions};
use typless_transports::ManualClock;
use typless_transports::blocking::Driver;

use super::{Ending, Recorded, Rules, Supervisor};

const START: Time = Time::from_unix_seconds(1_700_000_000);
const HOUR: Duration = Duration::from_secs(3600);

/// What became of the documents, by status, and what paused.
#[derive(Debug, Default)]
struct Run {
    outcomes: BTreeMap<&'static str, usize>,
    paused: Vec<PauseReason>,
    resumed: Vec<PauseReason>,
    took: Duration,
}

impl Run {
    fn take(&mut self, event: BatchEventKind) {
        match event {
            BatchEventKind::Paused(pause) => self.paused.push(pause.reason),
            BatchEventKind::Resumed { reason, .. } => self.resumed.push(reason),
            BatchEventKind::Job {
                event: JobEventKind::Finished(outcome),
                ..
            } => *self.outcomes.entry(status(&outcome)).or_default() += 1,
            _ => {}
        }
    }
}

fn status<T>(outcome: &Result<T, JobError>) -> &'static str {
    match outcome {
        // The emulator cannot read these documents.
        Ok(_) | Err(JobError::Failed { .. }) => "result",
        Err(JobError::Deadline { .. }) => "deadline",
        Err(JobError::Exhausted { .. }) => "not submitted",
        Err(JobError::SubmitUnknown { .. }) => "unknown",
        Err(JobError::Refused { ticket: None, .. }) => "refused",
        Err(JobError::Refused { .. }) => "refused with ticket",
        Err(JobError::Abandoned { ticket: None }) => "left",
        Err(JobError::Abandoned { .. }) => "left with ticket",
        Err(_) => "other",
    }
}

fn with_deadline(seconds: u64) -> Rules {
    Rules {
        deadline: Some(Duration::from_secs(seconds)),
        needs_connection: true,
        ..Rules::default()
    }
}

/// A supervisor of so many documents.
fn supervisor(documents: usize, rules: Rules) -> Supervisor {
    supervisor_at(documents, rules, START)
}

fn supervisor_at(documents: usize, rules: Rules, now: Time) -> Supervisor {
    let api = Api::new("http://localhost", "key").unwrap();
    let options = BatchOptions::new()
        .with_deadline(100 * HOUR)
        .with_max_submits(3);
    let mut supervisor = Supervisor::new(Recorded::new(Batch::new(&api, options, now)), rules, now);
    for index in 0..documents {
        let name = format!("{index}.pdf");
        let document = Document::new(&name, "line-item-invoice", &b"no PDF"[..]).unwrap();
        supervisor.add(document, now).unwrap();
    }
    supervisor.close();
    supervisor
}

/// Follows so many documents at a service that takes this long, after `prepare`.
fn run(
    documents: usize,
    rules: Rules,
    pace: Duration,
    prepare: impl FnOnce(&mut Service),
) -> (Run, Option<Ending>) {
    let clock = ManualClock::new(START);
    let options = ServiceOptions::new()
        .with_pace(pace)
        .with_faults(Faults::default().with_retry_after(HOUR));
    let transport = InProcess::new(Service::new(options), clock.clone());
    transport.with_service(prepare);
    let supervisor = supervisor(documents, rules);
    let mut driver = Driver::new(supervisor, transport, clock.clone());
    let mut run = Run::default();
    while let Some(event) = driver.next_event().unwrap() {
        run.take(event.kind);
    }
    run.took = clock.now().saturating_since(START);
    (run, driver.machine().ending().cloned())
}

#[test]
fn neither_a_pause_nor_the_wait_for_a_turn_uses_up_a_deadline() {
    let second = Duration::from_secs(1);
    let (run, ending) = run(200, with_deadline(10), second, |service| {
        service.fail_next(1, Fault::TooManyRequests);
    });
    assert_eq!(run.outcomes, BTreeMap::from([("result", 200)]));
    assert!(run.took > HOUR && ending.is_none(), "{run:?}");
    assert_eq!(
        (run.paused, run.resumed),
        (vec![PauseReason::Throttled], vec![PauseReason::Throttled])
    );
}

#[test]
fn an_outage_uses_up_no_deadline_and_its_end_is_reported() {
    let clock = ManualClock::new(START);
    for fault in [Fault::Unavailable, Fault::Portal, Fault::Unreachable] {
        let options = ServiceOptions::new().with_pace(Duration::from_secs(20));
        let transport = InProcess::new(Service::new(options), clock.clone());
        let mut driver = Driver::new(
            supervisor_at(40, with_deadline(60), clock.now()),
            transport.clone(),
            clock.clone(),
        );
        let (mut run, mut submitted) = (Run::default(), 0);
        while let Some(event) = driver.next_event().unwrap() {
            if let BatchEventKind::Job {
                event: JobEventKind::Submitted(_),
                ..
            } = &event.kind
            {
                submitted += 1;
                if submitted == 10 {
                    let until = clock.now() + HOUR;
                    transport.with_service(|service| service.fail_until(until, fault));
                }
            }
            run.take(event.kind);
        }
        let unknown = run.outcomes.remove("unknown").unwrap_or_default();
        assert!(unknown <= 3, "{fault:?}: {unknown}");
        assert_eq!(run.outcomes, BTreeMap::from([("result", 40 - unknown)]));
        assert_eq!(run.paused.len(), run.resumed.len(), "{fault:?}");
        assert!(run.paused.contains(&PauseReason::Outage), "{fault:?}");
    }
}

#[test]
fn a_deadline_at_a_service_that_works_is_that_long() {
    let (run, _) = run(3, with_deadline(10), HOUR, |_| {});
    assert_eq!(run.outcomes, BTreeMap::from([("deadline", 3)]));
    let seconds = run.took.as_secs();
    assert!((10..20).contains(&seconds), "{seconds}");
}

#[test]
fn giving_up_ends_the_call_in_a_pause_too() {
    let rules = Rules {
        give_up_at: Some(START + 60 * Duration::from_secs(1)),
        ..with_deadline(1000)
    };
    let (run, ending) = run(20, rules, Duration::ZERO, |service| {
        service.fail_next(1, Fault::TooManyRequests);
    });
    assert_eq!(run.outcomes, BTreeMap::from([("left", 20)]));
    assert_eq!(run.took.as_secs(), 60);
    assert!(matches!(ending, Some(Ending::GivenUp)));
}

#[test]
fn a_service_that_cannot_be_reached_ends_the_call_within_30_s() {
    for documents in [1, 2, 40] {
        let (run, ending) = run(documents, with_deadline(600), HOUR, |service| {
            service.fail_until(START + HOUR, Fault::Unreachable);
        });
        assert_eq!(run.outcomes, BTreeMap::from([("not submitted", documents)]));
        assert!((5..30).contains(&run.took.as_secs()), "{run:?}");
        assert!(matches!(ending, Some(Ending::Unreachable(_))));
        assert!(run.paused.is_empty(), "{run:?}");
    }
}

#[test]
fn one_that_can_be_reached_after_two_seconds_ends_nothing() {
    let (run, ending) = run(40, with_deadline(600), Duration::ZERO, |service| {
        service.fail_until(START + Duration::from_secs(2), Fault::Unreachable);
    });
    assert_eq!(run.outcomes, BTreeMap::from([("result", 40)]));
    assert!(ending.is_none());
}

#[test]
fn a_key_that_was_never_accepted_ends_the_call() {
    let (run, ending) = run(40, with_deadline(600), HOUR, |service| {
        service.fail_until(START + HOUR, Fault::Unauthorized);
    });
    assert_eq!(run.outcomes, BTreeMap::from([("refused", 40)]));
    assert!(matches!(ending, Some(Ending::KeyRefused(_))));
    assert!(run.took.as_secs() < 5 && run.paused.is_empty(), "{run:?}");
}

/// Pulls requests until there are so many, without responding.
fn pull(supervisor: &mut Supervisor, count: usize, run: &mut Run) -> Vec<RequestId> {
    let mut ids = Vec::new();
    while ids.len() < count {
        match supervisor.next_output(START) {
            Output::Send(transmit) => ids.push(transmit.id),
            Output::Event(event) => run.take(event.kind),
            _ => panic!("{} of {count} requests", ids.len()),
        }
    }
    ids
}

/// Takes all events there are now; returns whether it is done.
fn drain(supervisor: &mut Supervisor, run: &mut Run) -> bool {
    loop {
        match supervisor.next_output(START) {
            Output::Event(event) => run.take(event.kind),
            Output::Send(_) => {}
            Output::Wait(_) | Output::NeedInput => return false,
            Output::Done => return true,
        }
    }
}

fn refused() -> Response<Bytes> {
    let body = r#"{"code": "unauthorized", "message": "no", "details": []}"#;
    let mut response = Response::new(Bytes::from_static(body.as_bytes()));
    *response.status_mut() = http::StatusCode::UNAUTHORIZED;
    response
}

fn accepted() -> Response<Bytes> {
    Response::new(Bytes::from_static(br#"{"extraction_id": "0d14338251a6"}"#))
}

fn lost() -> Failure {
    Failure::new(FailureKind::Interrupted, "the connection broke")
}

#[test]
fn a_refused_key_tells_no_document_in_flight_that_it_was_refused() {
    let (mut supervisor, mut run) = (supervisor(20, with_deadline(600)), Run::default());
    let ids = pull(&mut supervisor, 3, &mut run);
    supervisor.handle_response(ids[0], refused(), START);
    assert!(!drain(&mut supervisor, &mut run) && run.outcomes.is_empty());
    supervisor.handle_failure(ids[1], lost(), START);
    assert!(!drain(&mut supervisor, &mut run));
    assert_eq!(run.outcomes, BTreeMap::from([("unknown", 1)]));
    supervisor.handle_failure(ids[2], lost(), START);
    assert!(drain(&mut supervisor, &mut run));
    assert_eq!(
        run.outcomes,
        BTreeMap::from([("refused", 18), ("unknown", 2)])
    );
    assert!(matches!(supervisor.ending(), Some(Ending::KeyRefused(_))));
}

#[test]
fn a_key_that_was_accepted_meanwhile_pauses() {
    let (mut supervisor, mut run) = (supervisor(20, with_deadline(600)), Run::default());
    let ids = pull(&mut supervisor, 3, &mut run);
    supervisor.handle_response(ids[0], refused(), START);
    assert!(!drain(&mut supervisor, &mut run) && run.paused.is_empty());
    supervisor.handle_response(ids[1], accepted(), START);
    assert!(!drain(&mut supervisor, &mut run));
    assert_eq!(run.paused, [PauseReason::KeyRefused]);
    assert!(supervisor.ending().is_none() && run.outcomes.is_empty());
}

#[test]
fn an_unreachable_service_tells_no_document_in_flight_that_it_was_not_submitted() {
    for is_accepted in [false, true] {
        let (mut supervisor, mut run) = (supervisor(20, with_deadline(600)), Run::default());
        let ids = pull(&mut supervisor, 3, &mut run);
        let unsent = || Failure::new(FailureKind::NotSent, "there is no connection");
        supervisor.handle_failure(ids[1], unsent(), START);
        supervisor.handle_failure(ids[2], unsent(), START);
        let mut now = START;
        while supervisor.ending().is_none() {
            match supervisor.next_output(now) {
                Output::Send(transmit) => supervisor.handle_failure(transmit.id, unsent(), now),
                Output::Event(event) => run.take(event.kind),
                Output::Wait(until) => now = until,
                Output::NeedInput | Output::Done => panic!("it has not ended"),
            }
        }
        if is_accepted {
            supervisor.handle_response(ids[0], accepted(), now);
        } else {
            supervisor.handle_failure(ids[0], lost(), now);
        }
        assert!(drain(&mut supervisor, &mut run));
        let known = if is_accepted {
            "left with ticket"
        } else {
            "unknown"
        };
        assert_eq!(
            run.outcomes,
            BTreeMap::from([("not submitted", 19), (known, 1)])
        );
    }
}

#[test]
fn an_interruption_tells_what_is_known_of_each() {
    let (mut supervisor, mut run) = (supervisor(20, with_deadline(600)), Run::default());
    let ids = pull(&mut supervisor, 3, &mut run);
    supervisor.interrupt(START);
    assert!(!drain(&mut supervisor, &mut run));
    assert_eq!(run.outcomes, BTreeMap::from([("left", 17)]));
    supervisor.handle_response(ids[0], accepted(), START);
    supervisor.handle_failure(ids[1], lost(), START);
    let unsent = Failure::new(FailureKind::NotSent, "there is no connection");
    supervisor.handle_failure(ids[2], unsent, START);
    assert!(drain(&mut supervisor, &mut run));
    assert_eq!(
        run.outcomes,
        BTreeMap::from([("left", 18), ("left with ticket", 1), ("unknown", 1)])
    );
}

/// Polls a document that was submitted, and returns the request that is out and when it left.
fn poll(supervisor: &mut Supervisor) -> (RequestId, Time) {
    let id = "0d14338251a6".parse().unwrap();
    supervisor
        .resume(&Ticket::new(id, START, START + HOUR), START)
        .unwrap();
    let mut now = START;
    loop {
        match supervisor.next_output(now) {
            Output::Send(transmit) if transmit.purpose == Purpose::Poll => {
                return (transmit.id, now);
            }
            Output::Wait(until) => now = until,
            _ => {}
        }
    }
}

#[test]
fn an_interruption_waits_a_second_for_a_poll_and_a_stop_does_not() {
    type End = fn(&mut Supervisor, Time);
    let result = br#"{"status": "SUCCESS", "result": {"object_id": "1", "extracted_fields": []}}"#;
    let cases: [(End, bool, &str, u64); 3] = [
        (Supervisor::interrupt, true, "result", 0),
        (Supervisor::interrupt, false, "left with ticket", 1),
        (Supervisor::stop, false, "left with ticket", 0),
    ];
    for (end, is_received, expected, seconds) in cases {
        let api = Api::new("http://localhost", "key").unwrap();
        let options = BatchOptions::new().without_queue();
        let rules = Rules::default();
        let mut supervisor = Supervisor::new(
            Recorded::new(Batch::new(&api, options, START)),
            rules,
            START,
        );
        let (poll, interrupted_at) = poll(&mut supervisor);
        end(&mut supervisor, interrupted_at);
        if is_received {
            let response = Response::new(Bytes::from_static(result));
            supervisor.handle_response(poll, response, interrupted_at);
        }
        let (mut run, mut now) = (Run::default(), interrupted_at);
        loop {
            match supervisor.next_output(now) {
                Output::Event(event) => run.take(event.kind),
                Output::Wait(until) => now = until,
                Output::Done => break,
                Output::Send(_) | Output::NeedInput => panic!("nothing is sent any more"),
            }
        }
        assert_eq!(run.outcomes, BTreeMap::from([(expected, 1)]));
        let waited = now.saturating_since(interrupted_at);
        assert_eq!(waited, Duration::from_secs(seconds), "{expected}");
    }
}

#[test]
fn a_deadline_that_passes_while_a_submit_is_in_flight_is_decided_by_its_response() {
    let (mut supervisor, mut run) = (supervisor(3, with_deadline(10)), Run::default());
    let ids = pull(&mut supervisor, 3, &mut run);
    let later = START + Duration::from_secs(11);
    assert!(matches!(supervisor.next_output(later), Output::Wait(_)));
    supervisor.handle_response(ids[0], accepted(), later);
    supervisor.handle_failure(ids[1], lost(), later);
    let unsent = Failure::new(FailureKind::NotSent, "there is no connection");
    supervisor.handle_failure(ids[2], unsent, later);
    assert!(drain(&mut supervisor, &mut run));
    assert_eq!(
        run.outcomes,
        BTreeMap::from([("deadline", 1), ("not submitted", 1), ("unknown", 1)])
    );
}

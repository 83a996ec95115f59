//! Everything that may go wrong with an exchange, without a network.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use http::StatusCode;
use typless::drive::{BlockingTransport, Clock};
use typless::machine::{
    FailureKind, Job, JobError, JobEventKind, JobOptions, Limits, Machine, Output, Time,
};
use typless::wire::{AwaitingRequest, Document, Extraction, SubmitRequest, SubmitResponse};
use typless_emulator::{Delivery, Fault, Faults, InProcess, Service, ServiceOptions};

use crate::support::{INVOICE, START, api, document, send, send_and_decode};

const MINUTE: Duration = Duration::from_secs(60);

/// A clock that is moved by hand.
#[derive(Clone, Default)]
struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    fn move_to(&self, time: Time) {
        self.0
            .store(time.since_epoch().as_nanos() as u64, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        Time::from_unix(Duration::from_nanos(self.0.load(Ordering::SeqCst)))
    }
}

fn emulator(options: ServiceOptions) -> InProcess<ManualClock> {
    InProcess::new(Service::new(options), ManualClock::default())
}

/// What a client learns of a submit: the status and whether there is an id, or how the exchange
/// failed.
fn learned(emulator: &InProcess<ManualClock>) -> Result<(u16, bool), FailureKind> {
    let response = emulator.send(
        SubmitRequest::new(document(INVOICE)).request(&api()),
        Limits::default(),
    );
    response
        .map(|response| {
            (
                response.status().as_u16(),
                SubmitResponse::decode(&response).is_ok(),
            )
        })
        .map_err(|failure| failure.kind())
}

#[test]
fn each_fault_is_seen_as_documented_and_is_processed_or_not() {
    for (fault, seen) in [
        (Fault::TooManyRequests, Ok((429, false))),
        (Fault::Unavailable, Ok((503, false))),
        (Fault::RequestTimeout, Ok((408, false))),
        (Fault::InternalError, Ok((500, false))),
        (Fault::BadGateway, Ok((502, false))),
        (Fault::GatewayTimeout, Ok((504, false))),
        (Fault::Portal, Ok((200, false))),
        (Fault::Unauthorized, Ok((401, false))),
        (Fault::Unreachable, Err(FailureKind::NotSent)),
        (Fault::Dropped, Err(FailureKind::Interrupted)),
        (Fault::ResponseLost, Err(FailureKind::Interrupted)),
        (Fault::ResponseCut, Err(FailureKind::Interrupted)),
        (Fault::ResponseStalled, Err(FailureKind::Interrupted)),
        (Fault::ResponseDelayed, Ok((202, true))),
        (Fault::ResponseHalved, Ok((202, false))),
        (Fault::ResponseDoubled, Ok((202, false))),
    ] {
        let emulator = emulator(ServiceOptions::new());
        emulator.with_service(|service| service.fail_next(1, fault));
        assert_eq!(learned(&emulator), seen, "{fault:?}");
        let (accepted, happened) =
            emulator.with_service(|service| (service.accepted(), service.fault_count(fault)));
        assert_eq!(
            (accepted, happened),
            (usize::from(fault.is_processed()), 1),
            "{fault:?}"
        );
        assert_eq!(
            learned(&emulator),
            Ok((202, true)),
            "a fault requested once happens once"
        );
    }
}

#[test]
fn a_response_later_than_the_limit_does_not_arrive() {
    let emulator =
        emulator(ServiceOptions::new().with_faults(Faults::default().with_delay(MINUTE)));
    for (total, idle, arrives) in [
        (2 * MINUTE, 2 * MINUTE, true),
        (MINUTE, 2 * MINUTE, false),
        (2 * MINUTE, MINUTE, false),
    ] {
        emulator.with_service(|service| service.fail_next(1, Fault::ResponseDelayed));
        let mut limits = Limits::default();
        (limits.total, limits.idle) = (total, idle);
        assert_eq!(
            emulator
                .send(AwaitingRequest::new().request(&api()), limits)
                .is_ok(),
            arrives
        );
    }
}

#[test]
fn those_for_submits_leave_polls_alone() {
    let mut service = Service::default();
    service.fail_next_submits(1, Fault::Unavailable);
    service.fail_next(1, Fault::InternalError);
    assert_eq!(
        send(&mut service, &AwaitingRequest::new(), START).status(),
        500
    );
    assert_eq!(
        send(&mut service, &AwaitingRequest::new(), START).status(),
        200
    );
    let refused = send(&mut service, &SubmitRequest::new(document(INVOICE)), START);
    assert_eq!(
        (refused.status(), &refused.headers()["retry-after"]),
        (
            StatusCode::SERVICE_UNAVAILABLE,
            &"1".parse().expect("a value")
        )
    );
    assert_eq!(
        send(&mut service, &SubmitRequest::new(document(INVOICE)), START).status(),
        202
    );
    assert_eq!(
        [Fault::Unavailable, Fault::InternalError].map(|fault| service.fault_count(fault)),
        [1, 1]
    );
    assert_eq!(
        [Fault::Unavailable, Fault::InternalError].map(|fault| service.submit_fault_count(fault)),
        [1, 0]
    );
}

#[test]
fn a_key_is_refused_for_a_while() {
    let mut service = Service::default();
    service.fail_until(START + MINUTE, Fault::Unauthorized);
    let mut status = |now| {
        send(&mut service, &AwaitingRequest::new(), now)
            .status()
            .as_u16()
    };
    assert_eq!(
        [
            status(START),
            status(START + MINUTE / 2),
            status(START + MINUTE),
            status(START)
        ],
        [401, 401, 200, 200]
    );
    assert_eq!(service.counts().faults, 2);
}

#[test]
fn submits_can_fail_for_a_while_when_all_else_works() {
    let mut service = Service::default();
    service.fail_submits_until(START + MINUTE, Fault::BadGateway);
    let submit = |service: &mut Service, now| {
        let request = SubmitRequest::new(document(INVOICE));
        send(service, &request, now).status().as_u16()
    };
    assert_eq!(submit(&mut service, START), 502);
    let listed = send(&mut service, &AwaitingRequest::new(), START);
    assert_eq!(listed.status(), 200);
    assert_eq!(submit(&mut service, START + MINUTE / 2), 502);
    assert_eq!(submit(&mut service, START + MINUTE), 202);
    assert_eq!(service.submit_fault_count(Fault::BadGateway), 2);
    assert_eq!(service.counts().faults, 2);
}

#[test]
fn for_a_lost_response_a_gateway_responds() {
    let mut service = Service::default();
    for (fault, status) in [
        (Fault::Unreachable, 502),
        (Fault::Dropped, 502),
        (Fault::ResponseLost, 504),
        (Fault::ResponseCut, 504),
    ] {
        service.fail_next(1, fault);
        assert_eq!(
            send(&mut service, &AwaitingRequest::new(), START).status(),
            status,
            "{fault:?}"
        );
    }
    let (head, body) = AwaitingRequest::new().request(&api()).into_parts();
    let request = http::Request::from_parts(head, body.to_bytes().expect("a body"));
    service.fail_next(1, Fault::ResponseLost);
    assert!(matches!(
        service.exchange(request, START),
        Delivery::Lost { processed: true }
    ));
}

#[test]
fn at_random_every_usual_fault_happens_and_the_same_for_the_same_seed() {
    let statuses = |seed| {
        let mut service = Service::new(
            ServiceOptions::new()
                .with_seed(seed)
                .with_faults(Faults::new(0.5)),
        );
        let statuses: Vec<u16> = (0..1000)
            .map(|_| {
                send(&mut service, &AwaitingRequest::new(), START)
                    .status()
                    .as_u16()
            })
            .collect();
        let faults = service.counts().faults;
        assert!((450..550).contains(&faults), "{faults}");
        let each = Fault::USUAL.map(|fault| service.fault_count(fault));
        assert!(
            each.iter().all(|count| *count > 10) && each.iter().sum::<usize>() == faults,
            "{each:?}"
        );
        assert_eq!(service.fault_count(Fault::Unauthorized), 0);
        statuses
    };
    assert_eq!(statuses(1), statuses(1));
    assert_ne!(statuses(1), statuses(2));
}

#[test]
fn only_those_that_are_chosen_happen() {
    let faults = Faults::new(1.0).with_kinds([Fault::RequestTimeout]);
    let mut service = Service::new(ServiceOptions::new().with_faults(faults));
    assert_eq!(
        send(&mut service, &AwaitingRequest::new(), START).status(),
        408
    );
    let mut service =
        Service::new(ServiceOptions::new().with_faults(Faults::new(1.0).with_kinds([])));
    assert!(send_and_decode(&mut service, &AwaitingRequest::new(), START).is_ok());
}

#[test]
fn threads_share_one_service_and_it_counts_them() {
    const THREADS: usize = 4;
    let emulator = emulator(ServiceOptions::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let emulator = emulator.clone();
            scope.spawn(move || {
                (0..10).for_each(|_| assert_eq!(learned(&emulator), Ok((202, true))));
            });
        }
    });
    let counts = emulator.with_service(|service| service.counts());
    assert_eq!(
        (counts.requests, counts.submits),
        (10 * THREADS, 10 * THREADS)
    );
    assert!(
        (1..=THREADS).contains(&counts.max_in_flight)
            && counts.max_submits_in_flight == counts.max_in_flight,
        "{counts:?}"
    );
}

/// The loop of every driver, with a clock that jumps.
fn follow(
    emulator: &InProcess<ManualClock>,
    document: Document,
    seed: u64,
) -> Result<Extraction, JobError> {
    let now = || emulator.clock().now();
    let mut job = Job::submit(
        &api(),
        document,
        JobOptions::default().with_seed(seed),
        now(),
    );
    loop {
        match job.next_output(now()) {
            Output::Send(transmit) => match emulator.send(transmit.request, transmit.limits) {
                Ok(response) => job.handle_response(transmit.id, response, now()),
                Err(failure) => job.handle_failure(transmit.id, failure, now()),
            },
            Output::Event(event) => {
                if let JobEventKind::Finished(outcome) = event.kind {
                    return outcome;
                }
            }
            Output::Wait(until) => emulator.clock().move_to(until),
            Output::NeedInput | Output::Done => panic!("it ends with an event"),
        }
    }
}

#[test]
fn with_many_faults_no_document_is_paid_for_twice_and_none_is_lost() {
    const DOCUMENTS: u64 = 100;
    let emulator = emulator(
        ServiceOptions::new()
            .with_pace(MINUTE)
            .with_faults(Faults::new(0.3)),
    );
    let (mut succeeded, mut unknown) = (0, 0);
    for index in 0..DOCUMENTS {
        let document = Document::new(&format!("{index}.pdf"), "line-item-invoice", INVOICE)
            .expect("a document");
        match follow(&emulator, document, index) {
            Ok(_) => succeeded += 1,
            Err(JobError::SubmitUnknown { .. }) => unknown += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(succeeded > 60 && unknown > 0, "{succeeded} {unknown}");
    emulator.with_service(|service| {
        assert_eq!(service.accepted_repeatedly().next(), None);
        assert!((succeeded..=succeeded + unknown).contains(&service.accepted()));
        let of_each: usize = (0..DOCUMENTS)
            .map(|index| service.accepted_named(&format!("{index}.pdf")))
            .sum();
        assert_eq!(
            (of_each, service.accepted_named("no such.pdf")),
            (service.accepted(), 0)
        );
    });
}

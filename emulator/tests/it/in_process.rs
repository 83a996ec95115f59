//! The service as a transport, with a clock of the test.

use std::future::Future;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use typless::drive::{AsyncTransport, BlockingTransport, Clock};
use typless::machine::{
    FailureKind, Job, JobError, JobEventKind, JobOptions, Limits, Machine, Output, Ticket, Time,
};
use typless::wire::{
    Api, Document, DocumentSource, Extraction, ExtractionId, Notification, SourceError,
    StatusRequest, SubmitRequest,
};
use typless_emulator::{InProcess, Service, ServiceOptions, WebhookOptions};

use crate::support::INVOICE;

/// Stands still until it is moved.
struct VirtualClock(Mutex<Time>);

impl VirtualClock {
    fn move_to(&self, time: Time) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = time;
    }
}

impl Clone for VirtualClock {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.now()))
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Time {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn emulator(options: ServiceOptions) -> InProcess<VirtualClock> {
    InProcess::new(
        Service::new(options),
        VirtualClock(Mutex::new(Time::from_unix_seconds(1_700_000_000))),
    )
}

fn api() -> Api {
    Api::new("http://localhost", "key").expect("an address and a key")
}

fn document(content: &[u8]) -> Document {
    Document::new("invoice.pdf", "line-item-invoice", content.to_vec()).expect("a document")
}

/// The loop of every driver, with a clock that jumps.
fn follow(
    job: &mut Job,
    emulator: &InProcess<VirtualClock>,
) -> (Option<Ticket>, Result<Extraction, JobError>) {
    let (now, mut ticket) = (|| emulator.clock().now(), None);
    loop {
        match job.next_output(now()) {
            Output::Send(transmit) => {
                match BlockingTransport::send(emulator, transmit.request, transmit.limits) {
                    Ok(response) => job.handle_response(transmit.id, response, now()),
                    Err(failure) => job.handle_failure(transmit.id, failure, now()),
                }
            }
            Output::Event(event) => match event.kind {
                JobEventKind::Submitted(submitted) => ticket = Some(submitted),
                JobEventKind::Finished(outcome) => return (ticket, outcome),
                _ => {}
            },
            Output::Wait(until) => emulator.clock().move_to(until),
            Output::NeedInput | Output::Done => panic!("it ends with an event"),
        }
    }
}

#[test]
fn a_job_is_followed_to_its_result() {
    let emulator = emulator(ServiceOptions::new().with_pace(Duration::from_secs(7200)));
    let start = emulator.clock().now();
    let mut job = Job::submit(&api(), document(INVOICE), JobOptions::default(), start);
    let (_, outcome) = follow(&mut job, &emulator);
    let extraction = outcome.expect("a result");
    assert_eq!(extraction.file_name(), Some("invoice.pdf"));
    assert_eq!(extraction.text("invoice_number"), Some("LPW-2026-0417"));
    assert!(emulator.clock().now() >= start + Duration::from_secs(7200));
    assert_eq!(emulator.with_service(|service| service.accepted()), 1);
}

#[test]
fn a_message_brings_the_result_the_moment_it_is_there() {
    let webhook = WebhookOptions::new("http://localhost/hook").expect("an address");
    let pace = Duration::from_secs(7201);
    let emulator = emulator(ServiceOptions::new().with_pace(pace).with_webhook(webhook));
    let now = || emulator.clock().now();
    let start = now();
    let mut job = Job::submit(&api(), document(INVOICE), JobOptions::default(), start);
    let outcome = loop {
        while let Some(message) = emulator.next_webhook() {
            job.handle_notification(
                &Notification::decode(message.body()).expect("a message"),
                now(),
            );
        }
        match job.next_output(now()) {
            Output::Send(transmit) => {
                match BlockingTransport::send(&emulator, transmit.request, transmit.limits) {
                    Ok(response) => job.handle_response(transmit.id, response, now()),
                    Err(failure) => job.handle_failure(transmit.id, failure, now()),
                }
            }
            Output::Event(event) => match event.kind {
                JobEventKind::Finished(outcome) => break outcome,
                _ => continue,
            },
            Output::Wait(until) => {
                let message_at = emulator
                    .with_service(|service| service.next_webhook_at())
                    .unwrap_or(Time::MAX);
                emulator.clock().move_to(until.min(message_at));
            }
            Output::NeedInput | Output::Done => panic!("it ends with an event"),
        }
    };
    assert!(outcome.is_ok());
    assert_eq!(
        now(),
        start + pace,
        "without the message, the next poll would be minutes later"
    );
}

#[test]
fn a_job_whose_document_cannot_be_read_fails() {
    let emulator = emulator(ServiceOptions::new());
    let mut job = Job::submit(
        &api(),
        document(b"no PDF"),
        JobOptions::default(),
        emulator.clock().now(),
    );
    let (_, outcome) = follow(&mut job, &emulator);
    let error = outcome.expect_err("no result");
    assert_eq!(
        error.service_error().and_then(|error| error.code()),
        Some("invalid_file")
    );
}

#[test]
fn a_job_resumed_too_late_has_expired() {
    let emulator = emulator(ServiceOptions::new());
    let mut job = Job::submit(
        &api(),
        document(INVOICE),
        JobOptions::default(),
        emulator.clock().now(),
    );
    let (ticket, outcome) = follow(&mut job, &emulator);
    assert!(outcome.is_ok());
    let ticket = ticket.expect("a ticket");
    emulator
        .clock()
        .move_to(emulator.clock().now() + ServiceOptions::DEFAULT_RETENTION);
    let mut job = Job::resume(
        &api(),
        &ticket,
        JobOptions::default(),
        emulator.clock().now(),
    );
    let (_, outcome) = follow(&mut job, &emulator);
    assert!(
        matches!(outcome, Err(JobError::Expired { .. })),
        "{outcome:?}"
    );
}

#[test]
fn it_is_an_asynchronous_transport_too() {
    let emulator = emulator(ServiceOptions::new());
    let request = SubmitRequest::new(document(INVOICE)).request(&api());
    let sending = pin!(AsyncTransport::send(&emulator, request, Limits::default()));
    let Poll::Ready(Ok(response)) = sending.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it needs no runtime")
    };
    assert_eq!(response.status(), 202);
}

#[test]
fn both_kinds_of_drivers_can_share_it() {
    fn is_shared<T: AsyncTransport + BlockingTransport + Clone + Send + Sync + 'static>(_: &T) {}
    let emulator = emulator(ServiceOptions::new());
    is_shared(&emulator);
    let other = emulator.clone();
    let request = SubmitRequest::new(document(INVOICE)).request(&api());
    assert!(BlockingTransport::send(&other, request, Limits::default()).is_ok());
    assert_eq!(emulator.with_service(|service| service.accepted()), 1);
}

#[test]
fn a_response_longer_than_the_limit_is_too_large() {
    let emulator = emulator(ServiceOptions::new());
    let poll = || StatusRequest::new(ExtractionId::new("0").expect("an id")).request(&api());
    let mut limits = Limits::default();
    let length = BlockingTransport::send(&emulator, poll(), limits)
        .expect("a response")
        .body()
        .len() as u64;
    limits.response_bytes = length;
    assert!(BlockingTransport::send(&emulator, poll(), limits).is_ok());
    limits.response_bytes = length - 1;
    let failure = BlockingTransport::send(&emulator, poll(), limits).expect_err("too large");
    assert_eq!(failure.kind(), FailureKind::TooLarge);
}

#[test]
fn a_source_that_fails_is_reported_and_nothing_is_submitted() {
    struct Unreadable;
    impl DocumentSource for Unreadable {
        fn len(&self) -> u64 {
            7
        }
        fn open(&self) -> io::Result<Box<dyn Read + Send>> {
            Err(io::ErrorKind::PermissionDenied.into())
        }
    }
    let emulator = emulator(ServiceOptions::new());
    let document =
        Document::from_source("invoice.pdf", "line-item-invoice", Unreadable).expect("a document");
    let failure = BlockingTransport::send(
        &emulator,
        SubmitRequest::new(document).request(&api()),
        Limits::default(),
    )
    .expect_err("unreadable");
    assert_eq!(failure.kind(), FailureKind::Source);
    assert!(SourceError::find_in(failure.cause()).is_some());
    assert_eq!(emulator.with_service(|service| service.accepted()), 0);
}

#[test]
fn a_panic_of_the_test_with_the_service_does_not_spread() {
    let emulator = emulator(ServiceOptions::new());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        emulator.with_service(|_| panic!("the test's own"))
    }));
    assert!(panicked.is_err());
    assert_eq!(emulator.with_service(|service| service.accepted()), 0);
}

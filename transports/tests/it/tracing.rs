//! Spans show what was called and how it ended, and no secrets.

use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use typless::drive::Clock;
use typless::machine::{
    Batch, BatchEvent, BatchEventKind, BatchOptions, Job, JobEventKind, JobOptions, Limits,
    PollPolicy,
};
use typless::wire::Document;
use typless_transports::{ManualClock, trace_progress};

use crate::support::{Service, api};

/// Collects everything that it receives, as text.
#[derive(Clone, Default)]
struct Collector {
    text: Arc<Mutex<String>>,
    next: Arc<AtomicU64>,
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("typless")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.next.fetch_add(1, Ordering::SeqCst) + 1;
        let mut text = self.text.lock().unwrap();
        let parent = span.parent().map_or(0, Id::into_u64);
        write!(text, "\nspan {id} in {parent} {}", span.metadata().name()).unwrap();
        span.record(&mut Fields(&mut text));
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut text = self.text.lock().unwrap();
        write!(text, "\nrecord {}", span.into_u64()).unwrap();
        values.record(&mut Fields(&mut text));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Fields(&mut self.text.lock().unwrap()));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn job(clock: &ManualClock) -> Job {
    let document = Document::new(
        "secret-name.pdf",
        "line-item-invoice",
        &b"secret content"[..],
    )
    .unwrap();
    let document = document
        .with_customer("secret customer")
        .unwrap()
        .with_reference("secret reference")
        .unwrap();
    let options = JobOptions::default().with_poll_policy(PollPolicy::eager());
    Job::submit(&api("http://127.0.0.1:9"), document, options, clock.now())
}

fn check(text: &str) {
    for expected in [
        "span 1 in 0 driver",
        "span 2 in 1 exchange",
        "id=1",
        r#"purpose="submit""#,
        r#"purpose="poll""#,
        "in_flight=0",
        r#"method="POST""#,
        r#"path="/api/extract-data-async""#,
        "record 2 status=200",
        "elapsed_ms=0",
        r#"method="GET""#,
        r#"path="/api/get-extraction-data""#,
    ] {
        assert!(text.contains(expected), "{expected} is missing:{text}");
    }
    let base64 = "c2VjcmV0IGNvbnRlbnQ";
    for secret in ["s3cret", "secret", base64, "0d14"] {
        assert!(!text.contains(secret), "{secret} is shown:{text}");
    }
}

#[test]
fn both_drivers_record_their_exchanges_without_secrets() {
    let (service, clock) = (Service::default(), ManualClock::default());
    let collector = Collector::default();
    tracing::subscriber::with_default(collector.clone(), || {
        typless_transports::blocking::Driver::new(job(&clock), &service, &clock)
            .finish()
            .unwrap()
            .unwrap();
    });
    check(&collector.text.lock().unwrap());

    let collector = Collector::default();
    tracing::subscriber::with_default(collector.clone(), || {
        smol::block_on(
            typless_transports::asynchronous::Driver::new(job(&clock), &service, &clock).finish(),
        )
        .unwrap()
        .unwrap();
    });
    check(&collector.text.lock().unwrap());
}

#[test]
fn a_failure_is_recorded_by_its_kind() {
    struct Broken;
    impl typless::drive::BlockingTransport for Broken {
        fn send(
            &self,
            _: http::Request<typless::wire::Body>,
            _: Limits,
        ) -> Result<http::Response<bytes::Bytes>, typless::machine::Failure> {
            Err(typless::machine::Failure::new(
                typless::machine::FailureKind::Interrupted,
                "a secret of the client",
            ))
        }
    }
    let (collector, clock) = (Collector::default(), ManualClock::default());
    tracing::subscriber::with_default(collector.clone(), || {
        typless_transports::blocking::Driver::new(job(&clock), Broken, &clock)
            .finish()
            .unwrap()
            .unwrap_err();
    });
    let text = collector.text.lock().unwrap();
    assert!(
        text.contains("failure=Interrupted") && !text.contains("secret"),
        "{text}"
    );
}

#[test]
fn the_progress_of_a_batch_is_an_event() {
    let (service, clock) = (Service::default(), ManualClock::default());
    let api = api("http://127.0.0.1:9");
    let mut batch = Batch::new(&api, BatchOptions::new(), clock.now());
    let document = Document::new("secret-name.pdf", "secret-type", &b"%PDF"[..]).unwrap();
    batch.add(document, clock.now()).unwrap();
    let mut driver = typless_transports::blocking::Driver::new(batch, &service, &clock);
    let is_submitted = |event: &BatchEvent| {
        matches!(
            event.kind,
            BatchEventKind::Job {
                event: JobEventKind::Submitted(_),
                ..
            }
        )
    };
    while !is_submitted(&driver.next_event().unwrap().unwrap()) {}
    let later = clock.now() + Duration::from_secs(3600);
    let collector = Collector::default();
    tracing::subscriber::with_default(collector.clone(), || {
        trace_progress(&driver.machine().progress(), later);
    });
    let text = collector.text.lock().unwrap();
    for expected in [
        "waiting=0",
        "submitted=1",
        "unknown=0",
        "oldest_age_s=3600",
        "next_expiry_in_s=169200",
    ] {
        assert!(text.contains(expected), "{expected} is missing:{text}");
    }
    assert!(
        !text.contains("secret") && !text.contains("paused"),
        "{text}"
    );
}

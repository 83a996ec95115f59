//! Messages about finished extractions, as the library and a receiver see them.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::Value;
use typless::machine::Time;
use typless::wire::{ExtractionId, Notification};
use typless_emulator::{Pace, Service, ServiceOptions, WebhookOptions};

use crate::support::{INVOICE, START, document, submit};

const MINUTE: Duration = Duration::from_secs(60);
const NO_PDF: &[u8] = b"no PDF";

fn webhook() -> WebhookOptions {
    WebhookOptions::new("http://127.0.0.1:8080/hook?secret=42").expect("an address")
}

fn service(webhook: WebhookOptions) -> Service {
    Service::new(
        ServiceOptions::new()
            .with_pace(MINUTE)
            .with_webhook(webhook),
    )
}

/// Submits this many documents, a second apart.
fn submit_many(service: &mut Service, count: u32) -> Vec<ExtractionId> {
    (0..count)
        .map(|index| {
            submit(
                service,
                document(NO_PDF),
                START + index * Duration::from_secs(1),
            )
        })
        .collect()
}

/// All messages, each when it is due.
fn messages(service: &mut Service) -> Vec<(Time, Request<Bytes>)> {
    let mut messages = Vec::new();
    while let Some(due) = service.next_webhook_at() {
        messages.push((due, service.next_webhook(due).expect("it is due")));
    }
    messages
}

fn id_of(message: &Request<Bytes>) -> ExtractionId {
    Notification::decode(message.body())
        .expect("a message")
        .extraction_id()
        .clone()
}

#[test]
fn a_message_is_the_vendors_sample_with_other_ids() {
    let mut service = service(webhook());
    let id = submit(&mut service, document(INVOICE), START);
    let finished = START + MINUTE;
    assert_eq!(service.next_webhook_at(), Some(finished));
    assert!(service.next_webhook(START).is_none());

    let message = service.next_webhook(finished).expect("it is due");
    assert_eq!(message.method(), Method::POST);
    assert_eq!(message.uri(), "http://127.0.0.1:8080/hook?secret=42");
    assert_eq!(message.headers()["content-type"], "application/json");
    assert_eq!(message.headers()["host"], "127.0.0.1:8080");
    let event_id = serde_json::from_slice::<Value>(message.body()).expect("JSON")["event_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    assert!(
        event_id.len() == 40 && event_id != id.as_str(),
        "{event_id}"
    );
    let expected = format!(
        concat!(
            r#"{{"event_id":"{}","event_time":"2023-11-14T22:14:20.000000","#,
            r#""data":{{"id":"{}","message":"Extraction process finished"}},"#,
            r#""type":"extraction.finished"}}"#
        ),
        event_id,
        id.as_str(),
    );
    assert_eq!(message.body(), expected.as_bytes());
    assert_eq!(id_of(&message), id);

    assert!(
        service.next_webhook(Time::MAX).is_none(),
        "there is one message for each"
    );
    assert_eq!(
        (service.next_webhook_at(), service.counts().webhooks),
        (None, 1)
    );
}

#[test]
fn failures_are_reported_unless_switched_off() {
    for (options, notified) in [(webhook(), 2), (webhook().without_failures(), 1)] {
        let mut service = service(options);
        submit(&mut service, document(INVOICE), START);
        submit(&mut service, document(NO_PDF), START);
        assert_eq!(messages(&mut service).len(), notified);
    }
}

#[test]
fn a_share_of_the_messages_is_lost() {
    let mut service = service(webhook().with_lost(0.25));
    submit_many(&mut service, 1000);
    let arrived = messages(&mut service).len();
    let counts = service.counts();
    assert!((700..800).contains(&arrived), "{arrived}");
    assert_eq!(
        (counts.webhooks, counts.webhooks_lost),
        (arrived, 1000 - arrived)
    );
}

#[test]
fn a_duplicate_reports_the_same_event_at_another_time() {
    let mut service = service(
        webhook()
            .with_duplicated(1.0)
            .with_delay(Pace::lognormal(MINUTE, 1.0)),
    );
    submit_many(&mut service, 10);
    let mut by_body: BTreeMap<Bytes, Vec<Time>> = BTreeMap::new();
    for (due, message) in messages(&mut service) {
        by_body.entry(message.into_body()).or_default().push(due);
    }
    assert_eq!(by_body.len(), 10);
    assert!(
        by_body
            .values()
            .all(|times| times.len() == 2 && times[0] < times[1]),
        "{by_body:?}"
    );
}

#[test]
fn messages_come_late_and_overtake_each_other() {
    let order = |options| {
        let mut service = service(options);
        let submitted = submit_many(&mut service, 100);
        let messages = messages(&mut service);
        let notified: Vec<_> = messages.iter().map(|(_, message)| id_of(message)).collect();
        (messages[0].0, notified == submitted, notified.len())
    };
    assert_eq!(order(webhook()), (START + MINUTE, true, 100));
    assert_eq!(
        order(webhook().with_delay(MINUTE)),
        (START + 2 * MINUTE, true, 100)
    );
    assert!(!order(webhook().with_held_back(0.5, MINUTE)).1);
    assert!(!order(webhook().with_delay(Pace::lognormal(MINUTE, 1.0))).1);
}

#[test]
fn one_seed_has_the_same_messages_and_another_has_others() {
    let bodies = |seed| {
        let options = webhook()
            .with_lost(0.2)
            .with_duplicated(0.2)
            .with_held_back(0.2, MINUTE);
        let mut service = Service::new(
            ServiceOptions::new()
                .with_pace(MINUTE)
                .with_seed(seed)
                .with_webhook(options),
        );
        submit_many(&mut service, 20);
        messages(&mut service)
            .into_iter()
            .map(|(due, message)| (due, message.into_body()))
            .collect::<Vec<_>>()
    };
    assert_eq!(bodies(1), bodies(1));
    assert_ne!(bodies(1), bodies(2));
}

#[test]
fn no_webhook_has_no_messages_and_no_influence_on_ids() {
    let mut without = Service::new(ServiceOptions::new().with_pace(MINUTE));
    let ids = submit_many(&mut without, 3);
    assert_eq!(
        (
            without.next_webhook_at(),
            without.next_webhook(Time::MAX).is_none()
        ),
        (None, true)
    );
    assert_eq!(submit_many(&mut service(webhook()), 3), ids);
}

#[test]
fn an_address_is_plain_http_and_kept_out_of_logs() {
    for wrong in [
        "",
        "https://example.com/",
        "127.0.0.1:80",
        "/hook",
        "http:///hook",
        "ftp://example.com",
        "http://exa mple.com",
    ] {
        let error = WebhookOptions::new(wrong).expect_err(wrong).to_string();
        assert!(error.contains("http://127.0.0.1:8080/path"), "{error}");
    }
    assert!(!format!("{:?}", webhook()).contains("secret"));
}

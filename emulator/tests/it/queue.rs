//! The queue of finished extractions, as the library sees it.

use std::slice;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use typless::machine::Time;
use typless::wire::{AwaitingRequest, ExtractionId, Status, StatusRequest};
use typless_emulator::{QueueAfterReading, QueueOptions, Service, ServiceOptions};

use crate::support::{INVOICE, START, document, send, send_and_decode, submit};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn service() -> Service {
    Service::new(ServiceOptions::new().with_pace(MINUTE))
}

fn listed(service: &mut Service, now: Time) -> Vec<ExtractionId> {
    send_and_decode(service, &AwaitingRequest::new(), now)
        .expect("a list")
        .into_extraction_ids()
}

#[test]
fn it_lists_what_has_finished_well_or_badly_and_not_expired_in_that_order() {
    let mut service = service();
    let good = submit(&mut service, document(INVOICE), START);
    let bad = submit(&mut service, document(b"no PDF at all"), START + MINUTE / 2);
    assert_eq!(listed(&mut service, START), []);
    assert_eq!(listed(&mut service, START + MINUTE), slice::from_ref(&good));
    assert_eq!(
        listed(&mut service, START + 2 * MINUTE),
        [good, bad.clone()]
    );
    assert_eq!(listed(&mut service, START + 48 * HOUR + MINUTE), [bad]);
    assert_eq!(listed(&mut service, START + 49 * HOUR), []);
}

#[test]
fn a_customer_has_a_queue_of_its_own_and_a_wrong_one_an_empty_queue() {
    let mut service = service();
    let acme = submit(
        &mut service,
        document(INVOICE)
            .with_customer("Acme & Söhne")
            .expect("a customer"),
        START,
    );
    let nobodys = submit(&mut service, document(INVOICE), START);
    let now = START + MINUTE;
    let mut of = |customer: &str| {
        let request = AwaitingRequest::new()
            .with_customer(customer)
            .expect("a customer");
        send_and_decode(&mut service, &request, now)
            .expect("a list")
            .into_extraction_ids()
    };
    assert_eq!(of("Acme & Söhne"), slice::from_ref(&acme));
    assert_eq!(of("acme & söhne"), []);
    assert_eq!(of("null"), []);
    let mut all = listed(&mut service, now);
    all.sort();
    let mut both = [acme, nobodys];
    both.sort();
    assert_eq!(all, both);
}

#[test]
fn a_read_result_leaves_the_queue_or_stays_as_is_chosen() {
    for (choice, left) in [
        (QueueAfterReading::Removed, 1),
        (QueueAfterReading::Kept, 2),
    ] {
        let mut service = Service::new(
            ServiceOptions::new()
                .with_pace(MINUTE)
                .with_queue_after_reading(choice),
        );
        let id = submit(&mut service, document(INVOICE), START);
        submit(&mut service, document(INVOICE), START);
        let poll = StatusRequest::new(id);
        // A poll before it has finished reads nothing.
        assert_eq!(
            send_and_decode(&mut service, &poll, START)
                .expect("a status")
                .status(),
            &Status::InProgress
        );
        assert_eq!(listed(&mut service, START + MINUTE).len(), 2);
        assert_eq!(
            send_and_decode(&mut service, &poll, START + MINUTE)
                .expect("a status")
                .status(),
            &Status::Success
        );
        assert_eq!(
            listed(&mut service, START + MINUTE).len(),
            left,
            "{choice:?}"
        );
        assert_eq!(
            send_and_decode(&mut service, &poll, START + MINUTE)
                .expect("still there")
                .status(),
            &Status::Success
        );
    }
}

#[test]
fn both_paths_lead_to_it_and_an_empty_customer_is_refused() {
    let mut service = service();
    let id = submit(
        &mut service,
        document(INVOICE)
            .with_customer("Acme Ltd")
            .expect("a customer"),
        START,
    );
    let mut get = |target: &str| {
        let request = http::Request::get(target)
            .header("authorization", "Token key")
            .body(Bytes::new())
            .expect("a request");
        let response = service.handle(request, START + MINUTE);
        (
            response.status().as_u16(),
            serde_json::from_slice::<Value>(response.body()).expect("JSON"),
        )
    };
    let expected = (200, json!({"extraction_ids": [id.as_str()]}));
    for target in [
        "/api/awaiting-poll",
        "/api/v1/awaiting-poll?customer=Acme+Ltd",
        "/api/awaiting-poll?customer=Acme%20Ltd",
    ] {
        assert_eq!(get(target), expected, "{target}");
    }
    for target in [
        "/api/awaiting-poll?customer=",
        "/api/v1/awaiting-poll?customer",
    ] {
        let (status, error) = get(target);
        assert_eq!(status, 422, "{target}");
        let violation = json!({
            "loc": ["query", "customer"],
            "msg": "String should have at least 1 character",
            "type": "string_too_short",
        });
        assert_eq!(error["details"], json!([violation]));
    }
    assert_eq!(
        send(&mut service, &AwaitingRequest::new(), Time::MAX)
            .body()
            .as_ref(),
        br#"{"extraction_ids":[]}"#
    );
}

fn service_with(queue: QueueOptions) -> Service {
    Service::new(ServiceOptions::new().with_pace(MINUTE).with_queue(queue))
}

#[test]
fn it_may_list_late() {
    let mut service = service_with(QueueOptions::new().with_delay(MINUTE));
    let id = submit(&mut service, document(INVOICE), START);
    assert_eq!(
        send_and_decode(
            &mut service,
            &StatusRequest::new(id.clone()),
            START + MINUTE / 2
        )
        .expect("a status")
        .status(),
        &Status::InProgress
    );
    assert_eq!(listed(&mut service, START + MINUTE), []);
    assert_eq!(listed(&mut service, START + 2 * MINUTE), [id]);
}

#[test]
fn it_may_forget_a_share_of_what_has_finished() {
    let mut service = service_with(QueueOptions::new().with_omitted(0.2));
    let ids: Vec<_> = (0..500)
        .map(|_| submit(&mut service, document(b"no PDF"), START))
        .collect();
    let listed = listed(&mut service, START + MINUTE);
    assert!((370..430).contains(&listed.len()), "{}", listed.len());
    let forgotten = ids
        .into_iter()
        .find(|id| !listed.contains(id))
        .expect("one that is forgotten");
    assert_eq!(
        send_and_decode(&mut service, &StatusRequest::new(forgotten), START + MINUTE)
            .expect("a status")
            .status(),
        &Status::Error
    );
}

#[test]
fn it_may_be_full_of_unknown_ids() {
    let mut service = service_with(QueueOptions::new().with_unknown_ids(1000));
    let strangers = listed(&mut service, START);
    assert_eq!(strangers.len(), 1000);
    let id = submit(
        &mut service,
        document(INVOICE).with_customer("Acme").expect("a customer"),
        START,
    );
    let all = listed(&mut service, START + MINUTE);
    assert_eq!(
        (&all[..1000], &all[1000..]),
        (&strangers[..], slice::from_ref(&id))
    );
    let of_acme = AwaitingRequest::new()
        .with_customer("Acme")
        .expect("a customer");
    assert_eq!(
        send_and_decode(&mut service, &of_acme, START + MINUTE)
            .expect("a list")
            .into_extraction_ids(),
        slice::from_ref(&id)
    );

    assert!(send_and_decode(&mut service, &StatusRequest::new(id), START + MINUTE).is_ok());
    assert_eq!(service.counts().unknown_polls, 0);
    assert_eq!(
        send(
            &mut service,
            &StatusRequest::new(all[7].clone()),
            START + MINUTE
        )
        .status(),
        404
    );
    assert_eq!(
        (service.counts().unknown_polls, service.counts().polls),
        (1, 2)
    );
}

#[test]
fn it_may_list_no_more_than_so_many() {
    let mut service = service_with(QueueOptions::new().with_max_ids(2));
    let ids: Vec<_> = (0..3)
        .map(|second| {
            submit(
                &mut service,
                document(INVOICE),
                START + Duration::from_secs(second),
            )
        })
        .collect();
    assert_eq!(listed(&mut service, START + HOUR), ids[..2]);
    assert!(
        send_and_decode(
            &mut service,
            &StatusRequest::new(ids[0].clone()),
            START + HOUR
        )
        .is_ok()
    );
    assert_eq!(listed(&mut service, START + HOUR), ids[1..]);
}

#[test]
fn polls_may_lag_behind_it() {
    let lag = Duration::from_secs(5);
    let mut service = Service::new(ServiceOptions::new().with_pace(MINUTE).with_lag(lag));
    let id = submit(&mut service, document(INVOICE), START);
    let poll = StatusRequest::new(id.clone());
    assert_eq!(send(&mut service, &poll, START + lag / 2).status(), 404);
    assert_eq!(
        send_and_decode(&mut service, &poll, START + lag)
            .expect("a status")
            .status(),
        &Status::InProgress
    );
    assert_eq!(listed(&mut service, START + MINUTE), [id]);
    assert_eq!(
        send_and_decode(&mut service, &poll, START + MINUTE)
            .expect("a status")
            .status(),
        &Status::InProgress
    );
    assert_eq!(
        send_and_decode(&mut service, &poll, START + MINUTE + lag)
            .expect("a status")
            .status(),
        &Status::Success
    );
}

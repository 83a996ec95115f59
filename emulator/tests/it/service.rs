//! The service by itself: every status, and what a result has.

use std::time::Duration;

use http::{Method, Request};
use serde_json::{Value, json};
use typless::machine::Time;
use typless_emulator::{DocumentType, Pace, Service, ServiceOptions};

use crate::support::plain::{STATUS, SUBMIT, parse, poll, request, submit, submitted};
use crate::support::{INVOICE, START, submit_body};

const HOUR: Duration = Duration::from_hours(1);
const INSTANT: Duration = Duration::from_nanos(1);

fn is_hex_40(id: &str) -> bool {
    id.len() == 40
        && id
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[test]
fn an_extraction_goes_through_its_statuses_at_its_pace() {
    let mut service = Service::new(ServiceOptions::new().with_pace(Duration::from_secs(30)));
    let id = submitted(&mut service, &submit_body(INVOICE), START);
    assert!(is_hex_40(&id), "{id}");
    let finished = START + Duration::from_secs(30);
    let expired = finished + 48 * HOUR;
    let envelope = |status| json!({"error": {}, "result": {}, "status": status});
    let mut at = |time: Time| poll(&mut service, STATUS, &id, time);

    assert_eq!(at(START), envelope("IN_PROGRESS"));
    assert_eq!(
        at(START + (Duration::from_secs(30) - INSTANT)),
        envelope("IN_PROGRESS")
    );
    let first = at(finished);
    assert_eq!(first["status"], "SUCCESS");
    assert_eq!(
        at(START + (Duration::from_secs(30) + 48 * HOUR - INSTANT)),
        first,
        "a result can be fetched again and again"
    );
    assert_eq!(at(expired), envelope("EXPIRED"));
    assert_eq!(at(Time::MAX), envelope("EXPIRED"));
}

#[test]
fn a_result_has_what_was_sent_and_what_was_read() {
    let mut service = Service::new(ServiceOptions::new().with_pace(Duration::ZERO));
    let mut body = submit_body(INVOICE);
    let id = submitted(&mut service, &body, START);
    let response = poll(&mut service, STATUS, &id, START);
    assert_eq!(response["error"], json!({}));
    let result = &response["result"];
    let object_id = result["object_id"].as_str().expect("an object id");
    assert!(is_hex_40(object_id) && object_id != id);
    assert_eq!(result["file_name"], "invoice.pdf");
    assert_eq!(result["customer"], Value::Null);
    assert!(result["line_items"].is_array() && result["vat_rates"].is_array());
    let fields = result["extracted_fields"].as_array().expect("fields");
    let number = fields
        .iter()
        .find(|field| field["name"] == "invoice_number")
        .expect("the invoice number");
    assert_eq!(number["values"][0]["value"], "LPW-2026-0417");

    body["customer"] = json!("Žlička d.o.o.");
    let id = submitted(&mut service, &body, START);
    assert_eq!(
        poll(&mut service, STATUS, &id, START)["result"]["customer"],
        "Žlička d.o.o."
    );
    body["customer"] = Value::Null;
    let id = submitted(&mut service, &body, START);
    assert_eq!(
        poll(&mut service, STATUS, &id, START)["result"]["customer"],
        Value::Null
    );
}

#[test]
fn a_document_that_cannot_be_read_ends_in_an_error_and_expires_too() {
    let mut service = Service::new(ServiceOptions::new().with_pace(HOUR));
    let id = submitted(&mut service, &submit_body(b"no PDF at all"), START);
    assert_eq!(
        poll(&mut service, STATUS, &id, START)["status"],
        "IN_PROGRESS"
    );
    let response = poll(&mut service, STATUS, &id, START + HOUR);
    assert_eq!(response["status"], "ERROR");
    assert_eq!(response["result"], json!({}));
    assert_eq!(response["error"]["code"], "invalid_file");
    assert!(response["error"]["message"].is_string() && response["error"]["details"].is_object());
    assert_eq!(
        poll(&mut service, STATUS, &id, START + 49 * HOUR)["status"],
        "EXPIRED"
    );
}

#[test]
fn what_has_expired_is_no_longer_in_memory() {
    let mut service = Service::new(ServiceOptions::new().with_pace(Duration::ZERO));
    let id = submitted(&mut service, &submit_body(INVOICE), START);
    submitted(&mut service, &submit_body(INVOICE), START + HOUR);
    let both = service.held_bytes();
    assert!(both > 0);
    poll(&mut service, STATUS, &id, START + 48 * HOUR);
    assert_eq!(service.held_bytes(), both / 2);
    poll(&mut service, STATUS, &id, START + 49 * HOUR);
    assert_eq!(service.held_bytes(), 0);
    assert_eq!(service.accepted(), 2);
}

#[test]
fn both_families_of_paths_lead_to_the_same_extractions() {
    let mut service = Service::new(ServiceOptions::new().with_pace(Duration::ZERO));
    let response = submit(
        &mut service,
        "/api/v1/extract-data-async",
        &submit_body(INVOICE),
        START,
    );
    assert_eq!(response.status(), 202);
    let id = parse(&response)["extraction_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let unversioned = poll(&mut service, STATUS, &id, START);
    assert_eq!(unversioned["status"], "SUCCESS");
    assert_eq!(
        poll(&mut service, "/api/v1/get-extraction-data", &id, START),
        unversioned
    );
}

#[test]
fn retention_can_be_set() {
    let mut service = Service::new(
        ServiceOptions::new()
            .with_pace(Duration::ZERO)
            .with_retention(HOUR),
    );
    let id = submitted(&mut service, &submit_body(INVOICE), START);
    assert_eq!(
        poll(&mut service, STATUS, &id, START + HOUR)["status"],
        "EXPIRED"
    );
}

#[test]
fn time_that_goes_back_stands_still() {
    let mut service = Service::new(ServiceOptions::new().with_pace(HOUR));
    let id = submitted(&mut service, &submit_body(INVOICE), START);
    assert_eq!(
        poll(&mut service, STATUS, &id, START + HOUR)["status"],
        "SUCCESS"
    );
    assert_eq!(poll(&mut service, STATUS, &id, START)["status"], "SUCCESS");
}

#[test]
fn the_same_seed_and_requests_give_the_same_responses() {
    let responses = |seed| {
        let mut service = Service::new(
            ServiceOptions::new()
                .with_seed(seed)
                .with_pace(Duration::ZERO),
        );
        let id = submitted(&mut service, &submit_body(INVOICE), START);
        (poll(&mut service, STATUS, &id, START), id)
    };
    assert_eq!(responses(1), responses(1));
    assert_ne!(responses(1).1, responses(2).1);
}

#[test]
fn document_types_can_be_added() {
    let options = ServiceOptions::new().with_pace(Duration::ZERO);
    let delivery_note = DocumentType::from_json(
        r#"{"name": "delivery-note", "fields": [
            {"name": "total", "data_type": "NUMBER", "labels": ["total"]}
        ]}"#,
    );
    let mut service =
        Service::new(options.with_document_type(delivery_note.expect("a document type")));
    let mut body = submit_body(INVOICE);
    body["document_type_name"] = json!("delivery-note");
    let id = submitted(&mut service, &body, START);
    let fields = poll(&mut service, STATUS, &id, START)["result"]["extracted_fields"].clone();
    assert_eq!(fields.as_array().map(Vec::len), Some(1));
    assert_eq!(fields[0]["values"][0]["value"], "2484.6000");
}

#[test]
fn escapes_parameters_and_unknown_properties_do_no_harm() {
    let mut service = Service::new(ServiceOptions::new().with_pace(Duration::ZERO));
    // PHP writes every slash of base64 as `\/`.
    let body = submit_body(&[0xff; 300])
        .to_string()
        .replace('/', r"\/")
        .replacen('{', r#"{"of_no_interest": [[1e999]], "#, 1);
    let post = Request::post(SUBMIT)
        .header("authorization", "token  key")
        .header("content-type", "application/json; charset=utf-8");
    let response = service.handle(post.body(body.into()).expect("a request"), START);
    assert_eq!(response.status(), 202, "{:?}", response.body());
    let id = parse(&response)["extraction_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let target = format!(
        "{STATUS}?text_blocks=true&extraction%5Fid=%{:x}{}&customer",
        id.as_bytes()[0],
        &id[1..]
    );
    assert_eq!(
        parse(&service.handle(request(Method::GET, &target, ""), START))["status"],
        "ERROR"
    );
}

#[test]
fn a_pace_of_chance_is_the_same_for_the_same_seed_and_a_queue_of_work_makes_it_longer() {
    let second = Duration::from_secs(1);
    let finished_within = |options: ServiceOptions, seconds: u32| {
        let mut service = Service::new(options.with_pace(Pace::lognormal(20 * second, 1.0)));
        let ids: Vec<String> = (0..200)
            .map(|_| submitted(&mut service, &submit_body(b"no PDF"), START))
            .collect();
        ids.iter()
            .filter(|id| {
                poll(&mut service, STATUS, id, START + seconds * second)["status"] == "ERROR"
            })
            .count()
    };
    let half = finished_within(ServiceOptions::new().with_seed(1), 20);
    assert!((80..120).contains(&half), "{half}");
    assert_eq!(
        finished_within(ServiceOptions::new().with_seed(1), 20),
        half
    );
    assert_eq!(
        finished_within(ServiceOptions::new().with_seed(1).with_workers(200), 20),
        half
    );
    let by_ten = finished_within(ServiceOptions::new().with_seed(1).with_workers(10), 20);
    assert!((3..20).contains(&by_ten), "{by_ten}");
}

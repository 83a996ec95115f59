//! The service by itself: every status and every error.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use proptest::prelude::*;
use serde_json::{Value, json};
use typless::machine::Time;
use typless_emulator::{DocumentType, Pace, Service, ServiceOptions};

use crate::support::{INVOICE, START, submit_body};

const SUBMIT: &str = "/api/extract-data-async";
const STATUS: &str = "/api/get-extraction-data";
const HOUR: Duration = Duration::from_hours(1);
const INSTANT: Duration = Duration::from_nanos(1);

fn request(method: Method, target: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    Request::builder()
        .method(method)
        .uri(target)
        .header("authorization", "Token key")
        .body(body.into())
        .expect("a request")
}

fn submit(service: &mut Service, path: &str, body: &Value, now: Time) -> Response<Bytes> {
    service.handle(request(Method::POST, path, body.to_string()), now)
}

fn submitted(service: &mut Service, body: &Value, now: Time) -> String {
    let response = submit(service, SUBMIT, body, now);
    assert_eq!(response.status(), 202, "{:?}", response.body());
    let id = parse(&response)["extraction_id"].clone();
    id.as_str().expect("an id").to_owned()
}

fn poll(service: &mut Service, path: &str, id: &str, now: Time) -> Value {
    let response = service.handle(
        request(Method::GET, &format!("{path}?extraction_id={id}"), ""),
        now,
    );
    assert_eq!(response.status(), 200, "{:?}", response.body());
    parse(&response)
}

fn parse(response: &Response<Bytes>) -> Value {
    assert_eq!(response.headers()["content-type"], "application/json");
    serde_json::from_slice(response.body()).expect("JSON")
}

/// Checks the standard error format, and gives back message and details.
fn refused(response: &Response<Bytes>, status: u16, code: &str) -> (String, Value) {
    assert_eq!(response.status(), status, "{:?}", response.body());
    let error = parse(response);
    assert_eq!(error["code"], code);
    let object = error.as_object().expect("an object");
    assert_eq!(
        object.keys().collect::<Vec<_>>(),
        ["code", "details", "message"]
    );
    (
        error["message"].as_str().expect("a message").to_owned(),
        error["details"].clone(),
    )
}

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
fn refuses_a_body_that_is_not_json() {
    let mut service = Service::default();
    let mut send = |body: &[u8]| {
        refused(
            &service.handle(request(Method::POST, SUBMIT, body.to_vec()), START),
            400,
            "invalid_json",
        )
    };
    let (message, details) = send(b"{\n \"file\": oops}");
    assert!(
        message.starts_with("Bad request response. Check your input data."),
        "{message}"
    );
    assert_eq!(details["line"], 2);
    assert_eq!(send(b"{\n\n  \xff}").1, json!({"line": 3, "column": 3}));
    for body in [&b""[..], b"{", b"{} {}", b"[oops]", b"\xef\xbb\xbf{}"] {
        send(body);
    }
}

#[test]
fn refuses_a_file_that_is_not_base64() {
    let mut service = Service::default();
    let mut send = |file: &str| {
        let mut body = submit_body(b"-");
        body["file"] = json!(file);
        refused(
            &submit(&mut service, SUBMIT, &body, START),
            400,
            "invalid_base64",
        )
    };
    let (message, details) = send("data:application/pdf;base64,AAAA");
    assert!(
        message.starts_with("Bad request response. Check your input data."),
        "{message}"
    );
    assert_eq!(details, json!({"loc": ["body", "file"], "offset": 4}));
    for file in [
        "AAA",
        "AA",
        "A",
        "AA==AA==",
        "AAAA\nAAAA",
        " AAAA",
        "-_-_",
        "AB==",
    ] {
        send(file);
    }
}

#[test]
fn refuses_requests_without_a_key() {
    let mut service = Service::default();
    for value in [
        None,
        Some(""),
        Some("Token"),
        Some("Token "),
        Some("key"),
        Some("Bearer key"),
        Some("Token two words"),
        Some("Token k\u{e9}y"),
    ] {
        let mut request = Request::post(SUBMIT);
        if let Some(value) = value {
            request = request.header("authorization", value);
        }
        let response = service.handle(
            request
                .body(submit_body(b"-").to_string().into())
                .expect("a request"),
            START,
        );
        let (message, _) = refused(&response, 401, "unauthorized");
        assert!(
            message.starts_with("Unauthorized. Check the URL and your authentication token."),
            "{message}"
        );
        assert_eq!(response.headers()["www-authenticate"], "Token");
    }
}

#[test]
fn refuses_keys_that_are_not_accepted() {
    let options = ServiceOptions::new()
        .with_key("first-secret")
        .with_key(" Token second-secret ")
        .with_key("");
    assert!(!format!("{options:?}").contains("secret"));
    let mut service = Service::new(options);
    assert!(!format!("{service:?}").contains("secret"));
    let mut status_with = |key: &str| {
        let poll = Request::get(format!("{STATUS}?extraction_id=0"))
            .header("authorization", format!("Token {key}"));
        service.handle(poll.body(Bytes::new()).expect("a request"), START)
    };
    refused(&status_with("third-secret"), 401, "unauthorized");
    refused(&status_with(""), 401, "unauthorized");
    refused(&status_with("first-secret"), 404, "extraction_not_found");
    refused(&status_with("second-secret"), 404, "extraction_not_found");
}

#[test]
fn refuses_unknown_paths() {
    let mut service = Service::default();
    for path in [
        "/",
        "/api",
        "/api/extract-data-async/",
        "/api/api/v1/extract-data-async",
        "/api/v2/get-extraction-data",
        "//api/extract-data-async",
    ] {
        let (_, details) = refused(
            &service.handle(request(Method::POST, path, "{}"), START),
            404,
            "path_not_found",
        );
        assert_eq!(details["paths"][0], SUBMIT);
    }
}

#[test]
fn refuses_unknown_extractions() {
    let mut service = Service::default();
    let id = submitted(&mut service, &submit_body(b"-"), START);
    for unknown in [
        "",
        "0",
        "%ff",
        "%00",
        &id[1..],
        &id.to_uppercase(),
        &format!("{id}0"),
        "0d14338251a6db69bfec36face27f7edcab73220",
    ] {
        let response = service.handle(
            request(
                Method::GET,
                &format!("{STATUS}?extraction_id={unknown}"),
                "",
            ),
            START,
        );
        refused(&response, 404, "extraction_not_found");
    }
}

#[test]
fn refuses_other_methods_and_names_the_right_one() {
    let mut service = Service::default();
    for (method, path, allowed) in [
        (Method::GET, SUBMIT, "POST"),
        (Method::PUT, SUBMIT, "POST"),
        (Method::POST, STATUS, "GET"),
        (Method::HEAD, STATUS, "GET"),
    ] {
        let response = service.handle(request(method, path, ""), START);
        refused(&response, 405, "method_not_allowed");
        assert_eq!(response.headers()["allow"], allowed);
    }
}

#[test]
fn refuses_bodies_larger_than_the_limit() {
    let body = submit_body(b"-").to_string();
    let mut service = Service::new(ServiceOptions::new().with_body_limit(body.len()));
    assert_eq!(
        service
            .handle(request(Method::POST, SUBMIT, body.clone()), START)
            .status(),
        202
    );
    let response = service.handle(request(Method::POST, SUBMIT, body.clone() + " "), START);
    let (message, details) = refused(&response, 413, "body_too_large");
    assert!(message.contains(&body.len().to_string()), "{message}");
    assert_eq!(details["limit"], body.len());
}

#[test]
fn refuses_bodies_that_say_to_be_something_else_than_json() {
    let mut service = Service::default();
    let mut send = |content_type: &str| {
        let post = Request::post(SUBMIT)
            .header("authorization", "Token key")
            .header("content-type", content_type);
        service.handle(
            post.body(submit_body(b"-").to_string().into())
                .expect("a request"),
            START,
        )
    };
    for other in [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=json",
        "text/plain",
        "application/pdf",
    ] {
        refused(&send(other), 415, "unsupported_media_type");
    }
    for json in [
        "application/json",
        "Application/JSON;charset=utf-8",
        "text/json",
        "application/vnd.api+json",
        "",
    ] {
        assert_eq!(send(json).status(), 202, "{json}");
    }
}

#[test]
fn refuses_missing_empty_and_mistyped_values_all_at_once() {
    let mut service = Service::default();
    let mut send = |body: Value| {
        refused(
            &submit(&mut service, SUBMIT, &body, START),
            422,
            "validation_error",
        )
    };
    let violation = |place: &str, message: &str, kind: &str| {
        let place = json!(["body", place]);
        json!({"loc": place, "msg": message, "type": kind})
    };

    let (message, details) = send(json!({}));
    assert_eq!(
        message,
        "Validation Error. body.file: Field required; body.file_name: Field required; body.document_type_name: Field required."
    );
    let missing = ["file", "file_name", "document_type_name"]
        .map(|place| violation(place, "Field required", "missing"));
    assert_eq!(details, json!(missing));

    let (_, details) =
        send(json!({"file": "", "file_name": "", "document_type_name": "", "customer": ""}));
    let empty = ["file", "file_name", "document_type_name", "customer"].map(|place| {
        violation(
            place,
            "String should have at least 1 character",
            "string_too_short",
        )
    });
    assert_eq!(details, json!(empty));

    let (_, details) =
        send(json!({"file": null, "file_name": 1, "document_type_name": ["a"], "customer": {}}));
    let mistyped = ["file", "file_name", "document_type_name", "customer"]
        .map(|place| violation(place, "Input should be a valid string", "string_type"));
    assert_eq!(details, json!(mistyped));

    for body in [
        json!([]),
        json!(["a", "b", "c"]),
        json!(null),
        json!("text"),
        json!(1),
    ] {
        assert_eq!(send(body).1[0]["loc"], json!(["body"]));
    }
}

#[test]
fn refuses_values_json_allows_and_text_does_not() {
    let mut service = Service::default();
    for (body, kind) in [
        (r#"{"file": "\ud800"}"#, "string_unicode"),
        (r#"{"file": "AAAA", "file": "AAAA"}"#, "repeated"),
    ] {
        let (_, details) = refused(
            &service.handle(request(Method::POST, SUBMIT, body), START),
            422,
            "validation_error",
        );
        assert_eq!(details[0]["type"], kind);
    }
}

#[test]
fn refuses_a_poll_without_an_id() {
    let mut service = Service::default();
    for target in [
        STATUS.to_owned(),
        format!("{STATUS}?"),
        format!("{STATUS}?id=0&text_blocks=true"),
    ] {
        let (_, details) = refused(
            &service.handle(request(Method::GET, &target, ""), START),
            422,
            "validation_error",
        );
        assert_eq!(
            details,
            json!([{"loc": ["query", "extraction_id"], "msg": "Field required", "type": "missing"}])
        );
    }
}

#[test]
fn refuses_unknown_document_types_and_lists_the_known_ones() {
    let mut service = Service::default();
    let mut body = submit_body(b"-");
    body["document_type_name"] = json!("passport");
    let (message, details) = refused(
        &submit(&mut service, SUBMIT, &body, START),
        422,
        "document_type_not_found",
    );
    assert!(message.contains("line-item-invoice"), "{message}");
    assert_eq!(
        details["document_types"],
        json!(["line-item-invoice", "receipt", "simple-invoice"])
    );
    assert_eq!(service.accepted(), 0);
}

/// A property of a submit: right, or anything.
fn value(right: &'static str) -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => Just(json!(right)),
        1 => ".{0,12}".prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<i64>().prop_map(Value::from),
        1 => Just(json!([{}])),
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let values = (
        value("line-item-invoice"),
        value("a.pdf"),
        value("JVBERi0xLjc="),
        value("customer"),
    );
    let submit = values.prop_map(|(document_type, name, file, customer)| {
        let body = json!({
            "document_type_name": document_type,
            "file_name": name,
            "file": file,
            "customer": customer,
        });
        body.to_string().into_bytes()
    });
    let cut = submit
        .prop_flat_map(|body| (0..=body.len()).prop_map(move |length| body[..length].to_vec()));
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..80),
        cut,
        ".{0,60}".prop_map(String::into_bytes)
    ]
}

proptest! {
    #[test]
    fn no_request_makes_it_panic(
        method in prop_oneof![Just("GET".to_owned()), Just("POST".to_owned()), "[A-Z]{1,8}"],
        path in prop_oneof![
            Just(SUBMIT.to_owned()),
            Just(STATUS.to_owned()),
            Just("/api/v1/awaiting-poll".to_owned()),
            "/api/v1/[a-z/-]{0,20}",
            "/[!-~]{0,30}",
        ],
        query in prop_oneof![Just(String::new()), "\\?extraction_id=[!-~]{0,44}", "\\?[!-~]{0,40}"],
        authorization in prop_oneof![
            3 => Just(b"Token key".to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..12),
        ],
        content_type in prop_oneof![
            3 => Just(b"application/json".to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..12),
        ],
        body in body(),
        seconds in any::<u64>(),
    ) {
        let request = Request::builder()
            .method(&*method)
            .uri(path + &query)
            .header("authorization", authorization)
            .header("content-type", content_type)
            .body(Bytes::from(body));
        if let Ok(request) = request {
            let mut service = Service::default();
            let response = service.handle(request, Time::from_unix_seconds(seconds));
            prop_assert!(serde_json::from_slice::<Value>(response.body()).is_ok());
            prop_assert!(response.status().is_success() || response.status().is_client_error());
        }
    }
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

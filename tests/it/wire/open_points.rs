//! The open points of the service, A1 to A26: what this library does where the behaviour is
//! unknown. `docs/wire.md` describes each.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::{
    self, ID, Run, START, accepted, api, document, in_progress, response, success,
};
use bytes::Bytes;
use http::{Method, Request as HttpRequest, Response};
use serde_json::{Value, json};
use typless::machine::{
    Call, CallError, CallOptions, FailureKind, Job, JobError, JobEventKind, JobOptions, Limits,
    Machine, Output, RetryPolicy, Ticket,
};
use typless::wire::{
    Api, AwaitingRequest, AwaitingResponse, Body, Document, Extraction, ExtractionId, Notification,
    Request, ResponseError, ServiceError, Status, StatusRequest, StatusResponse, SubmitRequest,
};

fn poll(api: &Api, id: &str) -> String {
    StatusRequest::new(ExtractionId::new(id).unwrap())
        .request(api)
        .uri()
        .to_string()
}

fn status(body: &str) -> StatusResponse {
    StatusResponse::decode(&response(200, body)).unwrap()
}

fn extraction(json: &str) -> Extraction {
    Extraction::from_json(json.to_owned()).unwrap()
}

/// A result with one field `f` that has these values.
fn values(json: &str) -> Extraction {
    extraction(&format!(
        r#"{{"extracted_fields": [{{"name": "f", "values": {json}}}]}}"#
    ))
}

fn ids(body: &str) -> Result<Vec<String>, ResponseError> {
    let list = AwaitingResponse::decode(&response(200, body))?.into_extraction_ids();
    let list: Vec<String> = list.iter().map(|id| id.as_str().to_owned()).collect();
    assert_eq!(
        visited(body).unwrap(),
        (list.clone(), 0),
        "handed out one by one they are the same"
    );
    Ok(list)
}

/// The ids in order, and how many entries were not ids.
fn visited(body: &str) -> Result<(Vec<String>, usize), ResponseError> {
    let mut ids = Vec::new();
    let passed_over =
        AwaitingResponse::for_each_id(&response(200, body), |id| ids.push(id.into_owned()))?;
    Ok((ids, passed_over))
}

/// The outcome of a call whose every attempt gets this response.
fn call<R: Request>(request: R, response: &Response<Bytes>) -> Result<R::Response, CallError> {
    let (mut call, mut now) = (Call::new(&api(), request, CallOptions::new(), START), START);
    loop {
        match call.next_output(now) {
            Output::Send(transmit) => call.handle_response(transmit.id, response.clone(), now),
            Output::Wait(until) => now = until,
            Output::Event(event) => {
                if let Ok(outcome) = Call::<R>::into_outcome(event) {
                    return outcome;
                }
            }
            Output::NeedInput | Output::Done => panic!("it ended without an outcome"),
        }
    }
}

fn submitted_body(request: &SubmitRequest) -> Value {
    serde_json::from_slice(&request.request(&api()).body().to_bytes().unwrap()).unwrap()
}

#[test]
fn a01_paths_are_unversioned_unless_set_and_listings_always_versioned() {
    let path = |request: HttpRequest<Body>| request.uri().path().to_owned();
    let paths = |api: &Api| {
        let poll = StatusRequest::new(ExtractionId::new("1").unwrap());
        [
            path(SubmitRequest::new(document()).request(api)),
            path(poll.request(api)),
            path(AwaitingRequest::new().request(api)),
        ]
    };
    let api = Api::new(Api::PRODUCTION, "key").unwrap();
    assert_eq!(
        paths(&api),
        [
            "/api/extract-data-async",
            "/api/get-extraction-data",
            "/api/v1/awaiting-poll"
        ]
    );
    let versioned = [
        "/api/v1/extract-data-async",
        "/api/v1/get-extraction-data",
        "/api/v1/awaiting-poll",
    ];
    assert_eq!(paths(&api.with_version("v1").unwrap()), versioned);
    assert_eq!(
        paths(&Api::new("https://developers.typless.com/api/v1", "key").unwrap()),
        versioned
    );
}

#[test]
fn a02_the_path_is_joined_correctly_whatever_the_base_url_ends_in() {
    for end in ["", "/", "//", "/api", "/api/", "/api//"] {
        let api = Api::new(&format!(" https://developers.typless.com{end} "), "key").unwrap();
        assert_eq!(
            poll(&api, "0d14"),
            "https://developers.typless.com/api/get-extraction-data?extraction_id=0d14",
            "{end}"
        );
        assert_eq!(
            AwaitingRequest::new().request(&api).uri(),
            "https://developers.typless.com/api/v1/awaiting-poll",
            "{end}"
        );
        assert_eq!(api.base_url(), "https://developers.typless.com");
    }
    let proxied = Api::new("https://proxy.example:8443/typless/api/", "key").unwrap();
    assert_eq!(
        poll(&proxied, "1"),
        "https://proxy.example:8443/typless/api/get-extraction-data?extraction_id=1"
    );
}

#[test]
fn a03_the_key_works_with_and_without_its_prefix() {
    let sent = |key: &str| {
        let request = StatusRequest::new(ExtractionId::new("1").unwrap())
            .request(&Api::new(Api::PRODUCTION, key).unwrap());
        assert!(request.headers()["authorization"].is_sensitive());
        request.headers()["authorization"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    for key in [
        "abc",
        " abc\n",
        "Token abc",
        "token abc",
        "TOKEN   abc ",
        "Token\tabc",
    ] {
        assert_eq!(sent(key), "Token abc", "{key:?}");
    }
    assert_eq!(sent("Tokenabc"), "Token Tokenabc");
}

#[test]
fn a04_a_confidence_is_a_number_or_a_text_or_nothing() {
    for (json, expected) in [
        ("0.968", Some(0.968)),
        (r#""0.968""#, Some(0.968)),
        (r#"" 1 ""#, Some(1.0)),
        ("1", Some(1.0)),
        ("null", None),
        (r#""high""#, None),
    ] {
        let extraction = values(&format!(
            r#"[{{"value": "x", "confidence_score": {json}}}]"#
        ));
        let best = extraction.field("f").unwrap().best().unwrap();
        assert_eq!(
            (best.text(), best.confidence()),
            (Some("x"), expected),
            "{json}"
        );
        assert!(
            extraction.raw_json().contains(json),
            "what could not be read stays reachable"
        );
    }
    for strange in ["NaN", r#""NaN""#, r#""inf""#, "[]", "{}", "true"] {
        let read = Extraction::from_json(format!(
            r#"{{"extracted_fields": [{{"name": "f", "values": [{{"confidence_score": {strange}}}]}}]}}"#
        ));
        assert!(
            read.is_err()
                || read.unwrap().field("f").unwrap().candidates()[0]
                    .confidence()
                    .is_none(),
            "{strange}"
        );
    }
}

#[test]
fn a05_a_field_that_is_not_on_the_document_has_no_value_in_every_form() {
    for none in [
        "[]",
        "null",
        r#"[{"value": null}]"#,
        r#"[{"value": null, "confidence_score": null}]"#,
        "[{}]",
    ] {
        assert_eq!(values(none).text("f"), None, "{none}");
    }
    let missing = extraction(r#"{"extracted_fields": [{"name": "f"}]}"#);
    assert_eq!(
        (missing.text("f"), missing.text("no such field")),
        (None, None)
    );
    assert_eq!(
        values(r#"[{"value": ""}]"#).text("f"),
        Some(""),
        "an empty text is a value"
    );
}

#[test]
fn a06_a_submit_that_may_have_arrived_is_repeated_only_if_the_caller_allows_it() {
    for kind in [FailureKind::Interrupted, FailureKind::TooLarge] {
        assert!(matches!(
            Run::with(JobOptions::new()).fail(kind).error(),
            JobError::SubmitUnknown { .. }
        ));
    }
    for unclear in [500, 502, 503, 504] {
        assert!(matches!(
            Run::with(JobOptions::new())
                .reply(response(unclear, ""))
                .error(),
            JobError::SubmitUnknown { .. }
        ));
    }
    // Certainly not processed: the connection was refused, or the request was not received or
    // throttled.
    let mut run = Run::with(JobOptions::new());
    run.fail(FailureKind::NotSent)
        .reply(response(408, ""))
        .reply(response(429, ""))
        .reply(accepted())
        .reply(success())
        .succeeded();
    for retry in [
        RetryPolicy::new().trusting_overload(),
        RetryPolicy::new().with_resubmissions(1),
    ] {
        let mut run = Run::with(JobOptions::new().with_retry_policy(retry));
        run.reply(response(503, ""))
            .reply(accepted())
            .reply(success())
            .succeeded();
    }
}

#[test]
fn a07_no_error_has_many_forms_and_an_error_has_more() {
    for none in ["{}", "null", "[]", r#""""#, "false"] {
        assert!(
            status(&format!(r#"{{"status": "IN_PROGRESS", "error": {none}}}"#))
                .error()
                .is_none(),
            "{none}"
        );
        assert!(
            status(&format!(r#"{{"status": "ERROR", "error": {none}}}"#))
                .error()
                .is_some(),
            "an ERROR is one, explained or not"
        );
    }
    assert!(status(r#"{"status": "SUCCESS"}"#).error().is_none());
    let message = |error: &str| {
        status(&format!(r#"{{"status": "ERROR", "error": {error}}}"#))
            .error()
            .unwrap()
            .message()
            .map(str::to_owned)
    };
    assert_eq!(
        message(r#"{"code": "X", "message": "broken file"}"#).as_deref(),
        Some("broken file")
    );
    assert_eq!(message(r#""broken file""#).as_deref(), Some("broken file"));
    assert_eq!(
        message(r#"[{"code": 7, "message": "first"}, {"message": "second"}]"#).as_deref(),
        Some("first; second")
    );
    assert_eq!(message(r#"{"unknown": 1}"#), None);
}

#[test]
fn a08_the_status_decides_and_an_empty_result_is_never_a_success() {
    let body = r#"{"status": "SUCCESS", "error": {}, "result": {}}"#;
    let mut run = Run::submitted();
    let JobError::Unreadable { error, ticket } = run.reply(response(200, body)).error() else {
        panic!()
    };
    assert_eq!(
        (&error.raw()[..], ticket.extraction_id().as_str()),
        (body.as_bytes(), ID)
    );
    let mut run = Run::submitted();
    let JobError::Failed { error, .. } = run
        .reply(response(
            200,
            r#"{"status": "ERROR", "error": {}, "result": {}}"#,
        ))
        .error()
    else {
        panic!()
    };
    assert_eq!((error.code(), error.message()), (None, None));
    assert_eq!(error.to_string(), "the service gave no explanation");
}

#[test]
fn a09_an_unknown_id_has_four_forms_and_is_not_polled_forever() {
    let ticket = Ticket::new(
        ExtractionId::new(ID).unwrap(),
        START,
        START + Duration::from_secs(3600),
    );
    let end = |response: Response<Bytes>| {
        let mut run = Run::new(Job::resume(&api(), &ticket, JobOptions::new(), START));
        format!("{:?}", run.reply(response).error())
            .split(' ')
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        end(response(
            200,
            r#"{"status": "ERROR", "error": {"message": "unknown id"}}"#
        )),
        "Failed"
    );
    assert_eq!(end(response(200, r#"{"status": "EXPIRED"}"#)), "Expired");
    assert_eq!(
        end(response(400, r#"{"message": "unknown id"}"#)),
        "Refused"
    );
    assert_eq!(
        end(response(404, r#"{"message": "unknown id"}"#)),
        "NotFound"
    );
    let mut young = Run::submitted();
    assert!(matches!(
        young
            .reply(response(404, ""))
            .reply(response(404, ""))
            .reply(response(404, ""))
            .error(),
        JobError::NotFound { .. }
    ));
}

#[test]
fn a10_an_unknown_status_is_reported_and_polled_until_the_deadline() {
    let of = |text: &str| status(&format!(r#"{{"status": {text}}}"#)).status().clone();
    assert_eq!(
        [of(r#""in_progress""#), of(r#"" Success ""#)],
        [Status::InProgress, Status::Success]
    );
    assert_eq!(
        [of(r#""Error""#), of(r#""expired""#)],
        [Status::Error, Status::Expired]
    );
    assert_eq!(of(r#""PAUSED""#), Status::Other("PAUSED".into()));
    let mut run = Run::with(JobOptions::new().with_deadline(Duration::from_secs(60)));
    run.reply(accepted());
    while let Some(transmit) = run.next_request() {
        run.job.handle_response(
            transmit.id,
            response(200, r#"{"status": "PAUSED"}"#),
            run.now,
        );
    }
    assert!(matches!(
        run.outcome(),
        Some(Err(JobError::Deadline { .. }))
    ));
    let paused = Status::Other("PAUSED".into());
    let is_paused = |kind: &JobEventKind| match kind {
        JobEventKind::Progressed { status, .. } => *status == Some(paused.clone()),
        _ => false,
    };
    assert!(run.count(is_paused) >= 5);
}

#[test]
fn a11_a_listing_may_repeat_an_id() {
    let response =
        AwaitingResponse::decode(&response(200, r#"{"extraction_ids": ["b", "a", "b"]}"#)).unwrap();
    assert_eq!(
        response
            .extraction_ids()
            .iter()
            .map(ExtractionId::as_str)
            .collect::<Vec<_>>(),
        ["b", "a", "b"]
    );
    // A caller that drains the queue keeps a set of the handled ids.
    let handled: BTreeSet<ExtractionId> = response.into_extraction_ids().into_iter().collect();
    assert_eq!(handled.len(), 2);
}

#[test]
fn a12_a_listed_id_may_be_in_any_state_when_it_is_fetched() {
    let fetch = |response| {
        call(
            StatusRequest::new(ExtractionId::new("0d14").unwrap()),
            &response,
        )
    };
    assert_eq!(fetch(in_progress()).unwrap().status(), &Status::InProgress);
    assert_eq!(
        fetch(support::expired()).unwrap().status(),
        &Status::Expired
    );
    assert_eq!(fetch(support::failed()).unwrap().status(), &Status::Error);
    // Each fetch is a separate call: a failure does not affect the others.
    assert!(matches!(
        fetch(response(404, "")),
        Err(CallError::Refused(_))
    ));
    assert!(fetch(success()).unwrap().into_extraction().is_ok());
}

#[test]
fn a13_an_empty_listing_has_many_forms() {
    for none in [
        r#"{"extraction_ids": []}"#,
        r#"{"extraction_ids": null}"#,
        "{}",
        "null",
        "[]",
        "",
        " \n",
    ] {
        assert!(ids(none).unwrap().is_empty(), "{none}");
    }
    assert_eq!(
        ids(r#"{"extraction_ids": ["0d14", "x\u0041", 17], "next": null}"#).unwrap(),
        ["0d14", "xA", "17"]
    );
    assert_eq!(ids(r#"["0d14"]"#).unwrap(), ["0d14"]);
    for (bad, path) in [
        (r#"{"extraction_ids": {"a": 1}}"#, "extraction_ids"),
        (r#"{"extraction_ids": ["a", null]}"#, "extraction_ids[1]"),
        (r#"[""]"#, "extraction_ids[0]"),
    ] {
        let Err(ResponseError::Decode(error)) = ids(bad) else {
            panic!("{bad}")
        };
        assert_eq!(error.path(), Some(path));
    }
    let long = "9".repeat(40);
    assert_eq!(
        ids(&format!(r#"["a", {long}, 0]"#)).unwrap(),
        ["a", &long, "0"]
    );
    for bad in [
        "<html>",
        "7",
        r#""a""#,
        r#"{"extraction_ids": ["#,
        r#"["a"] x"#,
        r#"{"extraction_ids": [], "extraction_ids": ["a"]}"#,
    ] {
        assert!(ids(bad).is_err() && visited(bad).is_err(), "{bad}");
    }
    assert!(matches!(
        AwaitingResponse::decode(&response(403, "")),
        Err(ResponseError::Service(_))
    ));
    assert!(matches!(
        AwaitingResponse::for_each_id(&response(403, ""), |_| ()),
        Err(ResponseError::Service(_))
    ));
}

#[test]
fn a13_one_bad_entry_does_not_hide_the_rest() {
    let body = r#"{"extraction_ids": ["a", null, {"id": ["b"]}, -1, 1.5, "c", 17, "\u0064", [], true, "e"]}"#;
    assert_eq!(
        visited(body).unwrap(),
        (["a", "c", "17", "d", "e"].map(str::to_owned).to_vec(), 6)
    );
    assert!(ids(body).is_err());
}

#[test]
fn a14_an_empty_customer_is_refused_and_an_absent_one_left_out() {
    let file = || Document::new("a.pdf", "t", &b"%PDF"[..]).unwrap();
    assert_eq!(file().with_customer("").unwrap_err().field(), "customer");
    assert_eq!(
        AwaitingRequest::new()
            .with_customer("")
            .unwrap_err()
            .field(),
        "customer"
    );
    assert!(
        !submitted_body(&SubmitRequest::new(file()))
            .as_object()
            .unwrap()
            .contains_key("customer")
    );
    assert_eq!(
        submitted_body(&SubmitRequest::new(file().with_customer("Acme").unwrap()))["customer"],
        "Acme"
    );
    assert_eq!(AwaitingRequest::new().request(&api()).uri().query(), None);
}

#[test]
fn a15_rows_come_as_lists_and_as_objects() {
    let rows = r#"[[{"name": "vat_rate_percentage", "values": [{"value": "22.0"}]}],
        {"vat_rate_percentage": 9.5, "vat_rate_net": null}, {"name": "vat_rate_net", "values": [{"value": "1.00"}]}, null, []]"#;
    let extraction = extraction(&format!(r#"{{"vat_rates": {rows}, "line_items": {rows}}}"#));
    for table in [extraction.vat_rates(), extraction.line_items()] {
        let read: Vec<_> = table
            .iter()
            .map(|row| (row.text("vat_rate_percentage"), row.text("vat_rate_net")))
            .collect();
        assert_eq!(
            read,
            [
                (Some("22.0"), None),
                (Some("9.5"), None),
                (None, Some("1.00")),
                (None, None),
                (None, None)
            ]
        );
    }
    for none in ["{}", r#"{"vat_rates": null, "line_items": null}"#] {
        let extraction = Extraction::from_json(none).unwrap();
        assert!(extraction.vat_rates().is_empty() && extraction.line_items().is_empty());
    }
}

#[test]
fn a16_coordinates_are_numbers_of_any_kind_and_minus_one_is_none() {
    let place = |json: &str| {
        values(&format!("[{{{json}}}]"))
            .field("f")
            .unwrap()
            .candidates()[0]
            .bounding_box()
    };
    let found = place(r#""x": 300, "y": 737.5, "width": "557", "height": 33"#).unwrap();
    assert_eq!(
        [found.x, found.y, found.width, found.height],
        [300.0, 737.5, 557.0, 33.0]
    );
    // Pixels at 300 per inch, as far as could be measured; a point is 1/72 inch.
    assert_eq!((found.to_points().x, found.to_points().y), (72.0, 177.0));
    assert!(place(r#""x": -1, "y": -1, "width": -1, "height": -1"#).is_none());
    assert!(
        place(r#""x": 3, "y": 4"#).is_none()
            && place(r#""x": null, "y": [], "width": 1, "height": 1"#).is_none()
    );
}

#[test]
fn a17_pages_count_from_zero_and_are_not_moved() {
    let page = |json: &str| {
        values(&format!(r#"[{{"page_number": {json}}}]"#))
            .field("f")
            .unwrap()
            .candidates()[0]
            .page()
    };
    assert_eq!(
        [page("0"), page("3"), page(r#""2""#)],
        [Some(0), Some(3), Some(2)]
    );
    assert_eq!(
        [page("-1"), page("null"), page("1e300")],
        [None, None, None]
    );
}

#[test]
fn a18_any_2xx_with_an_id_is_accepted_and_one_without_is_unknown() {
    for status in [200, 201, 202, 299] {
        let mut run = Run::with(JobOptions::new());
        run.reply(response(status, r#"{"extraction_id": "0d14", "more": []}"#))
            .reply(success())
            .succeeded();
        assert_eq!(run.job.ticket().unwrap().extraction_id().as_str(), "0d14");
    }
    assert!(matches!(
        Run::with(JobOptions::new())
            .reply(response(202, "{}"))
            .error(),
        JobError::SubmitUnknown { .. }
    ));
}

#[test]
fn a19_unknown_keys_are_ignored_and_stay_reachable() {
    let result = r#"{"object_id": "0d3d", "text_blocks": [{"anything": "goes"}], "extracted_fields": [{"name": "a", "new": 1}]}"#;
    let response = status(&format!(
        r#"{{"error": {{}}, "result": {result}, "status": "SUCCESS", "elapsed": 3}}"#
    ));
    let inside = response.into_extraction().unwrap();
    assert_eq!(
        (
            inside.raw_json(),
            inside.object_id(),
            inside.adjusted_document_url()
        ),
        (result, Some("0d3d"), None)
    );
    // The stored JSON is read again.
    assert_eq!(
        Extraction::from_json(inside.raw_json().to_owned())
            .unwrap()
            .raw_json(),
        result
    );
}

#[test]
fn a20_the_signed_url_is_never_printed() {
    let result = r#"{"object_id": "1", "adjusted_s3_url": "https://bucket.example/a.pdf?Signature=hush", "extracted_fields": 5}"#;
    let response = status(&format!(r#"{{"status": "SUCCESS", "result": {result}}}"#));
    let shown = format!(
        "{response:?} {:?}",
        response
            .clone()
            .into_extraction()
            .map_err(|error| format!("{error} {error:?}"))
    );
    assert!(!shown.contains("hush"), "{shown}");
    let extraction = extraction(&result.replace('5', "[]"));
    assert!(
        extraction
            .adjusted_document_url()
            .unwrap()
            .ends_with("hush")
    );
    assert!(!format!("{extraction:?}").contains("hush"));
}

#[test]
fn a21_a_notification_is_an_id_and_a_hint() {
    let read = |json: &str| Notification::decode(json.as_bytes());
    for time in [
        r#""2022-02-03T10:19:17.388584""#,
        r#""2022-02-03T10:19:17Z""#,
        "5",
        "null",
    ] {
        let message = read(&format!(
            r#"{{"event_id": 1, "event_time": {time}, "data": {{"id": "{ID}", "more": 1}}, "type": "other"}}"#
        ));
        assert_eq!(message.unwrap().extraction_id().as_str(), ID);
    }
    // Forged or repeated, it only brings the next poll forward, and finishes nothing.
    let mut run = Run::submitted();
    for _ in 0..10 {
        run.job.handle_notification(
            &read(&format!(r#"{{"data": {{"id": "{ID}"}}}}"#)).unwrap(),
            run.now,
        );
    }
    run.reply(in_progress());
    assert_eq!(run.now, START, "the poll was made at once");
    assert!(
        run.next_request().is_some() && run.now > START,
        "and only one"
    );
}

#[test]
fn a22_an_id_is_opaque() {
    for id in [
        "0",
        ID,
        "1cb25cc8-c9fa-4149-9a83-b4ed6a2173b9",
        "x/../y?z#",
        "Žiga 🧾",
        &"a".repeat(256),
    ] {
        let mut run = Run::with(JobOptions::new());
        run.reply(response(202, &json!({ "extraction_id": id }).to_string()));
        assert_eq!(run.job.ticket().unwrap().extraction_id().as_str(), id);
    }
}

#[test]
fn a23_text_blocks_are_requested_only_if_set() {
    let poll = StatusRequest::new(ExtractionId::new("1").unwrap());
    assert_eq!(poll.request(&api()).uri().query(), Some("extraction_id=1"));
    assert_eq!(
        poll.with_text_blocks().request(&api()).uri().query(),
        Some("extraction_id=1&text_blocks=true")
    );
    assert_eq!(
        submitted_body(&SubmitRequest::new(document()).with_text_blocks())["parse_text_blocks"],
        true
    );
    assert_eq!(
        submitted_body(&SubmitRequest::new(document())).get("parse_text_blocks"),
        None
    );
    let mut run = Run::with(JobOptions::new().with_text_blocks());
    run.reply(accepted());
    assert!(
        run.next_request()
            .unwrap()
            .request
            .uri()
            .query()
            .unwrap()
            .ends_with("&text_blocks=true")
    );
}

/// A call that this library does not have, in the form most clients use: `document_object_id`, and
/// fields as a list.
struct Feedback(Value);

impl Request for Feedback {
    type Response = ();
    const REPEATABLE: bool = false;
    fn request(&self, api: &Api) -> HttpRequest<Body> {
        api.request_to(
            Method::POST,
            "add-document-feedback",
            &[],
            Body::from_json(self.0.to_string()),
        )
    }
    fn decode(response: &Response<Bytes>) -> Result<(), ResponseError> {
        if response.status().is_success() {
            Ok(())
        } else {
            Err(ResponseError::Service(ServiceError::from_response(
                response,
            )))
        }
    }
}

#[test]
fn a24_feedback_is_not_in_this_library_and_can_be_added() {
    let fields = json!({
        "document_object_id": "0d3d",
        "learning_fields": [{"name": "total", "value": "12.0000"}],
    });
    let request = Feedback(fields.clone()).request(&api());
    assert_eq!(
        request.uri(),
        "https://developers.typless.com/api/add-document-feedback"
    );
    assert_eq!(
        request.headers()["content-length"],
        request.body().len().to_string()
    );
    assert_eq!(request.headers()["authorization"], "Token s3cret-k3y");
    assert_eq!(
        serde_json::from_slice::<Value>(&request.body().to_bytes().unwrap()).unwrap(),
        fields
    );
    assert!(call(Feedback(fields.clone()), &response(200, "{}")).is_ok());
    assert!(
        matches!(
            call(Feedback(fields.clone()), &response(500, "")),
            Err(CallError::Unknown { .. })
        ),
        "not repeatable"
    );
    assert!(matches!(
        call(Feedback(fields), &response(422, "")),
        Err(CallError::Refused(_))
    ));
}

#[test]
fn a25_responses_are_read_by_content_and_up_to_a_limit() {
    let html = "<html>Sign in to the guest network</html>";
    assert!(matches!(
        Run::with(JobOptions::new())
            .reply(response(200, html))
            .error(),
        JobError::SubmitUnknown { .. }
    ));
    let mut run = Run::submitted();
    run.reply(response(200, html)).reply(response(502, html));
    run.reply(support::response_with(
        200,
        ("content-type", "text/html"),
        r#"{"status": "SUCCESS", "result": {"object_id": "1"}}"#,
    ))
    .succeeded();
    assert_eq!(
        run.count(|kind| matches!(kind, JobEventKind::PollFailed { .. })),
        2
    );
    assert_eq!(Limits::default().response_bytes, 32 * 1024 * 1024);
    assert_eq!(
        Run::with(JobOptions::new().with_response_limit(5))
            .next_request()
            .unwrap()
            .limits
            .response_bytes,
        5
    );
    let long = ServiceError::from_response(&response(502, &"x".repeat(1_000_000)));
    assert_eq!(long.raw().len(), ServiceError::MAX_RAW_BYTES);
}

#[test]
fn a26_numbers_are_the_text_of_the_service() {
    for number in [
        "12.0000",
        "1210.00",
        "0.1",
        "99999999999999999999.9999",
        "1.210,00",
    ] {
        assert_eq!(
            values(&format!(r#"[{{"value": "{number}"}}]"#)).text("f"),
            Some(number)
        );
    }
    // The service was never seen to write a number without quotes. If it does, integers stay
    // unchanged.
    assert_eq!(values(r#"[{"value": 17}]"#).text("f"), Some("17"));
    assert_eq!(values(r#"[{"value": 440.05}]"#).text("f"), Some("440.05"));
}

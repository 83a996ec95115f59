//! What is sent: paths, the key, what is left out, and calls that are not in this library.

use super::call;
use crate::support::{Run, accepted, api, document, response};
use bytes::Bytes;
use http::{Method, Request as HttpRequest, Response};
use serde_json::{Value, json};
use typless::machine::{CallError, JobOptions};
use typless::wire::{
    Api, AwaitingRequest, Body, Document, ExtractionId, Request, ResponseError, ServiceError,
    StatusRequest, SubmitRequest,
};

fn poll(api: &Api, id: &str) -> String {
    StatusRequest::new(ExtractionId::new(id).unwrap())
        .request(api)
        .uri()
        .to_string()
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
    assert!(run.next_uri().ends_with("&text_blocks=true"));
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
        .expect("a short path")
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

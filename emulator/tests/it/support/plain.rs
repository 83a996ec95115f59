//! Plain HTTP requests, also such as the library never sends.

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::Value;
use typless::machine::Time;
use typless_emulator::Service;

pub(crate) const SUBMIT: &str = "/api/extract-data-async";
pub(crate) const STATUS: &str = "/api/get-extraction-data";

pub(crate) fn request(method: Method, target: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    Request::builder()
        .method(method)
        .uri(target)
        .header("authorization", "Token key")
        .body(body.into())
        .expect("a request")
}

pub(crate) fn submit(
    service: &mut Service,
    path: &str,
    body: &Value,
    now: Time,
) -> Response<Bytes> {
    service.handle(request(Method::POST, path, body.to_string()), now)
}

pub(crate) fn submitted(service: &mut Service, body: &Value, now: Time) -> String {
    let response = submit(service, SUBMIT, body, now);
    assert_eq!(response.status(), 202, "{:?}", response.body());
    let id = parse(&response)["extraction_id"].clone();
    id.as_str().expect("an id").to_owned()
}

pub(crate) fn poll(service: &mut Service, path: &str, id: &str, now: Time) -> Value {
    let response = service.handle(
        request(Method::GET, &format!("{path}?extraction_id={id}"), ""),
        now,
    );
    assert_eq!(response.status(), 200, "{:?}", response.body());
    parse(&response)
}

pub(crate) fn parse(response: &Response<Bytes>) -> Value {
    assert_eq!(response.headers()["content-type"], "application/json");
    serde_json::from_slice(response.body()).expect("JSON")
}

/// Checks the standard error format, and gives back message and details.
pub(crate) fn refused(response: &Response<Bytes>, status: u16, code: &str) -> (String, Value) {
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

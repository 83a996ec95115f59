//! A build without the reader: every document ends in an error that says why.

use std::time::Duration;

use serde_json::{Value, json};
use typless::drive::{BlockingTransport, Clock};
use typless::machine::{Limits, Time};
use typless::wire::{ExtractRequest, ResponseError, StatusRequest, SubmitRequest, SubmitResponse};
use typless_emulator::{InProcess, Service, ServiceOptions};

use crate::support::client::{Client, listen};
use crate::support::{INVOICE, START, api, document, send, send_and_decode, submit, submit_body};

fn instant() -> ServiceOptions {
    ServiceOptions::new().with_pace(Duration::ZERO)
}

/// Checks the standard error of a build without a reader.
fn assert_no_reader(error: &Value) {
    assert_eq!(error["code"], "no_reader");
    assert_eq!(error["details"], json!({"feature": "reader"}));
    let message = error["message"].as_str().expect("a message");
    assert!(message.contains("without a reader"), "{message}");
    assert!(message.contains("build `typless-emulator`"), "{message}");
}

#[test]
fn a_document_is_accepted_and_ends_in_an_error_that_names_the_remedy() {
    let mut service = Service::new(instant());
    // Nothing is read, so what is no PDF gets the same error.
    for content in [INVOICE, b"no PDF"] {
        let id = submit(&mut service, document(content), START);
        let response = send(&mut service, &StatusRequest::new(id), START);
        assert_eq!(response.status(), 200);
        let body: Value = serde_json::from_slice(response.body()).expect("JSON");
        assert_eq!(
            (&body["status"], &body["result"]),
            (&json!("ERROR"), &json!({}))
        );
        assert_no_reader(&body["error"]);
    }
}

#[test]
fn a_synchronous_extraction_is_refused_with_the_same_error() {
    let mut service = Service::new(instant());
    let request = ExtractRequest::new(document(INVOICE));
    let response = send(&mut service, &request, START);
    assert_eq!(response.status(), 400);
    assert_no_reader(&serde_json::from_slice(response.body()).expect("JSON"));
    assert!(matches!(
        send_and_decode(&mut service, &request, START),
        Err(ResponseError::Service(_))
    ));
}

#[test]
fn the_listener_responds_the_same() {
    let listener = listen(instant());
    let mut client = Client::connect(&listener);
    let submitted = client.submit(&submit_body(INVOICE).to_string());
    let id = submitted.body["extraction_id"].as_str().expect("an id");
    let polled = client.poll(id);
    assert_eq!(polled.body["status"], "ERROR");
    assert_no_reader(&polled.body["error"]);
}

#[test]
fn the_transport_in_process_submits() {
    struct Standstill;
    impl Clock for Standstill {
        fn now(&self) -> Time {
            START
        }
    }
    let transport = InProcess::new(Service::new(instant()), Standstill);
    let request = SubmitRequest::new(document(INVOICE)).request(&api());
    let response = transport
        .send(request, Limits::default())
        .expect("a response");
    assert!(SubmitResponse::decode(&response).is_ok());
}

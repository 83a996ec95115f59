//! No request makes the service panic.

use bytes::Bytes;
use http::Request;
use proptest::prelude::*;
use serde_json::{Value, json};
use typless::machine::Time;
use typless_emulator::Service;

use crate::support::plain::{STATUS, SUBMIT};

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

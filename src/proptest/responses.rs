//! Strategies for responses of the service, and of proxies in front of it.

use bytes::Bytes;
use http::Response;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::fields::Fields;
use super::handles::extraction_ids;
use super::results::{any_json, results, scalar};
use super::text::matching;
use crate::wire::ExtractionId;

/// The id in most generated responses to submits. A real service gives each document one id.
pub(super) const USUAL_ID: &str = "0d14338251a6db69bfec36face27f7edcab7322";

/// Bodies of refusals, in every form that [`ServiceError`](crate::wire::ServiceError) reads: the
/// vendor's standard format, also nested, details alone, lists of validation errors; and other
/// JSON, HTML, empty bodies and random bytes.
pub fn error_bodies() -> BoxedStrategy<Bytes> {
    let texts = prop_oneof![
        4 => error_json().prop_map(|json| json.to_string()),
        1 => Just(String::new()),
        1 => Just("<html>Bad gateway</html>".to_owned()),
    ];
    let marked = error_json().prop_map(|json| format!("\u{feff}{json}"));
    let bytes = vec(any::<u8>(), 0..40).prop_map(Bytes::from);
    prop_oneof![6 => texts.prop_map(Bytes::from), 1 => marked.prop_map(Bytes::from), 1 => bytes]
        .boxed()
}

/// Refusals: any status from 300, mostly those that matter, some with a `Retry-After`, with a body
/// of [`error_bodies`].
pub fn refusals() -> BoxedStrategy<Response<Bytes>> {
    let known = select(vec![
        400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 429, 500, 502, 503, 504,
    ]);
    let status = prop_oneof![5 => known, 1 => 300..1000_u16];
    (status, retry_after(), error_bodies())
        .prop_map(|(status, wait, body)| response(status, wait, body))
        .boxed()
}

/// Responses to a submit: mostly an id, otherwise a refusal.
pub fn submit_responses() -> BoxedStrategy<Response<Bytes>> {
    let usual = Just(json!({"extraction_id": USUAL_ID}));
    let other = extraction_ids().prop_map(|id| json!({"extraction_id": id.as_str()}));
    let accepted = (
        prop_oneof![3 => Just(202), 1 => 200..300_u16],
        prop_oneof![5 => usual.boxed(), 1 => other.boxed()],
        prop_oneof![5 => Just(None), 1 => retry_after()],
    )
        .prop_map(|(status, body, wait)| response(status, wait, Bytes::from(body.to_string())));
    prop_oneof![3 => accepted, 1 => refusals()].boxed()
}

/// Bodies of responses to a poll: every status, with results and errors of every form, even where
/// they don't belong.
pub fn status_bodies(fields: &Fields) -> BoxedStrategy<String> {
    let empty = || select(vec!["{}", "null", "[]", r#""""#]).prop_map(str::to_owned);
    let error = || error_json().prop_map(|json| json.to_string());
    let written = |status: &'static str| Just(format!("{status:?}"));
    let odd_status = prop_oneof![
        select(vec!["PAUSED", " success ", "Error", ""]).prop_map(Value::from),
        scalar()
    ]
    .prop_map(|status| status.to_string());
    prop_oneof![
        4 => (written("IN_PROGRESS"), empty(), empty()),
        2 => (written("SUCCESS"), results(fields), empty()),
        1 => (written("ERROR"), empty(), error()),
        1 => (written("EXPIRED"), empty(), empty()),
        1 => (odd_status, prop_oneof![results(fields), empty()], prop_oneof![error(), empty()]),
    ]
    .prop_map(|(status, result, error)| {
        format!(r#"{{"error": {error}, "result": {result}, "status": {status}}}"#)
    })
    .boxed()
}

/// Responses to a poll: mostly a status, otherwise a refusal.
pub fn status_responses(fields: &Fields) -> BoxedStrategy<Response<Bytes>> {
    let status = (
        status_bodies(fields),
        prop_oneof![5 => Just(None), 1 => retry_after()],
    )
        .prop_map(|(body, wait)| response(200, wait, Bytes::from(body)));
    prop_oneof![4 => status, 1 => refusals()].boxed()
}

/// The ids in generated listings: so few that they repeat.
const LISTED: [&str; 6] = [
    USUAL_ID,
    "0e895e08e170ec2d89ddc313792d7f7b89c0a203",
    "a",
    "17",
    "Žiga 🧾",
    "1cb25cc8-c9fa-4149-9a83-b4ed6a2173b9",
];

/// Any id that [`listing_responses`] contain.
pub(super) fn listed_ids() -> BoxedStrategy<ExtractionId> {
    select(LISTED.to_vec())
        .prop_filter_map("ids are taken", |id| ExtractionId::new(id).ok())
        .boxed()
}

/// Responses to a listing: mostly a list of few ids in any order, some of them twice; every form of
/// an empty list; invalid entries; otherwise a refusal.
pub fn listing_responses() -> BoxedStrategy<Response<Bytes>> {
    let entry = prop_oneof![
        12 => select(LISTED.to_vec()).prop_map(Value::from),
        1 => scalar(),
        1 => Just(json!([])),
    ];
    let list = vec(entry, 0..10).prop_map(|ids| json!({ "extraction_ids": ids }).to_string());
    let empty =
        select(vec!["{}", "null", "", "[]", r#"{"extraction_ids": null}"#]).prop_map(str::to_owned);
    let bodies = prop_oneof![8 => list, 1 => empty];
    let lists = (bodies, prop_oneof![8 => Just(None), 1 => retry_after()])
        .prop_map(|(body, wait)| response(200, wait, Bytes::from(body)));
    prop_oneof![6 => lists, 1 => refusals()].boxed()
}

/// Responses that no service sends: any status with random bytes, or with the beginning of a valid
/// body.
pub fn garbled_responses() -> BoxedStrategy<Response<Bytes>> {
    let cut = (
        prop_oneof![submit_responses(), status_responses(&Fields::new())],
        any::<prop::sample::Index>(),
    )
        .prop_map(|(mut response, at)| {
            let length = response.body().len();
            response
                .body_mut()
                .truncate(if length == 0 { 0 } else { at.index(length) });
            response
        });
    let status = prop_oneof![Just(200), Just(202), 100..1000_u16];
    let bytes = (status, retry_after(), vec(any::<u8>(), 0..40))
        .prop_map(|(status, wait, body)| response(status, wait, Bytes::from(body)));
    prop_oneof![cut, bytes].boxed()
}

/// Values of `Retry-After` in every notation, and invalid ones.
fn retry_after() -> BoxedStrategy<Option<&'static str>> {
    let waits = select(vec![
        "0",
        "1",
        "30",
        "600",
        "86400",
        "99999999999999999999",
        "-1",
        "soon",
        "Wed, 15 Nov 2023 00:00:00 GMT",
    ]);
    prop_oneof![1 => Just(None), 1 => waits.prop_map(Some)].boxed()
}

fn response(status: u16, wait: Option<&str>, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    // Both are valid wherever this is called. If not, the response is a plain 200, which is just as
    // good for a test.
    if let Ok(status) = http::StatusCode::from_u16(status) {
        *response.status_mut() = status;
    }
    if let Some(Ok(wait)) = wait.map(http::HeaderValue::from_str) {
        response
            .headers_mut()
            .insert(http::header::RETRY_AFTER, wait);
    }
    response
}

/// Errors as JSON.
fn error_json() -> BoxedStrategy<Value> {
    let message = || {
        prop_oneof![
            3 => matching("[A-Za-z ]{1,30}"),
            1 => matching("\\PC{0,30}"),
            1 => Just("\u{1b}[2J\u{202e}evil".to_owned()),
        ]
    };
    let code = prop_oneof![
        2 => matching("[A-Z_]{1,12}").prop_map(Value::from),
        1 => any::<u16>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let any_message = prop_oneof![4 => message().prop_map(Value::from).boxed(), 1 => scalar()];
    let standard = (code, any_message, any_json()).prop_map(
        |(code, message, details)| json!({"code": code, "message": message, "details": details}),
    );
    let validation = (
        vec(
            prop_oneof![
                matching("[a-z]{1,8}").prop_map(Value::from),
                (0..3).prop_map(Value::from)
            ],
            0..3,
        ),
        message(),
    )
        .prop_map(|(place, message)| json!({"loc": place, "msg": message, "type": "value_error"}));
    let clauses = prop_oneof![
        validation,
        message().prop_map(Value::from),
        message().prop_map(|message| json!({"message": message}))
    ];
    let plain = prop_oneof![
        4 => standard,
        2 => message().prop_map(Value::from),
        2 => vec(clauses, 0..3).prop_map(Value::from),
        1 => any_json(),
        1 => message().prop_map(|message| json!({"file_name": [message]})),
    ];
    let wrapped = (
        plain.clone(),
        vec(select(vec!["error", "errors", "detail"]), 1..6),
    )
        .prop_map(|(inner, keys)| {
            keys.into_iter()
                .fold(inner, |inner, key| json!({ key: inner }))
        });
    prop_oneof![2 => plain, 1 => wrapped].boxed()
}

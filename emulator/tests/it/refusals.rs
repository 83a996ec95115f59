//! The service by itself: every error.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use typless_emulator::{Service, ServiceOptions};

use crate::support::plain::{STATUS, SUBMIT, refused, request, submit, submitted};
use crate::support::{START, submit_body};

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
        "Validation Error. body.file: Field required; body.file_name: Field required; \
                body.document_type_name: Field required."
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

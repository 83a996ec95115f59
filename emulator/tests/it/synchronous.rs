//! The synchronous extraction, and text blocks.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use typless::machine::{Job, JobOptions};
use typless::wire::{
    ExtractRequest, Extraction, ResponseError, StatusRequest, SubmitRequest, TextBlock,
};
use typless_emulator::{Service, ServiceOptions};

use crate::support::job::follow;
use crate::support::plain::{self, STATUS, SUBMIT, refused, request};
use crate::support::{INVOICE, START, api, document, send_and_decode, submit_body};

fn instant() -> Service {
    Service::new(ServiceOptions::new().with_pace(Duration::ZERO))
}

#[test]
fn a_synchronous_extraction_returns_the_result_itself() {
    let mut service = instant();
    let request = ExtractRequest::new(document(INVOICE).with_customer("Acme").expect("a customer"));
    let extraction = send_and_decode(&mut service, &request, START).expect("a result");
    assert_eq!(extraction.text("invoice_number"), Some("LPW-2026-0417"));
    assert_eq!(
        (extraction.customer(), extraction.line_items().len()),
        (Some("Acme"), 5)
    );
    assert_eq!(extraction.object_id().map(str::len), Some(40));
    assert_eq!(
        (service.accepted(), service.held_bytes()),
        (1, 0),
        "billed, and not kept"
    );
    let body = submit_body(INVOICE);
    let versioned = plain::submit(&mut service, "/api/v1/extract-data", &body, START);
    assert_eq!(versioned.status(), 200);
}

#[test]
fn a_document_that_cannot_be_read_is_refused_with_what_is_wrong() {
    let mut service = instant();
    let refused = send_and_decode(
        &mut service,
        &ExtractRequest::new(document(b"\x89PNG\r\n\x1a\n an image")),
        START,
    )
    .expect_err("no result");
    let ResponseError::Service(error) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(error.http_status().map(|status| status.as_u16()), Some(400));
    assert_eq!(error.code(), Some("unsupported_file"));
    assert!(
        error
            .message()
            .is_some_and(|message| message.contains("PNG") && message.contains("no OCR")),
        "{error}"
    );
    assert_eq!(service.accepted(), 0);
}

#[test]
fn images_are_accepted_and_end_in_an_error_that_says_that_there_is_no_ocr() {
    let files: [(&[u8], &str); 4] = [
        (b"\xff\xd8\xff\xe0 photo", "JPEG"),
        (b"\x89PNG\r\n\x1a\n scan", "PNG"),
        (b"II*\0 fax", "TIFF"),
        (b"MM\0* fax", "TIFF"),
    ];
    for (content, kind) in files {
        let mut service = instant();
        let id = crate::support::submit(&mut service, document(content), START);
        let status =
            send_and_decode(&mut service, &StatusRequest::new(id), START).expect("a status");
        let error = status.error().expect("an error");
        assert_eq!(
            (status.status().to_string().as_str(), error.code()),
            ("ERROR", Some("unsupported_file"))
        );
        assert!(
            error
                .message()
                .is_some_and(|message| message.contains(kind) && message.contains("no OCR")),
            "{error}"
        );
    }
}

#[test]
fn text_blocks_are_returned_when_submit_and_poll_request_them() {
    let mut service = instant();
    for (asked_at_submit, asked_at_poll) in
        [(true, true), (true, false), (false, true), (false, false)]
    {
        let submit = SubmitRequest::new(document(INVOICE));
        let submit = if asked_at_submit {
            submit.with_text_blocks()
        } else {
            submit
        };
        let id = send_and_decode(&mut service, &submit, START)
            .expect("accepted")
            .into_extraction_id();
        let poll = StatusRequest::new(id);
        let poll = if asked_at_poll {
            poll.with_text_blocks()
        } else {
            poll
        };
        let extraction = send_and_decode(&mut service, &poll, START)
            .expect("a status")
            .into_extraction()
            .expect("a result");
        let blocks = extraction.text_blocks().expect("text blocks");
        if !(asked_at_submit && asked_at_poll) {
            assert!(blocks.is_empty());
            continue;
        }
        let numbers = blocks.iter().map(TextBlock::number);
        assert!(numbers.eq((0..blocks.len() as u64).map(Some)));
        let total = blocks
            .iter()
            .find(|block| block.text() == "Total EUR 2,484.60")
            .expect("the line of the total");
        assert_eq!(total.page_number(), Some(1));
        let area = total.bounding_box().expect("a place");
        assert!(area.width > 0.0 && area.height > 0.0, "{area:?}");
    }
}

#[test]
fn text_blocks_are_returned_by_a_synchronous_extraction_in_training() {
    let mut service = instant();
    let body = submit_body(INVOICE);
    let mut extract = |query: &str| {
        let path = format!("/api/extract-data{query}");
        plain::submit(&mut service, &path, &body, START)
    };
    for (query, has_text) in [
        ("", false),
        ("?training=false", false),
        ("?training=true", true),
    ] {
        let response = extract(query);
        let extraction = Extraction::from_json(response.into_body()).expect("a result");
        assert_eq!(extraction.text("invoice_number"), Some("LPW-2026-0417"));
        let blocks = extraction.text_blocks().expect("text blocks");
        let total = blocks
            .iter()
            .find(|block| block.text() == "Total EUR 2,484.60");
        assert_eq!(
            total.and_then(TextBlock::page_number),
            has_text.then_some(1),
            "{query}"
        );
    }
    assert_eq!(extract("?training=perhaps").status(), 422);
}

#[test]
fn a_job_can_ask_for_text_blocks() {
    let mut service = instant();
    let job = Job::submit(
        &api(),
        document(INVOICE),
        JobOptions::new().with_text_blocks(),
        START,
    );
    let extraction = follow(job, &mut service, START).expect("a result");
    assert!(extraction.raw_json().contains(r#""text_blocks":[{"#));
}

#[test]
fn flags_must_be_booleans() {
    let mut service = instant();
    let mut body = submit_body(INVOICE);
    for wrong in [json!("yes"), json!(1), json!([])] {
        body["parse_text_blocks"] = wrong;
        for path in [SUBMIT, "/api/extract-data"] {
            let response = plain::submit(&mut service, path, &body, START);
            let (_, details) = refused(&response, 422, "validation_error");
            assert_eq!(details[0]["loc"], json!(["body", "parse_text_blocks"]));
        }
    }
    body["parse_text_blocks"] = Value::Null;
    plain::submitted(&mut service, &body, START);
    let poll = format!("{STATUS}?extraction_id=0d14&text_blocks=maybe");
    let response = service.handle(request(Method::GET, &poll, ""), START);
    let (_, details) = refused(&response, 422, "validation_error");
    assert_eq!(details[0]["loc"], json!(["query", "text_blocks"]));
}

//! Faults of input, X1 to X9: names, keys, files, texts. `docs/faults.md` has the table; tests that
//! need a socket are in the package of the transports.

use std::error::Error;
use std::io::{self, Read};

use crate::support::{Run, accepted, api, expired, failed, in_progress, response, success};
use http::Request as HttpRequest;
use proptest::prelude::*;
use serde_json::Value;
use typless::machine::{FailureKind, JobError, JobEventKind, JobOptions, Machine};
use typless::wire::{
    Api, AwaitingRequest, Body, Document, DocumentSource, ExtractionId, ServiceError,
    StatusRequest, SubmitRequest, printable,
};

fn named(name: &str) -> Result<Document, typless::wire::ConfigError> {
    Document::new(name, "line-item-invoice", &b"%PDF"[..])
}

fn submitted(document: Document) -> HttpRequest<Body> {
    SubmitRequest::new(document).request(&api())
}

/// The value of the query's only parameter, decoded.
fn query_value(request: &HttpRequest<Body>) -> String {
    let (_, value) = request.uri().query().unwrap().split_once('=').unwrap();
    assert!(
        value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)),
        "{value}"
    );
    percent_encoding::percent_decode_str(value)
        .decode_utf8()
        .unwrap()
        .into_owned()
}

proptest! {
    #[test]
    fn x01_a_file_name_arrives_as_it_was_given(name in "[^\\p{Cc}]{1,60}") {
        let request = submitted(named(&name).unwrap());
        let body: Value = serde_json::from_slice(&request.body().to_bytes().unwrap()).unwrap();
        prop_assert_eq!(body["file_name"].as_str(), Some(name.as_str()));
        // Only in the body.
        let head = format!("{:?} {:?}", request.uri(), request.headers());
        prop_assert!(name.len() < 8 || !head.contains(&name));
    }

    #[test]
    fn x01_control_characters_in_a_name_are_refused(start in ".{0,10}", control in "\\p{Cc}") {
        prop_assert_eq!(
            named(&format!("{start}{control}.pdf")).unwrap_err().field(),
            "file_name"
        );
    }

    #[test]
    fn x02_a_customer_travels_as_one_query_value(customer in "[^\\p{Cc}]{1,60}") {
        let request = AwaitingRequest::new()
            .with_customer(&customer)
            .unwrap()
            .request(&api());
        prop_assert_eq!(query_value(&request), customer);
    }

    #[test]
    fn x03_only_a_printable_key_is_accepted(key in ".{0,40}") {
        if let Ok(api) = Api::new(Api::PRODUCTION, &key) {
            let request = AwaitingRequest::new().request(&api);
            let sent = request.headers()["authorization"].to_str().unwrap();
            let bare = sent.strip_prefix("Token ").unwrap();
            prop_assert!(
                !bare.is_empty()
                    && bare.bytes().all(|byte| byte.is_ascii_graphic())
                    && key.contains(bare)
            );
        }
    }

    #[test]
    fn x08_an_id_travels_as_one_query_value(id in "[^\\p{Cc}]{1,60}") {
        let request = StatusRequest::new(ExtractionId::new(&id).unwrap()).request(&api());
        prop_assert_eq!(query_value(&request), id);
    }

    #[test]
    fn x09_text_of_the_service_is_escaped_where_it_is_shown(
        text in "(\\PC|\\p{Cc}|[\u{202a}-\u{202e}\u{2066}-\u{2069}\u{200f}]){0,60}",
        most in 0..50_usize,
    ) {
        let steers = |shown: &str| {
            shown.chars().any(|one| {
                one.is_control()
                    || matches!(one, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200f}')
            })
        };
        prop_assert!(!steers(&printable(&text, most)));
        let body = serde_json::json!({"code": text, "message": text, "details": text}).to_string();
        let error = ServiceError::from_response(&response(400, &body));
        let shown = format!("{error} {error:?}");
        prop_assert!(!steers(&shown), "{}", shown);
        if let Ok(id) = ExtractionId::new(&text) {
            let shown = format!("{id}");
            prop_assert!(!steers(&shown));
        }
    }
}

#[test]
fn x01_empty_long_and_control_character_names_are_refused() {
    for (name, taken) in [
        ("", false),
        ("a\0.pdf", false),
        ("a\r\nX-Evil: 1.pdf", false),
        (&"x".repeat(256), false),
        (&"x".repeat(255), true),
    ] {
        assert_eq!(named(name).is_ok(), taken, "{name:?}");
    }
    // Odd names are allowed: quoted where they are sent, escaped where they are shown.
    for odd in ["../../etc/passwd", "\u{202e}fdp.exe", "🧾 \"quoted\".pdf"] {
        let document = named(odd).unwrap();
        assert!(!format!("{document:?}").contains('\u{202e}'));
        assert_eq!(submitted(document).uri().path(), "/api/extract-data-async");
    }
}

#[test]
fn x01b_a_name_is_never_changed_and_needs_no_suffix() {
    for name in ["invoice.pdf", "invoice", "scan.of.invoice.tiff"] {
        let body: Value =
            serde_json::from_slice(&submitted(named(name).unwrap()).body().to_bytes().unwrap())
                .unwrap();
        assert_eq!(body["file_name"], name);
    }
}

#[test]
fn x02_a_hostile_customer_stays_one_value() {
    let customer = "Acme & Söhne # 1 + 1 = 2 % ?extraction_id=1";
    assert_eq!(
        query_value(
            &AwaitingRequest::new()
                .with_customer(customer)
                .unwrap()
                .request(&api())
        ),
        customer
    );
    assert_eq!(
        AwaitingRequest::new()
            .with_customer("a\r\nb")
            .unwrap_err()
            .field(),
        "customer"
    );
    assert!(
        AwaitingRequest::new()
            .with_customer(&"x".repeat(1025))
            .is_err()
    );
}

#[test]
fn x03_a_key_that_cannot_be_sent_is_refused_and_not_quoted() {
    for key in [
        "",
        " ",
        "Token",
        "Token ",
        "two words",
        "line\r\nX-Evil: 1",
        "naïve",
        "nul\0",
    ] {
        let error = Api::new(Api::PRODUCTION, key).unwrap_err();
        assert_eq!(error.field(), "api_key", "{key:?}");
        assert!(!format!("{error} {error:?}").contains("Evil"));
    }
}

/// The text of an error, with all its sources.
fn error_chain(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(" {error} {error:?}");
        source = error.source();
    }
    text
}

#[test]
fn x04_the_key_is_in_no_output_of_a_job() {
    let last = [
        success(),
        failed(),
        expired(),
        response(401, "{}"),
        response(404, ""),
        response(200, r#"{"status": "SUCCESS"}"#),
    ];
    for response in last {
        let mut run = Run::with(JobOptions::new());
        let transmit = run.next_request().unwrap();
        let mut shown = format!("{transmit:?} {:?} {:?}", run.job, run.job.snapshot());
        run.job.handle_response(transmit.id, accepted(), run.now);
        run.fail(FailureKind::Interrupted).reply(in_progress());
        run.advance(std::time::Duration::from_secs(120))
            .reply(response);
        while run.next_request().is_some() {}
        let ticket = run.job.ticket().unwrap();
        shown += &format!(
            "{:?} {ticket:?} {} {:?}",
            run.job,
            ticket.to_json(),
            run.events
        );
        for event in &run.events {
            if let JobEventKind::Finished(Err(error)) = &event.kind {
                shown += &error_chain(error);
            }
        }
        assert!(
            !shown.contains("s3cret") && !shown.contains("secret contents"),
            "{shown}"
        );
        assert!(shown.len() > 500);
    }
    let error = api().with_key("not sendable, but s3cret").unwrap_err();
    assert!(!error_chain(&error).contains("s3cret"));
}

#[test]
fn x05_an_empty_file_is_refused_before_it_is_billed() {
    assert_eq!(
        Document::new("a.pdf", "t", &b""[..]).unwrap_err().field(),
        "file"
    );
    assert_eq!(
        Document::from_source("a.pdf", "t", Zeros(0))
            .unwrap_err()
            .field(),
        "file"
    );
}

/// A file of zeros, without memory for them.
struct Zeros(u64);

impl DocumentSource for Zeros {
    fn len(&self) -> u64 {
        self.0
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(io::repeat(0).take(self.0)))
    }
}

#[test]
fn x06_a_large_file_is_encoded_block_by_block_with_its_length_known() {
    let gigabyte = submitted(Document::from_source("a.pdf", "t", Zeros(1 << 30)).unwrap());
    assert!(gigabyte.body().len() > (1 << 30) / 3 * 4 && !gigabyte.body().is_small());
    assert_eq!(
        gigabyte.headers()["content-length"],
        gigabyte.body().len().to_string()
    );
    // Reads a few blocks of it, and all of a smaller one.
    assert!(
        gigabyte
            .body()
            .chunks()
            .unwrap()
            .take(100)
            .all(|chunk| chunk.unwrap().len() <= Body::BLOCK_BYTES)
    );
    let smaller =
        submitted(Document::from_source("a.pdf", "t", Zeros(5_000_000)).unwrap()).into_body();
    let chunks: Vec<usize> = smaller
        .chunks()
        .unwrap()
        .map(|chunk| chunk.unwrap().len())
        .collect();
    assert!(chunks.iter().all(|length| *length <= Body::BLOCK_BYTES));
    assert_eq!(chunks.iter().sum::<usize>() as u64, smaller.len());
    // The encoded length would overflow.
    assert_eq!(
        Document::from_source("a.pdf", "t", Zeros(u64::MAX))
            .unwrap_err()
            .field(),
        "file"
    );
}

#[test]
fn x07_a_document_that_changes_during_the_upload_is_not_submitted() {
    let mut run = Run::with(JobOptions::new());
    let error = run.fail(FailureKind::Source).error();
    assert!(matches!(error, JobError::SourceFailed { .. }) && error.ticket().is_none());
}

#[test]
fn x08_a_hostile_id_cannot_leave_its_query_value() {
    for id in [
        "x/../y?z#",
        "1&customer=other",
        "a b+c%20d",
        "\"><script>",
        "🧾",
    ] {
        let request = StatusRequest::new(ExtractionId::new(id).unwrap()).request(&api());
        assert_eq!(
            (request.uri().path(), query_value(&request).as_str()),
            ("/api/get-extraction-data", id)
        );
    }
}

#[test]
fn x09_the_text_itself_is_kept_unchanged() {
    let error = ServiceError::from_response(&response(
        400,
        "{\"message\": \"\\u001b[2J\\u202eevil\", \"code\": \"\\u0007\"}",
    ));
    assert!(error.message().unwrap().contains('\u{1b}') && error.code().unwrap().contains('\u{7}'));
    assert!(
        error.to_string().contains(r"\u{1b}[2J\u{202e}evil"),
        "{error}"
    );
}

//! What the vendor leaves open: whatever the service does, the library understands it.

use std::time::Duration;

use typless::machine::{Job, JobError, JobOptions, Ticket, Time};
use typless::wire::{Extraction, ExtractionId, Status, StatusRequest, SubmitRequest};
use typless_emulator::{
    ConfidenceForm, DocumentType, MissingField, NoError, Service, ServiceOptions, SubmitStatus,
    UnknownId,
};

use crate::support::job::follow;
use crate::support::{INVOICE, START, api, document, send, send_and_decode, submit};

fn options() -> ServiceOptions {
    ServiceOptions::new().with_pace(Duration::from_secs(20))
}

fn extract(options: ServiceOptions) -> Extraction {
    let job = Job::submit(&api(), document(INVOICE), JobOptions::new(), START);
    follow(job, &mut Service::new(options), START).expect("a result")
}

#[test]
fn no_error_may_be_written_in_any_way() {
    for (choice, written) in [
        (
            NoError::EmptyObject,
            r#"{"error":{},"result":{},"status":"IN_PROGRESS"}"#,
        ),
        (
            NoError::Null,
            r#"{"error":null,"result":{},"status":"IN_PROGRESS"}"#,
        ),
        (NoError::Missing, r#"{"result":{},"status":"IN_PROGRESS"}"#),
        (
            NoError::EmptyList,
            r#"{"error":[],"result":{},"status":"IN_PROGRESS"}"#,
        ),
        (
            NoError::EmptyText,
            r#"{"error":"","result":{},"status":"IN_PROGRESS"}"#,
        ),
    ] {
        let mut service = Service::new(options().with_no_error(choice));
        let poll = StatusRequest::new(submit(&mut service, document(INVOICE), START));
        assert_eq!(
            send(&mut service, &poll, START).body().as_ref(),
            written.as_bytes()
        );
        let finished = send_and_decode(&mut service, &poll, START + Duration::from_secs(20))
            .expect("a status");
        assert!(
            finished.status() == &Status::Success && finished.error().is_none(),
            "{choice:?}"
        );
        let expired = send_and_decode(&mut service, &poll, Time::MAX).expect("a status");
        assert!(
            expired.status() == &Status::Expired && expired.error().is_none(),
            "{choice:?}"
        );
        assert_eq!(
            extract(options().with_no_error(choice)).text("invoice_number"),
            Some("LPW-2026-0417")
        );
    }
}

#[test]
fn an_unknown_id_may_get_any_response() {
    let id = ExtractionId::new("0d14338251a6db69bfec36face27f7edcab73220").expect("an id");
    let ticket = Ticket::new(id.clone(), START, START + Duration::from_secs(3600));
    for choice in [
        UnknownId::NotFound,
        UnknownId::BadRequest,
        UnknownId::Error,
        UnknownId::Expired,
    ] {
        let mut service = Service::new(options().with_unknown_id(choice));
        let status = send(&mut service, &StatusRequest::new(id.clone()), START)
            .status()
            .as_u16();
        let now = START + Duration::from_secs(300);
        let error = follow(
            Job::resume(&api(), &ticket, JobOptions::new(), now),
            &mut service,
            now,
        )
        .expect_err("no result");
        let as_chosen = match (choice, &error) {
            (UnknownId::NotFound, JobError::NotFound { .. }) => status == 404,
            (UnknownId::BadRequest, JobError::Refused { .. }) => status == 400,
            (UnknownId::Error, JobError::Failed { error, .. }) => {
                status == 200 && error.code() == Some("extraction_not_found")
            }
            (UnknownId::Expired, JobError::Expired { .. }) => status == 200,
            _ => false,
        };
        assert!(as_chosen, "{choice:?}: {status}, {error:?}");
        assert_eq!(error.ticket(), Some(&ticket));
    }
}

#[test]
fn scores_may_be_numbers_or_text() {
    let score = |choice| {
        let extraction = extract(options().with_confidence_form(choice));
        let written = extraction.raw_json().contains(r#""confidence_score":""#);
        let best = extraction
            .field("invoice_number")
            .and_then(|field| field.best())
            .expect("a value");
        (written, best.confidence().expect("a score"))
    };
    let (as_text, number) = score(ConfidenceForm::Number);
    assert!(!as_text && number > 0.6 && number <= 1.0);
    assert_eq!(score(ConfidenceForm::Text), (true, number));
}

#[test]
fn a_missing_field_may_be_written_in_any_way() {
    let cheque = r#"{"name": "line-item-invoice", "fields": [
        {"name": "cheque_number", "data_type": "STRING", "labels": ["cheque"]}
    ]}"#;
    for (choice, written) in [
        (
            MissingField::NullValue,
            concat!(
                r#""values":[{"x":-1,"y":-1,"width":-1,"height":-1,"page_number":-1,"#,
                r#""value":null,"confidence_score":0.0}]"#
            ),
        ),
        (MissingField::EmptyList, r#""values":[]"#),
        (MissingField::Null, r#""values":null"#),
    ] {
        let cheque = DocumentType::from_json(cheque).expect("a document type");
        let extraction = extract(
            options()
                .with_document_type(cheque)
                .with_missing_field(choice),
        );
        assert!(
            extraction.raw_json().contains(written),
            "{}",
            extraction.raw_json()
        );
        let field = extraction
            .field("cheque_number")
            .expect("the field is there");
        assert!(field.text().is_none() && field.best().is_none());
        let whole = extract(options().with_missing_field(choice));
        assert_eq!(
            whole.text("invoice_number"),
            Some("LPW-2026-0417"),
            "what was found stays as it is"
        );
    }
}

#[test]
fn the_response_to_a_submit_may_be_200() {
    for (choice, status) in [(SubmitStatus::Accepted, 202), (SubmitStatus::Ok, 200)] {
        let mut service = Service::new(options().with_submit_status(choice));
        assert_eq!(
            send(&mut service, &SubmitRequest::new(document(INVOICE)), START)
                .status()
                .as_u16(),
            status
        );
        assert!(
            extract(options().with_submit_status(choice))
                .text("total_amount")
                .is_some()
        );
    }
}

//! Requests as the core makes them, and what is expected of their failures.

use bytes::Bytes;
use http::{Request, Response};
use typless::machine::{Failure, FailureKind};
use typless::wire::{Api, Body, Document, ExtractionId, StatusRequest, SubmitRequest};

pub(crate) const ACCEPTED: &str = r#"{"extraction_id": "0d14338251a6db69bfec36face27f7edcab7322"}"#;

pub(crate) fn api(url: &str) -> Api {
    Api::new(url, "s3cret").unwrap()
}

pub(crate) fn submit(url: &str, document: Document) -> Request<Body> {
    SubmitRequest::new(document).request(&api(url))
}

pub(crate) fn poll(url: &str) -> Request<Body> {
    StatusRequest::new(ExtractionId::new("0d14").unwrap()).request(&api(url))
}

pub(crate) fn document(content: impl Into<Bytes>) -> Document {
    Document::new("invoice.pdf", "line-item-invoice", content).unwrap()
}

#[track_caller]
pub(crate) fn assert_kind(result: Result<Response<Bytes>, Failure>, kind: FailureKind) -> Failure {
    let failure = result.unwrap_err();
    assert_eq!(failure.kind(), kind, "{failure}");
    failure
}

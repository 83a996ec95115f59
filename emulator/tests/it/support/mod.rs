//! What the tests of the service share.

pub(crate) mod client;
#[cfg(feature = "reader")]
pub(crate) mod findings;
#[cfg(feature = "reader")]
pub(crate) mod job;
#[cfg(feature = "reader")]
pub(crate) mod plain;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};
use typless::machine::Time;
use typless::wire::{Api, Document, ExtractionId, Request, ResponseError, SubmitRequest};
use typless_emulator::Service;

/// When the tests begin.
pub(crate) const START: Time = Time::from_unix_seconds(1_700_000_000);

/// An invoice of this package's own.
pub(crate) const INVOICE: &[u8] = include_bytes!("../../../samples/invoice.pdf");

/// The body of a submit of this document.
pub(crate) fn submit_body(document: &[u8]) -> Value {
    json!({
        "file_name": "invoice.pdf",
        "document_type_name": "line-item-invoice",
        "file": BASE64_STANDARD.encode(document),
    })
}

/// Where the library believes the service to be.
pub(crate) fn api() -> Api {
    Api::new("http://localhost", "key").expect("an address")
}

/// A document as the library submits it.
pub(crate) fn document(content: &'static [u8]) -> Document {
    Document::new("invoice.pdf", "line-item-invoice", content).expect("a document")
}

/// The response to a request of the library's.
pub(crate) fn send<R: Request>(service: &mut Service, request: &R, now: Time) -> Response<Bytes> {
    let (head, body) = request.request(&api()).into_parts();
    service.handle(
        http::Request::from_parts(head, body.to_bytes().expect("a body")),
        now,
    )
}

/// The response to a request of the library's, decoded by the library.
pub(crate) fn send_and_decode<R: Request>(
    service: &mut Service,
    request: &R,
    now: Time,
) -> Result<R::Response, ResponseError> {
    R::decode(&send(service, request, now))
}

/// Submits a document and gives back its id.
pub(crate) fn submit(service: &mut Service, document: Document, now: Time) -> ExtractionId {
    send_and_decode(service, &SubmitRequest::new(document), now)
        .expect("accepted")
        .into_extraction_id()
}

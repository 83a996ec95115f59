//! Requests as the core makes them.

use bytes::Bytes;
use http::Request;
use typless::wire::{Api, Body, Document, ExtractionId, StatusRequest};

pub(crate) const KEY: &str = "s3cret";

pub(crate) fn api(url: &str) -> Api {
    Api::new(url, KEY).unwrap()
}

pub(crate) fn poll(url: &str) -> Request<Body> {
    StatusRequest::new(ExtractionId::new("0d14").unwrap()).request(&api(url))
}

pub(crate) fn document(content: impl Into<Bytes>) -> Document {
    Document::new("invoice.pdf", "line-item-invoice", content).unwrap()
}

//! Requests as the core makes them.

use std::io::{self, Read};

use bytes::Bytes;
use http::Request;
use typless::wire::{Api, Body, Document, DocumentSource, ExtractionId, StatusRequest};

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

/// A document whose source panics while it is read.
pub(crate) fn panicking_document() -> Document {
    Document::from_source("invoice.pdf", "line-item-invoice", Panicking).unwrap()
}

struct Panicking;

impl DocumentSource for Panicking {
    fn len(&self) -> u64 {
        10
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(io::repeat(b'x').take(5).chain(Self)))
    }
}

impl Read for Panicking {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("with a secret")
    }
}

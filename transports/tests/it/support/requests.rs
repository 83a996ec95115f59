//! Requests as the core makes them.

use std::io::{self, Read};

use bytes::Bytes;
use http::Request;
use typless::machine::JobError;
use typless::wire::{Api, Body, Document, DocumentSource, Extraction, ExtractionId, StatusRequest};

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

/// A source that panics fails its job, says nothing of its content, and leaves other jobs alone.
pub(crate) fn assert_panic_fails_its_job_alone(
    run: impl Fn(Document) -> Result<Extraction, JobError>,
) {
    let error = run(panicking_document()).unwrap_err();
    assert!(matches!(error, JobError::SourceFailed { .. }), "{error:?}");
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("panicked") && !text.contains("secret"),
        "{text}"
    );
    assert!(run(document("%PDF")).is_ok());
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

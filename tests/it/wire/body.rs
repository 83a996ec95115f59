//! The body of a submit: its length, every way to read it, and sources with a wrong length.

use std::io::{self, Read};

use crate::support;
use base64::Engine;
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};
use typless::machine::{Job, Transmit};
use typless::wire::{
    Api, Body, BodyChunks, BodyReader, Document, DocumentSource, ExtractRequest, SourceError,
    SubmitRequest,
};

fn body(document: Document) -> Body {
    SubmitRequest::new(document)
        .request(&Api::new(Api::PRODUCTION, "key").unwrap())
        .into_body()
}

/// A source with a declared length and another number of bytes, which are read `at_a_time`.
struct Source {
    says: u64,
    content: Vec<u8>,
    at_a_time: usize,
    fails: bool,
}

impl DocumentSource for Source {
    fn len(&self) -> u64 {
        self.says
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Trickle {
            content: io::Cursor::new(self.content.clone()),
            at_a_time: self.at_a_time,
            fails: self.fails,
            interrupted: false,
        }))
    }
}

struct Trickle {
    content: io::Cursor<Vec<u8>>,
    at_a_time: usize,
    fails: bool,
    interrupted: bool,
}

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = buffer.len().min(self.at_a_time);
        match self.content.read(&mut buffer[..count])? {
            0 if self.fails => Err(io::Error::other("the disk is gone")),
            count => Ok(count),
        }
    }
}

fn through_read(body: &Body, size: usize) -> io::Result<Vec<u8>> {
    let (mut reader, mut buffer, mut all) = (body.reader()?, vec![0; size], Vec::new());
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(all),
            count => all.extend_from_slice(&buffer[..count]),
        }
    }
}

fn through_chunks(body: &Body) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    for chunk in body.chunks()? {
        all.extend_from_slice(&chunk?);
    }
    Ok(all)
}

proptest! {
    #![proptest_config(support::cases(64))]

    #[test]
    fn every_way_to_read_yields_the_same_json(
        size in 1..60_000_usize,
        read in 1..40_000_usize,
        at_a_time in 1..30_000_usize,
        name in "[^\\p{Cc}]{1,60}",
    ) {
        let content: Vec<u8> = (0..size).map(|index| (index * 7 % 256) as u8).collect();
        let in_memory = Document::new(&name, "line-item-invoice", content.clone())
            .unwrap()
            .with_customer("Žiga & Co")
            .unwrap();
        let source = Source {
            says: size as u64,
            content: content.clone(),
            at_a_time,
            fails: false,
        };
        let streamed = Document::from_source(&name, "line-item-invoice", source)
            .unwrap()
            .with_customer("Žiga & Co")
            .unwrap();
        let whole = body(in_memory.clone()).to_bytes().unwrap();
        prop_assert_eq!(body(in_memory.clone()).len(), whole.len() as u64);
        for body in [body(in_memory), body(streamed)] {
            prop_assert!(body.to_bytes().unwrap() == whole);
            prop_assert!(through_read(&body, read).unwrap() == whole);
            prop_assert!(through_chunks(&body).unwrap() == whole);
        }
        let expected = json!({
            "file": base64::engine::general_purpose::STANDARD.encode(&content), "file_name": name,
            "document_type_name": "line-item-invoice", "customer": "Žiga & Co",
        });
        prop_assert_eq!(serde_json::from_slice::<Value>(&whole).unwrap(), expected);
    }

    #[test]
    fn a_source_with_a_wrong_length_never_makes_a_whole_body(
        size in 0..50_000_usize,
        says in 1..50_000_u64,
        at_a_time in 1..20_000_usize,
        fails: bool,
    ) {
        prop_assume!(size as u64 != says);
        let body = body(
            Document::from_source(
                "a.pdf",
                "t",
                Source {
                    says,
                    content: vec![1; size],
                    at_a_time,
                    fails,
                },
            )
            .unwrap(),
        );
        for (yielded, error) in [
            (0, body.to_bytes().unwrap_err()),
            (0, through_read(&body, 777).unwrap_err()),
            (0, through_read(&body, 20_000).unwrap_err()),
            (0, through_chunks(&body).unwrap_err()),
        ] {
            prop_assert!((yielded as u64) < body.len());
            match SourceError::find_in(&error).unwrap() {
                SourceError::Unreadable(_) => prop_assert!(fails && (size as u64) < says),
                SourceError::Shorter { declared, yielded } => {
                    prop_assert_eq!((*declared, *yielded), (says, size as u64));
                }
                SourceError::Longer { declared } => {
                    prop_assert!(*declared == says && size as u64 > says);
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}

#[test]
fn the_bytes_of_a_small_body_are_known() {
    let document = Document::new("a\"b.pdf", "t", &b"hello"[..]).unwrap();
    let whole = body(document).to_bytes().unwrap();
    assert_eq!(
        &whole[..],
        br#"{"file_name":"a\"b.pdf","document_type_name":"t","file":"aGVsbG8="}"#
    );
}

#[test]
fn a_chunk_is_a_block_and_an_error_is_the_last() {
    let long = body(Document::new("a.pdf", "t", vec![0; 100_000]).unwrap());
    let chunks: Vec<Bytes> = long.chunks().unwrap().map(Result::unwrap).collect();
    assert!(
        chunks[..chunks.len() - 1]
            .iter()
            .all(|chunk| chunk.len() > Body::BLOCK_BYTES - 4 && chunk.len() <= Body::BLOCK_BYTES)
    );
    let cut = body(
        Document::from_source(
            "a.pdf",
            "t",
            Source {
                says: 50_000,
                content: vec![1; 40_000],
                at_a_time: 9999,
                fails: false,
            },
        )
        .unwrap(),
    );
    let results: Vec<bool> = cut.chunks().unwrap().map(|chunk| chunk.is_ok()).collect();
    assert!(!results.last().unwrap() && results[..results.len() - 1].iter().all(|ok| *ok));
}

#[test]
fn an_empty_body_is_empty_however_it_is_read() {
    let empty = Body::empty();
    assert!(empty.is_empty() && empty.to_bytes().unwrap().is_empty());
    assert!(
        through_read(&empty, 10).unwrap().is_empty() && through_chunks(&empty).unwrap().is_empty()
    );
}

#[test]
fn a_source_that_cannot_be_opened_is_a_source_failure() {
    struct Locked;
    impl DocumentSource for Locked {
        fn len(&self) -> u64 {
            10
        }
        fn open(&self) -> io::Result<Box<dyn Read + Send>> {
            Err(io::ErrorKind::PermissionDenied.into())
        }
    }
    let body = body(Document::from_source("a.pdf", "t", Locked).unwrap());
    let error = body.reader().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    // Found however deep it is wrapped.
    let wrapped = io::Error::other(io::Error::other(error));
    assert!(matches!(
        SourceError::find_in(&wrapped),
        Some(SourceError::Unreadable(_))
    ));
}

/// A source that panics when it is opened, or after some bytes.
struct Panicking {
    opens: bool,
}

impl DocumentSource for Panicking {
    fn len(&self) -> u64 {
        50_000
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        assert!(self.opens, "with a secret");
        Ok(Box::new(io::repeat(b'x').take(20_000).chain(Panics)))
    }
}

struct Panics;

impl Read for Panics {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("with a secret")
    }
}

#[test]
fn a_source_that_panics_is_a_source_failure_however_it_is_read() {
    for opens in [false, true] {
        let body = body(Document::from_source("a.pdf", "t", Panicking { opens }).unwrap());
        for error in [
            body.to_bytes().unwrap_err(),
            through_read(&body, 777).unwrap_err(),
            through_read(&body, 20_000).unwrap_err(),
            through_chunks(&body).unwrap_err(),
        ] {
            let found = SourceError::find_in(&error).unwrap();
            assert!(matches!(found, SourceError::Unreadable(_)), "{found:?}");
            let text = format!("{error} {error:?}");
            assert!(
                text.contains("the document source panicked") && !text.contains("secret"),
                "{text}"
            );
        }
    }
}

/// Some HTTP clients take only bodies that are `Send` and `Sync`, though a source need not be.
#[test]
fn everything_that_holds_a_body_is_send_and_sync() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Body>();
    check::<BodyReader>();
    check::<BodyChunks>();
    check::<Document>();
    check::<SubmitRequest>();
    check::<ExtractRequest>();
    check::<http::Request<Body>>();
    check::<Transmit>();
    check::<Job>();
}

#[test]
fn documents_the_service_would_refuse_are_refused_before_a_submit() {
    let file = || Bytes::from_static(b"%PDF");
    let field = |result: Result<Document, typless::wire::ConfigError>| result.unwrap_err().field();
    assert_eq!(field(Document::new("a.pdf", "t", Bytes::new())), "file");
    assert_eq!(field(Document::new("", "t", file())), "file_name");
    assert_eq!(
        field(Document::new(&"x".repeat(256), "t", file())),
        "file_name"
    );
    assert_eq!(field(Document::new("a\0.pdf", "t", file())), "file_name");
    assert_eq!(field(Document::new("a\r\n.pdf", "t", file())), "file_name");
    assert_eq!(field(Document::new("a.pdf", "", file())), "document_type");
    assert_eq!(
        field(
            Document::new("a.pdf", "t", file())
                .unwrap()
                .with_customer("")
        ),
        "customer"
    );
    assert_eq!(
        field(
            Document::new("a.pdf", "t", file())
                .unwrap()
                .with_reference("\u{7}")
        ),
        "reference"
    );
    assert!(
        Document::new("../\u{202e}fdp.exe 🧾.pdf", "t", file()).is_ok(),
        "odd names are the caller's business, and are escaped"
    );
}

#[test]
fn the_content_of_a_document_is_read_from_its_first_byte_each_time() {
    struct Source;
    impl DocumentSource for Source {
        fn len(&self) -> u64 {
            8
        }
        fn open(&self) -> io::Result<Box<dyn Read + Send>> {
            Ok(Box::new(&b"%PDF-1.7"[..]))
        }
    }
    for document in [
        Document::new("a.pdf", "type", &b"%PDF-1.7"[..]).unwrap(),
        Document::from_source("a.pdf", "type", Source).unwrap(),
    ] {
        for _ in 0..2 {
            let content = io::read_to_string(document.open().unwrap()).unwrap();
            assert_eq!(content, "%PDF-1.7");
        }
    }
}

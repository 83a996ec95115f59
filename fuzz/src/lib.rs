//! One function for each kind of bytes that come from elsewhere. Each panics if a promise does not
//! hold for these bytes.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use typless::machine::{
    BatchEvent, DrainEvent, DrainSnapshot, ExchangeResult, JobEvent, Snapshot, ThrottleState,
    Ticket,
};
use typless::transcript::Transcript;
use typless::wire::{Api, Extraction, Notification, Repair, StatusResponse, retry_after};

/// A function of this package, and the name of its corpus.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 5] = [
    ("result", result),
    ("stored", stored),
    ("retry_after", retry_after_header),
    ("base_url", base_url),
    ("transcript", transcript),
];

/// The body of a response to a poll, and of a webhook's message.
///
/// # Panics
///
/// A result does not read as itself when it is stored, or an error shows content.
pub fn result(data: &[u8]) {
    let _ = Notification::decode(data);
    let body = Bytes::copy_from_slice(data);
    if let Ok(response) = StatusResponse::decode(&Response::new(body.clone())) {
        let _ = format!("{response:?}");
        if let Some(extraction) = response.extraction() {
            assert_eq!(extraction.raw(), &body, "as it was received");
            check(extraction);
        }
    }
    match Extraction::from_json(body.clone()) {
        Ok(extraction) => {
            assert_eq!(extraction.raw(), &body, "as it was received");
            check(&extraction);
        }
        Err(error) => {
            let _ = error.to_string();
            assert_eq!(error.raw(), &body, "an unreadable result keeps its bytes");
        }
    }
}

/// A result that was read.
fn check(extraction: &Extraction) {
    let json = extraction.raw_json();
    assert!(
        serde_json::from_str::<&serde_json::value::RawValue>(json).is_ok(),
        "it is JSON"
    );
    let again = Extraction::from_json(json.to_owned()).expect("it is read again");
    let texts = |extraction: &Extraction| -> Vec<Option<String>> {
        let fields = extraction.fields().iter();
        fields
            .map(|field| field.text().map(str::to_owned))
            .collect()
    };
    assert_eq!(texts(extraction), texts(&again));
    let line = serde_json::to_string(extraction).expect("it is written");
    assert!(!line.contains(['\n', '\r']), "it is one line");
    let stored: Extraction = serde_json::from_str(&line).expect("what was written is read");
    assert_eq!(texts(extraction), texts(&stored));
    assert_eq!(again.repair_count(), 0, "it is repaired once");
    assert!(extraction.repairs().len() <= Repair::MAX_LISTED);
    let _ = extraction.text_blocks();
}

/// What a program stores: tickets, snapshots, events, and what exchanges bring.
///
/// # Panics
///
/// What is read is not written as it was read.
pub fn stored(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        same_again::<Ticket>(text);
        same_again::<Snapshot>(text);
        same_again::<DrainSnapshot>(text);
        same_again::<ThrottleState>(text);
        same_again::<JobEvent>(text);
        same_again::<BatchEvent>(text);
        same_again::<DrainEvent>(text);
        same_again::<ExchangeResult>(text);
    }
}

fn same_again<T: Serialize + DeserializeOwned>(text: &str) {
    if let Ok(read) = serde_json::from_str::<T>(text) {
        let written = serde_json::to_string(&read).expect("what was read is written");
        let again: T = serde_json::from_str(&written).expect("what was written is read");
        let again = serde_json::to_string(&again).expect("what was read is written");
        assert_eq!(again, written);
    }
}

/// The header `Retry-After`, and after a line break the header `Date`.
///
/// # Panics
///
/// Never, for any header.
pub fn retry_after_header(data: &[u8]) {
    let mut lines = data.splitn(2, |byte| *byte == b'\n');
    let mut headers = HeaderMap::new();
    for name in ["retry-after", "date"] {
        if let Some(Ok(value)) = lines.next().map(HeaderValue::from_bytes) {
            headers.insert(name, value);
        }
    }
    let _ = retry_after(&headers);
}

/// A base URL.
///
/// # Panics
///
/// A URL that was taken is not taken again, or shows the key.
pub fn base_url(data: &[u8]) {
    let Ok(url) = std::str::from_utf8(data) else {
        return;
    };
    for api in [Api::new(url, "s3cret"), Api::over_plain_http(url, "s3cret")] {
        match api {
            Ok(api) => {
                assert!(!format!("{api:?}").contains("s3cret"));
                Api::over_plain_http(api.base_url(), "s3cret").expect("it is taken again");
            }
            Err(error) => assert!(!error.to_string().contains("s3cret")),
        }
    }
}

/// A transcript.
///
/// # Panics
///
/// Never, for any text.
pub fn transcript(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Transcript::parse(text) {
        Ok(transcript) => {
            let _ = (
                transcript.start(),
                transcript.origin(),
                transcript.steps().len(),
            );
        }
        Err(error) => assert!(error.line() <= text.lines().count() + 1),
    }
}

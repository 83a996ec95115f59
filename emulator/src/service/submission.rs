//! A submit, from its JSON body to the findings in its document.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::ServiceOptions;
use super::last_read::{LastRead, Outcome};
use super::refusal::{Refusal, Violation};
use crate::DocumentType;

/// A submit whose body was not decoded yet.
///
/// [`read`](Self::read) needs only the options of the service, so that it can run while the service
/// responds to others.
pub(crate) struct Submission {
    kind: SubmissionKind,
    body: Bytes,
    options: Arc<ServiceOptions>,
    last_read: Arc<LastRead>,
}

/// Which of the two calls it came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SubmissionKind {
    /// The response is an id.
    Asynchronous,
    /// The response is the result; with `training=true` in the query it has text blocks.
    Synchronous { is_training: bool },
}

/// The findings in a submitted document, and the names that the client gave.
pub(crate) struct Reading {
    pub(super) kind: SubmissionKind,
    pub(super) file_name: String,
    pub(super) customer: Option<String>,
    pub(super) outcome: Outcome,
}

impl Submission {
    /// Takes a body, unless its `Content-Type` is not JSON.
    pub(super) fn new(
        kind: SubmissionKind,
        head: &Parts,
        body: Bytes,
        options: Arc<ServiceOptions>,
        last_read: Arc<LastRead>,
    ) -> Result<Self, Refusal> {
        if head
            .headers
            .get(CONTENT_TYPE)
            .is_some_and(|value| !is_json(value.as_bytes()))
        {
            return Err(Refusal::UnsupportedMediaType);
        }
        Ok(Self {
            kind,
            body,
            options,
            last_read,
        })
    }

    /// Checks the submit and reads its document, which takes long. The body is dropped.
    pub(crate) fn read(self) -> Result<Reading, Refusal> {
        let Self {
            kind,
            body,
            options,
            last_read,
        } = self;
        let request = SubmitRequest::from_body(&body, &options)?;
        // The document is held once while it is read, not twice.
        drop(body);
        let text_blocks = match kind {
            SubmissionKind::Asynchronous => request.text_blocks,
            SubmissionKind::Synchronous { is_training } => is_training,
        };
        let outcome = last_read.read(request.document, request.document_type, text_blocks);
        Ok(Reading {
            kind,
            file_name: request.file_name,
            customer: request.customer,
            outcome,
        })
    }
}

/// The contents of a submit, decoded.
struct SubmitRequest<'a> {
    document: Vec<u8>,
    document_type: &'a DocumentType,
    file_name: String,
    customer: Option<String>,
    text_blocks: bool,
}

/// The properties of the body as they stand there; not one byte is copied.
#[derive(Deserialize)]
struct Properties<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    file: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    file_name: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    document_type_name: Option<&'a RawValue>,
    /// Null counts as missing.
    #[serde(borrow, default)]
    customer: Option<&'a RawValue>,
    #[serde(borrow, default)]
    parse_text_blocks: Option<&'a RawValue>,
}

impl<'a> SubmitRequest<'a> {
    fn from_body(body: &[u8], options: &'a ServiceOptions) -> Result<Self, Refusal> {
        let properties = Properties::from_body(body)?;
        let mut violations = Vec::new();
        let file = required(&["body", "file"], properties.file, &mut violations);
        let file_name = required(
            &["body", "file_name"],
            properties.file_name,
            &mut violations,
        );
        let document_type_name = required(
            &["body", "document_type_name"],
            properties.document_type_name,
            &mut violations,
        );
        let customer = properties
            .customer
            .map(|customer| text(&["body", "customer"], customer, &mut violations));
        let text_blocks = properties
            .parse_text_blocks
            .is_some_and(|flag| boolean(&["body", "parse_text_blocks"], flag, &mut violations));
        if !violations.is_empty() {
            return Err(Refusal::Invalid(violations));
        }
        let document_type = options
            .document_types
            .get(&*document_type_name)
            .ok_or_else(|| Refusal::DocumentTypeNotFound {
                known: options.document_types.keys().cloned().collect(),
            })?;
        let document = BASE64_STANDARD
            .decode(&*file)
            .map_err(|error| Refusal::InvalidBase64 {
                offset: offset(&error),
            })?;
        Ok(Self {
            document,
            document_type,
            file_name: file_name.into_owned(),
            customer: customer.map(Cow::into_owned),
            text_blocks,
        })
    }
}

impl<'a> Properties<'a> {
    fn from_body(body: &'a [u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(body).map_err(|error| {
            let before = &body[..error.valid_up_to()];
            let line_start = before
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |newline| newline + 1);
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            Refusal::InvalidJson {
                line,
                column: before.len() - line_start + 1,
            }
        })?;
        let is_object = text.trim_ascii_start().starts_with('{');
        // Serde would read an array as the properties in their order.
        let parsed = if is_object {
            serde_json::from_str(text)
        } else {
            serde_json::from_str::<&RawValue>(text).map(|_| Self::none())
        };
        match parsed {
            Ok(properties) if is_object => Ok(properties),
            Ok(_) => Err(Refusal::Invalid(vec![Violation::no_object()])),
            Err(error) if error.is_data() => Err(Refusal::Invalid(vec![Violation::repeated()])),
            Err(error) => Err(Refusal::InvalidJson {
                line: error.line(),
                column: error.column(),
            }),
        }
    }

    fn none() -> Self {
        Self {
            file: None,
            file_name: None,
            document_type_name: None,
            customer: None,
            parse_text_blocks: None,
        }
    }
}

/// Separates null from missing: null is of the wrong type.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn required<'a>(
    loc: &'static [&'static str],
    value: Option<&'a RawValue>,
    violations: &mut Vec<Violation>,
) -> Cow<'a, str> {
    match value {
        Some(value) => text(loc, value, violations),
        None => {
            violations.push(Violation::missing(loc));
            Cow::default()
        }
    }
}

/// A text that is not empty; borrowed from the body unless it has escapes.
fn text<'a>(
    loc: &'static [&'static str],
    value: &'a RawValue,
    violations: &mut Vec<Violation>,
) -> Cow<'a, str> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    let json = value.get();
    match serde_json::from_str::<Text<'_>>(json) {
        Ok(Text(text)) => {
            if text.is_empty() {
                violations.push(Violation::empty(loc));
            }
            text
        }
        Err(_) => {
            // The value is JSON; a string that is none has escapes that stand for no character.
            let violation = if json.starts_with('"') {
                Violation::no_unicode
            } else {
                Violation::no_string
            };
            violations.push(violation(loc));
            Cow::default()
        }
    }
}

/// `true` or `false`.
fn boolean(
    loc: &'static [&'static str],
    value: &RawValue,
    violations: &mut Vec<Violation>,
) -> bool {
    serde_json::from_str(value.get()).unwrap_or_else(|_| {
        violations.push(Violation::no_boolean(loc));
        false
    })
}

/// Whether a content type is JSON or empty: `application/json` with or without parameters, or any
/// `+json`.
fn is_json(content_type: &[u8]) -> bool {
    let essence = content_type
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii()
        .to_ascii_lowercase();
    essence.is_empty() || essence.ends_with(b"/json") || essence.ends_with(b"+json")
}

/// Where the error is; the error itself would quote the document.
fn offset(error: &base64::DecodeError) -> Option<usize> {
    match error {
        base64::DecodeError::InvalidByte(offset, _)
        | base64::DecodeError::InvalidLastSymbol { offset, .. } => Some(*offset),
        base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => None,
    }
}

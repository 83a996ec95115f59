//! The result of an extraction.

mod candidate;
mod candidates;
mod field;
mod parse;
mod row;
mod text_block;

use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

pub use candidate::{BoundingBox, Candidate};
pub use field::{DataType, Field};
pub use parse::{ParseError, ParseOptions, ParseProblem, ParseProblemKind, Parsed, ReviewItem};
pub use row::Row;
pub use text_block::TextBlock;

use super::decode_error::{self, DecodeError};
use super::lenient::{self, Object};
use text_block::TextBlocks;

/// The result of an extraction: the values that the service read from a document.
///
/// Read it field by field, or into your own struct with [`parse`](Self::parse). Every known form is
/// accepted: confidences and coordinates as numbers or strings, absent and null lists, rows as
/// lists or objects. Keys that this crate does not know are in [`raw_json`](Self::raw_json).
#[derive(Clone)]
pub struct Extraction {
    content: Content,
    raw: Raw,
}

/// The known keys of a result. Each may be absent.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Content {
    #[serde(deserialize_with = "lenient::text")]
    object_id: Option<Box<str>>,
    #[serde(deserialize_with = "lenient::text")]
    file_name: Option<Box<str>>,
    #[serde(deserialize_with = "lenient::text")]
    customer: Option<Box<str>>,
    #[serde(deserialize_with = "lenient::text")]
    adjusted_s3_url: Option<Box<str>>,
    #[serde(deserialize_with = "lenient::list")]
    extracted_fields: Vec<Field>,
    #[serde(deserialize_with = "lenient::list")]
    line_items: Vec<Row>,
    #[serde(deserialize_with = "lenient::list")]
    vat_rates: Vec<Row>,
}

/// The JSON that an extraction was read from.
#[derive(Clone)]
enum Raw {
    /// The result itself.
    Result(Bytes),
    /// The status response around the result. The result is cut out on request, which is rare.
    Envelope(Bytes),
}

impl Extraction {
    /// Reads a result from its own JSON, such as the response of the synchronous call or a stored
    /// [`raw_json`](Self::raw_json).
    ///
    /// # Errors
    ///
    /// The bytes are not UTF-8 or not JSON, or a known key has a value of another type. The error
    /// names its path.
    pub fn from_json(json: impl Into<Bytes>) -> Result<Self, DecodeError> {
        const WHAT: &str = "result";
        let raw = json.into();
        let text = decode_error::text(WHAT, &raw)?;
        match serde_json::from_str::<Object<Content>>(text) {
            Ok(Object(content)) => Ok(Self {
                content,
                raw: Raw::Result(raw),
            }),
            Err(_) => Err(DecodeError::explain::<Object<Content>>(
                WHAT,
                text,
                raw.clone(),
            )),
        }
    }

    pub(super) fn from_envelope(content: Content, envelope: Bytes) -> Self {
        Self {
            content,
            raw: Raw::Envelope(envelope),
        }
    }

    /// The service's id of the document, which feedback needs. It is not the id of the extraction.
    pub fn object_id(&self) -> Option<&str> {
        self.content.object_id.as_deref()
    }

    /// The file name from the submit.
    pub fn file_name(&self) -> Option<&str> {
        self.content.file_name.as_deref()
    }

    /// The customer from the submit.
    pub fn customer(&self) -> Option<&str> {
        self.content.customer.as_deref()
    }

    /// A signed URL of the straightened document.
    ///
    /// It works for a limited time and for everybody: treat it as a secret, and never send the API
    /// key with it.
    pub fn adjusted_document_url(&self) -> Option<&str> {
        self.content.adjusted_s3_url.as_deref()
    }

    /// The fields: one for each field of the document type, found or not.
    pub fn fields(&self) -> &[Field] {
        &self.content.extracted_fields
    }

    /// The field with this name; if there are several, the first.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields().iter().find(|field| field.name() == name)
    }

    /// The text of a field's best candidate; `None` if the field is absent, not found or null.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.field(name)?.text()
    }

    /// The line items, one row each.
    pub fn line_items(&self) -> &[Row] {
        &self.content.line_items
    }

    /// The VAT rates, one row each. Empty unless the document type asks for them.
    pub fn vat_rates(&self) -> &[Row] {
        &self.content.vat_rates
    }

    /// The text of the document, block by block. Empty unless it was asked for, see
    /// [`SubmitRequest::with_text_blocks`](super::SubmitRequest::with_text_blocks).
    ///
    /// Read on request: there may be thousands, and few callers want them.
    ///
    /// # Errors
    ///
    /// The blocks have another shape than the one that was seen. The rest of the result is not
    /// affected, and [`raw_json`](Self::raw_json) has them as they are.
    pub fn text_blocks(&self) -> Result<Vec<TextBlock>, DecodeError> {
        let json = self.raw_json();
        match serde_json::from_str(json) {
            Ok(Object(TextBlocks { text_blocks })) => Ok(text_blocks),
            Err(_) => {
                let raw = Bytes::copy_from_slice(json.as_bytes());
                Err(DecodeError::explain::<Object<TextBlocks>>(
                    "list of text blocks",
                    json,
                    raw,
                ))
            }
        }
    }

    /// The service's JSON of the result, unchanged.
    pub fn raw_json(&self) -> &str {
        match &self.raw {
            Raw::Result(json) => std::str::from_utf8(json).unwrap_or("{}"),
            Raw::Envelope(json) => {
                #[derive(Deserialize)]
                struct Envelope<'a> {
                    #[serde(borrow)]
                    result: &'a RawValue,
                }
                let text = decode_error::text("status response", json).unwrap_or_default();
                // It was read from the same bytes before.
                serde_json::from_str::<Envelope<'_>>(text)
                    .map_or("{}", |envelope| envelope.result.get())
            }
        }
    }
}

impl Content {
    /// Whether all known keys are absent, as in the `{}` of an unfinished extraction.
    pub(super) fn is_empty(&self) -> bool {
        self.object_id.is_none()
            && self.extracted_fields.is_empty()
            && self.line_items.is_empty()
            && self.vat_rates.is_empty()
    }
}

impl fmt::Debug for Extraction {
    /// Counts only: content of a document does not belong in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extraction")
            .field("object_id", &self.content.object_id)
            .field("fields", &self.fields().len())
            .field("line_items", &self.line_items().len())
            .field("vat_rates", &self.vat_rates().len())
            .finish_non_exhaustive()
    }
}

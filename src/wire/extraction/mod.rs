//! The result of an extraction.

mod candidate;
mod candidates;
mod field;
mod found;
mod parse;
mod path;
mod row;
mod stored;
mod text_block;

use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

pub use candidate::{BoundingBox, Candidate};
pub use field::{DataType, Field};
pub use found::Found;
pub use parse::{
    ParseError, ParseOptions, ParseProblem, ParseProblemKind, Parsed, ReviewItem, ReviewReason,
};
pub use row::Row;
pub use text_block::TextBlock;

use super::NameToken;
use super::decode_error::{self, DecodeError};
use super::lenient::{self, Object};
use super::repair::{self, Charset, Damage, List, Mark, Repair, Repaired, TEXTS};
use text_block::TextBlocks;

/// The names of the parts of a candidate.
pub(super) const PART_NAMES: [&str; candidate::Part::NAMES.len()] = candidate::Part::NAMES;

/// The result of an extraction: the values that the service read from a document.
///
/// Read it field by field, or into your own struct with [`parse`](Self::parse). Every known form is
/// accepted: confidences and coordinates as numbers or strings, absent and null lists, rows as
/// lists or objects. Keys that this crate does not know are in [`raw_json`](Self::raw_json). What
/// strict JSON refuses because of a bad byte or token is repaired, see [`repairs`](Self::repairs).
///
/// # Stored form
///
/// With serde it is the service's own JSON, without the white space between tokens: unknown keys
/// are kept, and numbers digit for digit.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use typless::wire::{Extraction, ExtractionId};
///
/// #[derive(Serialize, Deserialize)]
/// struct Stored {
///     id: ExtractionId,
///     extraction: Extraction,
/// }
///
/// let json = r#"{"extracted_fields":[{"name":"total","values":[{"value":"12.0"}]}],"new":1.50}"#;
/// let id = ExtractionId::new("0d14338251a6db69")?;
/// let stored = Stored { id, extraction: Extraction::from_json(json)? };
///
/// let line = serde_json::to_string(&stored)?;
/// assert_eq!(line, format!(r#"{{"id":"0d14338251a6db69","extraction":{json}}}"#));
/// let read: Stored = serde_json::from_str(&line)?;
/// assert_eq!(read.extraction.text("total"), Some("12.0"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A binary format has this JSON as a text. It is read from JSON and from binary formats; in other
/// formats, and inside serde's flattened parts and tagged or untagged enums, it can be written but
/// not read: store [`raw_json`](Self::raw_json) there. A `serde_json::Value` keeps of a number what
/// it can represent.
///
/// What was [repaired](Self::repairs) is stored repaired, and the list of repairs is not stored.
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
struct Raw {
    /// What was read: the bytes as received, or what was made of them.
    json: Bytes,
    /// Whether it is the status response around the result. The result is cut out on request, which
    /// is rare.
    is_envelope: bool,
    repaired: Option<Box<RawRepaired>>,
    name_token: Option<NameToken>,
}

/// What is known of a result that was repaired.
#[derive(Clone)]
struct RawRepaired {
    received: Bytes,
    repairs: Vec<Repair>,
    count: usize,
    /// Of the [`TEXTS`].
    texts: [Damage; TEXTS.len()],
}

impl Extraction {
    /// Reads a result from its own JSON, such as the response of the synchronous call or a stored
    /// [`raw_json`](Self::raw_json).
    ///
    /// A bad byte or token is repaired, as in a response; see [`repairs`](Self::repairs).
    ///
    /// # Errors
    ///
    /// The bytes are not JSON and can't be repaired, or a known key has a value of another type.
    /// The error names its path.
    pub fn from_json(json: impl Into<Bytes>) -> Result<Self, DecodeError> {
        Self::from_body(json.into(), || Charset::Other)
    }

    /// The same; `charset` is asked only for what is no JSON.
    pub(super) fn from_body(
        raw: Bytes,
        charset: impl FnOnce() -> Charset,
    ) -> Result<Self, DecodeError> {
        const WHAT: &str = "result";
        let text = decode_error::text(WHAT, &raw);
        if let Ok(text) = &text {
            if let Ok(Object(content)) = serde_json::from_str::<Object<Content>>(text) {
                return Ok(Self {
                    content,
                    raw: Raw::received(raw, false),
                }
                .without_name_token());
            }
        }
        let explain = |text: &str| DecodeError::explain::<Object<Content>>(WHAT, text, raw.clone());
        let Some(repaired) = repair::result(&raw, charset()) else {
            return Err(match text {
                Ok(text) => explain(text),
                Err(error) => error,
            });
        };
        match serde_json::from_str::<Object<Content>>(&repaired.text) {
            // Something else than a result is not made one by a repair.
            Ok(Object(content)) if content.is_empty() => Err(match text {
                Ok(text) => explain(text),
                Err(error) => error,
            }),
            Ok(Object(content)) => Ok(Self::from_repaired(content, repaired, raw, false)),
            Err(_) => Err(explain(&repaired.text)),
        }
    }

    pub(super) fn from_envelope(content: Content, envelope: Bytes) -> Self {
        Self {
            content,
            raw: Raw::received(envelope, true),
        }
        .without_name_token()
    }

    /// A result that was read from the text of `repaired`.
    pub(super) fn from_repaired(
        mut content: Content,
        repaired: Repaired,
        received: Bytes,
        is_envelope: bool,
    ) -> Self {
        let mut texts = [Damage::NONE; TEXTS.len()];
        for mark in &repaired.marks {
            if mark.list == List::Texts {
                let text = usize::try_from(mark.field).ok();
                if let Some(text) = text.and_then(|text| texts.get_mut(text)) {
                    text.add(mark.damage);
                }
            } else {
                content.mark(mark);
            }
        }
        Self {
            content,
            raw: Raw {
                json: Bytes::from(repaired.text),
                is_envelope,
                repaired: Some(Box::new(RawRepaired {
                    received,
                    repairs: repaired.repairs,
                    count: repaired.count,
                    texts,
                })),
                name_token: None,
            },
        }
        .without_name_token()
    }

    /// Takes the mark out of the file name, if there is one.
    fn without_name_token(mut self) -> Self {
        let found = self.file_name().and_then(NameToken::find);
        if let (Some((token, place)), Some(name)) = (found, &self.content.file_name) {
            let mut without = name.to_string();
            without.replace_range(place, "");
            self.raw.remove_name_token(token, name);
            self.content.file_name = Some(without.into());
        }
        self
    }

    /// The service's id of the document, which feedback needs. It is not the id of the extraction.
    pub fn object_id(&self) -> Option<&str> {
        self.content.object_id.as_deref()
    }

    /// The mark in the file name from the submit, if there was one.
    pub fn name_token(&self) -> Option<NameToken> {
        self.raw.name_token
    }

    /// The file name from the submit, without the mark that it may have had.
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

    /// The service's JSON of the result, unchanged unless it was repaired, or a
    /// [mark](Self::name_token) was taken out of the file name.
    ///
    /// Of a result that was [repaired](Self::repairs) this is the repaired text, which is valid
    /// JSON; [`raw`](Self::raw) is what was received.
    pub fn raw_json(&self) -> &str {
        let json = &self.raw.json;
        if !self.raw.is_envelope {
            let text = decode_error::text("result", json);
            return text.unwrap_or("{}");
        }
        #[derive(Deserialize)]
        struct Envelope<'a> {
            #[serde(borrow)]
            result: &'a RawValue,
        }
        let text = decode_error::text("status response", json).unwrap_or_default();
        // It was read from the same bytes before.
        serde_json::from_str::<Envelope<'_>>(text).map_or("{}", |envelope| envelope.result.get())
    }

    /// The body as it was received, before any change: the status response with the result in it,
    /// the result by itself, or what was given to [`from_json`](Self::from_json). It holds content
    /// of the document.
    pub fn raw(&self) -> &Bytes {
        match &self.raw.repaired {
            Some(repaired) => &repaired.received,
            None => &self.raw.json,
        }
    }

    /// What was repaired in the body so that it could be read, in the order of the body; empty if
    /// it was valid JSON, as nearly every body is.
    ///
    /// Half of a surrogate pair and bytes that are not UTF-8 become U+FFFD. `NaN` and infinite
    /// numbers become null. Of several values under one key the last counts. UTF-16 is read, and so
    /// are Latin-1 and Windows-1252 if the response declares them. A body that ends early, or has
    /// something behind its end, is never repaired. [`parse`](Self::parse) says what follows for
    /// the values.
    ///
    /// At most [`Repair::MAX_LISTED`] are listed; [`repair_count`](Self::repair_count) counts all.
    ///
    /// ```
    /// use typless::wire::{Extraction, RepairKind};
    ///
    /// let json = br#"{"extracted_fields": [
    ///     {"name": "supplier_name", "values": [{"value": "Caf\ud83d", "confidence_score": NaN}]}
    /// ]}"#;
    /// let extraction = Extraction::from_json(&json[..])?;
    ///
    /// assert_eq!(extraction.text("supplier_name"), Some("Caf\u{fffd}"));
    /// let repairs = extraction.repairs();
    /// assert_eq!(repairs[0].kind(), RepairKind::HalfSurrogate);
    /// assert_eq!(repairs[0].path(), Some("extracted_fields[0].values[0].value"));
    /// assert_eq!(
    ///     repairs[1].to_string(),
    ///     "not a number at extracted_fields[0].values[0].confidence_score"
    /// );
    /// # Ok::<(), typless::wire::DecodeError>(())
    /// ```
    pub fn repairs(&self) -> &[Repair] {
        match &self.raw.repaired {
            Some(repaired) => &repaired.repairs,
            None => &[],
        }
    }

    /// How many places were repaired, those that [`repairs`](Self::repairs) does not list included.
    pub fn repair_count(&self) -> usize {
        self.raw
            .repaired
            .as_ref()
            .map_or(0, |repaired| repaired.count)
    }

    /// What was repaired in a text of the result itself, such as `customer`.
    fn text_damage(&self, key: &str) -> Damage {
        let text = TEXTS.iter().position(|text| *text == key);
        let repaired = self.raw.repaired.as_ref();
        repaired
            .zip(text)
            .and_then(|(repaired, text)| repaired.texts.get(text).copied())
            .unwrap_or(Damage::NONE)
    }
}

impl Raw {
    fn received(json: Bytes, is_envelope: bool) -> Self {
        Self {
            json,
            is_envelope,
            repaired: None,
            name_token: None,
        }
    }

    /// Takes this mark out of the JSON, where the file name is: the name may be a part of another
    /// text before it, such as a URL. Where its characters are escaped it stays there.
    fn remove_name_token(&mut self, token: NameToken, file_name: &str) {
        self.name_token = Some(token);
        let mark = format!(".{token}");
        let position = |text: &str| {
            let mut windows = self.json.windows(text.len());
            windows.position(|window| window == text.as_bytes())
        };
        let quoted = format!("\"{file_name}\"");
        let in_name = position(&quoted).zip(quoted.find(&mark));
        let place = in_name.map(|(start, offset)| start + offset);
        let Some(place) = place.or_else(|| position(&mark)) else {
            return;
        };
        let (before, after) = (&self.json[..place], &self.json[place + mark.len()..]);
        let without = Bytes::from([before, after].concat());
        let received = std::mem::replace(&mut self.json, without);
        self.repaired.get_or_insert_with(|| {
            Box::new(RawRepaired {
                received,
                repairs: Vec::new(),
                count: 0,
                texts: [Damage::NONE; TEXTS.len()],
            })
        });
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

    /// Notes at its candidates what was repaired.
    fn mark(&mut self, mark: &Mark) {
        let place = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let (row, field) = (place(mark.row), place(mark.field));
        let field = match mark.list {
            List::Texts => None,
            List::Fields => self.extracted_fields.get_mut(field),
            List::LineItems => self
                .line_items
                .get_mut(row)
                .and_then(|row| row.field_mut(field)),
            List::VatRates => self
                .vat_rates
                .get_mut(row)
                .and_then(|row| row.field_mut(field)),
        };
        if let Some(field) = field {
            field.mark(mark.candidate.map(place), mark.damage);
        }
    }
}

impl fmt::Debug for Extraction {
    /// Counts only: content of a document does not belong in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Extraction");
        shown
            .field("object_id", &self.content.object_id)
            .field("fields", &self.fields().len())
            .field("line_items", &self.line_items().len())
            .field("vat_rates", &self.vat_rates().len());
        if self.repair_count() > 0 {
            shown.field("repairs", &self.repair_count());
        }
        shown.finish_non_exhaustive()
    }
}

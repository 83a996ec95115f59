//! `GET get-extraction-data`: the status and result of an extraction (vendor's guide).

use std::fmt;

use bytes::Bytes;
use http::{Method, Request as HttpRequest, Response};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::api::Endpoint;
use super::decode_error::{self, DecodeError};
use super::extraction::Content;
use super::lenient::Object;
use super::repair::{Charset, Success};
use super::{Api, Body, Extraction, ExtractionId, Request, ResponseError, ServiceError, lenient};

const WHAT: &str = "status response";

/// Polls an extraction: asks for its status, and for its result if it has finished.
#[derive(Debug, Clone)]
pub struct StatusRequest {
    extraction_id: ExtractionId,
    text_blocks: bool,
}

impl StatusRequest {
    /// A poll of this extraction.
    pub fn new(extraction_id: ExtractionId) -> Self {
        Self {
            extraction_id,
            text_blocks: false,
        }
    }

    /// Asks for the document's text blocks as well (`text_blocks`; described by a third party
    /// only).
    ///
    /// [`Extraction::text_blocks`] reads them. Their shape was seen in responses of the synchronous
    /// call only.
    #[must_use]
    pub fn with_text_blocks(mut self) -> Self {
        self.text_blocks = true;
        self
    }

    /// The HTTP request.
    pub fn request(&self, api: &Api) -> HttpRequest<Body> {
        let query = [
            ("extraction_id", self.extraction_id.as_str()),
            ("text_blocks", "true"),
        ];
        let asked = if self.text_blocks { 2 } else { 1 };
        api.request(
            Method::GET,
            Endpoint::Status,
            &query[..asked],
            Body::empty(),
        )
    }
}

impl Request for StatusRequest {
    type Response = StatusResponse;
    const REPEATABLE: bool = true;

    fn request(&self, api: &Api) -> HttpRequest<Body> {
        self.request(api)
    }

    fn decode(response: &Response<Bytes>) -> Result<StatusResponse, ResponseError> {
        StatusResponse::decode(response)
    }
}

/// The status of an extraction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// `IN_PROGRESS`: poll again later.
    InProgress,
    /// `SUCCESS`: the response contains the result.
    Success,
    /// `ERROR`: the document could not be processed; the response contains the error.
    Error,
    /// `EXPIRED`: it finished more than 48 hours ago, and its data was deleted.
    Expired,
    /// Another status, as written; treated as in progress. Empty if the response has no status.
    Other(Box<str>),
}

impl Status {
    pub(super) fn from_text(text: &str) -> Self {
        let word = text.trim();
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        match () {
            () if is("IN_PROGRESS") => Self::InProgress,
            () if is("SUCCESS") => Self::Success,
            () if is("ERROR") => Self::Error,
            () if is("EXPIRED") => Self::Expired,
            () => Self::Other(word.into()),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InProgress => f.write_str("IN_PROGRESS"),
            Self::Success => f.write_str("SUCCESS"),
            Self::Error => f.write_str("ERROR"),
            Self::Expired => f.write_str("EXPIRED"),
            Self::Other(text) => f.write_str(&super::printable(text, 100)),
        }
    }
}

/// The response to a poll.
///
/// The status decides; result and error come with it.
#[derive(Clone)]
pub struct StatusResponse {
    status: Status,
    result: Result<Option<Extraction>, DecodeError>,
    error: Option<ServiceError>,
    raw: Bytes,
}

impl StatusResponse {
    /// Decodes the response. A failed extraction is not an error here: its HTTP status is 200.
    ///
    /// # Errors
    ///
    /// [`ResponseError::Service`] if the HTTP status is not 2xx, [`ResponseError::Decode`] if no
    /// status can be read. A result that can't be read is reported by
    /// [`into_extraction`](Self::into_extraction) instead, since the status is known nevertheless.
    /// Before that it is repaired if possible, see [`Extraction::repairs`].
    pub fn decode(response: &Response<Bytes>) -> Result<Self, ResponseError> {
        if response.status().is_success() {
            let charset = || Charset::from_headers(response.headers());
            Self::from_body(response.body(), charset).map_err(ResponseError::Decode)
        } else {
            Err(ResponseError::Service(ServiceError::from_response(
                response,
            )))
        }
    }

    /// The status of the extraction.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// The result, if there is one and it can be read.
    pub fn extraction(&self) -> Option<&Extraction> {
        self.result.as_ref().ok().and_then(Option::as_ref)
    }

    /// The result, by value.
    ///
    /// # Errors
    ///
    /// There is no result, or it can't be read. A missing result is an error, never an empty
    /// extraction.
    pub fn into_extraction(self) -> Result<Extraction, DecodeError> {
        self.result?
            .ok_or_else(|| DecodeError::new(WHAT, Some("result"), "there is no result", self.raw))
    }

    /// The service's error. With [`Status::Error`] there always is one, if only without any
    /// details.
    pub fn error(&self) -> Option<&ServiceError> {
        self.error.as_ref()
    }

    /// `charset` is asked only for what is no JSON.
    fn from_body(raw: &Bytes, charset: impl FnOnce() -> Charset) -> Result<Self, DecodeError> {
        let text = decode_error::text(WHAT, raw);
        if let Ok(text) = &text {
            if let Ok(Object(envelope)) = serde_json::from_str::<Object<Envelope<'_>>>(text) {
                let result = envelope
                    .result
                    .map(|content| Extraction::from_envelope(content, raw.clone()));
                return Ok(Self::new(envelope.status, Ok(result), envelope.error, raw));
            }
        }
        let success = Success::from_body(raw, charset());
        let is_success = success.is_some();
        let repaired = success.and_then(|success| success.repaired);
        let Some(repaired) = repaired else {
            let text = match text {
                Err(error) if is_success => return Ok(Self::unreadable_success(error, raw)),
                text => text?,
            };
            return Self::with_unreadable_result(text, raw, is_success);
        };
        let Ok(Object(envelope)) = serde_json::from_str::<Object<Envelope<'_>>>(&repaired.text)
        else {
            return Self::with_unreadable_result(&repaired.text, raw, is_success);
        };
        let (status, content) = (envelope.status, envelope.result);
        let error = envelope.error.map(ToOwned::to_owned);
        let result =
            content.map(|content| Extraction::from_repaired(content, repaired, raw.clone(), true));
        Ok(Self::new(status, Ok(result), error.as_deref(), raw))
    }

    fn new(
        status: Option<Word>,
        result: Result<Option<Extraction>, DecodeError>,
        error: Option<&RawValue>,
        raw: &Bytes,
    ) -> Self {
        let status = status.map_or_else(|| Status::from_text(""), |Word(status)| status);
        let mut error = error.and_then(|error| ServiceError::from_property(error.get()));
        if status == Status::Error {
            error.get_or_insert_with(|| ServiceError::unexplained(raw));
        }
        Self {
            status,
            result,
            error,
            raw: raw.clone(),
        }
    }

    fn unreadable_success(error: DecodeError, raw: &Bytes) -> Self {
        Self {
            status: Status::Success,
            result: Err(error),
            error: None,
            raw: raw.clone(),
        }
    }

    /// Another attempt, without the result: if that succeeds, the status is usable and only the
    /// result is invalid.
    fn with_unreadable_result(
        text: &str,
        raw: &Bytes,
        is_success: bool,
    ) -> Result<Self, DecodeError> {
        let explain = || DecodeError::explain::<Object<Explained>>(WHAT, text, raw.clone());
        match serde_json::from_str::<Object<OuterEnvelope<'_>>>(text) {
            Ok(Object(outer)) => Ok(Self::new(outer.status, Err(explain()), outer.error, raw)),
            Err(_) if is_success => Ok(Self::unreadable_success(explain(), raw)),
            Err(_) => Err(explain()),
        }
    }
}

impl fmt::Debug for StatusResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusResponse")
            .field("status", &self.status)
            .field("result", &self.result)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// A status, as it is read.
struct Word(Status);

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        Self(Status::from_text(text))
    }
}

/// `{"status", "result", "error"}` in one pass, which copies no result and reads none twice.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default, deserialize_with = "lenient::text")]
    status: Option<Word>,
    #[serde(default, deserialize_with = "result")]
    result: Option<Content>,
    #[serde(default, borrow)]
    error: Option<&'a RawValue>,
}

/// The same, with the result left unread.
#[derive(Deserialize)]
struct OuterEnvelope<'a> {
    #[serde(default, deserialize_with = "lenient::text")]
    status: Option<Word>,
    #[serde(rename = "result", default, borrow)]
    _result: Option<&'a RawValue>,
    #[serde(default, borrow)]
    error: Option<&'a RawValue>,
}

/// The same, with nothing borrowed, for the error message.
#[derive(Deserialize)]
struct Explained {
    #[serde(rename = "status", default, deserialize_with = "lenient::text")]
    _status: Option<Word>,
    #[serde(rename = "result", default, deserialize_with = "result")]
    _result: Option<Content>,
    #[serde(rename = "error", default)]
    _error: Option<Box<RawValue>>,
}

/// The result; `None` for null and for an object with nothing in it.
fn result<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Content>, D::Error> {
    let content =
        Option::<Object<Content>>::deserialize(deserializer)?.map(|Object(content)| content);
    Ok(content.filter(|content| !content.is_empty()))
}

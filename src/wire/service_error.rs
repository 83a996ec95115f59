//! Errors reported by the service.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::lenient::Scalar;
use super::printable;

/// An error reported by the service: it refused a request, or could not process a document.
///
/// The vendor's "standard error format" has `code`, `message` and `details`, without documented
/// types or values. Other forms that a server or proxy may send are read as well: nested under
/// `error`, text or validation errors under `detail`, other JSON, HTML, or an empty body.
#[derive(Clone)]
pub struct ServiceError {
    /// Boxed to keep results small.
    inner: Box<Inner>,
}

#[derive(Clone, Default)]
struct Inner {
    http_status: Option<StatusCode>,
    code: Option<Box<str>>,
    message: Option<Box<str>>,
    details: Option<Box<str>>,
    raw: Bytes,
}

impl ServiceError {
    /// The maximum number of bytes of the body kept in [`raw`](Self::raw).
    pub const MAX_RAW_BYTES: usize = 64 * 1024;

    /// Reads the error from a response whose HTTP status is not 2xx.
    pub fn from_response(response: &http::Response<Bytes>) -> Self {
        let inner = Inner {
            http_status: Some(response.status()),
            raw: bounded(response.body()),
            ..Inner::default()
        };
        let mut error = Self {
            inner: Box::new(inner),
        };
        if let Ok(text) = std::str::from_utf8(
            response
                .body()
                .strip_prefix(b"\xef\xbb\xbf")
                .unwrap_or(response.body()),
        ) {
            error.read(text, NESTING);
        }
        error
    }

    /// Reads the `error` property of a status response. `None` for every form of "no error": `{}`,
    /// `null`, `[]`, `""`.
    pub(crate) fn from_property(json: &str) -> Option<Self> {
        // Nearly every response has one of these, so no parser is needed.
        if matches!(json, "{}" | "null") {
            return None;
        }
        // The JSON is valid, so brackets with nothing but blanks in them are an empty value.
        let is_empty = json
            .strip_prefix(['{', '['])
            .and_then(|rest| rest.strip_suffix(['}', ']']))
            .is_some_and(|inside| inside.trim().is_empty());
        if is_empty || matches!(json, "false" | "\"\"") {
            return None;
        }
        let mut error = Self::unexplained(&Bytes::copy_from_slice(json.as_bytes()));
        error.read(json, NESTING);
        Some(error)
    }

    /// An error that was stored: its code, message and details, and the beginning of the body.
    pub(super) fn stored(
        http_status: Option<StatusCode>,
        [code, message, details]: [Option<Box<str>>; 3],
        raw: Bytes,
    ) -> Self {
        Self {
            inner: Box::new(Inner {
                http_status,
                code,
                message,
                details,
                raw,
            }),
        }
    }

    /// Whether it came in the service's own format: `code` and `message`, and perhaps `details`.
    pub(crate) fn is_standard(&self) -> bool {
        self.inner.code.is_some() && self.inner.message.is_some()
    }

    /// An error without any details.
    pub(crate) fn unexplained(raw: &Bytes) -> Self {
        Self {
            inner: Box::new(Inner {
                raw: bounded(raw),
                ..Inner::default()
            }),
        }
    }

    /// The HTTP status of the response; `None` if the error was inside a 200, as when a document
    /// could not be processed.
    pub fn http_status(&self) -> Option<StatusCode> {
        self.inner.http_status
    }

    /// The service's error code, if there is one. A number is returned as its text.
    pub fn code(&self) -> Option<&str> {
        self.inner.code.as_deref()
    }

    /// The service's message, if there is one. Validation errors are joined with `; `.
    ///
    /// Foreign text: pass it through [`printable`] before you print it to a terminal. `Display`
    /// does this.
    pub fn message(&self) -> Option<&str> {
        self.inner.message.as_deref()
    }

    /// The service's details as JSON, if there are any.
    pub fn details(&self) -> Option<&str> {
        self.inner.details.as_deref()
    }

    /// The beginning of the body, unchanged: at most [`MAX_RAW_BYTES`](Self::MAX_RAW_BYTES) bytes.
    pub fn raw(&self) -> &Bytes {
        &self.inner.raw
    }

    fn read(&mut self, json: &str, nesting: u8) {
        if let Ok(text) = serde_json::from_str::<String>(json) {
            self.inner.message = Some(text.into());
            return;
        }
        if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(json) {
            self.read_list(json, &list, nesting);
            return;
        }
        let Ok(shape) = serde_json::from_str::<Shape<'_>>(json) else {
            return;
        };
        if let Some(standard) = shape.standard() {
            (self.inner.code, self.inner.message, self.inner.details) = standard;
        } else if let (Some(inner), Some(nesting)) =
            (shape.error.or(shape.errors), nesting.checked_sub(1))
        {
            self.read(inner.get(), nesting);
        } else if let (Some(detail), Some(nesting)) = (shape.detail, nesting.checked_sub(1)) {
            self.read(detail.get(), nesting);
        }
    }

    /// A list of errors: joins their messages, or reads the first entry if none has one.
    fn read_list(&mut self, json: &str, list: &[&RawValue], nesting: u8) {
        let Some(nesting) = nesting.checked_sub(1) else {
            return;
        };
        let clauses: Vec<String> = list
            .iter()
            .filter_map(|entry| clause(entry.get()))
            .collect();
        if clauses.is_empty() {
            if let [first, ..] = list {
                self.read(first.get(), nesting);
            }
        } else {
            self.inner.message = Some(clauses.join("; ").into());
        }
        self.inner.details.get_or_insert_with(|| json.into());
    }
}

/// The maximum depth of errors nested in errors.
const NESTING: u8 = 3;

/// The forms of an error object that were seen or are likely.
#[derive(Deserialize)]
struct Shape<'a> {
    #[serde(default, borrow, deserialize_with = "scalar")]
    code: Option<Cow<'a, str>>,
    #[serde(default, borrow, deserialize_with = "scalar")]
    message: Option<Cow<'a, str>>,
    #[serde(borrow)]
    details: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
}

type Standard = (Option<Box<str>>, Option<Box<str>>, Option<Box<str>>);

impl Shape<'_> {
    fn standard(&self) -> Option<Standard> {
        let (code, message) = (self.code.as_deref(), self.message.as_deref());
        if code.is_none() && message.is_none() {
            return None;
        }
        let details = self
            .details
            .map(RawValue::get)
            .filter(|details| *details != "null");
        Some((
            code.map(Into::into),
            message.map(Into::into),
            details.map(Into::into),
        ))
    }
}

/// One validation error: `{"loc": ["body", "file"], "msg": "..", "type": ".."}` becomes `body.file:
/// ..`.
fn clause(json: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Entry<'a> {
        #[serde(default, borrow)]
        loc: Vec<Scalar<'a>>,
        #[serde(alias = "message", borrow)]
        msg: Scalar<'a>,
    }
    let entry: Entry<'_> = match serde_json::from_str(json) {
        Ok(entry) => entry,
        Err(_) => return serde_json::from_str(json).ok(),
    };
    let message = entry.msg.0?;
    let place: Vec<Cow<'_, str>> = entry.loc.into_iter().filter_map(|step| step.0).collect();
    Some(if place.is_empty() {
        message.into_owned()
    } else {
        format!("{}: {message}", place.join("."))
    })
}

fn scalar<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    Scalar::deserialize(deserializer).map(|Scalar(text)| text)
}

/// At most [`ServiceError::MAX_RAW_BYTES`] bytes. A longer body is copied, so that the rest is
/// freed.
fn bounded(body: &Bytes) -> Bytes {
    match body.get(..ServiceError::MAX_RAW_BYTES) {
        Some(start) => Bytes::copy_from_slice(start),
        None => body.clone(),
    }
}

impl fmt::Debug for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceError")
            .field("http_status", &self.inner.http_status)
            .field(
                "code",
                &self.inner.code.as_deref().map(|code| printable(code, 200)),
            )
            .field(
                "message",
                &self
                    .inner
                    .message
                    .as_deref()
                    .map(|message| printable(message, 500)),
            )
            .field("raw_len", &self.inner.raw.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.inner.message, &self.inner.http_status) {
            (Some(message), _) => f.write_str(&printable(message, 500))?,
            (None, Some(status)) => write!(
                f,
                "the service responded with {status}, without an explanation"
            )?,
            (None, None) => f.write_str("the service gave no explanation")?,
        }
        let status = self
            .inner
            .http_status
            .filter(|_| self.inner.message.is_some());
        match (&self.inner.code, status) {
            (Some(code), Some(status)) => write!(
                f,
                " (code {}, HTTP {})",
                printable(code, 100),
                status.as_u16()
            ),
            (Some(code), None) => write!(f, " (code {})", printable(code, 100)),
            (None, Some(status)) => write!(f, " (HTTP {})", status.as_u16()),
            (None, None) => Ok(()),
        }
    }
}

impl Error for ServiceError {}

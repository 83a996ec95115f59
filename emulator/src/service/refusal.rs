//! Every error response of the service, in one place.

use bytes::Bytes;
use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::ReadError;

/// Why a request is refused. The docs of [`Service`](super::Service) have the table.
///
/// Messages begin with the vendor's sentence where its pages have one. None quotes a key or a
/// document.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The body is not JSON, from this place on; both count from 1.
    InvalidJson { line: usize, column: usize },
    /// `file` is not base64, where the place is known from this byte on.
    InvalidBase64 { offset: Option<usize> },
    /// Key missing or wrong.
    Unauthorized(&'static str),
    /// No such path.
    PathNotFound { known: Vec<&'static str> },
    /// No such extraction; the vendor leaves the HTTP status open.
    ExtractionNotFound(StatusCode),
    /// The document of a synchronous extraction can't be read.
    Unreadable(ReadError),
    /// The path has another method.
    MethodNotAllowed { allowed: Method },
    /// The body stopped arriving.
    RequestTimeout,
    /// The body is longer than this many bytes.
    BodyTooLarge { limit: usize },
    /// The `Content-Type` is not JSON.
    UnsupportedMediaType,
    /// Values are missing, empty or of the wrong type.
    Invalid(Vec<Violation>),
    /// The account has no such document type.
    DocumentTypeNotFound { known: Vec<String> },
    /// There were too many requests; when to try again.
    TooManyRequests(Option<HeaderValue>),
    /// The service is overloaded; when to try again.
    Unavailable(Option<HeaderValue>),
    /// An internal error.
    Internal,
}

/// What is wrong with one value, in the words of FastAPI, which the vendor's schema page was made
/// with.
#[derive(Debug, Serialize)]
pub(crate) struct Violation {
    loc: &'static [&'static str],
    msg: &'static str,
    r#type: &'static str,
}

impl Violation {
    pub(super) fn missing(loc: &'static [&'static str]) -> Self {
        Self {
            loc,
            msg: "Field required",
            r#type: "missing",
        }
    }

    pub(super) fn empty(loc: &'static [&'static str]) -> Self {
        Self {
            loc,
            msg: "String should have at least 1 character",
            r#type: "string_too_short",
        }
    }

    pub(super) fn no_string(loc: &'static [&'static str]) -> Self {
        Self {
            loc,
            msg: "Input should be a valid string",
            r#type: "string_type",
        }
    }

    pub(super) fn no_unicode(loc: &'static [&'static str]) -> Self {
        Self {
            loc,
            msg: "Input should be a valid string, unable to parse raw data as a unicode string",
            r#type: "string_unicode",
        }
    }

    /// Not `true` or `false`; what a body and a query take for them differs.
    pub(super) fn no_boolean(loc: &'static [&'static str]) -> Self {
        Self {
            loc,
            msg: "Input should be a valid boolean",
            r#type: "bool_type",
        }
    }

    pub(super) fn no_object() -> Self {
        Self {
            loc: &["body"],
            msg: "Input should be a valid dictionary",
            r#type: "dict_type",
        }
    }

    pub(super) fn repeated() -> Self {
        Self {
            loc: &["body"],
            msg: "A property appears twice",
            r#type: "repeated",
        }
    }
}

impl Refusal {
    /// The response, in the standard error format.
    pub(crate) fn response(&self) -> Response<Bytes> {
        let mut response = super::json(self.kind().0, super::to_body(&self.standard()));
        match self {
            Self::MethodNotAllowed { allowed } => {
                if let Ok(allowed) = HeaderValue::from_str(allowed.as_str()) {
                    response.headers_mut().insert(ALLOW, allowed);
                }
            }
            Self::Unauthorized(_) => {
                response
                    .headers_mut()
                    .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Token"));
            }
            Self::TooManyRequests(Some(retry_after)) | Self::Unavailable(Some(retry_after)) => {
                response
                    .headers_mut()
                    .insert(RETRY_AFTER, retry_after.clone());
            }
            _ => {}
        }
        response
    }

    /// The standard error object.
    pub(super) fn standard(&self) -> impl Serialize + use<> {
        #[derive(Serialize)]
        struct Standard {
            code: &'static str,
            message: String,
            details: Value,
        }
        let (_, code) = self.kind();
        let (message, details) = self.explanation();
        Standard {
            code,
            message,
            details,
        }
    }

    fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidJson { .. } => (StatusCode::BAD_REQUEST, "invalid_json"),
            Self::InvalidBase64 { .. } => (StatusCode::BAD_REQUEST, "invalid_base64"),
            Self::Unauthorized(_) => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::PathNotFound { .. } => (StatusCode::NOT_FOUND, "path_not_found"),
            Self::ExtractionNotFound(status) => (*status, "extraction_not_found"),
            Self::Unreadable(error) => (StatusCode::BAD_REQUEST, error.code()),
            Self::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "request_timeout"),
            Self::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
            }
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "validation_error"),
            Self::DocumentTypeNotFound { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "document_type_not_found")
            }
            Self::TooManyRequests(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
        }
    }

    /// The message and the details.
    fn explanation(&self) -> (String, Value) {
        match self {
            Self::InvalidJson { line, column } => (
                format!(
                    "Bad request response. Check your input data. The body is not JSON (line \
                     {line}, column {column})."
                ),
                json!({"line": line, "column": column}),
            ),
            Self::InvalidBase64 { offset } => (
                "Bad request response. Check your input data. `file` must be base64 of the \
                 standard alphabet with padding, without line breaks and without `data:` before it."
                    .into(),
                json!({"loc": ["body", "file"], "offset": offset}),
            ),
            Self::Unauthorized(reason) => (
                format!("Unauthorized. Check the URL and your authentication token. {reason}"),
                json!({}),
            ),
            Self::PathNotFound { known } => (
                "There is no such path; `details` lists those that exist.".into(),
                json!({"paths": known}),
            ),
            Self::Unreadable(error) => (error.message().to_owned(), error.details().clone()),
            Self::ExtractionNotFound(_) => {
                ("There is no extraction with this id.".into(), json!({}))
            }
            Self::MethodNotAllowed { allowed } => (
                format!("This path takes the method {allowed} only."),
                json!({"allowed": [allowed.as_str()]}),
            ),
            Self::RequestTimeout => (
                "The body did not arrive in time; send the request again.".into(),
                json!({}),
            ),
            Self::BodyTooLarge { limit } => (
                format!(
                    "The body is larger than the limit of {limit} bytes; send a smaller document."
                ),
                json!({"limit": limit}),
            ),
            Self::UnsupportedMediaType => (
                "The body must be JSON: send it with `Content-Type: application/json`.".into(),
                json!({}),
            ),
            Self::Invalid(violations) => {
                let clauses: Vec<String> = violations
                    .iter()
                    .map(|violation| format!("{}: {}", violation.loc.join("."), violation.msg))
                    .collect();
                (
                    format!("Validation Error. {}.", clauses.join("; ")),
                    json!(violations),
                )
            }
            Self::DocumentTypeNotFound { known } => (
                format!(
                    "There is no such document type. This account has: {}.",
                    known.join(", ")
                ),
                json!({"loc": ["body", "document_type_name"], "document_types": known}),
            ),
            Self::TooManyRequests(_) => (
                "Too many requests; try again after the time in `Retry-After`.".into(),
                json!({}),
            ),
            Self::Unavailable(_) => (
                "The service is temporarily unavailable; try again later.".into(),
                json!({}),
            ),
            Self::Internal => ("Internal server error".into(), json!({})),
        }
    }
}

//! What a request is for, by its head alone.

use std::borrow::Cow;

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method, Uri};
use percent_encoding::percent_decode_str;

use super::ServiceOptions;
use super::refusal::{Refusal, Violation};

/// The calls of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Submit,
    Extract,
    Status,
    Awaiting,
}

impl Endpoint {
    /// Each path, below `/api` and below `/api/v1`: current pages of the vendor have both.
    const PATHS: [(&'static str, Self); 8] = [
        ("/api/extract-data-async", Self::Submit),
        ("/api/v1/extract-data-async", Self::Submit),
        ("/api/extract-data", Self::Extract),
        ("/api/v1/extract-data", Self::Extract),
        ("/api/get-extraction-data", Self::Status),
        ("/api/v1/get-extraction-data", Self::Status),
        ("/api/awaiting-poll", Self::Awaiting),
        ("/api/v1/awaiting-poll", Self::Awaiting),
    ];

    /// The call at this path; `None` if there is none.
    pub(super) fn from_path(path: &str) -> Option<Self> {
        Self::PATHS
            .into_iter()
            .find(|(known, _)| *known == path)
            .map(|(_, endpoint)| endpoint)
    }

    /// The call and the key it is made with, if the path, the method and the key are right.
    pub(super) fn from_head<'a>(
        head: &'a Parts,
        options: &ServiceOptions,
    ) -> Result<(Self, &'a str), Refusal> {
        let endpoint = Self::from_path(head.uri.path()).ok_or_else(|| Refusal::PathNotFound {
            known: Self::PATHS.iter().map(|(known, _)| *known).collect(),
        })?;
        let method = endpoint.method();
        if head.method != method {
            return Err(Refusal::MethodNotAllowed { allowed: method });
        }
        Ok((endpoint, authorize(&head.headers, options)?))
    }

    fn method(self) -> Method {
        match self {
            Self::Submit | Self::Extract => Method::POST,
            Self::Status | Self::Awaiting => Method::GET,
        }
    }
}

/// The parameters of a poll.
pub(super) struct Poll<'a> {
    pub(super) extraction_id: Cow<'a, str>,
    pub(super) text_blocks: bool,
}

impl<'a> Poll<'a> {
    /// Reads `extraction_id` and `text_blocks` from a query.
    pub(super) fn from_uri(uri: &'a Uri) -> Result<Self, Refusal> {
        let extraction_id = parameter(uri, "extraction_id");
        let text_blocks = flag(uri, "text_blocks");
        match (extraction_id, text_blocks) {
            (Some(extraction_id), Some(text_blocks)) => Ok(Self {
                extraction_id,
                text_blocks,
            }),
            (extraction_id, text_blocks) => {
                let missing = extraction_id
                    .is_none()
                    .then(|| Violation::missing(&["query", "extraction_id"]));
                let wrong = text_blocks
                    .is_none()
                    .then(|| Violation::no_boolean(&["query", "text_blocks"]));
                Err(Refusal::Invalid(missing.into_iter().chain(wrong).collect()))
            }
        }
    }
}

/// The customer whose queue is listed; `None` for all of them.
pub(super) fn customer(uri: &Uri) -> Result<Option<Cow<'_, str>>, Refusal> {
    let customer = parameter(uri, "customer");
    if customer.as_deref() == Some("") {
        return Err(Refusal::Invalid(vec![Violation::empty(&[
            "query", "customer",
        ])]));
    }
    Ok(customer)
}

/// Whether a synchronous extraction has `training=true`. What else it does is not known.
pub(super) fn is_training(uri: &Uri) -> Result<bool, Refusal> {
    flag(uri, "training")
        .ok_or_else(|| Refusal::Invalid(vec![Violation::no_boolean(&["query", "training"])]))
}

/// A boolean, as FastAPI takes it in a query; false if it is missing, `None` if it is none.
fn flag(uri: &Uri, name: &str) -> Option<bool> {
    let value = parameter(uri, name).map(|value| value.to_ascii_lowercase());
    match value.as_deref() {
        None | Some("false" | "0" | "off" | "no" | "n" | "f") => Some(false),
        Some("true" | "1" | "on" | "yes" | "y" | "t") => Some(true),
        Some(_) => None,
    }
}

/// The first parameter of this name, decoded.
fn parameter<'a>(uri: &'a Uri, name: &str) -> Option<Cow<'a, str>> {
    let pairs = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let (_, value) = pairs
        .into_iter()
        .find(|(written, _)| percent_decode_str(written).eq(name.bytes()))?;
    // Nobody can have submitted text that is not UTF-8, so it is found nowhere.
    Some(if value.contains('+') {
        // Forms write a space as a plus sign, and many clients do.
        Cow::Owned(
            percent_decode_str(&value.replace('+', " "))
                .decode_utf8_lossy()
                .into_owned(),
        )
    } else {
        percent_decode_str(value).decode_utf8_lossy()
    })
}

/// The key of `Authorization: Token <key>`, if it is accepted. As with all HTTP schemes, case does
/// not matter in `Token`.
fn authorize<'a>(headers: &'a HeaderMap, options: &ServiceOptions) -> Result<&'a str, Refusal> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Err(Refusal::Unauthorized(
            "The Authorization header is missing.",
        ));
    };
    let mut words = value.to_str().unwrap_or_default().split_ascii_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(scheme), Some(key), None) if scheme.eq_ignore_ascii_case("token") => {
            if options.keys.accept(key) {
                Ok(key)
            } else {
                Err(Refusal::Unauthorized("The key is not accepted."))
            }
        }
        _ => Err(Refusal::Unauthorized(
            "The Authorization header must be the word Token, a space and the key.",
        )),
    }
}

//! What a request asks for, told by its head alone.

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
    Status,
}

impl Endpoint {
    /// Each path, below `/api` and below `/api/v1`: current pages of the vendor have both.
    const PATHS: [(&'static str, Self); 4] = [
        ("/api/extract-data-async", Self::Submit),
        ("/api/v1/extract-data-async", Self::Submit),
        ("/api/get-extraction-data", Self::Status),
        ("/api/v1/get-extraction-data", Self::Status),
    ];

    /// The call, if the path, the method and the key are right.
    pub(super) fn of(head: &Parts, options: &ServiceOptions) -> Result<Self, Refusal> {
        let path = head.uri.path();
        let (_, endpoint) = Self::PATHS
            .into_iter()
            .find(|(known, _)| *known == path)
            .ok_or_else(|| Refusal::PathNotFound { known: Self::PATHS.map(|(known, _)| known) })?;
        let method = endpoint.method();
        if head.method != method {
            return Err(Refusal::MethodNotAllowed { allowed: method });
        }
        authorize(&head.headers, options)?;
        Ok(endpoint)
    }

    fn method(self) -> Method {
        match self {
            Self::Submit => Method::POST,
            Self::Status => Method::GET,
        }
    }
}

/// The parameter `extraction_id` of a query.
pub(super) fn extraction_id(uri: &Uri) -> Result<Cow<'_, str>, Refusal> {
    const NAME: &str = "extraction_id";
    let pairs = uri.query().unwrap_or_default().split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let value = pairs.into_iter().find(|(name, _)| percent_decode_str(name).eq(NAME.bytes())).map(|(_, value)| value);
    value
        // Our ids have neither spaces nor bytes outside UTF-8: what is lost here could not be found anyway.
        .map(|value| percent_decode_str(value).decode_utf8_lossy())
        .ok_or_else(|| Refusal::Invalid(vec![Violation::missing(&["query", NAME])]))
}

/// Checks `Authorization: Token <key>`. As with all HTTP schemes, case does not matter in `Token`.
fn authorize(headers: &HeaderMap, options: &ServiceOptions) -> Result<(), Refusal> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Err(Refusal::Unauthorized("There is no Authorization header."));
    };
    let mut words = value.to_str().unwrap_or_default().split_ascii_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(scheme), Some(key), None) if scheme.eq_ignore_ascii_case("token") => {
            if options.keys.accept(key) {
                Ok(())
            } else {
                Err(Refusal::Unauthorized("The key is not one of those accepted."))
            }
        }
        _ => Err(Refusal::Unauthorized("The Authorization header must be the word Token, a space and the key.")),
    }
}

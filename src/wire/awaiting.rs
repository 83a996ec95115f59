//! The call *awaiting*: `GET awaiting-poll`, the queue of finished extractions.

use bytes::Bytes;
use http::{Method, Request as HttpRequest, Response};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::api::Endpoint;
use super::decode_error::{self, DecodeError};
use super::document::checked_customer;
use super::{Api, Body, ConfigError, ExtractionId, Request, ResponseError, ServiceError};

/// Asks which extractions have finished, successfully or not, and have not expired.
///
/// Ids need not be kept to use it (vendor's guide). Whether reading a result takes its id off the list, how long it may get and in which order it comes is not documented: assume
/// neither, and take an id seen again as normal.
#[derive(Debug, Clone, Default)]
pub struct AwaitingRequest {
    customer: Option<std::sync::Arc<str>>,
}

impl AwaitingRequest {
    /// All finished extractions of the key.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only those submitted for this customer. A customer that never was named at a submit gives an empty list, not an error: the two can't be told apart.
    ///
    /// # Errors
    ///
    /// As [`Document::with_customer`](super::Document::with_customer).
    pub fn with_customer(mut self, customer: &str) -> Result<Self, ConfigError> {
        self.customer = Some(checked_customer(customer)?);
        Ok(self)
    }

    /// The HTTP request. Versioned even where no version was asked for, as the endpoint was seen in no other form.
    pub fn request(&self, api: &Api) -> HttpRequest<Body> {
        let customer = self.customer.as_deref().map(|customer| ("customer", customer));
        api.request(Method::GET, Endpoint::Awaiting, customer.as_slice(), Body::empty())
    }
}

/// The extractions that have finished.
#[derive(Debug, Clone)]
pub struct AwaitingResponse {
    extraction_ids: Vec<ExtractionId>,
}

impl AwaitingResponse {
    /// Reads the answer. An empty body, `{}`, null and a missing list all mean that there are none; a list without the object around it is read as well, and
    /// integers are taken as their digits.
    ///
    /// # Errors
    ///
    /// [`ResponseError::Service`] where the HTTP status is not 2xx, [`ResponseError::Decode`] where the body is another kind of JSON or none.
    pub fn decode(response: &Response<Bytes>) -> Result<Self, ResponseError> {
        if response.status().is_success() {
            read(response.body()).map(|extraction_ids| Self { extraction_ids }).map_err(ResponseError::Decode)
        } else {
            Err(ResponseError::Service(ServiceError::from_response(response)))
        }
    }

    /// The ids, in the service's order.
    pub fn extraction_ids(&self) -> &[ExtractionId] {
        &self.extraction_ids
    }

    /// The ids by value.
    pub fn into_extraction_ids(self) -> Vec<ExtractionId> {
        self.extraction_ids
    }
}

impl Request for AwaitingRequest {
    type Response = AwaitingResponse;
    const REPEATABLE: bool = true;

    fn request(&self, api: &Api) -> HttpRequest<Body> {
        self.request(api)
    }

    fn decode(response: &Response<Bytes>) -> Result<AwaitingResponse, ResponseError> {
        AwaitingResponse::decode(response)
    }
}

const WHAT: &str = "list of finished extractions";

fn read(body: &Bytes) -> Result<Vec<ExtractionId>, DecodeError> {
    #[derive(Deserialize)]
    struct Listing<'a> {
        #[serde(borrow, default)]
        extraction_ids: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Explained {
        #[serde(rename = "extraction_ids", default)]
        _extraction_ids: Option<Vec<Box<RawValue>>>,
    }
    let text = decode_error::text(WHAT, body)?.trim();
    if text.is_empty() || text == "null" {
        return Ok(Vec::new());
    }
    let list = if text.starts_with('[') {
        text
    } else {
        match serde_json::from_str::<Listing<'_>>(text) {
            Ok(listing) => listing.extraction_ids.map_or("[]", RawValue::get),
            Err(_) => return Err(DecodeError::explain::<Explained>(WHAT, text, body.clone())),
        }
    };
    let Ok(entries) = serde_json::from_str::<Vec<Entry<'_>>>(list) else {
        return Err(DecodeError::new(WHAT, Some("extraction_ids"), "expected a list of strings", body.clone()));
    };
    let ids = entries.iter().enumerate().map(|(index, entry)| {
        let fault = |problem: &str| DecodeError::new(WHAT, Some(&format!("extraction_ids[{index}]")), problem, body.clone());
        let id = entry.text().ok_or_else(|| fault("expected a string"))?;
        ExtractionId::new(&id).map_err(|error| fault(&error.to_string()))
    });
    ids.collect()
}

/// One id: text that mostly needs no copy, or an integer.
struct Entry<'a>(&'a RawValue);

impl<'a, 'de: 'a> Deserialize<'de> for Entry<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(Self)
    }
}

impl Entry<'_> {
    fn text(&self) -> Option<std::borrow::Cow<'_, str>> {
        super::extraction_id::from_json(self.0.get())
    }
}

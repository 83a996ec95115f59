//! `GET awaiting-poll`: lists the finished extractions.

use std::borrow::Cow;

use bytes::Bytes;
use http::{Method, Request as HttpRequest, Response};

use super::api::Endpoint;
use super::document::checked_customer;
use super::listing;
use super::{Api, Body, ConfigError, ExtractionId, Request, ResponseError, ServiceError};

/// Lists the extractions that have finished, successfully or not, and have not expired.
///
/// It needs no stored ids (vendor's guide). The vendor does not document whether reading a result
/// removes its id from the list, how long the list may get, or how it is ordered. Assume nothing,
/// and expect to see an id again.
#[derive(Debug, Clone, Default)]
pub struct AwaitingRequest {
    customer: Option<std::sync::Arc<str>>,
}

impl AwaitingRequest {
    /// Lists all finished extractions of the key.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lists only documents submitted for this customer.
    ///
    /// An unknown customer gets an empty list, not an error: it looks like a customer without
    /// finished documents.
    ///
    /// # Errors
    ///
    /// Like [`Document::with_customer`](super::Document::with_customer).
    pub fn with_customer(mut self, customer: &str) -> Result<Self, ConfigError> {
        self.customer = Some(checked_customer(customer)?);
        Ok(self)
    }

    /// For a customer whose name was checked, or for all customers.
    pub(crate) fn for_customer(customer: Option<std::sync::Arc<str>>) -> Self {
        Self { customer }
    }

    /// The HTTP request.
    ///
    /// Its path always has a version, since the endpoint was seen in no other form.
    pub fn request(&self, api: &Api) -> HttpRequest<Body> {
        let customer = self
            .customer
            .as_deref()
            .map(|customer| ("customer", customer));
        api.request(
            Method::GET,
            Endpoint::Awaiting,
            customer.as_slice(),
            Body::empty(),
        )
    }
}

/// The list of finished extractions.
#[derive(Debug, Clone)]
pub struct AwaitingResponse {
    extraction_ids: Vec<ExtractionId>,
}

impl AwaitingResponse {
    /// Decodes the response.
    ///
    /// An empty body, `{}`, `null` and a missing list are an empty list. A bare list without the
    /// object around it is accepted, and integers are read as their digits.
    ///
    /// # Errors
    ///
    /// [`ResponseError::Service`] if the HTTP status is not 2xx, [`ResponseError::Decode`] if the
    /// body is other JSON or not JSON.
    pub fn decode(response: &Response<Bytes>) -> Result<Self, ResponseError> {
        if response.status().is_success() {
            listing::read(response.body())
                .map(|extraction_ids| Self { extraction_ids })
                .map_err(ResponseError::Decode)
        } else {
            Err(ResponseError::Service(ServiceError::from_response(
                response,
            )))
        }
    }

    /// Decodes the response like [`decode`](Self::decode), but calls `each` with every id instead
    /// of building a list.
    ///
    /// For long lists of which only a few ids matter. The ids come in the service's order and
    /// borrow from the body. Returns the number of entries that are neither text nor integer, which
    /// are skipped. An id passed to `each` may still be invalid, see [`ExtractionId::new`].
    ///
    /// # Errors
    ///
    /// Like [`decode`](Self::decode), but not for single entries. `each` may have been called
    /// before.
    ///
    /// ```
    /// # use typless::wire::AwaitingResponse;
    /// # let body = br#"{"extraction_ids": ["0d14338251a6db69", "0d3d1054c2768f83", null]}"#;
    /// # let response = http::Response::new(bytes::Bytes::from_static(body));
    /// let mut ours = Vec::new();
    /// let unreadable = AwaitingResponse::for_each_id(&response, |id| {
    ///     if id.starts_with("0d14") {
    ///         ours.push(id);
    ///     }
    /// })?;
    /// assert_eq!((ours.len(), unreadable), (1, 1));
    /// # Ok::<(), typless::wire::ResponseError>(())
    /// ```
    pub fn for_each_id<'a>(
        response: &'a Response<Bytes>,
        each: impl FnMut(Cow<'a, str>),
    ) -> Result<usize, ResponseError> {
        Self::visit(response, each).map(|listing| listing.passed_over)
    }

    /// As [`for_each_id`](Self::for_each_id), and says whether it is what the service writes.
    pub(crate) fn visit<'a>(
        response: &'a Response<Bytes>,
        each: impl FnMut(Cow<'a, str>),
    ) -> Result<listing::Visited, ResponseError> {
        if response.status().is_success() {
            listing::visit(response.body(), each).map_err(ResponseError::Decode)
        } else {
            Err(ResponseError::Service(ServiceError::from_response(
                response,
            )))
        }
    }

    /// The ids, in the service's order.
    pub fn extraction_ids(&self) -> &[ExtractionId] {
        &self.extraction_ids
    }

    /// The ids, by value.
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

//! The call *awaiting*: `GET awaiting-poll`, the queue of finished extractions.

use std::borrow::Cow;

use bytes::Bytes;
use http::{Method, Request as HttpRequest, Response};

use super::api::Endpoint;
use super::document::checked_customer;
use super::listing;
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

    /// For a customer whose name was checked; for all without one.
    pub(crate) fn for_customer(customer: Option<std::sync::Arc<str>>) -> Self {
        Self { customer }
    }

    /// The HTTP request. Versioned even where no version was asked for, as the endpoint was seen in no other form.
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
            listing::read(response.body())
                .map(|extraction_ids| Self { extraction_ids })
                .map_err(ResponseError::Decode)
        } else {
            Err(ResponseError::Service(ServiceError::from_response(
                response,
            )))
        }
    }

    /// Reads the answer as [`decode`](Self::decode) does, but keeps nothing: hands out the ids, in the service's order, from the body itself.
    ///
    /// For long lists, of which little may be of interest. Entries that are no text are passed over, and their number is returned; what is handed out
    /// may still be no usable id, which [`ExtractionId::new`] tells.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode), but not for single entries. Some ids may have been handed out before.
    ///
    /// ```
    /// # use typless::wire::AwaitingResponse;
    /// # let answer = http::Response::new(bytes::Bytes::from_static(br#"{"extraction_ids": ["0d14338251a6db69", "0d3d1054c2768f83", null]}"#));
    /// let mut ours = Vec::new();
    /// let unreadable = AwaitingResponse::for_each_id(&answer, |id| {
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

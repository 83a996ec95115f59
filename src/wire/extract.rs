//! The call *extract*: `POST extract-data`, which waits for the result (vendor's guide).

use bytes::Bytes;
use http::{Method, Request as HttpRequest, Response};

use super::api::Endpoint;
use super::submit::submission;
use super::{Api, Body, Document, Extraction, Request, ResponseError, ServiceError};

/// Submits a document and has the service answer with the result itself; it is billed.
///
/// For small documents and people who wait: the connection is held open meanwhile, and when it breaks the result is lost, since there is no id to ask for it again. A
/// [`Job`](crate::machine::Job) has no such moment.
#[derive(Debug, Clone)]
pub struct ExtractRequest {
    document: Document,
}

impl ExtractRequest {
    /// An extraction of this document.
    pub fn new(document: Document) -> Self {
        Self { document }
    }

    /// The HTTP request: the same body as that of a submit.
    pub fn request(&self, api: &Api) -> HttpRequest<Body> {
        api.request(
            Method::POST,
            Endpoint::Extract,
            &[],
            submission(&self.document, false),
        )
    }
}

impl Request for ExtractRequest {
    type Response = Extraction;
    const REPEATABLE: bool = false;

    fn request(&self, api: &Api) -> HttpRequest<Body> {
        self.request(api)
    }

    /// Reads the result, which stands by itself.
    fn decode(response: &Response<Bytes>) -> Result<Extraction, ResponseError> {
        if response.status().is_success() {
            Extraction::from_json(response.body().clone()).map_err(ResponseError::Decode)
        } else {
            Err(ResponseError::Service(ServiceError::from_response(
                response,
            )))
        }
    }
}

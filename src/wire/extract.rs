//! `POST extract-data`: submits a document and waits for the result (vendor's guide).

use bytes::Bytes;
use http::{Method, Request as HttpRequest, Response};

use super::api::Endpoint;
use super::repair::Charset;
use super::submit::submission;
use super::{Api, Body, Document, Extraction, Request, ResponseError, ServiceError};

/// Submits a document; the response is the result itself. It is billed.
///
/// For small documents and interactive use. The connection stays open until the service has
/// finished. If it breaks, the result is lost, since there is no id to ask for it. A
/// [`Job`](crate::machine::Job) does not have this problem.
#[derive(Debug, Clone)]
pub struct ExtractRequest {
    document: Document,
}

impl ExtractRequest {
    /// A request to extract this document.
    pub fn new(document: Document) -> Self {
        Self { document }
    }

    /// The HTTP request, with the same body as a submit.
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

    /// Decodes the result, which is the whole body. A bad byte or token in it is repaired, see
    /// [`Extraction::repairs`].
    fn decode(response: &Response<Bytes>) -> Result<Extraction, ResponseError> {
        if response.status().is_success() {
            let charset = || Charset::from_headers(response.headers());
            Extraction::from_body(response.body().clone(), charset).map_err(ResponseError::Decode)
        } else {
            Err(ResponseError::Service(ServiceError::from_response(
                response,
            )))
        }
    }
}

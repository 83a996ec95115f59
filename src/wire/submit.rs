//! `POST extract-data-async`: submits a document (vendor's guide).

use bytes::Bytes;
use http::{Method, Request as HttpRequest, Response};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::api::Endpoint;
use super::decode_error::{self, DecodeError};
use super::extraction_id::from_json;
use super::lenient::Object;
use super::{Api, Body, Document, ExtractionId, Request, ResponseError, ServiceError};

/// Submits a document for extraction. It is billed.
///
/// The service takes no idempotency key: a second request is a second extraction. When it is safe
/// to send it again is decided by [`Job`](crate::machine::Job).
#[derive(Debug, Clone)]
pub struct SubmitRequest {
    document: Document,
    text_blocks: bool,
}

impl SubmitRequest {
    /// A submit of this document.
    pub fn new(document: Document) -> Self {
        Self {
            document,
            text_blocks: false,
        }
    }

    /// Asks the service to keep the document's text blocks as well (`parse_text_blocks`; described
    /// by a third party only).
    ///
    /// Poll with [`StatusRequest::with_text_blocks`](super::StatusRequest::with_text_blocks) to get
    /// them.
    #[must_use]
    pub fn with_text_blocks(mut self) -> Self {
        self.text_blocks = true;
        self
    }

    /// The HTTP request, with a JSON body of known length that contains the document in base64.
    pub fn request(&self, api: &Api) -> HttpRequest<Body> {
        api.request(Method::POST, Endpoint::Submit, &[], self.body())
    }

    /// The document.
    pub(crate) fn document(&self) -> &Document {
        &self.document
    }

    /// The body of the request.
    pub(crate) fn body(&self) -> Body {
        submission(&self.document, self.text_blocks)
    }
}

impl Request for SubmitRequest {
    type Response = SubmitResponse;
    const REPEATABLE: bool = false;

    fn request(&self, api: &Api) -> HttpRequest<Body> {
        self.request(api)
    }

    fn decode(response: &Response<Bytes>) -> Result<SubmitResponse, ResponseError> {
        SubmitResponse::decode(response)
    }
}

/// The response to a submit: the service accepted the document.
#[derive(Debug, Clone)]
pub struct SubmitResponse {
    extraction_id: ExtractionId,
}

impl SubmitResponse {
    /// Decodes the response. The documented status is 202; any 2xx with an id is accepted.
    ///
    /// # Errors
    ///
    /// [`ResponseError::Service`] if the HTTP status is not 2xx. [`ResponseError::Decode`] for a
    /// 2xx without a valid id: the document was probably accepted and billed.
    pub fn decode(response: &Response<Bytes>) -> Result<Self, ResponseError> {
        if response.status().is_success() {
            extraction_id(response.body())
                .map(|extraction_id| Self { extraction_id })
                .map_err(ResponseError::Decode)
        } else {
            Err(ResponseError::Service(ServiceError::from_response(
                response,
            )))
        }
    }

    /// The service's id of the extraction.
    pub fn extraction_id(&self) -> &ExtractionId {
        &self.extraction_id
    }

    /// The service's id of the extraction, by value.
    pub fn into_extraction_id(self) -> ExtractionId {
        self.extraction_id
    }
}

/// The body of the asynchronous and the synchronous call (vendor's guide). The names come before
/// the document, so that a server can reject them early.
pub(super) fn submission(document: &Document, text_blocks: bool) -> Body {
    #[derive(Serialize)]
    struct Names<'a> {
        file_name: &'a str,
        document_type_name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        customer: Option<&'a str>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        parse_text_blocks: bool,
    }
    let names = Names {
        file_name: &document.sent_name(),
        document_type_name: document.document_type(),
        customer: document.customer(),
        parse_text_blocks: text_blocks,
    };
    // Serializing strings to memory does not fail.
    let mut head = serde_json::to_string(&names).unwrap_or_default();
    head.pop();
    head.push_str(r#","file":""#);
    // `Bytes` with an owner never allocate when cloned; those made from a full vector do the first
    // time.
    Body::framed(Bytes::from_owner(head), document.content().clone())
}

/// The id in a successful response. An integer is read as its digits.
fn extraction_id(body: &Bytes) -> Result<ExtractionId, DecodeError> {
    const WHAT: &str = "submit response";
    const PATH: Option<&str> = Some("extraction_id");
    #[derive(Deserialize)]
    struct Accepted<'a> {
        #[serde(borrow)]
        extraction_id: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Explained {
        #[serde(rename = "extraction_id")]
        _extraction_id: Box<RawValue>,
    }
    let text = decode_error::text(WHAT, body)?;
    let Ok(Object(accepted)) = serde_json::from_str::<Object<Accepted<'_>>>(text) else {
        return Err(DecodeError::explain::<Object<Explained>>(
            WHAT,
            text,
            body.clone(),
        ));
    };
    let Some(id) = from_json(accepted.extraction_id.get()) else {
        return Err(DecodeError::new(
            WHAT,
            PATH,
            "expected a string",
            body.clone(),
        ));
    };
    ExtractionId::new(&id)
        .map_err(|error| DecodeError::new(WHAT, PATH, &error.to_string(), body.clone()))
}

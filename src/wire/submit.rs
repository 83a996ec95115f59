//! The call *submit*: `POST extract-data-async` (vendor's guide).

use bytes::Bytes;
use http::{Method, Request as HttpRequest, Response};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::api::Endpoint;
use super::decode_error::{self, DecodeError};
use super::extraction_id::from_json;
use super::lenient::Object;
use super::{Api, Body, Document, ExtractionId, Request, ResponseError, ServiceError};

/// Submits a document for extraction; it is billed.
///
/// The service takes no idempotency key: a second request is a second extraction. Whether to send one again is the difficult part, and
/// [`Job`](crate::machine::Job) is for that.
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

    /// Asks the service to keep the document's text blocks as well (`parse_text_blocks`; a third party's description). They come with a status that asks for them.
    #[must_use]
    pub fn with_text_blocks(mut self) -> Self {
        self.text_blocks = true;
        self
    }

    /// The HTTP request: a JSON body of known length with the document in base64.
    pub fn request(&self, api: &Api) -> HttpRequest<Body> {
        api.request(Method::POST, Endpoint::Submit, &[], self.body())
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

/// The answer to a submit: the service took the document and named the extraction.
#[derive(Debug, Clone)]
pub struct SubmitResponse {
    extraction_id: ExtractionId,
}

impl SubmitResponse {
    /// Reads the answer. The documented status is 202; any 2xx that carries an id is taken.
    ///
    /// # Errors
    ///
    /// [`ResponseError::Service`] for any other status. [`ResponseError::Decode`] for a 2xx without a usable id: the document is probably accepted and billed.
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

    /// The service's name for the extraction.
    pub fn extraction_id(&self) -> &ExtractionId {
        &self.extraction_id
    }

    /// The service's name for the extraction, by value.
    pub fn into_extraction_id(self) -> ExtractionId {
        self.extraction_id
    }
}

/// The body that the asynchronous and the synchronous call share (vendor's guide). The names come first, so that a server can refuse them early.
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
        file_name: document.file_name(),
        document_type_name: document.document_type(),
        customer: document.customer(),
        parse_text_blocks: text_blocks,
    };
    // Text always serialises, and memory is the only thing a String can run out of.
    let mut head = serde_json::to_string(&names).unwrap_or_default();
    head.pop();
    head.push_str(r#","file":""#);
    // A clone of an owner's bytes never allocates; the first one of a full vector does.
    Body::framed(Bytes::from_owner(head), document.content().clone())
}

/// The id in a successful answer; an integer is taken as its digits.
fn extraction_id(body: &Bytes) -> Result<ExtractionId, DecodeError> {
    const WHAT: &str = "submit response";
    const PATH: Option<&str> = Some("extraction_id");
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        extraction_id: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Explained {
        #[serde(rename = "extraction_id")]
        _extraction_id: Box<RawValue>,
    }
    let text = decode_error::text(WHAT, body)?;
    let Ok(Object(answer)) = serde_json::from_str::<Object<Answer<'_>>>(text) else {
        return Err(DecodeError::explain::<Object<Explained>>(
            WHAT,
            text,
            body.clone(),
        ));
    };
    let Some(id) = from_json(answer.extraction_id.get()) else {
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

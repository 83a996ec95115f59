//! Messages of the service as values.
//!
//! Each call has a request type with `request(&Api)`, which returns an [`http::Request`], and a
//! response type with `decode`, which reads an [`http::Response`]. To process one document with
//! your own HTTP client, you need nothing else:
//!
//! ```
//! use typless::wire::{Api, Document, StatusRequest, StatusResponse};
//! use typless::wire::{SubmitRequest, SubmitResponse};
//! # use typless::wire::Body;
//! # fn perform(request: http::Request<Body>) -> http::Response<bytes::Bytes> {
//! #     let body = match request.method() {
//! #         &http::Method::POST => r#"{"extraction_id": "0d14338251a6db69"}"#,
//! #         _ => r#"{"status": "SUCCESS", "error": {}, "result": {"object_id": "14a5"}}"#,
//! #     };
//! #     http::Response::new(bytes::Bytes::from_static(body.as_bytes()))
//! # }
//!
//! let api = Api::new(Api::PRODUCTION, "my-key")?;
//! let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF-1.7 ..."[..])?;
//!
//! let response = perform(SubmitRequest::new(document).request(&api));
//! let id = SubmitResponse::decode(&response)?.into_extraction_id();
//!
//! let response = perform(StatusRequest::new(id).request(&api));
//! let status = StatusResponse::decode(&response)?;
//! println!("{:?}: {:?}", status.status(), status.extraction());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing here retries, waits or keeps state: see [`machine`](crate::machine) for that.

mod api;
mod awaiting;
mod body;
mod config_error;
mod decode_error;
mod document;
mod extract;
mod extraction;
mod extraction_id;
mod lenient;
mod listing;
mod name_token;
mod notification;
mod printable;
mod repair;
mod request;
mod response_error;
mod retry_after;
mod service_error;
mod status;
pub(crate) mod stored;
mod submit;
mod webhook;
mod webhook_secret;

pub use api::Api;
pub use awaiting::{AwaitingRequest, AwaitingResponse};
pub use body::{Body, BodyChunks, BodyReader, SourceError};
pub use config_error::ConfigError;
pub use decode_error::DecodeError;
pub(crate) use decode_error::without_values;
pub use document::{Document, DocumentSource};
pub use extract::ExtractRequest;
pub use extraction::{
    BoundingBox, Candidate, DataType, Extraction, Field, Found, ParseError, ParseOptions,
    ParseProblem, ParseProblemKind, Parsed, ReviewItem, ReviewReason, Row, TextBlock,
};
pub use extraction_id::ExtractionId;
pub use name_token::NameToken;
pub use notification::Notification;
pub use printable::printable;
pub use repair::{Repair, RepairKind};
pub use request::Request;
pub use response_error::ResponseError;
pub use retry_after::retry_after;
pub use service_error::ServiceError;
pub use status::{Status, StatusRequest, StatusResponse};
pub use submit::{SubmitRequest, SubmitResponse};
pub use webhook::Webhook;
pub use webhook_secret::WebhookSecret;

//! An emulator of the Typless extraction service that really reads documents.
//!
//! [`Service`] is the service as a pure state machine: it is handed requests and the time, reads the text of the PDFs it is given, and finds what the [`DocumentType`]
//! asks for. It answers nothing that is not in the document. [`InProcess`] makes it a transport for the clients of `typless`, with any clock; [`Listener`] puts it behind a socket, for
//! clients of any kind; [`read()`] is the reader alone.
//!
//! What a service does on bad days can be asked for, and follows from a seed: see [`ServiceOptions`]. What it has seen, it counts: see [`ServiceCounts`].
//!
//! ```
//! use bytes::Bytes;
//! use http::Request;
//! use typless_emulator::{Service, ServiceOptions};
//! use typless::machine::Time;
//!
//! let mut service = Service::new(ServiceOptions::new().with_key("my-key"));
//! let poll = Request::get("/api/get-extraction-data?extraction_id=0d14").header("authorization", "Token my-key");
//! let answer = service.handle(poll.body(Bytes::new())?, Time::from_unix_seconds(1_700_000_000));
//! assert_eq!(answer.status(), 404);
//! # Ok::<(), http::Error>(())
//! ```

mod document_type;
mod extract;
mod extraction_result;
mod in_process;
mod listener;
mod pdf;
mod read_error;
mod reader;
mod service;
mod shared;
mod text;
mod text_block;

pub use document_type::{DataType, DocumentType, DocumentTypeError};
pub use extract::{Findings, FoundField, FoundValue, Location};
pub use extraction_result::ExtractionResult;
pub use in_process::InProcess;
pub use listener::Listener;
pub use read_error::ReadError;
pub use reader::read;
pub use service::{
    Answer, ConfidenceForm, Fault, Faults, MissingField, NoError, Pace, QueueAfterReading,
    QueueOptions, RateLimit, RetryAfterForm, Service, ServiceCounts, ServiceOptions, SubmitStatus,
    UnknownId, WebhookOptions, WebhookUrlError,
};

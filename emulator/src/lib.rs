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

#[cfg_attr(
    not(feature = "reader"),
    expect(
        dead_code,
        reason = "labels are checked, but only the reader uses them"
    )
)]
mod document_type;
mod extraction_result;
mod findings;
mod in_process;
mod listener;
mod read_document;
mod read_error;
#[cfg(feature = "reader")]
mod reader;
mod service;
mod shared;
#[cfg_attr(
    not(feature = "reader"),
    expect(
        dead_code,
        reason = "of the words of a label, only the reader uses all"
    )
)]
mod text;

pub use document_type::{DataType, DocumentType, DocumentTypeError};
pub use extraction_result::ExtractionResult;
pub use findings::{Findings, FoundField, FoundValue, Location};
pub use in_process::InProcess;
pub use listener::Listener;
pub use read_error::ReadError;
#[cfg(feature = "reader")]
pub use reader::read;
pub use service::{
    Delivery, ConfidenceForm, Fault, Faults, MissingField, NoError, Pace, QueueAfterReading,
    QueueOptions, RateLimit, RetryAfterForm, Service, ServiceCounts, ServiceOptions, SubmitStatus,
    UnknownId, WebhookOptions, WebhookUrlError,
};

//! An emulator of the Typless extraction service that really reads documents.
//!
//! ```
//! use bytes::Bytes;
//! use http::Request;
//! use typless_emulator::{Service, ServiceOptions};
//! use typless::machine::Time;
//!
//! let mut service = Service::new(ServiceOptions::new().with_key("my-key"));
//! let poll = Request::get("/api/get-extraction-data?extraction_id=0d14")
//!     .header("authorization", "Token my-key")
//!     .body(Bytes::new())?;
//! let response = service.handle(poll, Time::from_unix_seconds(1_700_000_000));
//! assert_eq!(response.status(), 404);
//! # Ok::<(), http::Error>(())
//! ```
//!
//! [`Service`] is the service as a pure state machine. It takes requests and the time, reads the
//! text of PDFs, and finds the fields of a [`DocumentType`]. It returns only what is in the
//! document.
//!
//! - [`InProcess`] makes it a transport for the clients of `typless`, with any clock.
//! - [`Listener`] puts it behind a socket, for clients of any kind.
//! - The function `read` is the reader alone.
//!
//! Faults of networks and of a busy service can be switched on; they follow from a seed. See
//! [`ServiceOptions`]. [`ServiceCounts`] shows what the service has seen.
//!
//! # Features
//!
//! - `reader`, on by default: reads documents. Without it, the dependencies are those of hyper and
//!   few others, and every document ends with the status `ERROR` and the code `no_reader`. All else
//!   works the same.

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
    ConfidenceForm, Delivery, Fault, Faults, MissingField, NoError, Pace, QueueAfterReading,
    QueueOptions, RateLimit, RetryAfterForm, Service, ServiceCounts, ServiceOptions, SubmitStatus,
    UnknownId, WebhookOptions, WebhookUrlError,
};

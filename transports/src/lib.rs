//! Transports, clocks and drivers for the machines of [`typless`].
//!
//! ```
//! use typless::drive::Clock;
//! use typless::machine::{Job, JobOptions};
//! use typless::wire::Api;
//! use typless_transports::blocking::Driver;
//! use typless_transports::{SystemClock, document_from_path};
//! # use typless::machine::PollPolicy;
//! # use typless_emulator::{InProcess, Service, ServiceOptions};
//! # struct Ureq;
//! # impl Ureq {
//! #     fn new() -> InProcess<SystemClock> {
//! #         let options = ServiceOptions::new().with_pace(std::time::Duration::ZERO);
//! #         InProcess::new(Service::new(options), SystemClock::new())
//! #     }
//! # }
//! # let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../emulator/samples");
//! # std::env::set_current_dir(samples)?;
//!
//! let api = Api::new(Api::PRODUCTION, "my-key")?;
//! let document = document_from_path("invoice.pdf", "line-item-invoice")?;
//! let clock = SystemClock::new();
//! let job = Job::submit(&api, document, JobOptions::new(), clock.now());
//!
//! let extraction = Driver::new(job, Ureq::new(), clock).finish()??;
//!
//! println!("{:?}", extraction.text("total_amount"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what it is | feature |
//! | --- | --- | --- |
//! | [`blocking`] | the driver on the calling thread, or on a few threads | |
//! | [`asynchronous`] | the driver on any executor | |
//! | [`Handle`] | pushes inputs into a driver from another thread or task | |
//! | [`ureq`] | a blocking transport over an agent of ureq 3 | `ureq` |
//! | [`hyper`] | an async transport over a client of hyper-util | `hyper` |
//! | [`BoxedTransport`] | an async transport as a trait object | |
//! | [`SystemClock`], [`ManualClock`] | the time of the system, and the time that a test sets | |
//! | [`TokioClock`] | the time of tokio's clock | `tokio`, `hyper` |
//! | [`document_from_path`], [`FileSource`] | a document read from a file while it is sent | |
//!
//! Features are additive. `ureq-rustls` adds TLS for [`Ureq::new`](ureq::Ureq::new), and
//! `hyper-rustls` adds [`Hyper::new`](hyper::Hyper::new). Your own agent or client brings its own
//! TLS. `tracing` adds a span for each driver and each exchange.
//!
//! # Limits
//!
//! [`Ureq`](ureq::Ureq) and [`Hyper`](hyper::Hyper) have the same limits, and pass the same rows of
//! the conformance suite:
//!
//! - A response over HTTP/1.1 has at most [`MAX_RESPONSE_HEADERS`] headers. With more, the exchange
//!   is [`Interrupted`](typless::machine::FailureKind::Interrupted).
//! - The head of a response has at most [`MAX_RESPONSE_HEAD_BYTES`] bytes. A longer one is
//!   `Interrupted`, or is still read up to twice that length, as the buffer of the client allows.
//! - The body has at most [`Limits::response_bytes`](typless::machine::Limits::response_bytes).
//! - A response without a length ends with the connection, whatever ends it, such as TLS without
//!   `close_notify`. What was received is returned: JSON that is cut is not whole, and a machine
//!   finds out.
//!
//! With a client of your own, `Hyper` has the limits of that client on heads and idle connections;
//! [`client_builder`](hyper::client_builder) has those above.
//!
//! To test your own transport, see the package `typless-conformance`.

pub mod asynchronous;
pub mod blocking;
mod boxed;
mod clock;
mod file_source;
mod handle;
#[cfg(any(feature = "ureq", feature = "hyper"))]
mod head_limits;
#[cfg(feature = "hyper")]
pub mod hyper;
mod in_flight;
#[cfg(any(feature = "ureq", feature = "hyper"))]
mod one_line;
#[cfg(any(feature = "ureq", feature = "hyper"))]
mod response_limit;
mod stopped;
mod stopwatch;
#[cfg(any(feature = "ureq", feature = "hyper"))]
mod submit_idle;
#[cfg(feature = "tokio")]
mod tokio_clock;
mod trace;
#[cfg(feature = "ureq")]
pub mod ureq;

/// The code of the README, compiled.
#[cfg(all(doctest, feature = "ureq"))]
#[doc = include_str!("../../README.md")]
pub struct Readme;

pub use boxed::BoxedTransport;
pub use clock::{ManualClock, SystemClock};
pub use file_source::{FileSource, document_from_path};
pub use handle::Handle;
#[cfg(any(feature = "ureq", feature = "hyper"))]
pub use head_limits::{MAX_RESPONSE_HEAD_BYTES, MAX_RESPONSE_HEADERS};
pub use stopped::{FinishError, NeedInput};
#[cfg(feature = "tokio")]
pub use tokio_clock::TokioClock;
#[cfg(feature = "tracing")]
pub use trace::trace_progress;

/// The code of the READMEs of the packages, compiled.
#[cfg(all(doctest, feature = "ureq"))]
mod readmes {
    #[doc = include_str!("../../src/README.md")]
    pub struct Core;

    #[doc = include_str!("../README.md")]
    pub struct Transports;

    #[doc = include_str!("../../emulator/README.md")]
    pub struct Emulator;

    #[doc = include_str!("../../conformance/README.md")]
    pub struct Conformance;
}

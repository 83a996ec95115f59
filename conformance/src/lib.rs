//! A test suite for transports of [`typless`].
//!
//! It runs a transport against servers on loopback that follow a script byte by byte: servers that
//! respond early, late, too much or never, that reset and refuse, and documents of a wrong length.
//! Each row of the [`Report`] shows a requirement and what was observed. Most rows are about the
//! [`FailureKind`](typless::machine::FailureKind): a transport that reports `NotSent` for a request
//! that may have been processed makes the service bill the document twice.
//!
//! ```no_run
//! # use typless::machine::{Failure, FailureKind, Limits};
//! # #[derive(Default)]
//! # struct MyTransport;
//! # impl typless::drive::BlockingTransport for MyTransport {
//! #     fn send(
//! #         &self,
//! #         _: http::Request<typless::wire::Body>,
//! #         _: Limits,
//! #     ) -> Result<http::Response<bytes::Bytes>, Failure> {
//! #         Err(Failure::new(FailureKind::NotSent, "an example"))
//! #     }
//! # }
//! // In a test, this function has the attribute #[test].
//! fn my_transport_passes() {
//!     let report = typless_conformance::blocking(MyTransport::default).run();
//!     println!("{report}");
//!     report.assert();
//! }
//! # my_transport_passes();
//! ```
//!
//! [`asynchronous`] tests a transport whose exchanges are futures, on a tokio runtime or with the
//! executor given to [`with_block_on`](Suite::with_block_on). With
//! [`with_http2`](Suite::with_http2), HTTP/2 is tested too, and with `Suite::with_tls` TLS, which
//! needs the feature `tls`. [`rows`] lists all requirements. [`skip`](Suite::skip) leaves out a row
//! that does not matter to you, and the report shows your reason.
//!
//! Rows run one after the other and take a few seconds in total. No row depends on exact timing: a
//! row fails only if something does not happen within a [timeout](Suite::with_timeout) of 10
//! seconds.

mod check;
mod context;
mod report;
mod row;
mod rows;
mod runtime;
mod server;
mod sources;
mod subject;
mod suite;

pub use report::{Report, RowOutcome, RowReport};
pub use row::Row;
pub use rows::rows;
pub use suite::{Suite, asynchronous, blocking};

//! The suite that tells whether a transport may be trusted.
//!
//! One function call runs a transport against real servers on loopback that follow scripts to the
//! byte: servers that answer early, late, too much or not at all, that reset and refuse, and
//! documents that break their word. Each row of the [`Report`] says what was asked, and what was
//! seen. What is at stake in most of them is the [`FailureKind`](typless::machine::FailureKind): a
//! transport that says `NotSent` of a request that may have been processed has a document billed
//! twice.
//!
//! ```no_run
//! # #[derive(Default)]
//! # struct MyTransport;
//! # impl typless::drive::BlockingTransport for MyTransport {
//! #     fn send(&self, _: http::Request<typless::wire::Body>, _: typless::machine::Limits) -> Result<http::Response<bytes::Bytes>, typless::machine::Failure> {
//! #         Err(typless::machine::Failure::new(typless::machine::FailureKind::NotSent, "an example"))
//! #     }
//! # }
//! // With #[test] above it, this is all there is to it.
//! fn my_transport_may_be_trusted() {
//!     let report = typless_conformance::blocking(MyTransport::default).run();
//!     println!("{report}");
//!     report.assert();
//! }
//! # my_transport_may_be_trusted();
//! ```
//!
//! [`asynchronous`] does the same for one whose exchanges are futures, on a tokio runtime of its
//! own or as [`with_block_on`](Suite::with_block_on) says. With [`with_http2`](Suite::with_http2),
//! HTTP/2 is tested as well. [`rows`] lists what is asked; a row that does not matter to you is
//! left out by [`skip`](Suite::skip), with your reason in the report.
//!
//! Rows run one after the other, a few seconds in all. They reach for no time closer than a system
//! under load can keep: that something ends at all is told from that it does not by a
//! [patience](Suite::with_patience) of ten seconds, which costs nothing where all is well.

mod report;
mod row;
mod rows;
mod runtime;
mod scene;
mod server;
mod sources;
mod subject;
mod suite;

pub use report::{Report, RowReport, Verdict};
pub use row::{Row, rows};
pub use suite::{Suite, asynchronous, blocking};

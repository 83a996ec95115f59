//! A sans-IO client for the asynchronous document extraction of [Typless](https://www.typless.com).
//!
//! ```
//! use typless::machine::{Job, JobEventKind, JobOptions, Machine, Output, Time};
//! use typless::wire::{Api, Document};
//! # fn send(transmit: &typless::machine::Transmit) -> http::Response<bytes::Bytes> {
//! #     http::Response::new(bytes::Bytes::from_static(match transmit.purpose {
//! #         typless::machine::Purpose::Submit => br#"{"extraction_id": "0d14338251a6db69"}"#,
//! #         _ => concat!(
//! #             r#"{"status": "SUCCESS", "error": {}, "result": {"object_id": "14a5", "#,
//! #             r#""extracted_fields": [{"name": "invoice_number", "values": "#,
//! #             r#"[{"value": "4711", "confidence_score": 0.98}]}]}}"#,
//! #         ).as_bytes(),
//! #     }))
//! # }
//!
//! let api = Api::new(Api::PRODUCTION, "my-key")?;
//! let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF-1.7"[..])?;
//! let mut now = Time::from_unix_seconds(1_700_000_000); // your clock
//! let mut job = Job::submit(&api, document, JobOptions::new(), now);
//! loop {
//!     match job.next_output(now) {
//!         Output::Send(transmit) => {
//!             let response = send(&transmit); // your HTTP client
//!             job.handle_response(transmit.id, response, now);
//!         }
//!         Output::Event(event) => {
//!             if let JobEventKind::Finished(outcome) = event.kind {
//!                 assert_eq!(outcome?.text("invoice_number"), Some("4711"));
//!             }
//!         }
//!         Output::Wait(until) => now = until, // sleep
//!         Output::NeedInput | Output::Done => break,
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A document goes in, a typed result comes out, and nothing that was paid for is lost, submitted
//! twice or noticed late. This crate does no I/O: it opens no socket, reads no clock, uses no
//! randomness of its own and starts no thread. So it runs inside any runtime, and the worst case
//! can be replayed in a test.
//!
//! | module | contents | for |
//! | --- | --- | --- |
//! | [`wire`] | messages as values: requests and responses | everybody |
//! | [`machine`] | state machines: what to do next | drivers, and your own loop |
//! | [`transcript`] | a run as text, and its replay | reports of faults |
//! | [`drive`] | traits of transports and clocks | other HTTP clients and runtimes |
//! | `proptest` | strategies and a checker of the laws (feature `proptest`) | property tests |
//!
//! The machines are [`Job`](machine::Job), which follows one document from submit to result,
//! [`Batch`](machine::Batch), which follows many, [`Drain`](machine::Drain), which fetches what has
//! finished, and [`Call`](machine::Call), which makes one call with retries.
//!
//! `typless-transports` has drivers and adapters to HTTP clients, `typless-conformance` tests for
//! your own transport, `typless-emulator` a service to test against, and `typless-cli` a
//! command-line tool.
//!
//! The public API has no foreign types except those of [`http`] 1 and [`bytes`] 1 and the traits of
//! `serde`. The module `proptest`, which is for tests, also has those of proptest 1.

pub mod drive;
pub mod machine;
#[cfg(feature = "proptest")]
pub mod proptest;
pub mod transcript;
pub mod wire;

pub use bytes;
pub use http;

//! A sans-IO client for the asynchronous document extraction of [Typless](https://www.typless.com).
//!
//! A document goes in, a typed result comes out, and nothing that was paid for is lost, submitted twice or noticed late. This crate
//! decides; it opens no socket, reads no clock, rolls no dice and starts no thread. So it runs inside any runtime, and its worst day can be replayed in a test.
//!
//! | module | what it is | who uses it |
//! | --- | --- | --- |
//! | [`wire`] | messages as values: requests to send, answers to read | everybody; alone, if you want no more than that |
//! | [`machine`] | what to do next: [`Job`](machine::Job) follows one document from submit to result, [`Batch`](machine::Batch) many, [`Drain`](machine::Drain) fetches what has finished | drivers, and programs with a loop of their own |
//! | [`transcript`] | a run as text, and the same run again | who reports a fault, or polls into one |
//! | [`drive`] | the contracts of transports and clocks | who brings another HTTP client or runtime |
//! | `proptest` | strategies, and a checker of the laws; only with the feature `proptest` | property tests, of one's own mapping or machine |
//!
//! `typless-transports` has the adapters and the loops, `typless-emulator` a service to test against, `typless-cli` a command-line tool.
//!
//! The public surface shows no foreign types but those of [`http`] 1 and [`bytes`] 1 and the traits of `serde`; the module `proptest`, being
//! for tests, shows those of proptest 1 as well.

pub mod drive;
pub mod machine;
#[cfg(feature = "proptest")]
pub mod proptest;
pub mod transcript;
pub mod wire;

pub use bytes;
pub use http;

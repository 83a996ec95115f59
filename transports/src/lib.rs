//! What carries out the wishes of a [`typless`] machine: transports, clocks, and the loops between them.
//!
//! | module | what it is | feature |
//! | --- | --- | --- |
//! | [`blocking`] | the loop on the calling thread | |
//! | [`conformance`] | the suite that tells whether a transport may be trusted | `conformance` |
//! | [`ureq`] | a blocking transport over an agent of ureq 3 | `ureq` |
//! | [`SystemClock`], [`ManualClock`] | the time as it is, and as a test wants it | |
//! | [`FileSource`] | a document read from a file while it is sent | |
//!
//! Features only add; none changes what another does. `ureq-rustls` adds TLS for [`Ureq::new`](ureq::Ureq::new); an agent of your own brings its own.

pub mod blocking;
mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod file_source;
#[cfg(feature = "ureq")]
pub mod ureq;

/// The code of the README, compiled.
#[cfg(all(doctest, feature = "ureq"))]
#[doc = include_str!("../../README.md")]
pub struct Readme;

pub use clock::{ManualClock, SystemClock};
pub use file_source::FileSource;

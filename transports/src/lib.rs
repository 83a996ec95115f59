//! What carries out the wishes of a [`typless`] machine: transports, clocks, and the loops between them.
//!
//! | module | what it is | feature |
//! | --- | --- | --- |
//! | [`blocking`] | the loop on the calling thread, or on a few | |
//! | [`asynchronous`] | the loop on any executor | |
//! | [`conformance`] | the suite that tells whether a transport may be trusted | `conformance` |
//! | [`ureq`] | a blocking transport over an agent of ureq 3 | `ureq` |
//! | [`hyper`] | an async transport over a client of hyper-util | `hyper` |
//! | [`BoxedTransport`] | an async transport whose type is forgotten | |
//! | [`SystemClock`], [`ManualClock`] | the time as it is, and as a test wants it | |
//! | [`TokioClock`] | the time as tokio tells it | `tokio`, `hyper` |
//! | [`FileSource`] | a document read from a file while it is sent | |
//!
//! Features only add; none changes what another does. `ureq-rustls` adds TLS for [`Ureq::new`](ureq::Ureq::new), `hyper-rustls` adds [`Hyper::new`](hyper::Hyper::new); an agent or a client of your
//! own brings its own. `tracing` adds a span for each driver and each exchange.

pub mod asynchronous;
pub mod blocking;
mod boxed;
mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod file_source;
#[cfg(feature = "hyper")]
pub mod hyper;
#[cfg(any(feature = "ureq", feature = "hyper"))]
mod one_line;
#[cfg(any(feature = "ureq", feature = "hyper"))]
mod response_limit;
#[cfg(any(feature = "ureq", feature = "hyper-rustls"))]
mod submit_idle;
#[cfg(feature = "tokio")]
mod tokio_clock;
mod trace;
#[cfg(feature = "ureq")]
pub mod ureq;

/// The code of the README, compiled.
#[cfg(all(doctest, feature = "conformance", feature = "ureq"))]
#[doc = include_str!("../../README.md")]
pub struct Readme;

pub use boxed::BoxedTransport;
pub use clock::{ManualClock, SystemClock};
pub use file_source::FileSource;
#[cfg(feature = "tokio")]
pub use tokio_clock::TokioClock;

/// The code of the READMEs of the packages, compiled.
#[cfg(all(doctest, feature = "ureq"))]
mod readmes {
    #[doc = include_str!("../../src/README.md")]
    pub struct Core;

    #[doc = include_str!("../README.md")]
    pub struct Transports;

    #[doc = include_str!("../../emulator/README.md")]
    pub struct Emulator;
}

//! The tests of transports, clocks and drivers.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails")]

mod asynchronous;
mod blocking;
mod clocks;
#[cfg(all(feature = "hyper-rustls", feature = "ureq-rustls"))]
mod conformance;
#[cfg(all(unix, feature = "hyper-rustls"))]
mod durable_service;
#[cfg(any(feature = "ureq", feature = "hyper"))]
mod exchanges;
#[cfg(any(feature = "ureq", feature = "hyper"))]
mod faults;
#[cfg(feature = "hyper")]
mod hyper;
mod idle;
mod recorded_job;
mod support;
#[cfg(feature = "tracing")]
mod tracing;
mod transcripts;
#[cfg(feature = "ureq")]
mod ureq;

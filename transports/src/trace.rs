//! Spans around drivers and exchanges with the feature `tracing`, and nothing without it.
//!
//! A span shows what was called and how it ended: the method, the path without its query, the
//! status or the kind of the failure, and the elapsed time. No span has keys, headers, bodies,
//! names of documents or ids of extractions.

use bytes::Bytes;
use http::Request;
use typless::machine::{Failure, RequestId, Time};
use typless::wire::Body;

#[cfg(feature = "tracing")]
use tracing::Instrument;

/// The span of a driver.
#[derive(Debug)]
pub(crate) struct DriverSpan {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

/// The span of an exchange, from its request until the machine has its response.
#[derive(Debug, Clone)]
pub(crate) struct ExchangeSpan {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
    #[cfg(feature = "tracing")]
    started_at: Time,
}

#[cfg(feature = "tracing")]
impl DriverSpan {
    pub(crate) fn new() -> Self {
        Self {
            span: tracing::debug_span!("driver"),
        }
    }

    pub(crate) fn exchange(
        &self,
        id: RequestId,
        request: &Request<Body>,
        now: Time,
    ) -> ExchangeSpan {
        let span = tracing::debug_span!(
            parent: &self.span,
            "exchange",
            id = id.get(),
            method = request.method().as_str(),
            path = request.uri().path(),
            bytes = request.body().len(),
            status = tracing::field::Empty,
            failure = tracing::field::Empty,
            elapsed_ms = tracing::field::Empty,
        );
        ExchangeSpan {
            span,
            started_at: now,
        }
    }
}

#[cfg(feature = "tracing")]
impl ExchangeSpan {
    /// Performs a blocking exchange inside the span.
    pub(crate) fn in_scope<R>(&self, perform: impl FnOnce() -> R) -> R {
        self.span.in_scope(perform)
    }

    /// The exchange, awaited inside the span.
    pub(crate) fn instrument<F: Future>(
        &self,
        exchange: F,
    ) -> impl Future<Output = F::Output> + use<F> {
        exchange.instrument(self.span.clone())
    }

    pub(crate) fn finish(&self, result: &Result<http::Response<Bytes>, Failure>, now: Time) {
        match result {
            Ok(response) => self.span.record("status", response.status().as_u16()),
            Err(failure) => self
                .span
                .record("failure", tracing::field::debug(failure.kind())),
        };
        let elapsed = now.saturating_since(self.started_at);
        self.span.record(
            "elapsed_ms",
            u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        );
    }
}

#[cfg(not(feature = "tracing"))]
impl DriverSpan {
    pub(crate) fn new() -> Self {
        Self {}
    }

    pub(crate) fn exchange(&self, _: RequestId, _: &Request<Body>, _: Time) -> ExchangeSpan {
        ExchangeSpan {}
    }
}

#[cfg(not(feature = "tracing"))]
impl ExchangeSpan {
    pub(crate) fn in_scope<R>(&self, perform: impl FnOnce() -> R) -> R {
        perform()
    }

    pub(crate) fn instrument<F: Future>(&self, exchange: F) -> F {
        exchange
    }

    pub(crate) fn finish(&self, _: &Result<http::Response<Bytes>, Failure>, _: Time) {}
}

//! Spans around drivers and exchanges with the feature `tracing`, and nothing without it.
//!
//! A span shows what was called and how it ended: the purpose, the method, the path without its
//! query, how many others were in flight, the status or the kind of the failure, and the elapsed
//! time. No span has keys, headers, bodies,
//! names of documents or ids of extractions.

use bytes::Bytes;
#[cfg(feature = "tracing")]
use typless::machine::{BatchProgress, Purpose};
use typless::machine::{Failure, Time, Transmit};

#[cfg(feature = "tracing")]
use tracing::Instrument;

/// Emits the progress of a batch as an event of `tracing`, at the level of information. Times are
/// in whole seconds from now.
///
/// For a service that logs or counts: call it at an interval of your own.
#[cfg(feature = "tracing")]
pub fn trace_progress(progress: &BatchProgress, now: Time) {
    let pause = progress.pause;
    tracing::info!(
        in_flight = progress.in_flight,
        waiting = progress.waiting,
        submitting = progress.submitting,
        submitted = progress.submitted,
        known_finished = progress.known_finished,
        succeeded = progress.succeeded,
        failed = progress.failed,
        unknown = progress.unknown,
        oldest_age_s = progress
            .oldest_submitted_at
            .map(|at| now.saturating_since(at).as_secs()),
        next_expiry_in_s = progress
            .next_expiry_at()
            .map(|at| at.saturating_since(now).as_secs()),
        paused = pause.map(|pause| tracing::field::display(pause.reason)),
        paused_for_s = pause
            .and_then(|pause| pause.until)
            .map(|until| until.saturating_since(now).as_secs()),
        "progress of a batch"
    );
}

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

    /// `in_flight` counts the exchanges that are out already.
    pub(crate) fn exchange(
        &self,
        transmit: &Transmit,
        in_flight: usize,
        now: Time,
    ) -> ExchangeSpan {
        let request = &transmit.request;
        let span = tracing::debug_span!(
            parent: &self.span,
            "exchange",
            id = transmit.id.get(),
            purpose = purpose_name(transmit.purpose),
            in_flight,
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

#[cfg(feature = "tracing")]
const fn purpose_name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Submit => "submit",
        Purpose::Poll => "poll",
        Purpose::Listing => "listing",
        _ => "call",
    }
}

#[cfg(not(feature = "tracing"))]
impl DriverSpan {
    pub(crate) fn new() -> Self {
        Self {}
    }

    pub(crate) fn exchange(&self, _: &Transmit, _: usize, _: Time) -> ExchangeSpan {
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

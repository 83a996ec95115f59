//! An async transport over the pooled client of hyper-util.

mod blocks;
mod early_responses;
mod exchange;
mod failure;
mod progress;
mod request_body;
#[cfg(feature = "hyper-rustls")]
mod rustls;
mod watch;

use std::fmt;

use bytes::Bytes;
use http::{Request, Response};
use hyper_util::client::legacy::connect::Connect;
use hyper_util::client::legacy::{Builder, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use typless::drive::{AsyncTransport, Clock};
use typless::machine::{Failure, Job, JobError, JobOptions, Limits};
use typless::wire::{Api, Body, Document, Extraction};

pub use early_responses::{Connecting, EarlyResponses, EarlyResponsesStream};
pub use request_body::RequestBody;
#[cfg(feature = "hyper-rustls")]
pub use rustls::RustlsConnector;

use crate::asynchronous::Driver;
use crate::submit_idle::SUBMIT_IDLE;
use crate::{MAX_RESPONSE_HEAD_BYTES, MAX_RESPONSE_HEADERS, TokioClock, one_line};

/// An async transport over a [`Client`] of hyper-util.
///
/// `From<Client<C, RequestBody>>` takes your own client, with its connector, TLS, proxy and pool.
/// `Hyper::new`, with the feature `hyper-rustls`, makes a new client. With every configuration of
/// the client, redirects are not followed, an error status is a response and not an error, and the
/// limits of each exchange apply. Cheap to clone: clones share the client and its connections.
///
/// It needs a tokio runtime with I/O and timers enabled. A document source may block, so it is read
/// with `spawn_blocking`, in blocks of 64 KiB, one block ahead. A document in memory is encoded in
/// place. Dropping the future of an exchange ends the exchange.
///
/// Its [limits](crate#limits) on responses are those of every transport here.
///
/// Recommended for your own client:
///
/// - [`client_builder`], which has the settings of `Hyper::new`.
/// - `TCP_NODELAY`, which the connector of hyper-util does not set.
/// - [`EarlyResponses`] around the connector, so that fewer early responses are lost.
///
/// ```
/// use hyper_util::client::legacy::connect::HttpConnector;
/// use typless_transports::hyper::{EarlyResponses, Hyper, client_builder};
///
/// let mut connector = HttpConnector::new();
/// connector.set_nodelay(true);
/// let client = client_builder().build(EarlyResponses::new(connector));
/// let transport = Hyper::from(client);
/// # drop(transport);
/// ```
pub struct Hyper<C> {
    client: Client<C, RequestBody>,
}

impl<C: Connect + Clone + Send + Sync + 'static> Hyper<C> {
    /// Submits a document and waits for its result.
    ///
    /// For one document in a program that need not survive a crash. Otherwise, drive a [`Job`] with
    /// a [`Driver`] and store its events.
    ///
    /// # Errors
    ///
    /// The outcome of a job without a result, with the ticket to resume it if there is one.
    pub async fn extract(&self, api: &Api, document: Document) -> Result<Extraction, JobError> {
        let options = one_line::options(&document);
        self.extract_with(api, document, options).await
    }

    /// As [`extract`](Self::extract), with options.
    ///
    /// # Errors
    ///
    /// As [`extract`](Self::extract). With options that need confirmations, the error is
    /// [`JobError::Abandoned`], because no confirmation can be given.
    pub async fn extract_with(
        &self,
        api: &Api,
        document: Document,
        options: JobOptions,
    ) -> Result<Extraction, JobError> {
        let clock = TokioClock::new();
        let job = Job::submit(api, document, options, clock.now());
        one_line::or_abandoned(Driver::new(job, self, clock).finish().await)
    }
}

/// A builder of clients with the settings of `Hyper::new`, for a connector of your own.
///
/// - Idle connections are closed after 4 s, before a server closes them.
/// - The head of a response has the [limits](crate#limits) of every transport here.
pub fn client_builder() -> Builder {
    // h2 refuses a list of exactly its limit.
    let max_list_bytes = u32::try_from(MAX_RESPONSE_HEAD_BYTES + 1).unwrap_or(u32::MAX);
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .pool_idle_timeout(SUBMIT_IDLE)
        .pool_timer(TokioTimer::new())
        .http1_max_headers(MAX_RESPONSE_HEADERS)
        .http1_max_buf_size(MAX_RESPONSE_HEAD_BYTES)
        .http2_max_header_list_size(max_list_bytes);
    builder
}

impl<C> From<Client<C, RequestBody>> for Hyper<C> {
    fn from(client: Client<C, RequestBody>) -> Self {
        Self { client }
    }
}

impl<C: Connect + Clone + Send + Sync + 'static> AsyncTransport for Hyper<C> {
    async fn send(
        &self,
        request: Request<Body>,
        limits: Limits,
    ) -> Result<Response<Bytes>, Failure> {
        exchange::perform(&self.client, request, limits).await
    }
}

impl<C: Clone> Clone for Hyper<C> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
        }
    }
}

impl<C> fmt::Debug for Hyper<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hyper").finish_non_exhaustive()
    }
}

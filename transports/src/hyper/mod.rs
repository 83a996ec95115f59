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
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::Connect;
use typless::drive::{AsyncTransport, Clock};
use typless::machine::{Failure, Job, JobError, JobOptions, Limits};
use typless::wire::{Api, Body, Document, Extraction};

pub use early_responses::{Connecting, EarlyResponses, EarlyResponsesStream};
pub use request_body::RequestBody;
#[cfg(feature = "hyper-rustls")]
pub use rustls::RustlsConnector;

use crate::asynchronous::Driver;
use crate::{TokioClock, one_line};

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
/// Recommended for your own client:
///
/// - `TCP_NODELAY`, which the connector of hyper-util does not set.
/// - A [`pool_idle_timeout`] that is shorter than that of the server: 4 s are safe. It needs a
///   [`pool_timer`].
/// - [`EarlyResponses`] around the connector, so that fewer early responses are lost.
///
/// [`pool_idle_timeout`]: hyper_util::client::legacy::Builder::pool_idle_timeout
/// [`pool_timer`]: hyper_util::client::legacy::Builder::pool_timer
///
/// ```
/// use hyper_util::client::legacy::{Client, connect::HttpConnector};
/// use hyper_util::rt::{TokioExecutor, TokioTimer};
/// use typless_transports::hyper::{EarlyResponses, Hyper};
///
/// let mut connector = HttpConnector::new();
/// connector.set_nodelay(true);
/// let client = Client::builder(TokioExecutor::new())
///     .pool_idle_timeout(std::time::Duration::from_secs(4))
///     .pool_timer(TokioTimer::new())
///     .build(EarlyResponses::new(connector));
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

//! An async transport over the pooled client of hyper-util.

mod blocks;
mod early_answers;
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

pub use early_answers::{Connecting, EarlyResponses, ReadToTheEnd};
pub use request_body::RequestBody;
#[cfg(feature = "hyper-rustls")]
pub use rustls::RustlsConnector;

use crate::asynchronous::Driver;
use crate::{TokioClock, one_line};

/// An async transport over a [`Client`] of hyper-util.
///
/// Made from a client of your own, with its connector, its TLS, its proxy and its pool (`From<Client<C, RequestBody>>`), or, with the feature `hyper-rustls`, from nothing (`Hyper::new`). Whatever that client is
/// set to, no redirect is followed, no error status becomes an error, and the limits of each exchange hold. Cheap to clone; connections are kept alive and shared.
///
/// It needs a tokio runtime with its I/O and its time enabled. A document source, which may block, is read on tokio's threads for that, a block of 64 KiB at a time and one ahead; a document in memory is
/// encoded in place. Dropping the future of an exchange ends the exchange.
///
/// A client of one's own should set `TCP_NODELAY`, which the connector of hyper-util leaves off; should keep idle connections for no longer than the server does, for which 4 s are safe
/// ([`pool_idle_timeout`](hyper_util::client::legacy::Builder::pool_idle_timeout), which needs a [`pool_timer`](hyper_util::client::legacy::Builder::pool_timer)); and hears more refusals with
/// [`EarlyResponses`].
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
    /// For one document in a program that does not care to survive a crash; whoever does drives a [`Job`] with a [`Driver`] and stores its events.
    ///
    /// # Errors
    ///
    /// How the job ended without a result, with the ticket to resume it where there is one.
    pub async fn extract(&self, api: &Api, document: Document) -> Result<Extraction, JobError> {
        let options = one_line::options(&document);
        self.extract_with(api, document, options).await
    }

    /// As [`extract`](Self::extract), with options.
    ///
    /// # Errors
    ///
    /// As [`extract`](Self::extract). Options that ask for confirmations end as [`JobError::Abandoned`], as nobody could give any.
    pub async fn extract_with(
        &self,
        api: &Api,
        document: Document,
        options: JobOptions,
    ) -> Result<Extraction, JobError> {
        let clock = TokioClock::new();
        let job = Job::submit(api, document, options, clock.now());
        one_line::end(Driver::new(job, self, clock).finish().await)
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

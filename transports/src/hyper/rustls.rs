//! A client with nothing to configure.

use std::sync::Arc;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring;

use super::{EarlyResponses, Hyper};
use crate::submit_idle::SUBMIT_IDLE;

/// The connector of [`Hyper::new`]: TLS by rustls, over TCP.
pub type RustlsConnector = HttpsConnector<EarlyResponses<HttpConnector>>;

impl Hyper<RustlsConnector> {
    /// A transport with a new client: TLS by rustls with ring and Mozilla's roots, HTTP/1.1 or HTTP/2 as the server prefers, the system's resolver, `TCP_NODELAY`, and connections that are let go
    /// after 4 s without use. It speaks plain HTTP too, for an emulator.
    ///
    /// ```no_run
    /// use typless::wire::{Api, Document};
    /// use typless_transports::FileSource;
    /// use typless_transports::hyper::Hyper;
    ///
    /// # async fn extract() -> Result<(), Box<dyn std::error::Error>> {
    /// let api = Api::new(Api::PRODUCTION, &std::env::var("TYPLESS_API_KEY")?)?;
    /// let document = Document::from_source("invoice.pdf", "line-item-invoice", FileSource::new("invoice.pdf")?)?;
    /// let extraction = Hyper::new().extract(&api, document).await?;
    /// println!("{:?}", extraction.text("total_amount"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // The provider is named: which one is the process's own is for the application to say.
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(Arc::new(ring::default_provider()))
            .expect("ring speaks the versions of TLS that are enabled")
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(EarlyResponses::new(tcp));
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(SUBMIT_IDLE)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self::from(client)
    }
}

impl Default for Hyper<RustlsConnector> {
    fn default() -> Self {
        Self::new()
    }
}

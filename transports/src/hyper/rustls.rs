//! A client without configuration, with TLS by rustls.

use std::sync::Arc;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::crypto::ring;

use super::{EarlyResponses, Hyper, client_builder};

/// The connector of [`Hyper::new`]: TLS by rustls, over TCP.
pub type RustlsConnector = HttpsConnector<EarlyResponses<HttpConnector>>;

impl Hyper<RustlsConnector> {
    /// A transport with a new client.
    ///
    /// It uses TLS by rustls with ring and the roots of Mozilla, HTTP/1.1 or HTTP/2 as the server
    /// prefers, the resolver of the system, and `TCP_NODELAY`. Idle connections are closed after 4
    /// s. It also accepts `http` URLs, for an emulator.
    ///
    /// ```no_run
    /// use typless::wire::Api;
    /// use typless_transports::document_from_path;
    /// use typless_transports::hyper::Hyper;
    ///
    /// # async fn extract() -> Result<(), Box<dyn std::error::Error>> {
    /// let api = Api::new(Api::PRODUCTION, &std::env::var("TYPLESS_API_KEY")?)?;
    /// let document = document_from_path("invoice.pdf", "line-item-invoice")?;
    /// let extraction = Hyper::new().extract(&api, document).await?;
    /// println!("{:?}", extraction.text("total_amount"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // The provider is explicit: the default one of the process belongs to the application.
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(Arc::new(ring::default_provider()))
            .expect("ring speaks the versions of TLS that are enabled")
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(EarlyResponses::new(tcp));
        Self::from(client_builder().build(connector))
    }
}

impl Default for Hyper<RustlsConnector> {
    fn default() -> Self {
        Self::new()
    }
}

//! Where messages about finished extractions go, and what happens to them on the way.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::Uri;

use super::pace::Pace;

/// Where messages about finished extractions are posted, and what happens to them on the way. The
/// default is one message for each extraction, at once, also for those that failed.
///
/// The vendor documents neither signatures, retries, order, duplicates, nor messages about
/// failures. Here messages are not signed, and posted once, whatever the response; all else can be
/// chosen. What happens follows from the seed of [`ServiceOptions`](super::ServiceOptions).
#[derive(Clone)]
pub struct WebhookOptions {
    pub(super) uri: Uri,
    pub(super) delay: Pace,
    pub(super) lost: f64,
    pub(super) duplicated: f64,
    pub(super) held_back: (f64, Duration),
    pub(super) about_failures: bool,
}

impl WebhookOptions {
    /// Messages to this address.
    ///
    /// # Errors
    ///
    /// The address is not an `http://` one with a host: the emulator has no TLS.
    pub fn new(url: &str) -> Result<Self, WebhookUrlError> {
        let uri: Uri = url.parse().map_err(|_| WebhookUrlError(()))?;
        if uri.scheme_str() != Some("http") || uri.host().is_none_or(str::is_empty) {
            return Err(WebhookUrlError(()));
        }
        Ok(Self {
            uri,
            delay: Pace::fixed(Duration::ZERO),
            lost: 0.0,
            duplicated: 0.0,
            held_back: (0.0, Duration::ZERO),
            about_failures: true,
        })
    }

    /// Sets how long after an extraction has finished its message is due, fixed or random. Where
    /// the delay varies, messages may change their order.
    #[must_use]
    pub fn with_delay(mut self, delay: impl Into<Pace>) -> Self {
        self.delay = delay.into();
        self
    }

    /// Loses this share of the messages, from 0 to 1.
    #[must_use]
    pub fn with_lost(mut self, share: f64) -> Self {
        self.lost = share;
        self
    }

    /// Posts this share of the messages twice, from 0 to 1, each after its own delay.
    #[must_use]
    pub fn with_duplicated(mut self, share: f64) -> Self {
        self.duplicated = share;
        self
    }

    /// Holds this share of the messages back, from 0 to 1, for this long, so that later ones come
    /// first.
    #[must_use]
    pub fn with_held_back(mut self, share: f64, by: Duration) -> Self {
        self.held_back = (share, by);
        self
    }

    /// Posts no message about extractions that failed.
    #[must_use]
    pub fn without_failures(mut self) -> Self {
        self.about_failures = false;
        self
    }
}

impl fmt::Debug for WebhookOptions {
    /// A path may be the secret by which a receiver knows its sender, so it is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookOptions")
            .field("host", &self.uri.host())
            .field("delay", &self.delay)
            .finish_non_exhaustive()
    }
}

/// An address to which no messages can be posted.
#[derive(Debug)]
pub struct WebhookUrlError(());

impl fmt::Display for WebhookUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the address of a webhook must look like http://127.0.0.1:8080/path; the emulator \
             has no TLS",
        )
    }
}

impl Error for WebhookUrlError {}

//! Receives webhooks, without a server.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_LENGTH, HeaderName, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};

use super::{ConfigError, Notification, WebhookSecret};

/// Receives webhooks: a pure function from a request to its response and the notification in it.
///
/// Call it from whatever serves HTTP, such as hyper, axum or a loop over a socket. Pass the
/// notification to [`Batch::handle_notification`](crate::machine::Batch::handle_notification) or
/// [`Job::handle_notification`](crate::machine::Job::handle_notification). Messages are not
/// trusted: they only make a poll earlier.
///
/// ```
/// use typless::wire::{Webhook, WebhookSecret};
/// # use typless::{bytes::Bytes, http::Request};
///
/// // The service posts to https://example.com/hooks/typless/8c3f0d6b5a9e4712
/// let secret = WebhookSecret::new("8c3f0d6b5a9e4712")?;
/// let webhook = Webhook::new("/hooks/typless")?.with_secret_in_path(secret);
///
/// # let body = r#"{"data": {"id": "0e895e08e170ec2d"}, "type": "extraction.finished"}"#;
/// # let request = Request::post("/hooks/typless/8c3f0d6b5a9e4712").body(Bytes::from(body))?;
/// let (response, notification) = webhook.receive(&request);
/// assert_eq!(response.status(), 204);
/// assert_eq!(notification.unwrap().extraction_id().as_str(), "0e895e08e170ec2d");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// | request | response |
/// | --- | --- |
/// | another path, or a path with a wrong or missing secret | 404 |
/// | another method than `POST` | 405, with `Allow` |
/// | a header with a wrong or missing secret | 401 |
/// | a body longer than [`Notification::MAX_BYTES`], or declared so | 413 |
/// | a body that is not a message | 400 |
/// | a message of another type | 204, without a notification |
/// | a message | 204, with the notification |
///
/// How the service reacts to other responses, and whether it retries, is not documented.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Without a trailing slash.
    path: Box<str>,
    in_path: Option<WebhookSecret>,
    in_header: Option<(HeaderName, WebhookSecret)>,
}

impl Webhook {
    /// Receives at this path, such as `/hooks/typless`. A trailing slash makes no difference.
    ///
    /// # Errors
    ///
    /// The path does not start with a slash, or has a query, a fragment, blanks, control or
    /// non-ASCII characters. Write it as in a URL.
    pub fn new(path: &str) -> Result<Self, ConfigError> {
        const FIELD: &str = "webhook_path";
        if !path.starts_with('/') {
            return Err(ConfigError::new(
                FIELD,
                "does not start with a slash: write /hooks/typless",
            ));
        }
        if path
            .bytes()
            .any(|byte| !byte.is_ascii_graphic() || b"?#".contains(&byte))
        {
            return Err(ConfigError::new(
                FIELD,
                "is not a plain path: write it as in a URL, without a query",
            ));
        }
        Ok(Self {
            path: Box::from(without_slash(path)),
            in_path: None,
            in_header: None,
        })
    }

    /// Accepts only requests whose path has one more segment, which must be the secret.
    #[must_use]
    pub fn with_secret_in_path(mut self, secret: WebhookSecret) -> Self {
        self.in_path = Some(secret);
        self
    }

    /// Accepts only requests with the secret in this header, alone or after the word `Bearer`.
    #[must_use]
    pub fn with_secret_in_header(mut self, name: HeaderName, secret: WebhookSecret) -> Self {
        self.in_header = Some((name, secret));
        self
    }

    /// Returns the response, and the notification if there is one. See the table above.
    pub fn receive(&self, request: &Request<Bytes>) -> (Response<Bytes>, Option<Notification>) {
        if let Some(refusal) = self.refuse(request) {
            return (refusal, None);
        }
        let body = request.body();
        if body.len() > Notification::MAX_BYTES {
            return (response(StatusCode::PAYLOAD_TOO_LARGE), None);
        }
        match Notification::decode(body) {
            Ok(notification) => (
                response(StatusCode::NO_CONTENT),
                Some(notification).filter(Notification::is_finished),
            ),
            Err(_) if Notification::is_other_type(body) => (response(StatusCode::NO_CONTENT), None),
            Err(_) => (response(StatusCode::BAD_REQUEST), None),
        }
    }

    /// Returns the response if the head of the request is enough to refuse it, so its body need not
    /// be read; otherwise `None`. [`receive`](Self::receive) includes this check.
    pub fn refuse<B>(&self, request: &Request<B>) -> Option<Response<Bytes>> {
        let headers = request.headers();
        if !self.is_at(request.uri().path()) {
            return Some(response(StatusCode::NOT_FOUND));
        }
        if request.method() != Method::POST {
            let mut refusal = response(StatusCode::METHOD_NOT_ALLOWED);
            refusal
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("POST"));
            return Some(refusal);
        }
        if self
            .in_header
            .as_ref()
            .is_some_and(|(name, secret)| !secret.matches_header(headers.get(name)))
        {
            let mut refusal = response(StatusCode::UNAUTHORIZED);
            refusal
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            return Some(refusal);
        }
        let declared = headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        declared
            .is_some_and(|length| length > Notification::MAX_BYTES as u64)
            .then(|| response(StatusCode::PAYLOAD_TOO_LARGE))
    }

    fn is_at(&self, path: &str) -> bool {
        let path = without_slash(path);
        match &self.in_path {
            None => path == &*self.path,
            Some(secret) => {
                path.rsplit_once('/')
                    .is_some_and(|(above, _)| above == &*self.path)
                    && secret.matches_path(path)
            }
        }
    }
}

fn without_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

fn response(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

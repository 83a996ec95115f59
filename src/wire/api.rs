//! The address of the service, and the key.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, USER_AGENT};
use http::uri::InvalidUri;
use http::{HeaderValue, Method, Request, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Body, ConfigError};

/// The address of the service, and the key.
///
/// Create it once and pass it to every request; it is cheap to clone. `Debug` and errors never show
/// the key. Its header is marked as sensitive, and it is sent only to this base URL, since nothing
/// in this library follows redirects.
#[derive(Clone)]
pub struct Api {
    inner: Arc<Inner>,
}

struct Inner {
    /// `https://host:port/mount`, without a trailing slash.
    base: String,
    /// `v1` if the caller asked for versioned paths.
    version: Option<String>,
    authorization: HeaderValue,
}

/// The endpoints. The vendor's guides have no version in their paths, its schema page has one; the
/// list of finished extractions was seen with a version only.
#[derive(Clone, Copy)]
pub(crate) enum Endpoint {
    Submit,
    Status,
    Awaiting,
    Extract,
}

impl Api {
    /// The base URL of the vendor's production service (vendor's guides).
    pub const PRODUCTION: &str = "https://developers.typless.com";

    /// The maximum length of a base URL, in bytes.
    const MAX_BASE_URL: usize = 2048;

    /// Takes a base URL and a key.
    ///
    /// The URL is that of the host: `https://developers.typless.com`. A path under which a proxy
    /// mounts the service is kept. Trailing slashes, `/api` and `/api/v1` are accepted; the last
    /// asks for versioned paths, like [`with_version`](Self::with_version). The key may start with
    /// the word `Token`, as the dashboard shows it.
    ///
    /// # Errors
    ///
    /// The URL has no scheme or host, or has user information, a query or a fragment. The URL is
    /// plain `http` to another host than this machine (see
    /// [`over_plain_http`](Self::over_plain_http)). The key is empty or has characters that are not
    /// allowed in a header.
    pub fn new(base_url: &str, key: &str) -> Result<Self, ConfigError> {
        let uri = parse_base(base_url)?;
        if uri.scheme_str() != Some("https") && !is_loopback(uri.host().unwrap_or_default()) {
            return Err(ConfigError::new(
                "base_url",
                "is plain http, which sends the key unencrypted: use https or Api::over_plain_http",
            ));
        }
        Self::assemble(&uri, key)
    }

    /// Takes a base URL that may be plain `http` on any host, such as an emulator in another
    /// container.
    ///
    /// The key and the documents are sent unencrypted.
    ///
    /// # Errors
    ///
    /// Like [`new`](Self::new), except for the scheme.
    pub fn over_plain_http(base_url: &str, key: &str) -> Result<Self, ConfigError> {
        Self::assemble(&parse_base(base_url)?, key)
    }

    /// Uses versioned paths: `v1` turns `/api/extract-data-async` into
    /// `/api/v1/extract-data-async`.
    ///
    /// The vendor's current pages have both forms. The default is without a version.
    ///
    /// # Errors
    ///
    /// The version is not `v` and a number.
    pub fn with_version(self, version: &str) -> Result<Self, ConfigError> {
        if !is_version(version) {
            return Err(ConfigError::new(
                "version",
                "is not the letter v and a number: write v1",
            ));
        }
        let Inner {
            base,
            authorization,
            ..
        } = &*self.inner;
        let inner = Inner {
            base: base.clone(),
            version: Some(version.to_owned()),
            authorization: authorization.clone(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The same service with another key.
    ///
    /// # Errors
    ///
    /// The key can't be used, see [`new`](Self::new).
    pub fn with_key(&self, key: &str) -> Result<Self, ConfigError> {
        let Inner { base, version, .. } = &*self.inner;
        let inner = Inner {
            base: base.clone(),
            version: version.clone(),
            authorization: authorization(key)?,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The base URL in use, without a trailing slash and without `/api`.
    pub fn base_url(&self) -> &str {
        &self.inner.base
    }

    fn assemble(uri: &Uri, key: &str) -> Result<Self, ConfigError> {
        let authorization = authorization(key)?;
        let (mount, version) = split_mount(uri.path());
        let scheme = uri.scheme_str().unwrap_or_default();
        let authority = uri
            .authority()
            .map(http::uri::Authority::as_str)
            .unwrap_or_default();
        let base = format!("{scheme}://{authority}{mount}");
        Ok(Self {
            inner: Arc::new(Inner {
                base,
                version: version.map(str::to_owned),
                authorization,
            }),
        })
    }

    /// A request to another endpoint, for your own [`Request`](super::Request).
    ///
    /// `path` is the part after `/api/` and the version, such as `add-document-feedback`. The path
    /// and the values of the query are percent-encoded.
    ///
    /// # Errors
    ///
    /// The URL is longer than 65534 bytes. A path and query of at most 20 000 bytes, as they are
    /// before they are percent-encoded, always fit.
    pub fn request_to(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Body,
    ) -> Result<Request<Body>, ConfigError> {
        let uri = self
            .uri(self.inner.version.as_deref(), path, query)
            .map_err(|_: InvalidUri| {
                ConfigError::new(
                    "path",
                    "is too long, or its query is: a URL has at most 65534 bytes, so send long \
                     values in the body",
                )
            })?;
        Ok(self.assemble_request(method, uri, body))
    }

    /// A request to `endpoint`.
    pub(crate) fn request(
        &self,
        method: Method,
        endpoint: Endpoint,
        query: &[(&str, &str)],
        body: Body,
    ) -> Request<Body> {
        let always = matches!(endpoint, Endpoint::Awaiting).then_some("v1");
        let path = match endpoint {
            Endpoint::Submit => "extract-data-async",
            Endpoint::Status => "get-extraction-data",
            Endpoint::Awaiting => "awaiting-poll",
            Endpoint::Extract => "extract-data",
        };
        // The base has at most 2048 bytes, an id 256 and a customer 1024, of which escapes make
        // three each: that always fits.
        let uri = self
            .uri(self.inner.version.as_deref().or(always), path, query)
            .unwrap_or_default();
        self.assemble_request(method, uri, body)
    }

    /// Sets every header that matters, so transports need not know them.
    fn assemble_request(&self, method: Method, uri: Uri, body: Body) -> Request<Body> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let length = request.body().len();
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.inner.authorization.clone());
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("typless-rs/", env!("CARGO_PKG_VERSION"))),
        );
        if length > 0 {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        request
    }

    /// The base was parsed before, and the rest is percent-encoded: only the length can be invalid.
    fn uri(
        &self,
        version: Option<&str>,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Uri, InvalidUri> {
        // Room for everything, unless many characters of the values must be escaped.
        let values: usize = query
            .iter()
            .map(|(name, value)| name.len() + value.len() + 2)
            .sum();
        let mut text = String::with_capacity(self.inner.base.len() + path.len() + values + 16);
        text.push_str(&self.inner.base);
        text.push_str("/api/");
        if let Some(version) = version {
            text.push_str(version);
            text.push('/');
        }
        text.extend(utf8_percent_encode(path.trim_start_matches('/'), PATH));
        for (index, (name, value)) in query.iter().enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.extend(utf8_percent_encode(name, QUERY_VALUE));
            text.push('=');
            text.extend(utf8_percent_encode(value, QUERY_VALUE));
        }
        text.parse()
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("base_url", &self.inner.base)
            .field("version", &self.inner.version)
            .finish_non_exhaustive()
    }
}

/// Escapes everything except the unreserved characters of RFC 3986.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The same, but keeps the slashes between segments.
const PATH: &AsciiSet = &QUERY_VALUE.remove(b'/');

fn parse_base(base_url: &str) -> Result<Uri, ConfigError> {
    let fail = |problem: &'static str| Err(ConfigError::new("base_url", problem));
    let text = base_url.trim();
    if text.is_empty() {
        return fail("is empty: write https://developers.typless.com");
    }
    if text.len() > Api::MAX_BASE_URL {
        return fail("is longer than 2048 bytes: give the host, without a query");
    }
    if text.contains(['?', '#']) {
        return fail("has a query or a fragment: give the host only");
    }
    let Ok(uri) = text.parse::<Uri>() else {
        return fail("is not a URL: write https://developers.typless.com");
    };
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return fail(
            "does not start with https:// or http://: write https://developers.typless.com",
        );
    }
    let Some(authority) = uri.authority() else {
        return fail("names no host: write https://developers.typless.com");
    };
    if authority.as_str().contains('@') {
        return fail("has a user name or password: give the key on its own");
    }
    if authority.host().is_empty() {
        return fail("names no host: write https://developers.typless.com");
    }
    if authority.port_u16().is_none() && authority.as_str().len() > authority.host().len() {
        return fail("has a port that is not a number from 0 to 65535");
    }
    Ok(uri)
}

/// Splits a path into the mount point of the service and the version: `/proxy/api/v1/` is `/proxy`
/// and `v1`.
fn split_mount(path: &str) -> (&str, Option<&str>) {
    let path = path.trim_end_matches('/');
    if let Some(mount) = path.strip_suffix("/api") {
        return (mount.trim_end_matches('/'), None);
    }
    let versioned = path.rsplit_once('/').filter(|(_, last)| is_version(last));
    match versioned.and_then(|(rest, version)| Some((rest.strip_suffix("/api")?, version))) {
        Some((mount, version)) => (mount.trim_end_matches('/'), Some(version)),
        None => (path, None),
    }
}

fn is_version(text: &str) -> bool {
    text.strip_prefix('v').is_some_and(|number| {
        !number.is_empty() && number.len() <= 4 && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn authorization(key: &str) -> Result<HeaderValue, ConfigError> {
    const FIELD: &str = "api_key";
    let key = key.trim();
    let bare = match key.get(..5) {
        Some(word)
            if word.eq_ignore_ascii_case("token") && key[5..].starts_with(char::is_whitespace) =>
        {
            key[5..].trim_start()
        }
        _ if key.eq_ignore_ascii_case("token") => "",
        _ => key,
    };
    if bare.is_empty() {
        return Err(ConfigError::new(
            FIELD,
            "is empty: copy it from the dashboard of the service",
        ));
    }
    if bare.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(ConfigError::new(
            FIELD,
            "has blanks, control or non-ASCII characters: copy it again, on one line",
        ));
    }
    let Ok(mut value) = HeaderValue::from_str(&format!("Token {bare}")) else {
        return Err(ConfigError::new(
            FIELD,
            "can't be sent in a header: copy it again, on one line",
        ));
    };
    value.set_sensitive(true);
    Ok(value)
}

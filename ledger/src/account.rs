//! For whom documents are submitted, and where.

use std::fmt;

use http::Method;
use typless::wire::{Api, Body};

use crate::canonical::Canonical;
use crate::key::origin;

/// Where documents are submitted, and with which key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) origin: String,
    pub(crate) api_key: ApiKeyDigest,
}

/// What tells API keys apart: half of a SHA-256.
///
/// Keys are long random texts, so nobody finds one by trying: it needs no salt and no slow
/// function. A key that a person made up could be guessed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ApiKeyDigest(pub(crate) [u8; 16]);

impl Account {
    pub(crate) fn new(api: &Api) -> Self {
        // The key is nowhere but in the header of a request.
        let request = api.request_to(Method::GET, "", &[], Body::empty());
        let header = request
            .ok()
            .and_then(|request| request.headers().get("authorization").cloned());
        let bytes = header.as_ref().map_or(&[][..], |header| header.as_bytes());
        let digest = Canonical::new("typless-ledger api key 1")
            .bytes(bytes)
            .finish();
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        Self {
            origin: origin(api),
            api_key: ApiKeyDigest(half),
        }
    }
}

impl fmt::Debug for ApiKeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyDigest")
    }
}

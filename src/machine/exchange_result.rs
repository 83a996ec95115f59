//! What an exchange brought, as a value that can be stored.

use std::fmt;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Machine;
use super::exchange::{Failure, RequestId};
use super::time::Time;
use crate::wire::stored::base64_bytes;

/// What an exchange brought: a response, or why there is none.
///
/// For programs whose requests are sent elsewhere, or are to be repeated from a journal: it can be
/// stored with [`serde`] where it arrives, and passed to the machine later. The stored form has a
/// version, and the body in base64, since it need not be text.
///
/// ```
/// use typless::machine::{ExchangeResult, Job, JobOptions, Machine, Output, Time};
/// use typless::wire::{Api, Document};
/// # fn send(_: http::Request<typless::wire::Body>)
/// #     -> Result<http::Response<bytes::Bytes>, typless::machine::Failure> {
/// #     Ok(http::Response::new(bytes::Bytes::from_static(br#"{"extraction_id": "0d1433"}"#)))
/// # }
///
/// let api = Api::new(Api::PRODUCTION, "my-key")?;
/// let document = Document::new("4711.pdf", "line-item-invoice", &b"%PDF"[..])?;
/// let now = Time::from_unix_seconds(1_700_000_000);
/// let mut job = Job::submit(&api, document, JobOptions::new(), now);
/// loop {
///     match job.next_output(now) {
///         Output::Send(transmit) => {
///             let brought = ExchangeResult::from(send(transmit.request));
///             let stored = serde_json::to_string(&brought)?;
///             let brought: ExchangeResult = serde_json::from_str(&stored)?;
///             brought.pass_to(&mut job, transmit.id, now);
///         }
///         Output::Event(_) => {}
///         _ => break,
///     }
/// }
/// assert!(job.ticket().is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[expect(
    clippy::exhaustive_enums,
    reason = "an exchange brings the one or the other"
)]
pub enum ExchangeResult {
    /// The response, whatever its status.
    Response(Response<Bytes>),
    /// Why there is none.
    Failure(Failure),
}

impl ExchangeResult {
    /// Passes it to the machine whose request it was.
    pub fn pass_to<M: Machine + ?Sized>(self, machine: &mut M, id: RequestId, now: Time) {
        match self {
            Self::Response(response) => machine.handle_response(id, response, now),
            Self::Failure(failure) => machine.handle_failure(id, failure, now),
        }
    }
}

impl fmt::Debug for ExchangeResult {
    /// Of a response, the status and the length: its body may be what a document says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response(response) => f
                .debug_struct("Response")
                .field("status", &response.status())
                .field("body_len", &response.body().len())
                .finish_non_exhaustive(),
            Self::Failure(failure) => f.debug_tuple("Failure").field(failure).finish(),
        }
    }
}

impl From<Result<Response<Bytes>, Failure>> for ExchangeResult {
    fn from(result: Result<Response<Bytes>, Failure>) -> Self {
        match result {
            Ok(response) => Self::Response(response),
            Err(failure) => Self::Failure(failure),
        }
    }
}

/// The version of the stored form that is written and read.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Wire {
    typless_exchange: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response: Option<ResponseWire>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

#[derive(Serialize, Deserialize)]
struct ResponseWire {
    status: u16,
    /// In their order. A value that is no text is in base64.
    headers: Vec<(String, HeaderWire)>,
    #[serde(with = "base64_bytes")]
    body_base64: Bytes,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HeaderWire {
    Text(String),
    #[serde(with = "base64_bytes")]
    Base64(Bytes),
}

impl Serialize for ExchangeResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (response, failure) = match self {
            Self::Response(response) => (Some(ResponseWire::new(response)), None),
            Self::Failure(failure) => (None, Some(failure.clone())),
        };
        let wire = Wire {
            typless_exchange: VERSION,
            response,
            failure,
        };
        wire.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ExchangeResult {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let wire = Wire::deserialize(deserializer)?;
        if wire.typless_exchange != VERSION {
            return Err(D::Error::custom(format!(
                "it has version {} instead of {VERSION}: update this program to read it",
                wire.typless_exchange
            )));
        }
        match (wire.response, wire.failure) {
            (Some(response), None) => response
                .read()
                .map(Self::Response)
                .map_err(D::Error::custom),
            (None, Some(failure)) => Ok(Self::Failure(failure)),
            _ => Err(D::Error::custom("it has a response or a failure")),
        }
    }
}

impl ResponseWire {
    fn new(response: &Response<Bytes>) -> Self {
        let headers = response.headers().iter().map(|(name, value)| {
            let value = match value.to_str() {
                Ok(text) => HeaderWire::Text(text.to_owned()),
                Err(_) => HeaderWire::Base64(Bytes::copy_from_slice(value.as_bytes())),
            };
            (name.as_str().to_owned(), value)
        });
        Self {
            status: response.status().as_u16(),
            headers: headers.collect(),
            body_base64: response.body().clone(),
        }
    }

    fn read(self) -> Result<Response<Bytes>, http::Error> {
        let mut response = Response::new(self.body_base64);
        *response.status_mut() = StatusCode::from_u16(self.status)?;
        for (name, value) in self.headers {
            let value = match value {
                HeaderWire::Text(text) => HeaderValue::from_str(&text)?,
                HeaderWire::Base64(bytes) => HeaderValue::from_maybe_shared(bytes)?,
            };
            let name = HeaderName::from_bytes(name.as_bytes())?;
            response.headers_mut().try_append(name, value)?;
        }
        Ok(response)
    }
}

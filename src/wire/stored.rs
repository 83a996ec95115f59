//! The stored form of what the service says besides results: statuses and errors.

use std::borrow::Cow;

use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::decode_error::DecodeError;
use super::service_error::ServiceError;
use super::status::Status;

/// Bytes as text in base64, for serde.
pub(crate) mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        bytes: &Bytes,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Bytes, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        // The cause would quote what may be content of a document.
        STANDARD
            .decode(text.as_bytes())
            .map(Bytes::from)
            .map_err(|_| serde::de::Error::custom("not base64"))
    }
}

/// As the service writes it.
impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Success => "SUCCESS",
            Self::Error => "ERROR",
            Self::Expired => "EXPIRED",
            Self::Other(text) => text,
        })
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer).map(|text| Self::from_text(&text))
    }
}

/// The stored form of a [`ServiceError`].
#[derive(Serialize, Deserialize)]
struct ServiceErrorWire<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    http_status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    details: Option<Cow<'a, str>>,
    #[serde(with = "base64_bytes")]
    raw_base64: Bytes,
}

impl Serialize for ServiceError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wire = ServiceErrorWire {
            http_status: self.http_status().map(|status| status.as_u16()),
            code: self.code().map(Cow::Borrowed),
            message: self.message().map(Cow::Borrowed),
            details: self.details().map(Cow::Borrowed),
            raw_base64: self.raw().clone(),
        };
        wire.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ServiceError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = ServiceErrorWire::deserialize(deserializer)?;
        let http_status = wire.http_status.map(StatusCode::from_u16).transpose();
        let http_status = http_status.map_err(serde::de::Error::custom)?;
        let owned = |text: Option<Cow<'_, str>>| text.map(|text| text.into_owned().into());
        Ok(Self::stored(
            http_status,
            [owned(wire.code), owned(wire.message), owned(wire.details)],
            wire.raw_base64,
        ))
    }
}

/// The stored form of a [`DecodeError`].
#[derive(Serialize, Deserialize)]
struct DecodeErrorWire<'a> {
    what: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<Cow<'a, str>>,
    problem: Cow<'a, str>,
    #[serde(with = "base64_bytes")]
    raw_base64: Bytes,
}

impl Serialize for DecodeError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wire = DecodeErrorWire {
            what: self.what().into(),
            path: self.path().map(Cow::Borrowed),
            problem: self.problem().into(),
            raw_base64: self.raw().clone(),
        };
        wire.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for DecodeError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = DecodeErrorWire::deserialize(deserializer)?;
        Ok(Self::new(
            wire.what.into_owned(),
            wire.path.as_deref(),
            &wire.problem,
            wire.raw_base64,
        ))
    }
}

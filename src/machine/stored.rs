//! The stored form of events, outcomes and failures: JSON that later versions read.
//!
//! An enum is its variant's name in snake case, with its fields if it has any; times are
//! milliseconds since the Unix epoch, and spans are milliseconds.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::exchange::{Failure, FailureKind};
use super::failed_attempts::FailedAttempts;
use super::{
    BatchEvent, BatchEventKind, Cause, DrainEvent, DrainEventKind, JobEvent, JobEventKind, Time,
};

/// An outcome, as `{"result": ..}` or `{"error": ..}`.
pub(super) mod outcome {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Wire<T, E> {
        Result(T),
        Error(E),
    }

    pub(in super::super) fn serialize<T: Serialize, E: Serialize, S: Serializer>(
        outcome: &Result<T, E>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match outcome {
            Ok(result) => Wire::Result(result),
            Err(error) => Wire::Error(error),
        }
        .serialize(serializer)
    }

    pub(in super::super) fn deserialize<
        'de,
        T: Deserialize<'de>,
        E: Deserialize<'de>,
        D: Deserializer<'de>,
    >(
        deserializer: D,
    ) -> Result<Result<T, E>, D::Error> {
        Ok(match Wire::deserialize(deserializer)? {
            Wire::Result(result) => Ok(result),
            Wire::Error(error) => Err(error),
        })
    }
}

/// A name that is shared in memory.
pub(super) mod shared_text {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde passes it so")]
    pub(in super::super) fn serialize<S: Serializer>(
        text: &Option<Arc<str>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        text.as_deref().serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Arc<str>>, D::Error> {
        Ok(Option::<Box<str>>::deserialize(deserializer)?.map(Arc::from))
    }
}

/// A span of time in milliseconds.
pub(super) mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde passes it so")]
    pub(in super::super) fn serialize<S: Serializer>(
        span: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        span.map(|span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
            .serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_millis))
    }
}

/// The kind and the message; what caused it in turn is not stored.
#[derive(Serialize, Deserialize)]
struct FailureWire {
    kind: FailureKind,
    cause: String,
}

impl Serialize for Failure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wire = FailureWire {
            kind: self.kind(),
            cause: self.cause().to_string(),
        };
        wire.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Failure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        FailureWire::deserialize(deserializer).map(|wire| Self::new(wire.kind, wire.cause))
    }
}

#[derive(Serialize, Deserialize)]
struct FailedAttemptsWire<C> {
    cause: C,
    count: u32,
    since: Time,
    until: Time,
}

impl Serialize for FailedAttempts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wire = FailedAttemptsWire {
            cause: self.cause(),
            count: self.count(),
            since: self.since(),
            until: self.since() + self.duration(),
        };
        wire.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FailedAttempts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = FailedAttemptsWire::<Cause>::deserialize(deserializer)?;
        // Zero never was.
        let count = wire.count.max(1);
        Ok(Self::counted(wire.cause, count, wire.since, wire.until))
    }
}

/// The version of the stored form of events that is written and read.
const VERSION: u32 = 1;

/// An event with its version.
#[derive(Serialize, Deserialize)]
struct EventWire<K> {
    #[serde(deserialize_with = "known_version")]
    typless_event: u32,
    sequence: u64,
    kind: K,
}

/// A version that is known, or an error that says so.
fn known_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let version = u32::deserialize(deserializer)?;
    if version == VERSION {
        return Ok(version);
    }
    Err(serde::de::Error::custom(format!(
        "it has version {version} instead of {VERSION}: update this program to read it"
    )))
}

/// Stores an event as its sequence and its kind.
macro_rules! stored_event {
    ($event:ident, $kind:ident) => {
        impl Serialize for $event {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let wire = EventWire {
                    typless_event: VERSION,
                    sequence: self.sequence,
                    kind: &self.kind,
                };
                wire.serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $event {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let EventWire { sequence, kind, .. } =
                    EventWire::<$kind>::deserialize(deserializer)?;
                Ok(Self { sequence, kind })
            }
        }
    };
}

stored_event!(JobEvent, JobEventKind);
stored_event!(BatchEvent, BatchEventKind);
stored_event!(DrainEvent, DrainEventKind);

//! The form in which estimates are stored.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::bins::BINS;
use super::estimator::DelayEstimator;
use super::estimators::DelayEstimators;
use crate::machine::check::Check;

/// The version that is written; it and earlier ones are read.
const VERSION: u32 = 1;

/// Why stored estimates can't be used. Only what was learned is lost.
#[derive(Debug)]
pub(super) enum StoredError {
    /// They were written by a newer version of this library.
    Newer { version: u32 },
    /// A number is out of its range, or there are too many.
    Unreadable { problem: &'static str },
    /// The checksum does not match the contents: they were damaged or edited.
    Altered,
}

impl fmt::Display for StoredError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer { version } => {
                write!(
                    f,
                    "the estimate has version {version}, written by a newer typless: \
                     update this program, or begin with a new one"
                )
            }
            Self::Unreadable { problem } => {
                write!(f, "not an estimate: {problem}; begin with a new one")
            }
            Self::Altered => f.write_str(
                "the estimate's check does not fit its contents: \
                 it was damaged or edited, begin with a new one",
            ),
        }
    }
}

/// The counts of each bin, in units of 2^-16 of a job; trailing zeros are omitted.
#[derive(Serialize, Deserialize)]
pub(super) struct EstimatorWire {
    typless_delays: u32,
    // A newer version may have other fields; it should still be reported as newer.
    #[serde(default)]
    half_life: u32,
    #[serde(default)]
    observations: u32,
    #[serde(default)]
    finished: Vec<u32>,
    #[serde(default)]
    watched: Vec<u32>,
    #[serde(default)]
    check: String,
}

impl EstimatorWire {
    fn check(&self) -> String {
        let mut check = Check::new()
            .number("typless_delays", self.typless_delays.into())
            .number("half_life", self.half_life.into())
            .number("observations", self.observations.into());
        for (name, counts) in [("finished", &self.finished), ("watched", &self.watched)] {
            check = counts
                .iter()
                .fold(check, |check, count| check.number(name, (*count).into()));
        }
        check.digits()
    }
}

impl From<DelayEstimator> for EstimatorWire {
    fn from(estimator: DelayEstimator) -> Self {
        let mut wire = Self {
            typless_delays: VERSION,
            half_life: estimator.half_life,
            observations: estimator.observations(),
            finished: trimmed(&estimator.finished),
            watched: trimmed(&estimator.watched),
            check: String::new(),
        };
        wire.check = wire.check();
        wire
    }
}

impl TryFrom<EstimatorWire> for DelayEstimator {
    type Error = StoredError;

    fn try_from(wire: EstimatorWire) -> Result<Self, StoredError> {
        check_version(wire.typless_delays)?;
        if wire.check != wire.check() {
            return Err(StoredError::Altered);
        }
        let (least, longest) = Self::HALF_LIVES;
        if !(least..=longest).contains(&wire.half_life) {
            return Err(StoredError::Unreadable {
                problem: "the half-life is out of range",
            });
        }
        let most = Self::max_count(wire.half_life);
        let (finished, watched) = (counts(&wire.finished, most)?, counts(&wire.watched, most)?);
        Ok(Self::from_counts(
            wire.half_life,
            wire.observations,
            finished,
            watched,
        ))
    }
}

fn check_version(version: u32) -> Result<(), StoredError> {
    match version {
        0 => Err(StoredError::Unreadable {
            problem: "version 0 never was",
        }),
        1..=VERSION => Ok(()),
        _ => Err(StoredError::Newer { version }),
    }
}

fn trimmed(counts: &[u32]) -> Vec<u32> {
    let length = counts
        .iter()
        .rposition(|count| *count > 0)
        .map_or(0, |last| last + 1);
    counts[..length].to_vec()
}

fn counts(read: &[u32], most: u64) -> Result<[u32; BINS], StoredError> {
    let mut counts = [0; BINS];
    let Some(filled) = counts.get_mut(..read.len()) else {
        return Err(StoredError::Unreadable {
            problem: "it has too many bins",
        });
    };
    if read.iter().any(|count| u64::from(*count) > most) {
        return Err(StoredError::Unreadable {
            problem: "a count is larger than any can be",
        });
    }
    filled.copy_from_slice(read);
    Ok(counts)
}

#[derive(Serialize, Deserialize)]
pub(super) struct EstimatorsWire {
    typless_delays: u32,
    #[serde(default)]
    pooled: DelayEstimator,
    #[serde(default)]
    types: Vec<TypeWire>,
}

#[derive(Serialize, Deserialize)]
struct TypeWire {
    document_type: Box<str>,
    estimate: DelayEstimator,
}

impl From<DelayEstimators> for EstimatorsWire {
    fn from(estimators: DelayEstimators) -> Self {
        let types = estimators
            .types
            .into_iter()
            .map(|(document_type, estimate)| TypeWire {
                document_type,
                estimate,
            });
        Self {
            typless_delays: VERSION,
            pooled: estimators.pooled,
            types: types.collect(),
        }
    }
}

impl TryFrom<EstimatorsWire> for DelayEstimators {
    type Error = StoredError;

    fn try_from(wire: EstimatorsWire) -> Result<Self, StoredError> {
        check_version(wire.typless_delays)?;
        if wire.types.len() > Self::MAX_TYPES {
            return Err(StoredError::Unreadable {
                problem: "it has too many document types",
            });
        }
        let types = wire
            .types
            .into_iter()
            .map(|entry| (entry.document_type, entry.estimate));
        Ok(Self {
            pooled: wire.pooled,
            types: types.collect(),
        })
    }
}

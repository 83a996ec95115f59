//! One estimate for each document type.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::estimator::DelayEstimator;
use super::stored::EstimatorsWire;

/// How long jobs take, separately for each document type.
///
/// An observation of a type updates its own estimate and the pooled one. A new type starts from the
/// pooled estimate, with the weight of three jobs. The first [`MAX_TYPES`](Self::MAX_TYPES) types
/// have their own estimate; all others share the pooled one.
///
/// Pass it to a [`Batch`](super::super::Batch), and store it with [`serde`] for the next run: about
/// 1.5 KB for each type, with a version and a checksum.
///
/// ```
/// use typless::machine::{Batch, BatchOptions, DelayEstimators, Time};
/// # use typless::wire::Api;
/// # let api = Api::new(Api::PRODUCTION, "key")?;
/// # let now = Time::from_unix_seconds(1_700_000_000);
/// # let stored = serde_json::to_string(&DelayEstimators::new())?;
///
/// let estimators: DelayEstimators = serde_json::from_str(&stored)?; // of the last run
/// let batch = Batch::new(&api, BatchOptions::new(), now).with_estimators(estimators);
/// // ... and at the end of this one:
/// let stored = serde_json::to_string(batch.estimators())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "EstimatorsWire", into = "EstimatorsWire")]
pub struct DelayEstimators {
    pub(super) pooled: DelayEstimator,
    /// In the order of their first use.
    pub(super) types: Vec<(Box<str>, DelayEstimator)>,
}

impl DelayEstimators {
    /// The maximum number of document types with their own estimate: 64.
    pub const MAX_TYPES: usize = 64;

    /// Estimators without observations.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the half-life of the pooled estimate and of types that are added from now on; see
    /// [`DelayEstimator::with_half_life`].
    #[must_use]
    pub fn with_half_life(mut self, jobs: u32) -> Self {
        self.pooled = self.pooled.with_half_life(jobs);
        self
    }

    /// The estimate for a document type: its own if there was an observation, otherwise the pooled
    /// one.
    pub fn get(&self, document_type: Option<&str>) -> &DelayEstimator {
        let slot = document_type
            .and_then(|name| self.position(name))
            .map_or(DelaySlot::POOLED, DelaySlot::from_position);
        self.at(slot)
    }

    /// The estimate over all types.
    pub fn pooled(&self) -> &DelayEstimator {
        &self.pooled
    }

    /// The document types with their own estimate.
    pub fn document_types(&self) -> impl Iterator<Item = &str> {
        self.types.iter().map(|(name, _)| &**name)
    }

    /// Learns that `jobs` jobs of a type were in progress from one age to another; see
    /// [`DelayEstimator::observe_pending`].
    pub fn observe_pending(
        &mut self,
        document_type: Option<&str>,
        jobs: u32,
        from: Duration,
        to: Duration,
    ) {
        let slot = self.slot(document_type);
        self.pending_at(slot, jobs, from, to);
    }

    /// Learns that a job of a type finished between these ages; see
    /// [`DelayEstimator::observe_finished`].
    pub fn observe_finished(&mut self, document_type: Option<&str>, from: Duration, to: Duration) {
        let slot = self.slot(document_type);
        self.finished_at(slot, from, to);
    }
}

/// The index of a type's estimate, in one byte for callers with many jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(in crate::machine) struct DelaySlot(u8);

impl DelaySlot {
    const POOLED: Self = Self(0);

    fn from_position(position: usize) -> Self {
        u8::try_from(position + 1).map_or(Self::POOLED, Self)
    }

    fn position(self) -> Option<usize> {
        usize::from(self.0).checked_sub(1)
    }
}

/// For this crate: the same by slot.
impl DelayEstimators {
    /// The slot of a type; adds the type if there is room.
    pub(in crate::machine) fn slot(&mut self, document_type: Option<&str>) -> DelaySlot {
        let Some(name) = document_type else {
            return DelaySlot::POOLED;
        };
        if let Some(position) = self.position(name) {
            return DelaySlot::from_position(position);
        }
        if self.types.len() >= Self::MAX_TYPES {
            return DelaySlot::POOLED;
        }
        self.types.push((name.into(), DelayEstimator::new()));
        DelaySlot::from_position(self.types.len() - 1)
    }

    pub(in crate::machine) fn at(&self, slot: DelaySlot) -> &DelayEstimator {
        let own = slot
            .position()
            .and_then(|position| self.types.get(position))
            .map(|(_, own)| own);
        own.filter(|own| !own.is_empty()).unwrap_or(&self.pooled)
    }

    pub(in crate::machine) fn pending_at(
        &mut self,
        slot: DelaySlot,
        jobs: u32,
        from: Duration,
        to: Duration,
    ) {
        self.observe(slot, |estimator| estimator.observe_pending(jobs, from, to));
    }

    pub(in crate::machine) fn finished_at(
        &mut self,
        slot: DelaySlot,
        from: Duration,
        to: Duration,
    ) {
        self.observe(slot, |estimator| estimator.observe_finished(from, to));
    }

    fn observe(&mut self, slot: DelaySlot, observe: impl Fn(&mut DelayEstimator)) {
        if let Some((_, own)) = slot
            .position()
            .and_then(|position| self.types.get_mut(position))
        {
            if own.is_empty() {
                *own = self.pooled.as_assumption();
            }
            observe(own);
        }
        observe(&mut self.pooled);
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.types.iter().position(|(known, _)| &**known == name)
    }
}

impl fmt::Debug for DelayEstimators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DelayEstimators")
            .field("pooled", &self.pooled)
            .field("types", &self.types.len())
            .finish_non_exhaustive()
    }
}

//! One estimate for each document type.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::estimator::DelayEstimator;
use super::stored::EstimatorsWire;

/// How long jobs take, for each document type by itself.
///
/// What is seen of a type teaches its own estimate and the pooled one; a type that was never seen begins with what the pooled one knows, which weighs as much as three jobs.
/// The first [`MAX_TYPES`](Self::MAX_TYPES) types have an estimate of their own; all others share the pooled one.
///
/// Made by the application, handed to a [`Batch`](super::super::Batch), and stored with [`serde`] for the next run: some 1.5 KB for each type, versioned and checked.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "EstimatorsWire", into = "EstimatorsWire")]
pub struct DelayEstimators {
    pub(super) pooled: DelayEstimator,
    /// In the order in which they were met.
    pub(super) types: Vec<(Box<str>, DelayEstimator)>,
}

impl DelayEstimators {
    /// The most document types that have an estimate of their own: 64.
    pub const MAX_TYPES: usize = 64;

    /// Estimators that know nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets after how many jobs what was seen before weighs half, for types that are met from now on and for the pooled estimate; see [`DelayEstimator::with_half_life`].
    #[must_use]
    pub fn with_half_life(mut self, jobs: u32) -> Self {
        self.pooled = self.pooled.with_half_life(jobs);
        self
    }

    /// The estimate for a document type: its own if something was observed of it, else the pooled one.
    pub fn get(&self, document_type: Option<&str>) -> &DelayEstimator {
        let slot = document_type
            .and_then(|name| self.position(name))
            .map_or(DelaySlot::POOLED, DelaySlot::of);
        self.at(slot)
    }

    /// The estimate over all types.
    pub fn pooled(&self) -> &DelayEstimator {
        &self.pooled
    }

    /// The types that have an estimate of their own.
    pub fn document_types(&self) -> impl Iterator<Item = &str> {
        self.types.iter().map(|(name, _)| &**name)
    }

    /// Learns that this many jobs of a type were watched from one age to another, and did not finish; see [`DelayEstimator::observe_pending`].
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

    /// Learns that a job of a type finished between these ages; see [`DelayEstimator::observe_finished`].
    pub fn observe_finished(&mut self, document_type: Option<&str>, from: Duration, to: Duration) {
        let slot = self.slot(document_type);
        self.finished_at(slot, from, to);
    }
}

/// Where the estimate of a type stands, for who holds a great many jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(in crate::machine) struct DelaySlot(u8);

impl DelaySlot {
    const POOLED: Self = Self(0);

    fn of(position: usize) -> Self {
        u8::try_from(position + 1).map_or(Self::POOLED, Self)
    }

    fn position(self) -> Option<usize> {
        usize::from(self.0).checked_sub(1)
    }
}

/// The crate's own: the same by slot.
impl DelayEstimators {
    /// The slot of a type, which is made if there is room for one more.
    pub(in crate::machine) fn slot(&mut self, document_type: Option<&str>) -> DelaySlot {
        let Some(name) = document_type else {
            return DelaySlot::POOLED;
        };
        if let Some(position) = self.position(name) {
            return DelaySlot::of(position);
        }
        if self.types.len() >= Self::MAX_TYPES {
            return DelaySlot::POOLED;
        }
        self.types.push((name.into(), DelayEstimator::new()));
        DelaySlot::of(self.types.len() - 1)
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

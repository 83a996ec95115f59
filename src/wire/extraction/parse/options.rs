//! Options of parsing: the minimum confidence of values.

use std::collections::BTreeMap;

use super::super::Candidate;

/// Options for [`Extraction::parse_with`](super::super::Extraction::parse_with): the minimum
/// confidence of values. The default is 0: every value counts.
///
/// A confidence is a number from 0 to 1. Numbers outside this range are clamped; NaN counts as 1,
/// so that a mistake shows. A value without a known confidence is below every minimum but 0.
#[derive(Debug, Clone, Default)]
pub struct ParseOptions {
    min_confidence: f64,
    fields: BTreeMap<Box<str>, f64>,
}

impl ParseOptions {
    /// No minimum: every value counts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the minimum confidence of all fields, those in rows included, unless a field has its
    /// own.
    #[must_use]
    pub fn with_min_confidence(mut self, min_confidence: f64) -> Self {
        self.min_confidence = clamped(min_confidence);
        self
    }

    /// Sets the minimum confidence of the fields with this name, in the document and in rows.
    ///
    /// A name that is no field's is a
    /// [`ParseProblemKind::UnknownMinConfidence`](super::ParseProblemKind::UnknownMinConfidence).
    #[must_use]
    pub fn with_field_min_confidence(
        mut self,
        name: impl Into<Box<str>>,
        min_confidence: f64,
    ) -> Self {
        self.fields.insert(name.into(), clamped(min_confidence));
        self
    }

    /// The names of the fields that have their own.
    pub(super) fn field_names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(AsRef::as_ref)
    }

    /// The minimum confidence of a field; 0 if none is set.
    pub(super) fn min_confidence_for(&self, name: &str) -> f64 {
        self.fields
            .get(name)
            .copied()
            .unwrap_or(self.min_confidence)
    }
}

fn clamped(min_confidence: f64) -> f64 {
    if min_confidence.is_nan() {
        1.0
    } else {
        min_confidence.clamp(0.0, 1.0)
    }
}

/// Whether a candidate's confidence is below the minimum.
pub(super) fn is_below(candidate: &Candidate, min_confidence: f64) -> bool {
    min_confidence > 0.0
        && candidate
            .confidence()
            .is_none_or(|confidence| confidence < min_confidence)
}

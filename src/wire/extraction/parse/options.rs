//! How sure the service must be for a value to count.

use std::collections::BTreeMap;

/// How a result is read into the caller's type: how sure the service must be of a value for it to count.
///
/// Made by the application; consumed by [`Extraction::parse_with`](super::super::Extraction::parse_with). The default has no floors: every value counts.
///
/// A min_confidence is a confidence from 0 to 1. Numbers outside are held within; one that is no number counts as 1, so that a mistake shows. A value without a known
/// confidence is below every min_confidence but 0.
#[derive(Debug, Clone, Default)]
pub struct ParseOptions {
    min_confidence: f64,
    fields: BTreeMap<Box<str>, f64>,
}

impl ParseOptions {
    /// No floors: every value counts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the min_confidence of all fields that have none of their own, those of rows included.
    #[must_use]
    pub fn with_min_confidence(mut self, min_confidence: f64) -> Self {
        self.min_confidence = held(min_confidence);
        self
    }

    /// Sets the min_confidence of the field of this name, above or below that of the others; of rows it is the column of this name.
    #[must_use]
    pub fn with_field_min_confidence(
        mut self,
        name: impl Into<Box<str>>,
        min_confidence: f64,
    ) -> Self {
        self.fields.insert(name.into(), held(min_confidence));
        self
    }

    /// The min_confidence of a field; 0 for none.
    pub(super) fn min_confidence_for(&self, name: &str) -> f64 {
        self.fields
            .get(name)
            .copied()
            .unwrap_or(self.min_confidence)
    }
}

fn held(min_confidence: f64) -> f64 {
    if min_confidence.is_nan() {
        1.0
    } else {
        min_confidence.clamp(0.0, 1.0)
    }
}

/// Whether a confidence does not reach a min_confidence.
pub(super) fn is_below(confidence: Option<f64>, min_confidence: f64) -> bool {
    min_confidence > 0.0 && confidence.is_none_or(|confidence| confidence < min_confidence)
}

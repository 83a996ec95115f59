//! How sure the service must be for a value to count.

use std::collections::BTreeMap;

/// How a result is read into the caller's type: how sure the service must be of a value for it to count.
///
/// Made by the application; consumed by [`Extraction::parse_with`](super::super::Extraction::parse_with). The default has no floors: every value counts.
///
/// A floor is a confidence from 0 to 1. Numbers outside are held within; one that is no number counts as 1, so that a mistake shows. A value without a known
/// confidence is below every floor but 0.
#[derive(Debug, Clone, Default)]
pub struct ParseOptions {
    floor: f64,
    fields: BTreeMap<Box<str>, f64>,
}

impl ParseOptions {
    /// No floors: every value counts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the floor of all fields that have none of their own, those of rows included.
    #[must_use]
    pub fn with_floor(mut self, floor: f64) -> Self {
        self.floor = held(floor);
        self
    }

    /// Sets the floor of the field of this name, above or below that of the others; of rows it is the column of this name.
    #[must_use]
    pub fn with_field_floor(mut self, name: impl Into<Box<str>>, floor: f64) -> Self {
        self.fields.insert(name.into(), held(floor));
        self
    }

    /// The floor of a field; 0 for none.
    pub(super) fn floor_of(&self, name: &str) -> f64 {
        self.fields.get(name).copied().unwrap_or(self.floor)
    }
}

fn held(floor: f64) -> f64 {
    if floor.is_nan() {
        1.0
    } else {
        floor.clamp(0.0, 1.0)
    }
}

/// Whether a confidence does not reach a floor.
pub(super) fn is_below(confidence: Option<f64>, floor: f64) -> bool {
    floor > 0.0 && confidence.is_none_or(|confidence| confidence < floor)
}

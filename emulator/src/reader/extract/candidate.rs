//! A value that may be a field's, and where not to search for one.

use std::collections::HashSet;

use super::labels::Place;
use super::values::Value;

/// The best score that a label alone can give.
pub(crate) const LABEL_SCORE: f64 = 0.95;
/// The best score of a candidate.
pub(crate) const MAX_SCORE: f64 = 0.98;

/// Lines of the table of line items, as pages and lines, where no field is looked for.
pub(crate) type Taken = HashSet<(usize, usize)>;

/// A value that may be a field's.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) text: String,
    pub(crate) score: f64,
    /// The run it is in; none for what is judged by all of the document.
    pub(crate) place: Option<Place>,
    /// The byte after the value in the run's text.
    pub(crate) end: usize,
}

impl Candidate {
    pub(crate) fn new(value: &Value, base: usize, score: f64, place: Place) -> Self {
        Self {
            text: value.text.clone(),
            score: score * value.fit * LABEL_SCORE,
            place: Some(place),
            end: base + value.start + value.text.len(),
        }
    }
}

//! What was read, and what a person should poll.

use std::fmt;

/// What [`Extraction::parse_with`](super::super::Extraction::parse_with) has read: the caller's value, and what a person should poll.
///
/// Made by `parse_with`; consumed by the application. `Debug` shows the review, not the value.
#[derive(Clone)]
#[non_exhaustive]
pub struct Parsed<T> {
    /// The value. What was below its min_confidence counts as absent in it.
    pub value: T,
    /// The values that were left out because they are below their min_confidence, in the document's order. Only fields that the type takes are listed.
    pub review: Vec<ReviewItem>,
}

impl<T> fmt::Debug for Parsed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parsed")
            .field("review", &self.review)
            .finish_non_exhaustive()
    }
}

/// A value that was left out because the service is not sure enough of it.
///
/// Made by [`Extraction::parse_with`](super::super::Extraction::parse_with); consumed by whoever asks a person about it. `Debug` has no contents of the document.
#[derive(Clone)]
pub struct ReviewItem {
    path: Box<str>,
    confidence: Option<f64>,
    min_confidence: f64,
    text: Box<str>,
}

impl ReviewItem {
    pub(super) fn new(
        path: String,
        confidence: Option<f64>,
        min_confidence: f64,
        text: &str,
    ) -> Self {
        Self {
            path: path.into(),
            confidence,
            min_confidence,
            text: text.into(),
        }
    }

    /// Where the value is: `total_amount`, `line_items[2].price`; for a candidate missing from a `Vec`, with its location among the field's candidates: `purchase_order[1]`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// How sure the service is, from 0 to 1; `None` where it does not say.
    pub fn confidence(&self) -> Option<f64> {
        self.confidence
    }

    /// The min_confidence that was not reached, from 0 to 1.
    pub fn min_confidence(&self) -> f64 {
        self.min_confidence
    }

    /// The value as the service wrote it. It is a document's contents.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for ReviewItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReviewItem")
            .field("path", &self.path)
            .field("confidence", &self.confidence)
            .field("min_confidence", &self.min_confidence)
            .finish_non_exhaustive()
    }
}

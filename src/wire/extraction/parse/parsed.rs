//! What was read, and what a person should review.

use std::fmt;

use super::super::path::Place;
use super::super::{BoundingBox, Candidate};

/// A value read by [`Extraction::parse_with`](super::super::Extraction::parse_with), and the fields
/// that a person should review.
///
/// `Debug` shows the review, not the value.
#[derive(Clone)]
#[non_exhaustive]
pub struct Parsed<T> {
    /// The value. Fields below their minimum confidence are absent in it.
    pub value: T,
    /// The values that a person should look at, in the order of the document: those left out
    /// because they are below their minimum confidence, and those that were repaired. Only fields
    /// that the type takes are listed, and fields whose name was repaired.
    pub review: Vec<ReviewItem>,
}

impl<T> fmt::Debug for Parsed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parsed")
            .field("review", &self.review)
            .finish_non_exhaustive()
    }
}

/// A value that a person should look at: [`reason`](Self::reason) says why.
///
/// `Debug` does not show the contents of the document.
#[derive(Clone)]
pub struct ReviewItem {
    path: Box<str>,
    reason: ReviewReason,
    confidence: Option<f64>,
    min_confidence: f64,
    text: Box<str>,
    place: Place,
}

impl ReviewItem {
    pub(super) fn new(
        path: String,
        reason: ReviewReason,
        min_confidence: f64,
        candidate: &Candidate,
    ) -> Self {
        Self {
            path: path.into(),
            reason,
            confidence: candidate.confidence(),
            min_confidence,
            text: candidate.text().unwrap_or_default().into(),
            place: Place::new(candidate),
        }
    }

    /// A text of the result itself, which has no confidence and no place.
    pub(super) fn without_place(path: String, reason: ReviewReason, text: &str) -> Self {
        Self {
            path: path.into(),
            reason,
            confidence: None,
            min_confidence: 0.0,
            text: text.into(),
            place: Place::default(),
        }
    }

    /// The path of the value: `total_amount`, `line_items[2].price`. A candidate of a `Vec` has its
    /// index among the field's candidates: `purchase_order[1]`. Indices count from 0.
    /// [`Extraction::at`](super::super::Extraction::at) finds the value there.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Why a person should look at it.
    pub fn reason(&self) -> ReviewReason {
        self.reason
    }

    /// The page of the value, counted from 0; `None` if it was not located.
    pub fn page(&self) -> Option<u32> {
        self.place.page
    }

    /// The position of the value on its page; `None` if it was not located.
    pub fn bounding_box(&self) -> Option<BoundingBox> {
        self.place.bounding_box
    }

    /// The service's confidence, from 0 to 1; `None` if unknown.
    pub fn confidence(&self) -> Option<f64> {
        self.confidence
    }

    /// The minimum confidence that applied, from 0 to 1.
    pub fn min_confidence(&self) -> f64 {
        self.min_confidence
    }

    /// The value as the service wrote it, or as it was repaired; empty if that is null. This is
    /// content of the document.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for ReviewItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReviewItem")
            .field("path", &self.path)
            .field("reason", &self.reason)
            .field("confidence", &self.confidence)
            .field("min_confidence", &self.min_confidence)
            .finish_non_exhaustive()
    }
}

/// Why a person should look at a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReviewReason {
    /// Its confidence is below the minimum, and it was left out.
    BelowMinConfidence,
    /// It or the name of its field was not valid JSON, and was repaired. It was not left out; see
    /// [`Extraction::repairs`](super::super::Extraction::repairs).
    Repaired,
    /// Its key, or one around it, came several times, and the last value was taken.
    DuplicateKey,
}

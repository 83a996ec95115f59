//! How the reader makes what it found.

use super::pdf::{Area, Page};
use crate::{Findings, FoundField, FoundValue, Location};

impl Findings {
    pub(super) fn new(extracted_fields: Vec<FoundField>, line_items: Vec<Vec<FoundField>>) -> Self {
        Self {
            extracted_fields,
            line_items,
            vat_rates: Vec::new(),
        }
    }
}

impl FoundValue {
    pub(super) fn new(value: String, score: f64, location: Option<Location>) -> Self {
        Self {
            value: Some(value),
            confidence_score: (score.clamp(0.0, 1.0) * 1000.0).round() / 1000.0,
            location,
        }
    }

    pub(super) fn nothing() -> Self {
        Self {
            value: None,
            confidence_score: 0.0,
            location: None,
        }
    }
}

impl Location {
    pub(super) fn new(page_number: usize, page: &Page, area: Area) -> Self {
        let [x, y, width, height] = page.pixels(area);
        Self {
            page_number,
            x,
            y,
            width,
            height,
        }
    }
}

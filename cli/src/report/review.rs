//! Values that a person should check, because their confidence is low.

use serde::Serialize;
use typless::wire::{Candidate, Extraction, Field};

/// The best value of a field, with a confidence below the minimum.
#[derive(Serialize)]
pub(super) struct LowConfidence<'a> {
    /// Its table and its row (from 0), if it is in a table.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(super) cell: Option<Cell>,
    pub(super) field: &'a str,
    pub(super) value: Option<&'a str>,
    pub(super) confidence: Option<f64>,
    /// The page, from 0.
    pub(super) page: Option<u32>,
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct Cell {
    pub(super) table: &'static str,
    pub(super) row: usize,
}

/// Whether a value's confidence is below the minimum. A value without a confidence counts as below.
pub(super) fn is_low_confidence(candidate: &Candidate, min_confidence: Option<f64>) -> bool {
    min_confidence.is_some_and(|min_confidence| {
        candidate
            .confidence()
            .is_none_or(|score| score < min_confidence)
    })
}

/// All values with a low confidence: of the fields, then of the tables.
pub(super) fn low_confidence(
    extraction: &Extraction,
    min_confidence: f64,
) -> Vec<LowConfidence<'_>> {
    let fields = extraction.fields().iter().map(|field| (None, field));
    let tables = [
        ("line_items", extraction.line_items()),
        ("vat_rates", extraction.vat_rates()),
    ];
    let cells = tables.into_iter().flat_map(|(table, rows)| {
        let rows = rows.iter().enumerate();
        rows.flat_map(move |(row, content)| {
            content
                .fields()
                .iter()
                .map(move |field| (Some(Cell { table, row }), field))
        })
    });
    fields
        .chain(cells)
        .filter_map(|(cell, field)| review_field(cell, field, min_confidence))
        .collect()
}

fn review_field(
    cell: Option<Cell>,
    field: &Field,
    min_confidence: f64,
) -> Option<LowConfidence<'_>> {
    let best = field
        .best()
        .filter(|best| is_low_confidence(best, Some(min_confidence)))?;
    Some(LowConfidence {
        cell,
        field: field.name(),
        value: best.text(),
        confidence: best.confidence(),
        page: best.page(),
    })
}

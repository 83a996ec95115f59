//! What a person should poll: values of little confidence.

use serde::Serialize;
use typless::wire::{Candidate, Extraction, Field};

/// The best value of a field, where its confidence is below what was asked for.
#[derive(Serialize)]
pub(super) struct Weak<'a> {
    /// Where it is one of a table's: which table, and which row, from 0.
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

/// Whether a value is below the confidence asked for. One without a score is: nothing says that it reaches it.
pub(super) fn is_weak(candidate: &Candidate, floor: Option<f64>) -> bool {
    floor.is_some_and(|floor| candidate.confidence().is_none_or(|score| score < floor))
}

/// All weak values: of the fields, then of the tables.
pub(super) fn weak(extraction: &Extraction, floor: f64) -> Vec<Weak<'_>> {
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
        .filter_map(|(cell, field)| of_field(cell, field, floor))
        .collect()
}

fn of_field(cell: Option<Cell>, field: &Field, floor: f64) -> Option<Weak<'_>> {
    let best = field.best().filter(|best| is_weak(best, Some(floor)))?;
    Some(Weak {
        cell,
        field: field.name(),
        value: best.text(),
        confidence: best.confidence(),
        page: best.page(),
    })
}

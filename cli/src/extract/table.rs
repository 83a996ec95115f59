//! Results for people.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use typless::wire::{Candidate, DataType, Extraction, Field, Row, printable};

/// The longest value shown in one cell, in characters.
const LONGEST: usize = 200;

/// What is shown for what is not on the document.
const NOTHING: &str = "-";

/// The fields of a document, then its tables.
pub(super) fn render(file: &str, extraction: &Extraction) -> String {
    let mut text = format!("{}\n{}", printable(file, LONGEST), fields(extraction.fields()));
    for (title, rows) in [("Line items", extraction.line_items()), ("VAT rates", extraction.vat_rates())] {
        if !rows.is_empty() {
            text.push_str(&format!("\n{title}\n{}", columns(rows)));
        }
    }
    text
}

fn fields(fields: &[Field]) -> Table {
    let mut table = new(&["Field", "Value", "Confidence", "Page (from 0)"]);
    for field in fields {
        let best = field.best();
        let confidence = best.and_then(Candidate::confidence).map_or_else(String::new, |score| format!("{score:.3}"));
        let page = best.and_then(Candidate::page).map_or_else(String::new, |page| page.to_string());
        table.add_row([printable(field.name(), LONGEST), value(Some(field)), confidence, page]);
    }
    align_right(&mut table, 2);
    align_right(&mut table, 3);
    table
}

/// A row each, a column for each field that any row has.
fn columns(rows: &[Row]) -> Table {
    let mut names: Vec<&str> = Vec::new();
    for field in rows.iter().flat_map(Row::fields) {
        if !names.contains(&field.name()) {
            names.push(field.name());
        }
    }
    let mut table = new(&names);
    for row in rows {
        table.add_row(names.iter().map(|name| value(row.field(name))));
    }
    for (index, name) in names.iter().enumerate() {
        if rows.iter().filter_map(|row| row.field(name)).any(|field| field.data_type() == Some(DataType::Number)) {
            align_right(&mut table, index);
        }
    }
    table
}

fn value(field: Option<&Field>) -> String {
    field.and_then(Field::text).map_or_else(|| NOTHING.to_owned(), |text| printable(text, LONGEST))
}

fn new(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().map(|name| printable(name, LONGEST)));
    table
}

fn align_right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

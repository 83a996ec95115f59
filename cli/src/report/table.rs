//! Results for people.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use typless::wire::{Candidate, DataType, Extraction, Field, Row, printable};

use super::review::{self, LowConfidence};

/// The maximum length of a value in a cell, in characters.
const MAX_CELL_CHARS: usize = 200;

/// Shown for a value that is not on the document.
const EMPTY_CELL: &str = "-";

/// Renders the fields of a document, its tables, and the values to review.
pub(super) fn render(file: &str, extraction: &Extraction, min_confidence: Option<f64>) -> String {
    let mut text = format!(
        "{}\n{}",
        printable(file, MAX_CELL_CHARS),
        fields(extraction.fields(), min_confidence)
    );
    for (title, rows) in [
        ("Line items", extraction.line_items()),
        ("VAT rates", extraction.vat_rates()),
    ] {
        if !rows.is_empty() {
            text.push_str(&format!("\n{title}\n{}", columns(rows, min_confidence)));
        }
    }
    if let Some(min_confidence) = min_confidence {
        let to_review = review::low_confidence(extraction, min_confidence);
        if to_review.is_empty() {
            text.push_str(&format!(
                "\nNothing to review: no value has a confidence below {min_confidence}"
            ));
        } else {
            text.push_str(&format!(
                "\nTo review: confidence below {min_confidence}\n{}",
                review_table(&to_review)
            ));
        }
    }
    text
}

fn fields(fields: &[Field], min_confidence: Option<f64>) -> Table {
    let mut table = new(&["Field", "Value", "Confidence", "Page"]);
    for field in fields {
        let best = confident(field, min_confidence);
        let (score, page) = (
            best.and_then(Candidate::confidence),
            best.and_then(Candidate::page),
        );
        table.add_row([
            printable(field.name(), MAX_CELL_CHARS),
            value(best),
            confidence(score),
            self::page(page),
        ]);
    }
    align_right(&mut table, 2);
    align_right(&mut table, 3);
    table
}

/// One row each, and a column for each field that any row has.
fn columns(rows: &[Row], min_confidence: Option<f64>) -> Table {
    let mut names: Vec<&str> = Vec::new();
    for field in rows.iter().flat_map(Row::fields) {
        if !names.contains(&field.name()) {
            names.push(field.name());
        }
    }
    let mut table = new(&names);
    for row in rows {
        table.add_row(names.iter().map(|name| {
            value(
                row.field(name)
                    .and_then(|field| confident(field, min_confidence)),
            )
        }));
    }
    for (index, name) in names.iter().enumerate() {
        if rows
            .iter()
            .filter_map(|row| row.field(name))
            .any(|field| field.data_type() == Some(DataType::Number))
        {
            align_right(&mut table, index);
        }
    }
    table
}

fn review_table(to_review: &[LowConfidence<'_>]) -> Table {
    let mut table = new(&["Field", "Value", "Confidence", "Page"]);
    for entry in to_review {
        let name = printable(entry.field, MAX_CELL_CHARS);
        let name = match entry.cell {
            Some(cell) => format!("{name} in row {} of {}", cell.row + 1, cell.table),
            None => name,
        };
        let value = entry.value.map_or_else(
            || EMPTY_CELL.to_owned(),
            |text| printable(text, MAX_CELL_CHARS),
        );
        table.add_row([name, value, confidence(entry.confidence), page(entry.page)]);
    }
    align_right(&mut table, 2);
    align_right(&mut table, 3);
    table
}

/// The best value of a field, unless its confidence is too low.
fn confident(field: &Field, min_confidence: Option<f64>) -> Option<&Candidate> {
    field
        .best()
        .filter(|best| !review::is_low_confidence(best, min_confidence))
}

fn value(candidate: Option<&Candidate>) -> String {
    candidate.and_then(Candidate::text).map_or_else(
        || EMPTY_CELL.to_owned(),
        |text| printable(text, MAX_CELL_CHARS),
    )
}

fn confidence(score: Option<f64>) -> String {
    score.map_or_else(String::new, |score| format!("{score:.3}"))
}

/// The page as people count: from 1.
fn page(number: Option<u32>) -> String {
    number.map_or_else(String::new, |number| (u64::from(number) + 1).to_string())
}

fn new(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().map(|name| printable(name, MAX_CELL_CHARS)));
    table
}

fn align_right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

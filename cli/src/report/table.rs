//! Results for people.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use typless::wire::{Candidate, DataType, Extraction, Field, Row, printable};

use super::review::{self, Weak};

/// The longest value shown in one cell, in characters.
const LONGEST: usize = 200;

/// What is shown for what is not on the document.
const NOTHING: &str = "-";

/// The fields of a document, then its tables, then what to review.
pub(super) fn render(file: &str, extraction: &Extraction, floor: Option<f64>) -> String {
    let mut text = format!(
        "{}\n{}",
        printable(file, LONGEST),
        fields(extraction.fields(), floor)
    );
    for (title, rows) in [
        ("Line items", extraction.line_items()),
        ("VAT rates", extraction.vat_rates()),
    ] {
        if !rows.is_empty() {
            text.push_str(&format!("\n{title}\n{}", columns(rows, floor)));
        }
    }
    if let Some(floor) = floor {
        let weak = review::weak(extraction, floor);
        if weak.is_empty() {
            text.push_str(&format!(
                "\nNothing to review: no value has a confidence below {floor}"
            ));
        } else {
            text.push_str(&format!(
                "\nTo review, as their confidence is below {floor}\n{}",
                to_review(&weak)
            ));
        }
    }
    text
}

fn fields(fields: &[Field], floor: Option<f64>) -> Table {
    let mut table = new(&["Field", "Value", "Confidence", "Page (from 0)"]);
    for field in fields {
        let best = strong(field, floor);
        let (score, page) = (
            best.and_then(Candidate::confidence),
            best.and_then(Candidate::page),
        );
        table.add_row([
            printable(field.name(), LONGEST),
            value(best),
            confidence(score),
            self::page(page),
        ]);
    }
    align_right(&mut table, 2);
    align_right(&mut table, 3);
    table
}

/// A row each, a column for each field that any row has.
fn columns(rows: &[Row], floor: Option<f64>) -> Table {
    let mut names: Vec<&str> = Vec::new();
    for field in rows.iter().flat_map(Row::fields) {
        if !names.contains(&field.name()) {
            names.push(field.name());
        }
    }
    let mut table = new(&names);
    for row in rows {
        table.add_row(
            names
                .iter()
                .map(|name| value(row.field(name).and_then(|field| strong(field, floor)))),
        );
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

fn to_review(weak: &[Weak<'_>]) -> Table {
    let mut table = new(&["Field", "Value", "Confidence", "Page (from 0)"]);
    for entry in weak {
        let name = printable(entry.field, LONGEST);
        let name = match entry.cell {
            Some(cell) => format!("{name} in row {} of {}", cell.row + 1, cell.table),
            None => name,
        };
        let value = entry
            .value
            .map_or_else(|| NOTHING.to_owned(), |text| printable(text, LONGEST));
        table.add_row([name, value, confidence(entry.confidence), page(entry.page)]);
    }
    align_right(&mut table, 2);
    align_right(&mut table, 3);
    table
}

/// The best value of a field, unless its confidence is too low.
fn strong(field: &Field, floor: Option<f64>) -> Option<&Candidate> {
    field.best().filter(|best| !review::is_weak(best, floor))
}

fn value(candidate: Option<&Candidate>) -> String {
    candidate
        .and_then(Candidate::text)
        .map_or_else(|| NOTHING.to_owned(), |text| printable(text, LONGEST))
}

fn confidence(score: Option<f64>) -> String {
    score.map_or_else(String::new, |score| format!("{score:.3}"))
}

fn page(number: Option<u32>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}

fn new(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().map(|name| printable(name, LONGEST)));
    table
}

fn align_right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

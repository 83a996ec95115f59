//! Results for spreadsheets and databases: a row for each value.
//!
//! Documents may have different fields and any number of line items. With one row per value all
//! have the same columns, which are known before the first result.

use typless::wire::{Candidate, Extraction, Field};

use super::review;
use super::{Outcome, Report};

/// The column names.
const HEADER: [&str; 11] = [
    "index",
    "file",
    "extraction_id",
    "status",
    "table",
    "row",
    "field",
    "value",
    "confidence",
    "review",
    "message",
];

/// The rows of one document, after the header if they are the first. There is one row for the best
/// value of each field, or a single row where there are no values. The format is that of RFC 4180,
/// but lines end as the system's do, line breaks and control characters within a value become
/// spaces, and an apostrophe precedes what a spreadsheet would take for a formula.
pub(super) fn lines(report: &Report, min_confidence: Option<f64>, with_header: bool) -> String {
    let mut lines = Vec::new();
    if with_header {
        lines.push(HEADER.join(","));
    }
    match &report.outcome {
        Outcome::Success(extraction) => {
            let before = lines.len();
            lines.extend(extraction_lines(report, extraction, min_confidence));
            if lines.len() == before {
                lines.push(line(report, &Cells::default()));
            }
        }
        Outcome::Pending(_) => lines.push(line(report, &Cells::default())),
        Outcome::Failed(problem) => lines.push(line(
            report,
            &Cells {
                message: &problem.sentence,
                ..Cells::default()
            },
        )),
    }
    lines.join("\n")
}

/// The cells that differ between the rows of a document.
#[derive(Default)]
struct Cells<'a> {
    table: &'a str,
    /// From 0.
    row: Option<usize>,
    field: &'a str,
    value: Option<&'a str>,
    confidence: Option<f64>,
    review: &'a str,
    message: &'a str,
}

fn extraction_lines(
    report: &Report,
    extraction: &Extraction,
    min_confidence: Option<f64>,
) -> Vec<String> {
    let header_fields = extraction
        .fields()
        .iter()
        .map(|field| cells("", None, field, min_confidence));
    let tables = [
        ("line_items", extraction.line_items()),
        ("vat_rates", extraction.vat_rates()),
    ];
    let in_tables = tables.into_iter().flat_map(|(table, rows)| {
        let rows = rows.iter().enumerate();
        rows.flat_map(move |(row, content)| {
            content
                .fields()
                .iter()
                .map(move |field| cells(table, Some(row), field, min_confidence))
        })
    });
    header_fields
        .chain(in_tables)
        .map(|cells| line(report, &cells))
        .collect()
}

fn cells<'a>(
    table: &'a str,
    row: Option<usize>,
    field: &'a Field,
    min_confidence: Option<f64>,
) -> Cells<'a> {
    let best = field.best();
    let review = if best.is_some_and(|best| review::is_low_confidence(best, min_confidence)) {
        "yes"
    } else {
        ""
    };
    let (value, confidence) = (
        best.and_then(Candidate::text),
        best.and_then(Candidate::confidence),
    );
    Cells {
        table,
        row,
        field: field.name(),
        value,
        confidence,
        review,
        message: "",
    }
}

fn line(report: &Report, cells: &Cells<'_>) -> String {
    let number =
        |number: Option<usize>| number.map_or_else(String::new, |number| number.to_string());
    let columns: [&str; 11] = [
        &number(report.index),
        &report.file,
        report.extraction_id.as_ref().map_or("", |id| id.as_str()),
        &report.status(),
        cells.table,
        &number(cells.row),
        cells.field,
        cells.value.unwrap_or_default(),
        &cells
            .confidence
            .map_or_else(String::new, |score| score.to_string()),
        cells.review,
        cells.message,
    ];
    columns.map(quoted).join(",")
}

/// Quotes a cell if necessary.
fn quoted(text: &str) -> String {
    let apostrophe = if is_formula(text) { "'" } else { "" };
    let text: String = apostrophe
        .chars()
        .chain(text.chars())
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();
    let needs_quotes = text.contains([',', '"']) || text.starts_with(' ') || text.ends_with(' ');
    if needs_quotes {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// Whether a spreadsheet would evaluate this as a formula. The author of an invoice or of a file
/// name must not be able to run formulas in the reader's spreadsheet. A number is not a formula,
/// with or without a sign.
fn is_formula(text: &str) -> bool {
    text.starts_with([
        '=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]) && text.parse::<f64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn cells_are_quoted_if_necessary_and_stay_on_one_line() {
        for (text, cell) in [
            ("", ""),
            ("2484.6000", "2484.6000"),
            ("Notebook A5, dotted", "\"Notebook A5, dotted\""),
            ("27\" screen", "\"27\"\" screen\""),
            ("two\r\nlines", "two  lines"),
            ("\u{1b}[31mred", "\" [31mred\""),
            (
                "=HYPERLINK(\"http://x\",1)",
                "\"'=HYPERLINK(\"\"http://x\"\",1)\"",
            ),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+386 1 234", "'+386 1 234"),
            ("-2+3", "'-2+3"),
            ("-15.8400", "-15.8400"),
            ("+7", "+7"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("a=b", "a=b"),
            ("-", "'-"),
        ] {
            assert_eq!(quoted(text), cell, "{text:?}");
        }
    }
}

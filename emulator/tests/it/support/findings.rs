//! What the reader found.

use typless_emulator::{DocumentType, Findings, read};

/// What is found in an invoice.
pub(crate) fn found(document: &[u8]) -> Findings {
    read(document, &DocumentType::line_item_invoice()).expect("it can be read")
}

/// Fails unless these fields have these values.
#[track_caller]
pub(crate) fn assert_values(findings: &Findings, expected: &[(&str, &str)]) {
    for (field, value) in expected {
        assert_eq!(findings.value(field), Some(*value), "{field}");
    }
}

/// The cells of these columns, row by row; `-` where there is none.
pub(crate) fn rows(findings: &Findings, columns: &[&str]) -> Vec<Vec<String>> {
    (0..findings.line_items.len())
        .map(|row| {
            columns
                .iter()
                .map(|column| findings.line_item(row, column).unwrap_or("-").to_owned())
                .collect()
        })
        .collect()
}

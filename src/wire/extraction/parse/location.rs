//! Where a value is, and the names under which the service has it.

use super::super::{Extraction, Row};

/// A record: the document, or one row of a table.
#[derive(Clone, Copy)]
pub(super) enum Location {
    Document,
    Row(Table, usize),
}

/// A table of a document.
#[derive(Clone, Copy)]
pub(super) enum Table {
    LineItems,
    VatRates,
}

impl Location {
    /// The path of a field of the record, or of one of its candidates if an index is given.
    pub(super) fn path(self, name: &str, candidate: Option<usize>) -> String {
        let mut path = match self {
            Self::Document => name.to_owned(),
            Self::Row(table, index) => format!("{}[{index}].{name}", table.name()),
        };
        if let Some(index) = candidate {
            path.push_str(&format!("[{index}]"));
        }
        path
    }
}

impl Table {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::LineItems => "line_items",
            Self::VatRates => "vat_rates",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::LineItems, Self::VatRates]
            .into_iter()
            .find(|table| table.name() == name)
    }

    pub(super) fn rows(self, document: &Extraction) -> &[Row] {
        match self {
            Self::LineItems => document.line_items(),
            Self::VatRates => document.vat_rates(),
        }
    }
}

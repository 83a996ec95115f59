//! What was found in a document.

use crate::DataType;

/// Everything found in a document: the parts of a result that come from its contents.
/// [`ExtractionResult`](crate::ExtractionResult) writes them as the service does.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Findings {
    /// One entry for each field of the document type, in its order.
    pub extracted_fields: Vec<FoundField>,
    /// One row for each line item; each row has all columns of the document type, in its order.
    pub line_items: Vec<Vec<FoundField>>,
    /// Always empty: the service fills it for some document types only.
    pub vat_rates: Vec<Vec<FoundField>>,
}

/// A field and the values that may be its value, the likely one first.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FoundField {
    /// The field's name.
    pub name: String,
    /// The field's type.
    pub data_type: DataType,
    /// Whether the field takes several values at once. `None` for fields of line items.
    pub multiple_values: Option<bool>,
    /// The candidates, best first; one without a value where the document has none.
    pub values: Vec<FoundValue>,
}

/// A value, where it is, and how certain it is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FoundValue {
    /// The value in the service's form; `None` if it is not in the document.
    pub value: Option<String>,
    /// From 0 to 1, rounded to three digits.
    pub confidence_score: f64,
    /// Page and box; `None` if it is not located.
    pub location: Option<Location>,
}

/// A place in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Location {
    /// The page, the first being 0.
    pub page_number: usize,
    /// Pixels from the left edge, at 300 dots per inch.
    pub x: i64,
    /// Pixels from the top edge.
    pub y: i64,
    /// Pixels from left to right.
    pub width: i64,
    /// Pixels from top to bottom.
    pub height: i64,
}

impl Findings {
    /// The best value of a field; `None` if the document has none.
    #[must_use]
    pub fn value(&self, field: &str) -> Option<&str> {
        best(&self.extracted_fields, field)
    }

    /// The best value of a column in a row of the line items; `None` if the cell is empty.
    #[must_use]
    pub fn line_item(&self, row: usize, column: &str) -> Option<&str> {
        best(self.line_items.get(row)?, column)
    }
}

fn best<'a>(fields: &'a [FoundField], name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|field| field.name == name)?
        .values
        .first()?
        .value
        .as_deref()
}

//! Document types: which fields a document has, and by which words they are found, as data.

use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::label_key;

/// Which fields a kind of document has, and the labels they are found by.
///
/// Read from JSON with [`DocumentType::from_json`]; `document_types/line-item-invoice.json` in this
/// package is one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentType {
    name: String,
    fields: Vec<Field>,
    #[serde(default)]
    line_items: LineItems,
    #[serde(default)]
    buyer_labels: Vec<String>,
    #[serde(default)]
    other_labels: Vec<String>,
    #[serde(skip, default = "default_true")]
    has_line_items: bool,
}

/// A kind of value, by the service's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum DataType {
    /// Who issued the document. It is judged by all of the document, so it has no place.
    Author,
    /// Text, as it is printed.
    String,
    /// A number with four decimals.
    Number,
    /// A date, as `YYYY-MM-DD`.
    Date,
}

/// What a value of type `STRING` looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    /// Words.
    #[default]
    Text,
    /// A number or code: one that has a digit in it.
    Code,
    /// An ISO 4217 currency code, found by the signs and words next to the amounts.
    Currency,
}

/// A field of the document.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) data_type: DataType,
    #[serde(default)]
    pub(crate) form: Form,
    /// Words that stand for this field and nothing else.
    #[serde(default)]
    pub(crate) labels: Vec<String>,
    /// Words that often stand for this field, but mean something else in other documents.
    #[serde(default)]
    pub(crate) weak_labels: Vec<String>,
    /// Words that may stand for this field where no better label is there.
    #[serde(default)]
    pub(crate) faint_labels: Vec<String>,
    /// The value may also stand after the value of this field, joined by a small word: "invoice 7
    /// of 1 May 2019".
    #[serde(default)]
    pub(crate) behind: Option<String>,
    /// Where nothing is labelled, the only value of this type on top of the document is a (poor)
    /// candidate.
    #[serde(default)]
    pub(crate) unlabelled: bool,
    /// Of several amounts in a row of totals, the last one counts.
    #[serde(default)]
    pub(crate) last_in_row: bool,
    /// This amount should be the sum of these fields.
    #[serde(default)]
    pub(crate) sum_of: Vec<String>,
}

/// The columns of the table of line items.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LineItems {
    pub(crate) columns: Vec<Column>,
    /// Headers of columns that are often there and of no interest.
    #[serde(default)]
    pub(crate) other_labels: Vec<String>,
    /// What rows begin with that carry a sum from page to page.
    #[serde(default)]
    pub(crate) carry_labels: Vec<String>,
}

/// A column of the table of line items.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) data_type: DataType,
    #[serde(default)]
    pub(crate) form: Form,
    #[serde(default)]
    pub(crate) labels: Vec<String>,
    #[serde(default)]
    pub(crate) weak_labels: Vec<String>,
}

impl DocumentType {
    /// Reads a document type from JSON.
    ///
    /// # Errors
    ///
    /// Says which field is wrong and why.
    pub fn from_json(json: &str) -> Result<Self, DocumentTypeError> {
        let document_type: Self =
            serde_json::from_str(json).map_err(|error| DocumentTypeError(error.to_string()))?;
        document_type.check()?;
        Ok(document_type)
    }

    /// The types that every account has: those of the next three functions.
    #[must_use]
    pub fn built_in() -> [Self; 3] {
        [
            Self::line_item_invoice(),
            Self::simple_invoice(),
            Self::receipt(),
        ]
    }

    /// The built-in type `line-item-invoice`: an invoice and its line items, in many languages.
    ///
    /// # Panics
    ///
    /// Never: a test reads the same text.
    #[must_use]
    pub fn line_item_invoice() -> Self {
        Self::from_built_in(include_str!("../document_types/line-item-invoice.json"))
    }

    /// The built-in type `simple-invoice`: an invoice without its line items.
    ///
    /// # Panics
    ///
    /// Never: a test reads the same text.
    #[must_use]
    pub fn simple_invoice() -> Self {
        // The columns stay: they separate the table from the totals. Its rows are not returned.
        Self {
            name: "simple-invoice".to_owned(),
            has_line_items: false,
            ..Self::line_item_invoice()
        }
    }

    /// The built-in type `receipt`: of a shop, a restaurant or a car park, in many languages.
    ///
    /// # Panics
    ///
    /// Never: a test reads the same text.
    #[must_use]
    pub fn receipt() -> Self {
        Self::from_built_in(include_str!("../document_types/receipt.json"))
    }

    /// The name that clients submit it under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names and types of the fields, in the order results have them.
    pub fn fields(&self) -> impl Iterator<Item = (&str, DataType)> {
        self.fields
            .iter()
            .map(|field| (field.name.as_str(), field.data_type))
    }

    /// The names and types of the columns of the line items, in the order results have them.
    pub fn columns(&self) -> impl Iterator<Item = (&str, DataType)> {
        self.line_items
            .columns
            .iter()
            .map(|column| (column.name.as_str(), column.data_type))
    }

    pub(crate) fn field_list(&self) -> &[Field] {
        &self.fields
    }

    pub(crate) fn line_items(&self) -> &LineItems {
        &self.line_items
    }

    /// Labels of the block that names the buyer.
    pub(crate) fn buyer_labels(&self) -> &[String] {
        &self.buyer_labels
    }

    /// Labels of values that are none of the fields, so that they are not mistaken for one.
    pub(crate) fn other_labels(&self) -> &[String] {
        &self.other_labels
    }

    /// Whether line items are returned, or found only to separate them from the rest.
    pub(crate) fn has_line_items(&self) -> bool {
        self.has_line_items
    }

    fn from_built_in(json: &str) -> Self {
        Self::from_json(json)
            .unwrap_or_else(|error| unreachable!("a built-in document type is wrong: {error}"))
    }

    fn check(&self) -> Result<(), DocumentTypeError> {
        let wrong = |text: String| Err(DocumentTypeError(text));
        if self.name.trim().is_empty() {
            return wrong("`name` is empty".to_owned());
        }
        let mut names = HashSet::new();
        for field in &self.fields {
            if field.name.trim().is_empty() {
                return wrong("a field's `name` is empty".to_owned());
            }
            if !names.insert(field.name.as_str()) {
                return wrong(format!("field `{}` appears twice", field.name));
            }
            let labels = field.labels.iter().chain(&field.weak_labels);
            check_labels(&field.name, labels.chain(&field.faint_labels))?;
        }
        for field in &self.fields {
            for other in field.sum_of.iter().chain(&field.behind) {
                if !names.contains(other.as_str()) {
                    return wrong(format!(
                        "field `{}` refers to field `{other}`, which does not exist",
                        field.name
                    ));
                }
            }
        }
        let mut columns = HashSet::new();
        for column in &self.line_items.columns {
            if column.name.trim().is_empty() || !columns.insert(column.name.as_str()) {
                return wrong(format!(
                    "column `{}` has no name or appears twice",
                    column.name
                ));
            }
            if column.data_type == DataType::Author {
                return wrong(format!("column `{}` cannot be an AUTHOR", column.name));
            }
            check_labels(
                &column.name,
                column.labels.iter().chain(&column.weak_labels),
            )?;
        }
        Ok(())
    }
}

/// What is wrong with a document type.
#[derive(Debug, Clone)]
pub struct DocumentTypeError(String);

impl fmt::Display for DocumentTypeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the document type is wrong: {}", self.0)
    }
}

impl std::error::Error for DocumentTypeError {}

fn default_true() -> bool {
    true
}

fn check_labels<'a>(
    name: &str,
    labels: impl Iterator<Item = &'a String>,
) -> Result<(), DocumentTypeError> {
    for label in labels {
        if label_key(label).is_empty() {
            return Err(DocumentTypeError(format!(
                "`{name}` has the label `{label}`, which has no letter or digit"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(json: &str) -> String {
        DocumentType::from_json(json).map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn the_built_in_types_are_right() {
        let types = DocumentType::built_in();
        assert_eq!(
            types.each_ref().map(DocumentType::name),
            ["line-item-invoice", "simple-invoice", "receipt"]
        );
        for document_type in types {
            assert_eq!(
                document_type.fields().next(),
                Some(("supplier_name", DataType::Author))
            );
        }
    }

    #[test]
    fn errors_name_the_field() {
        assert!(error(r#"{"name": "x", "fields": [], "colour": 1}"#).contains("colour"));
        assert!(error(r#"{"name": "", "fields": []}"#).contains("`name`"));
        assert!(
            error(r#"{"name": "x", "fields": [{"name": "a", "data_type": "MONEY"}]}"#)
                .contains("MONEY")
        );
        assert!(
            error(
                r#"{"name": "x", "fields": [{"name": "a", "data_type": "DATE", "behind": "b"}]}"#
            )
            .contains("`b`")
        );
        assert!(
            error(
                r#"{"name": "x", "fields": [{"name": "a", "data_type": "DATE", "labels": ["!"]}]}"#
            )
            .contains("`a`")
        );
    }
}

//! The fields of generated results.

use crate::wire::DataType;

/// The fields of generated results: those of your document type.
///
/// Used by [`usual_results`](super::usual_results), [`odd_results`](super::odd_results) and
/// [`results`](super::results).
#[derive(Debug, Clone, Default)]
pub struct Fields {
    pub(super) document: Vec<Named>,
    pub(super) line_item: Vec<Named>,
    pub(super) vat_rate: Vec<Named>,
}

/// The name and the data type of a field.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) data_type: String,
}

impl Fields {
    /// No fields. Add those of your document type.
    pub fn new() -> Self {
        Self::default()
    }

    /// The fields of an invoice.
    ///
    /// The document has `supplier_name`, `invoice_number`, `issue_date` and `total_amount`; a line
    /// item has `description`, `quantity` and `price`; a VAT rate has `vat_rate_percentage` and
    /// `vat_rate_net`.
    pub fn invoice() -> Self {
        Self::new()
            .with_field("supplier_name", DataType::Author)
            .with_field("invoice_number", DataType::String)
            .with_field("issue_date", DataType::Date)
            .with_field("total_amount", DataType::Number)
            .with_line_item_field("description", DataType::String)
            .with_line_item_field("quantity", DataType::Number)
            .with_line_item_field("price", DataType::Number)
            .with_vat_rate_field("vat_rate_percentage", DataType::Number)
            .with_vat_rate_field("vat_rate_net", DataType::Number)
    }

    /// Adds a field to the document.
    #[must_use]
    pub fn with_field(mut self, name: &str, data_type: DataType<'_>) -> Self {
        self.document.push(Named::new(name, data_type));
        self
    }

    /// Adds a field to each line item.
    #[must_use]
    pub fn with_line_item_field(mut self, name: &str, data_type: DataType<'_>) -> Self {
        self.line_item.push(Named::new(name, data_type));
        self
    }

    /// Adds a field to each VAT rate.
    #[must_use]
    pub fn with_vat_rate_field(mut self, name: &str, data_type: DataType<'_>) -> Self {
        self.vat_rate.push(Named::new(name, data_type));
        self
    }
}

impl Named {
    fn new(name: &str, data_type: DataType<'_>) -> Self {
        Self {
            name: name.to_owned(),
            data_type: data_type.name().to_owned(),
        }
    }
}

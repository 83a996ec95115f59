//! Which fields a result has.

use crate::wire::DataType;

/// Which fields a generated result has: those of your document type.
///
/// Made by tests; consumed by [`usual_results`](super::usual_results), [`odd_results`](super::odd_results) and [`results`](super::results).
#[derive(Debug, Clone, Default)]
pub struct Fields {
    pub(super) document: Vec<Named>,
    pub(super) line_item: Vec<Named>,
    pub(super) vat_rate: Vec<Named>,
}

/// A field's name and the kind of its values.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) data_type: String,
}

impl Fields {
    /// No fields; add those of your document type.
    pub fn new() -> Self {
        Self::default()
    }

    /// Some fields of an invoice with line items: `supplier_name`, `invoice_number`, `issue_date`, `total_amount`; `description`, `quantity`, `price` in each line item;
    /// `vat_rate_percentage`, `vat_rate_net` in each VAT rate.
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

    /// Adds a field of the document.
    #[must_use]
    pub fn with_field(mut self, name: &str, data_type: DataType<'_>) -> Self {
        self.document.push(Named::new(name, data_type));
        self
    }

    /// Adds a field of each line item.
    #[must_use]
    pub fn with_line_item_field(mut self, name: &str, data_type: DataType<'_>) -> Self {
        self.line_item.push(Named::new(name, data_type));
        self
    }

    /// Adds a field of each VAT rate.
    #[must_use]
    pub fn with_vat_rate_field(mut self, name: &str, data_type: DataType<'_>) -> Self {
        self.vat_rate.push(Named::new(name, data_type));
        self
    }
}

impl Named {
    fn new(name: &str, data_type: DataType<'_>) -> Self {
        let data_type = match data_type {
            DataType::String => "STRING",
            DataType::Number => "NUMBER",
            DataType::Date => "DATE",
            DataType::Author => "AUTHOR",
            DataType::Other(other) => other,
        };
        Self {
            name: name.to_owned(),
            data_type: data_type.to_owned(),
        }
    }
}

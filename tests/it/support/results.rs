//! Results as the service writes them, and types to read them into.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use typless::wire::{Extraction, ParseProblemKind};

/// A field with these candidates: value and confidence.
pub(crate) fn field(
    name: &str,
    candidates: impl IntoIterator<Item = (&'static str, f64)>,
) -> Value {
    let values: Vec<Value> = candidates
        .into_iter()
        .map(|(value, score)| json!({"value": value, "confidence_score": score}))
        .collect();
    json!({"name": name, "data_type": "STRING", "values": values})
}

pub(crate) fn sure(name: &str, value: &str) -> Value {
    json!({"name": name, "values": [{"value": value, "confidence_score": 0.99}]})
}

pub(crate) fn not_found(name: &str) -> Value {
    json!({"name": name, "values": [{"value": null, "confidence_score": 0.0}]})
}

pub(crate) fn extraction(fields: impl Into<Value>, line_items: impl Into<Value>) -> Extraction {
    let result = json!({
        "object_id": "14a5", "file_name": "invoice.pdf", "customer": null,
        "extracted_fields": fields.into(), "line_items": line_items.into(),
        "vat_rates": [[sure("vat_rate_percentage", "22.0")]],
    });
    Extraction::from_json(result.to_string()).unwrap()
}

pub(crate) fn with_fields(fields: impl IntoIterator<Item = Value>) -> Extraction {
    extraction(fields.into_iter().collect::<Vec<_>>(), json!([]))
}

/// Path and kind of each problem.
pub(crate) fn problems<T: DeserializeOwned>(
    extraction: &Extraction,
) -> Vec<(String, ParseProblemKind)> {
    let error = extraction.parse::<T>().err().unwrap();
    error
        .problems()
        .iter()
        .map(|problem| (problem.path().to_owned(), problem.kind()))
        .collect()
}

pub(crate) fn found<const N: usize>(
    expected: [(&str, ParseProblemKind); N],
) -> Vec<(String, ParseProblemKind)> {
    expected
        .map(|(path, kind)| (path.to_owned(), kind))
        .to_vec()
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Invoice {
    pub(crate) invoice_number: String,
    pub(crate) issue_date: Date,
    pub(crate) total_amount: Decimal,
    #[serde(default)]
    pub(crate) copies: u8,
    pub(crate) purchase_order: Vec<String>,
    pub(crate) note: Option<String>,
    pub(crate) line_items: Vec<LineItem>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct LineItem {
    #[serde(rename = "line_item_description")]
    pub(crate) description: Option<String>,
    pub(crate) quantity: u32,
    pub(crate) price: Decimal,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Currency {
    Eur,
    Usd,
}

#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) confidence_score: Option<f64>,
    pub(crate) page_number: Option<u32>,
    pub(crate) x: Option<i32>,
    pub(crate) width: Option<f32>,
}

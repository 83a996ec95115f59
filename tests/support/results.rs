//! Results as the service writes them, and types to read them into.
#![allow(missing_docs, unreachable_pub, dead_code, clippy::unwrap_used)]

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use typless::wire::{Extraction, ParseProblemKind};

/// A field with these candidates: value and confidence.
pub fn field(name: &str, candidates: impl IntoIterator<Item = (&'static str, f64)>) -> Value {
    let values: Vec<Value> = candidates
        .into_iter()
        .map(|(value, score)| json!({"value": value, "confidence_score": score}))
        .collect();
    json!({"name": name, "data_type": "STRING", "values": values})
}

pub fn sure(name: &str, value: &str) -> Value {
    json!({"name": name, "values": [{"value": value, "confidence_score": 0.99}]})
}

pub fn not_found(name: &str) -> Value {
    json!({"name": name, "values": [{"value": null, "confidence_score": 0.0}]})
}

pub fn extraction(fields: impl Into<Value>, line_items: impl Into<Value>) -> Extraction {
    let result = json!({"object_id": "14a5", "file_name": "invoice.pdf", "customer": null, "extracted_fields": fields.into(), "line_items": line_items.into(),
                        "vat_rates": [[sure("vat_rate_percentage", "22.0")]]});
    Extraction::from_json(result.to_string()).unwrap()
}

pub fn of(fields: impl IntoIterator<Item = Value>) -> Extraction {
    extraction(fields.into_iter().collect::<Vec<_>>(), json!([]))
}

/// Paths and kinds of what is wrong.
pub fn problems<T: DeserializeOwned>(extraction: &Extraction) -> Vec<(String, ParseProblemKind)> {
    let error = extraction.parse::<T>().err().unwrap();
    error
        .problems()
        .iter()
        .map(|problem| (problem.path().to_owned(), problem.kind()))
        .collect()
}

pub fn found<const N: usize>(
    expected: [(&str, ParseProblemKind); N],
) -> Vec<(String, ParseProblemKind)> {
    expected
        .map(|(path, kind)| (path.to_owned(), kind))
        .to_vec()
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Invoice {
    pub invoice_number: String,
    pub issue_date: Date,
    pub total_amount: Decimal,
    #[serde(default)]
    pub copies: u8,
    pub purchase_order: Vec<String>,
    pub note: Option<String>,
    pub line_items: Vec<LineItem>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LineItem {
    #[serde(rename = "line_item_description")]
    pub description: Option<String>,
    pub quantity: u32,
    pub price: Decimal,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    Eur,
    Usd,
}

#[derive(Debug, PartialEq, Deserialize)]
pub struct Located<T> {
    pub value: T,
    pub confidence_score: Option<f64>,
    pub page_number: Option<u32>,
    pub x: Option<i32>,
    pub width: Option<f32>,
}

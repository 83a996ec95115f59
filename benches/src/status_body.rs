//! The bodies of status responses, and the types a user derives to decode them without the client.

use bytes::Bytes;
use http::Response;
use serde::{Deserialize, Serialize};

/// The body of a status response, as types that a careful user derives: unknown fields are dropped,
/// and fields that may be absent have a default.
///
/// `N` is the type of coordinates and pages, `S` of scores, `T` of values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StatusBody<N = i64, S = f64, T = String> {
    /// The status of the extraction.
    pub status: String,
    /// The result.
    #[serde(default = "Outcome::new")]
    pub result: Outcome<N, S, T>,
    /// Why it failed.
    #[serde(default)]
    pub error: Reason,
}

/// The result of an extraction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the service's")]
pub struct Outcome<N = i64, S = f64, T = String> {
    #[serde(default)]
    pub object_id: Option<String>,
    #[serde(default)]
    pub file_name: Option<String>,
    #[serde(default)]
    pub customer: Option<String>,
    #[serde(default)]
    pub adjusted_s3_url: Option<String>,
    #[serde(default = "Vec::new")]
    pub extracted_fields: Vec<Field<N, S, T>>,
    #[serde(default = "Vec::new")]
    pub line_items: Vec<Vec<Field<N, S, T>>>,
    #[serde(default = "Vec::new")]
    pub vat_rates: Vec<Vec<Field<N, S, T>>>,
}

impl<N, S, T> Outcome<N, S, T> {
    /// An empty result.
    pub fn new() -> Self {
        Self {
            object_id: None,
            file_name: None,
            customer: None,
            adjusted_s3_url: None,
            extracted_fields: Vec::new(),
            line_items: Vec::new(),
            vat_rates: Vec::new(),
        }
    }
}

/// A field of the document or of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the service's")]
pub struct Field<N = i64, S = f64, T = String> {
    pub name: String,
    pub data_type: String,
    #[serde(default)]
    pub multiple_values: bool,
    pub values: Vec<Candidate<N, S, T>>,
}

/// A candidate value of a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the service's")]
pub struct Candidate<N = i64, S = f64, T = String> {
    pub x: N,
    pub y: N,
    pub width: N,
    pub height: N,
    pub page_number: N,
    pub value: Option<T>,
    pub confidence_score: S,
}

/// Why an extraction failed; empty if it did not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the service's")]
pub struct Reason {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl StatusBody {
    /// A successful response with ten fields and this many line items.
    pub fn success(line_items: usize) -> Self {
        let result = Outcome {
            object_id: Some("0d3d1054c2768f8360b934ebf6f9b41605e28734".to_owned()),
            file_name: Some("invoice-2024-0117.pdf".to_owned()),
            customer: None,
            adjusted_s3_url: Some(
                "https://documents.example/0d3d1054/adjusted.pdf\
                 ?X-Expires=600&X-Signature=5b1d0f3c9a7e42d68f20b7c4e9d1a635"
                    .to_owned(),
            ),
            extracted_fields: fields(),
            line_items: (0..line_items).map(columns).collect(),
            vat_rates: Vec::new(),
        };
        Self {
            status: "SUCCESS".to_owned(),
            result,
            error: Reason::default(),
        }
    }

    /// A response for an extraction in progress, with all keys of a result but no values.
    pub fn pending() -> Self {
        Self {
            status: "IN_PROGRESS".to_owned(),
            result: Outcome::new(),
            error: Reason::default(),
        }
    }

    /// The response as the service would send it.
    ///
    /// # Panics
    ///
    /// Never: it always serializes.
    pub fn response(&self) -> Response<Bytes> {
        Response::new(Bytes::from(
            serde_json::to_vec(self).expect("it serializes"),
        ))
    }
}

impl Field {
    fn new(name: &str, data_type: &str, value: String, place: [i64; 4]) -> Self {
        let [x, y, width, height] = place;
        let page_number = if x < 0 { -1 } else { 0 };
        // Three digits, as the service gives them.
        let confidence_score = f64::from(900 + (value.len() * 37 % 100) as u32) / 1000.0;
        let candidate = Candidate {
            x,
            y,
            width,
            height,
            page_number,
            value: Some(value),
            confidence_score,
        };
        Self {
            name: name.to_owned(),
            data_type: data_type.to_owned(),
            multiple_values: false,
            values: vec![candidate],
        }
    }
}

fn fields() -> Vec<Field> {
    let texts = [
        ("supplier_name", "AUTHOR", "Konditorei Müller & Söhne"),
        ("invoice_number", "STRING", "2024-0117"),
        ("issue_date", "DATE", "2024-01-17"),
        ("due_date", "DATE", "2024-02-16"),
        ("order_number", "STRING", "PO \"88 417\""),
        ("iban", "STRING", "SI56 0203 6025 3863 406"),
        ("currency", "STRING", "EUR"),
        ("net_amount", "NUMBER", "10457.3900"),
        ("vat_amount", "NUMBER", "2300.6300"),
        ("total_amount", "NUMBER", "12758.0200"),
    ];
    let place = |index: i64| {
        if index == 0 {
            [-1; 4]
        } else {
            [1520, 240 + 61 * index, 180 + 17 * index, 33]
        }
    };
    (0..)
        .zip(texts)
        .map(|(index, (name, data_type, value))| {
            Field::new(name, data_type, value.to_owned(), place(index))
        })
        .collect()
}

/// The columns of one line item.
fn columns(row: usize) -> Vec<Field> {
    let goods = [
        "Queso Cabrales",
        "Singaporean Hokkien Fried Mee",
        "Mozzarella di Giovanni",
        "Gnocchi di nonna Alice",
        "Rössle \"Sauerkraut\"",
    ];
    let quantity = 1 + row * 7 % 40;
    let cents = 995 + row * 1_317 % 9_000;
    let money = |cents: usize| format!("{}.{:02}00", cents / 100, cents % 100);
    let texts = [
        ("position", "NUMBER", format!("{}", row + 1)),
        (
            "article_number",
            "STRING",
            format!("A-{:05}", row * 7_919 % 100_000),
        ),
        ("description", "STRING", goods[row % goods.len()].to_owned()),
        ("quantity", "NUMBER", format!("{quantity}.0000")),
        ("unit", "STRING", "pcs".to_owned()),
        ("unit_price", "NUMBER", money(cents)),
        ("vat_rate", "NUMBER", "22.0000".to_owned()),
        ("net_price", "NUMBER", money(cents * quantity)),
    ];
    let y = 1_200 + 58 * row as i64;
    (0..)
        .zip(texts)
        .map(|(column, (name, data_type, value))| {
            Field::new(name, data_type, value, [140 + 277 * column, y, 204, 33])
        })
        .collect()
}

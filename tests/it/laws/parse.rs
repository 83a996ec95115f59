//! What holds for every result that is read into a type of the caller.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use jiff::civil::{Date, date};
use proptest::collection::vec;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use typless::wire::{Extraction, ParseError, ParseOptions};

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Invoice {
    number: String,
    issued: Date,
    total: Decimal,
    tax: Option<f64>,
    copies: i64,
    paid: bool,
    currency: Currency,
    orders: Vec<u16>,
    supplier: Option<Located>,
    #[serde(default)]
    line_items: Vec<Item>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Currency {
    Eur,
    Usd,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Located {
    value: String,
    page_number: Option<u32>,
    x: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Item {
    description: Option<String>,
    price: Decimal,
}

fn dates() -> impl Strategy<Value = Date> {
    (1..=9999_i16, 1..=12_i8, 1..=28_i8).prop_map(|(year, month, day)| date(year, month, day))
}

fn decimals() -> impl Strategy<Value = Decimal> {
    (any::<i64>(), 0..=10_u32).prop_map(|(digits, scale)| Decimal::new(digits, scale))
}

fn located() -> impl Strategy<Value = Located> {
    (
        ".*",
        proptest::option::of(any::<u32>()),
        proptest::option::of((0..1_000_000_u32).prop_map(|eighths| f64::from(eighths) / 8.0)),
    )
        .prop_map(|(value, page_number, x)| Located {
            value,
            page_number,
            x,
        })
}

fn invoices() -> impl Strategy<Value = Invoice> {
    let items = vec(
        (proptest::option::of(".*"), decimals())
            .prop_map(|(description, price)| Item { description, price }),
        0..5,
    );
    let plain = (
        ".*",
        dates(),
        decimals(),
        proptest::option::of(proptest::num::f64::NORMAL),
        any::<i64>(),
        any::<bool>(),
    );
    let others = (
        prop_oneof![Just(Currency::Eur), Just(Currency::Usd)],
        vec(any::<u16>(), 0..4),
        proptest::option::of(located()),
        items,
    );
    (plain, others).prop_map(
        |((number, issued, total, tax, copies, paid), (currency, orders, supplier, line_items))| {
            Invoice {
                number,
                issued,
                total,
                tax,
                copies,
                paid,
                currency,
                orders,
                supplier,
                line_items,
            }
        },
    )
}

/// A field with one candidate.
fn one(name: &str, value: impl Display) -> Value {
    json!({"name": name, "values": [{"value": value.to_string()}]})
}

/// A field that may be absent; `form` chooses how the service writes that.
fn maybe(name: &str, value: Option<impl Display>, form: u8) -> Vec<Value> {
    match (value, form % 4) {
        (Some(value), _) => vec![one(name, value)],
        (None, 0) => vec![],
        (None, 1) => vec![json!({"name": name, "values": []})],
        (None, 2) => vec![json!({"name": name, "values": null})],
        (None, _) => {
            vec![json!({"name": name, "values": [{"value": null, "confidence_score": 0}]})]
        }
    }
}

/// What the service would write for this invoice.
fn written(invoice: &Invoice, form: u8, rotation: usize) -> Extraction {
    let candidates: Vec<Value> = invoice
        .orders
        .iter()
        .map(|order| json!({"value": format!("{order}.0000")}))
        .collect();
    let mut fields = vec![
        one("number", &invoice.number),
        one("issued", invoice.issued),
        one("total", invoice.total),
        one("copies", format!("{}.0000", invoice.copies)),
        one("paid", invoice.paid),
        one(
            "currency",
            serde_json::to_value(invoice.currency)
                .unwrap()
                .as_str()
                .unwrap(),
        ),
        one("of_no_interest", "x"),
        json!({"name": "orders", "values": candidates}),
    ];
    fields.extend(maybe("tax", invoice.tax, form));
    match &invoice.supplier {
        Some(Located {
            value,
            page_number,
            x,
        }) => {
            // The service writes -1 as page and coordinates for "not located".
            let page = page_number.map_or(json!(-1), |page| json!(page));
            let value = match x {
                Some(x) => {
                    json!({
                        "value": value, "page_number": page,
                        "x": x, "y": 1, "width": 1, "height": 1,
                    })
                }
                None => {
                    json!({
                        "value": value, "page_number": page,
                        "x": -1, "y": -1, "width": -1, "height": -1,
                    })
                }
            };
            fields.push(json!({"name": "supplier", "values": [value]}));
        }
        None => fields.extend(maybe("supplier", None::<&str>, form)),
    }
    let rotation = rotation % fields.len();
    fields.rotate_left(rotation);
    let row = |item: &Item| {
        let mut row = maybe("description", item.description.as_ref(), form);
        row.push(one("price", item.price));
        row
    };
    let rows: Vec<_> = invoice.line_items.iter().map(row).collect();
    Extraction::from_json(json!({"extracted_fields": fields, "line_items": rows}).to_string())
        .unwrap()
}

/// A cell of a table, and what is wrong with it if it has to be a number.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Cell {
    Good,
    Bad,
    Null,
    Absent,
}

fn cells(columns: usize) -> impl Strategy<Value = Vec<Cell>> {
    vec(
        prop_oneof![
            6 => Just(Cell::Good),
            1 => Just(Cell::Bad),
            1 => Just(Cell::Null),
            1 => Just(Cell::Absent),
        ],
        columns,
    )
}

const COLUMNS: [&str; 6] = ["count", "price", "day", "optional", "defaulted", "list"];

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only read")]
struct Strict {
    count: u32,
    price: Decimal,
    day: Date,
    optional: Option<i8>,
    #[serde(default)]
    defaulted: u64,
    list: Vec<u8>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only read")]
struct Document {
    #[serde(flatten)]
    rest: BTreeMap<String, String>,
    line_items: Vec<Strict>,
}

/// Any JSON, often made of parts of real results.
fn anything() -> impl Strategy<Value = Value> {
    let texts = [
        "SECRET",
        "SECRET 1",
        "12.0000",
        "",
        "2016-07-04",
        "Eur",
        "true",
        "-1",
        "1e400",
        "é",
    ];
    let leaf = prop_oneof![
        2 => prop::sample::select(texts.to_vec()).prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let candidate = (leaf.clone(), leaf.clone(), leaf.clone(), leaf.clone()).prop_map(
        |(value, score, page, x)| {
            json!({
                "value": value, "confidence_score": score, "page_number": page,
                "x": x, "y": 0, "width": 1, "height": 1,
            })
        },
    );
    let names = [
        "number",
        "issued",
        "total",
        "tax",
        "copies",
        "orders",
        "supplier",
        "count",
        "price",
        "list",
        "line_items",
        "vat_rates",
        "customer",
        "",
        "value",
    ];
    let field = (
        prop::sample::select(names.to_vec()),
        vec(candidate, 0..3),
        prop::sample::select(vec!["DATE", "NUMBER", "?"]),
    )
        .prop_map(
            |(name, values, kind)| json!({"name": name, "data_type": kind, "values": values}),
        );
    let rows = vec(vec(field.clone(), 0..6), 0..6);
    let parts = (vec(field, 0..12), rows.clone(), rows, leaf.clone(), leaf);
    parts.prop_map(|(fields, line_items, vat_rates, id, customer)| {
        json!({
            "extracted_fields": fields, "line_items": line_items, "vat_rates": vat_rates,
            "object_id": id, "customer": customer,
        })
    })
}

/// Reads into a `T`. An error must not quote the document, and must not be empty.
fn try_as<T: DeserializeOwned>(
    extraction: &Extraction,
    options: &ParseOptions,
) -> Result<(), TestCaseError> {
    let shown = match extraction.parse_with::<T>(options) {
        Ok(parsed) => format!("{parsed:?}"),
        Err(error) => {
            prop_assert!((1..=ParseError::MAX_PROBLEMS).contains(&error.problems().len()));
            let paths: BTreeSet<_> = error
                .problems()
                .iter()
                .map(typless::wire::ParseProblem::path)
                .collect();
            prop_assert_eq!(
                paths.len(),
                error.problems().len(),
                "each path once: {:?}",
                error
            );
            format!("{error} {error:?}")
        }
    };
    prop_assert!(!shown.contains("SECRET"), "{shown}");
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "only read")]
enum Untagged {
    Rows {
        line_items: Vec<BTreeMap<String, Decimal>>,
    },
    Other(BTreeMap<String, Value>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only read")]
struct Denying {
    #[serde(alias = "count", default)]
    total: Option<f32>,
    #[serde(alias = "tax")]
    vat_rates: Vec<Self>,
    supplier: Box<Located>,
}

proptest! {
    #![proptest_config(super::cases(256))]

    #[test]
    fn a_written_invoice_is_read_back(invoice in invoices(), form: u8, rotation: usize) {
        let extraction = written(&invoice, form, rotation);
        prop_assert_eq!(extraction.parse::<Invoice>().unwrap(), invoice);
    }

    #[test]
    fn exactly_the_wrong_cells_are_reported(rows in vec(cells(COLUMNS.len()), 0..12)) {
        let mut expected = BTreeSet::new();
        let mut table = Vec::new();
        for (index, cells) in rows.iter().enumerate() {
            let mut row = Vec::new();
            for (name, cell) in COLUMNS.iter().zip(cells) {
                let is_required = ["count", "price", "day"].contains(name);
                match cell {
                    Cell::Good => row.push(one(
                        name,
                        if *name == "day" {
                            "2016-07-04"
                        } else {
                            "12.0000"
                        },
                    )),
                    Cell::Bad => row.push(one(name, "bad")),
                    Cell::Null => row.push(json!({"name": name, "values": [{"value": null}]})),
                    Cell::Absent => {}
                }
                if *cell == Cell::Bad && *name == "list" {
                    expected.insert(format!("line_items[{index}].list[0]"));
                } else if *cell == Cell::Bad || (is_required && *cell != Cell::Good) {
                    expected.insert(format!("line_items[{index}].{name}"));
                }
            }
            table.push(row);
        }
        let extraction = Extraction::from_json(
            json!({"object_id": "14a5", "extracted_fields": [one("a", "b")], "line_items": table})
                .to_string(),
        )
        .unwrap();
        let found = match extraction.parse::<Document>() {
            Ok(_) => BTreeSet::new(),
            Err(error) => {
                prop_assert!(!error.has_more());
                let found: BTreeSet<_> = error
                    .problems()
                    .iter()
                    .map(|problem| problem.path().to_owned())
                    .collect();
                prop_assert_eq!(found.len(), error.problems().len(), "each once");
                found
            }
        };
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_floor_separates_values_from_reviews(
        scores in vec(proptest::option::of(0.0..=1.0_f64), 0..10),
        floor in 0.0..=1.0_f64,
    ) {
        let fields: Vec<_> = scores
            .iter()
            .enumerate()
            .map(|(index, score)| {
                let value = json!({"value": "1", "confidence_score": score});
                json!({"name": format!("f{index}"), "values": [value]})
            })
            .collect();
        let extraction =
            Extraction::from_json(json!({"extracted_fields": fields}).to_string()).unwrap();
        let parsed = extraction
            .parse_with::<BTreeMap<String, u8>>(&ParseOptions::new().with_min_confidence(floor))
            .unwrap();
        for (index, score) in scores.iter().enumerate() {
            let name = format!("f{index}");
            let is_strong = floor == 0.0 || score.is_some_and(|score| score >= floor);
            prop_assert_eq!(parsed.value.contains_key(&name), is_strong);
            prop_assert_eq!(
                parsed.review.iter().any(|item| item.path() == name),
                !is_strong
            );
        }
        prop_assert_eq!(parsed.value.len() + parsed.review.len(), scores.len());
    }

    #[test]
    fn no_result_is_too_odd_for_any_type(
        result in anything(),
        floor in prop_oneof![Just(0.0), any::<f64>()],
    ) {
        let extraction = Extraction::from_json(result.to_string()).unwrap();
        let options = ParseOptions::new()
            .with_min_confidence(floor)
            .with_field_min_confidence("total", 0.5);
        try_as::<Invoice>(&extraction, &options)?;
        try_as::<Document>(&extraction, &options)?;
        try_as::<Denying>(&extraction, &options)?;
        try_as::<Untagged>(&extraction, &options)?;
        try_as::<Value>(&extraction, &options)?;
        try_as::<BTreeMap<String, Vec<Located>>>(&extraction, &options)?;
        try_as::<BTreeMap<String, (u8, String)>>(&extraction, &options)?;
        try_as::<Option<(Invoice, u8)>>(&extraction, &options)?;
        try_as::<Result<u8, String>>(&extraction, &options)?;
    }
}

//! Results with repaired values, read into types of the caller.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use typless::wire::{Extraction, ParseOptions, ParseProblemKind, Parsed, ReviewReason};

use crate::support::results::{found, problems};

/// A result with these fields and no others.
fn extraction(fields: &str) -> Extraction {
    let json = format!(r#"{{"extracted_fields": [{fields}]}}"#);
    let extraction = Extraction::from_json(json).unwrap();
    assert!(extraction.repair_count() > 0, "{fields}");
    extraction
}

fn field(name: &str, data_type: &str, values: &str) -> String {
    format!(r#"{{"name": "{name}", "data_type": "{data_type}", "values": [{values}]}}"#)
}

#[track_caller]
fn read<'e, T: Deserialize<'e>>(extraction: &'e Extraction) -> Parsed<T> {
    extraction.parse_with(&ParseOptions::new()).unwrap()
}

fn reviews<T>(parsed: &Parsed<T>) -> Vec<(&str, ReviewReason, &str)> {
    let items = parsed.review.iter();
    items
        .map(|item| (item.path(), item.reason(), item.text()))
        .collect()
}

const REPAIRED: ParseProblemKind = ParseProblemKind::Repaired;

#[test]
fn a_repaired_number_or_date_is_a_problem_whatever_its_type() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "read by serde")]
    struct Invoice {
        total: Option<Decimal>,
        #[serde(default)]
        tax: f64,
        due: Option<Date>,
        net: String,
        count: Option<u8>,
    }
    let result = extraction(
        &[
            field("total", "NUMBER", r#"{"value": NaN}, {"value": "12.00"}"#),
            field("tax", "NUMBER", r#"{"value": "1\ud83d2"}"#),
            field("due", "DATE", r#"{"value": "2024-01-0\ud83d"}"#),
            field("net", "NUMBER", r#"{"value": -Infinity}"#),
            // The number says what it is.
            r#"{"name": "count", "values": [{"value": NaN}]}"#.to_owned(),
        ]
        .join(","),
    );
    assert_eq!(
        problems::<Invoice>(&result),
        found(["total", "tax", "due", "net", "count"].map(|path| (path, REPAIRED)))
    );
    let error = result.parse::<Invoice>().unwrap_err();
    assert_eq!(error.problems()[0].text(), Some("12.00"));
    assert!(
        error
            .to_string()
            .contains("total: the value was damaged in the response"),
        "{error}"
    );
}

#[test]
fn what_the_type_does_not_take_is_no_problem() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Invoice {
        number: String,
    }
    let result = extraction(
        &[
            field("total", "NUMBER", r#"{"value": NaN}"#),
            field("note", "STRING", r#"{"value": "\ud83d"}"#),
            field(
                "number",
                "STRING",
                r#"{"value": "7", "x": NaN, "y": 1, "y": 2}"#,
            ),
        ]
        .join(","),
    );
    let parsed = read::<Invoice>(&result);
    assert_eq!(
        (parsed.value.number.as_str(), reviews(&parsed)),
        ("7", vec![])
    );
}

#[test]
fn a_repaired_text_is_read_and_listed_for_review() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Invoice {
        supplier: String,
        note: Option<String>,
        #[serde(default)]
        reference: String,
    }
    let result = extraction(
        &[
            field(
                "supplier",
                "AUTHOR",
                r#"{"value": "Caf\ud83d", "confidence_score": 0.5}"#,
            ),
            field("note", "STRING", r#"{"value": NaN}"#),
            field(
                "reference",
                "STRING",
                r#"{"value": NaN}, {"value": "next"}"#,
            ),
        ]
        .join(","),
    );
    let parsed = read::<Invoice>(&result);
    assert_eq!(
        parsed.value,
        Invoice {
            supplier: "Caf\u{fffd}".to_owned(),
            note: None,
            reference: "next".to_owned(),
        }
    );
    assert_eq!(
        reviews(&parsed),
        [
            ("supplier", ReviewReason::Repaired, "Caf\u{fffd}"),
            ("note", ReviewReason::Repaired, ""),
            ("reference", ReviewReason::Repaired, "next"),
        ]
    );
    // Below the minimum confidence it is left out, and listed once.
    #[derive(Deserialize)]
    struct Supplier {
        supplier: Option<String>,
    }
    let options = ParseOptions::new().with_min_confidence(0.8);
    let parsed = result.parse_with::<Supplier>(&options).unwrap();
    assert_eq!(parsed.value.supplier, None);
    assert_eq!(
        reviews(&parsed),
        [("supplier", ReviewReason::BelowMinConfidence, "Caf\u{fffd}")]
    );
    assert!(!format!("{parsed:?}").contains("Caf"));
}

#[test]
fn each_candidate_of_a_list_is_judged_by_itself() {
    #[derive(Debug, Deserialize)]
    struct Orders {
        orders: Vec<String>,
        #[serde(default, rename = "amounts")]
        _amounts: Vec<Decimal>,
    }
    let texts =
        r#"{"value": "a"}, {"value": "\ud83d"}, {"value": NaN}, {"value": 1, "value": "b"}"#;
    let result = extraction(&field("orders", "STRING", texts));
    let parsed = read::<Orders>(&result);
    assert_eq!(parsed.value.orders, ["a", "\u{fffd}", "b"]);
    assert_eq!(
        reviews(&parsed),
        [
            ("orders[1]", ReviewReason::Repaired, "\u{fffd}"),
            ("orders[2]", ReviewReason::Repaired, ""),
            ("orders[3]", ReviewReason::DuplicateKey, "b"),
        ]
    );
    let numbers = r#"{"value": NaN}, {"value": "1"}, {"value": "2\ud83d"}"#;
    let result = extraction(
        &[
            field("orders", "STRING", ""),
            field("amounts", "NUMBER", numbers),
        ]
        .join(","),
    );
    assert_eq!(
        problems::<Orders>(&result),
        found([("amounts[0]", REPAIRED), ("amounts[2]", REPAIRED)])
    );
}

#[test]
fn rows_of_every_form_have_their_repairs_at_the_right_field() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "read by serde")]
    struct Document {
        line_items: Vec<Item>,
        vat_rates: Vec<Rate>,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "read by serde")]
    struct Item {
        price: Option<Decimal>,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "read by serde")]
    struct Rate {
        net: Option<f64>,
        note: Option<String>,
    }
    let price = |value: &str| field("price", "NUMBER", &format!(r#"{{"value": {value}}}"#));
    let (bad, good) = (price("NaN"), price("1"));
    let json = |rates: &str| {
        format!(r#"{{"line_items": [[{good}], [], {bad}, [{bad}]], "vat_rates": [{rates}]}}"#)
    };
    let result = Extraction::from_json(json(r#"{"net": 1, "note": "a"}, {"net": NaN}"#)).unwrap();
    assert_eq!(
        problems::<Document>(&result),
        found([
            ("line_items[2].price", REPAIRED),
            ("line_items[3].price", REPAIRED),
            ("vat_rates[1].net", REPAIRED),
        ])
    );
    #[derive(Deserialize)]
    struct Rates {
        vat_rates: Vec<Rate>,
    }
    let texts = r#"{"net": 1, "note": "\ud83d"}, {"note": "a", "name": "b", "net": 2}"#;
    let result = Extraction::from_json(json(texts)).unwrap();
    let parsed = read::<Rates>(&result);
    assert_eq!(parsed.value.vat_rates.len(), 2);
    assert_eq!(
        reviews(&parsed),
        [("vat_rates[0].note", ReviewReason::Repaired, "\u{fffd}")]
    );
}

#[test]
fn a_field_whose_name_was_repaired_is_listed_since_no_type_can_take_it() {
    #[derive(Debug, Deserialize)]
    struct Invoice {
        größe: Option<u32>,
    }
    let json = [
        &b"{\"extracted_fields\": [{\"name\": \"gr\xf6\xdfe\", \"data_type\": \"NUMBER\", "[..],
        b"\"values\": [{\"value\": \"7\"}]}]}",
    ];
    let result = Extraction::from_json(json.concat()).unwrap();
    let parsed = read::<Invoice>(&result);
    assert_eq!(parsed.value.größe, None);
    let name = "gr\u{fffd}\u{fffd}e";
    assert_eq!(reviews(&parsed), [(name, ReviewReason::Repaired, "7")]);
    let all = read::<BTreeMap<String, String>>(&result);
    assert_eq!(reviews(&all), [(name, ReviewReason::Repaired, "7")]);
}

#[test]
fn values_under_a_key_that_came_twice_are_listed_for_review() {
    #[derive(Debug, Deserialize)]
    struct Invoice {
        total: f64,
    }
    for json in [
        r#"{"extracted_fields": [], "extracted_fields": [
            {"name": "total", "data_type": "NUMBER", "values": [{"value": "7"}]}]}"#,
        r#"{"extracted_fields": [{"name": "total", "data_type": "NUMBER",
            "values": [], "values": [{"value": "7"}]}]}"#,
        r#"{"extracted_fields": [{"name": "net", "name": "total", "data_type": "NUMBER",
            "values": [{"value": "7"}]}]}"#,
    ] {
        let result = Extraction::from_json(json).unwrap();
        let parsed = read::<Invoice>(&result);
        assert_eq!(parsed.value.total, 7.0);
        let reviews = reviews(&parsed);
        assert_eq!(
            reviews,
            [("total", ReviewReason::DuplicateKey, "7")],
            "{json}"
        );
    }
}

#[test]
fn a_repaired_text_of_the_result_itself_is_listed_for_review() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "read by serde")]
    struct Invoice {
        object_id: String,
        customer: Option<String>,
        #[serde(default)]
        file_name: String,
    }
    let result = Extraction::from_json(
        r#"{"object_id": "1\ud83d", "customer": NaN, "file_name": "a.pdf", "file_name": "b.pdf"}"#,
    )
    .unwrap();
    assert_eq!(
        reviews(&read::<Invoice>(&result)),
        [
            ("object_id", ReviewReason::Repaired, "1\u{fffd}"),
            ("file_name", ReviewReason::DuplicateKey, "b.pdf"),
            ("customer", ReviewReason::Repaired, ""),
        ]
    );
    // Only those that the type takes.
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "read by serde")]
    struct Named {
        file_name: String,
    }
    let parsed = read::<Named>(&result);
    let listed = reviews(&parsed);
    assert_eq!(listed, [("file_name", ReviewReason::DuplicateKey, "b.pdf")]);
    // Under another key that came twice, all are doubtful.
    let twice = r#"{"status": "SUCCESS", "result": {}, "result": {"object_id": "1"}}"#;
    let response = http::Response::new(bytes::Bytes::from(twice));
    let response = typless::wire::StatusResponse::decode(&response).unwrap();
    let result = response.into_extraction().unwrap();
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "read by serde")]
    struct Id {
        object_id: String,
    }
    assert_eq!(
        reviews(&read::<Id>(&result)),
        [("object_id", ReviewReason::DuplicateKey, "1")]
    );
}

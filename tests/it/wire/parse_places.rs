//! Where a problem is: in values that serde reads before it knows their type, and in the options.

use std::collections::BTreeMap;

use crate::support::results::{
    Currency, extraction, found, not_found, problems, sure, with_fields,
};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use typless::wire::{Extraction, ParseOptions, ParseProblem, ParseProblemKind};

#[test]
fn a_value_in_a_flattened_part_has_its_own_path() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Amounts {
        total: Decimal,
        quantity: u32,
        rate: f64,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Item {
        name: String,
        #[serde(flatten)]
        amounts: Amounts,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Target {
        #[serde(flatten)]
        item: Item,
        line_items: Vec<Item>,
    }
    // The same text in another field does not mislead.
    let fields = |total, quantity| {
        vec![
            sure("name", "SECRET 2"),
            sure("total", total),
            sure("quantity", quantity),
            sure("rate", "SECRET 2"),
        ]
    };
    let unfit = extraction(fields("x", "SECRET 2"), json!([fields("1.5", "7")]));
    let unreadable = |path| (path, ParseProblemKind::Unreadable);
    let mut actual = problems::<Target>(&unfit);
    actual.sort_by(|one, other| one.0.cmp(&other.0));
    let expected = [
        "line_items[0].quantity",
        "line_items[0].rate",
        "quantity",
        "rate",
        "total",
    ];
    assert_eq!(actual, found(expected.map(unreadable)));

    let error = unfit.parse::<Target>().unwrap_err();
    assert!(!error.has_more());
    assert!(!format!("{error} {error:?}").contains("SECRET"));
    let quantity = error.problems().iter().find(|one| one.path() == "quantity");
    assert_eq!(
        quantity.map(ToString::to_string).as_deref(),
        Some(
            "quantity: the value can't be read as u32 inside a flattened part or an enum, which \
             get text: use deserialize_with"
        )
    );
    assert_eq!(quantity.unwrap().text(), Some("SECRET 2"));
}

#[test]
fn several_empty_texts_cannot_be_told_apart() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Target {
        #[serde(flatten)]
        rest: BTreeMap<String, u8>,
    }
    let empty = |name| json!({"name": name, "values": [{"value": ""}]});
    assert_eq!(
        problems::<Target>(&with_fields([empty("a")])),
        found([("a", ParseProblemKind::Unreadable)])
    );
    assert_eq!(
        problems::<Target>(&with_fields([empty("a"), empty("b")])),
        found([("", ParseProblemKind::Rejected)])
    );
}

#[test]
fn a_value_in_a_tagged_enum_or_a_flattened_place_has_its_own_path() {
    #[derive(Debug, Deserialize)]
    #[serde(tag = "kind")]
    #[expect(dead_code, reason = "only read")]
    enum Document {
        Invoice { copies: u8 },
    }
    let document = with_fields([sure("copies", "1"), sure("kind", "Invoice")]);
    let unreadable = |path| found([(path, ParseProblemKind::Unreadable)]);
    assert_eq!(problems::<Document>(&document), unreadable("copies"));

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Total {
        confidence_score: f64,
        #[serde(flatten)]
        rest: Rest,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Rest {
        value: u8,
    }
    let totals = with_fields([sure("total", "1")]);
    assert_eq!(
        problems::<BTreeMap<String, Total>>(&totals),
        unreadable("total.value")
    );
}

#[test]
fn after_a_date_in_a_flattened_part_there_may_be_more() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Target {
        #[serde(flatten)]
        rest: Rest,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Rest {
        currency: Currency,
        copies: u8,
        issued: Date,
    }
    let document = with_fields([
        sure("copies", "1"),
        sure("issued", "SECRET"),
        sure("currency", "EUR"),
    ]);
    let error = document.parse::<Target>().unwrap_err();
    let paths: Vec<_> = error.problems().iter().map(ParseProblem::path).collect();
    assert_eq!(paths, ["copies"], "a date does not say what it found");
    assert!(error.has_more());
}

#[test]
fn a_floor_for_a_field_that_does_not_exist_is_a_problem() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Plain {
        total: Option<u8>,
        optional: Option<u8>,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct WithRows {
        total: Option<u8>,
        line_items: Vec<Item>,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Item {
        price: Option<u8>,
        discount: Option<u8>,
    }
    fn unknown<T: DeserializeOwned>(extraction: &Extraction, name: &str) -> bool {
        let options = ParseOptions::new().with_field_min_confidence(name, 0.5);
        match extraction.parse_with::<T>(&options) {
            Ok(_) => false,
            Err(error) => {
                let problem = &error.problems()[0];
                assert_eq!(problem.kind(), ParseProblemKind::UnknownMinConfidence);
                assert_eq!((problem.path(), error.problems().len()), (name, 1));
                true
            }
        }
    }
    let fields = vec![sure("total", "1"), not_found("number")];
    let rows = extraction(
        fields.clone(),
        json!([[sure("price", "1"), sure("other", "x")], []]),
    );
    let no_rows = extraction(fields, json!([]));
    let cases = [
        ("total", [false; 4]),
        // On the document, though the type does not take it.
        ("number", [false; 4]),
        // In the type, though not on the document; others can't know that it exists.
        ("optional", [false, true, true, false]),
        ("price", [true, true, false, false]),
        ("other", [true, true, false, false]),
        ("discount", [true, true, false, false]),
        // No field, though the type has it.
        ("line_items", [true, true, true, false]),
        // Without rows it may be a column.
        ("totl", [true, true, true, false]),
    ];
    for (name, expected) in cases {
        let found = [
            unknown::<Plain>(&rows, name),
            unknown::<BTreeMap<String, String>>(&rows, name),
            unknown::<WithRows>(&rows, name),
            unknown::<WithRows>(&no_rows, name),
        ];
        assert_eq!(found, expected, "{name}");
    }
    assert!(!unknown::<Value>(&rows, "totl"), "rows are read as maps");

    let options = ParseOptions::new()
        .with_field_min_confidence("totl", 0.0)
        .with_field_min_confidence("total", 1.0);
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Required {
        total: u8,
    }
    let error = rows.parse_with::<Required>(&options).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the result does not fit: total: its confidence of 0.99 is below 1, and u8 is required; \
         totl: a minimum confidence is set for it, and neither the result nor the type has such a \
         field: check the name"
    );
}

//! Where values are on the document: by path, in the caller's struct, and of what is to be
//! reviewed.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use typless::wire::{
    BoundingBox, Candidate, Extraction, Found, ParseOptions, ParseProblemKind, ReviewReason,
};

use crate::support::results::{extraction, found, not_found, problems, sure, with_fields};

/// A field with a candidate for each value, each on its own page.
fn located(name: &str, values: &[&str]) -> Value {
    let candidate = |(page, value): (usize, &&str)| {
        json!({"value": value, "confidence_score": 0.5, "page_number": page,
            "x": page, "y": 737, "width": 557, "height": 33})
    };
    let values: Vec<Value> = values.iter().enumerate().map(candidate).collect();
    json!({"name": name, "values": values})
}

fn text<'e>(extraction: &'e Extraction, path: &str) -> Option<&'e str> {
    extraction.at(path).and_then(Candidate::text)
}

fn square(x: f64) -> BoundingBox {
    BoundingBox {
        x,
        y: 737.0,
        width: 557.0,
        height: 33.0,
    }
}

#[test]
fn a_path_leads_to_a_value() {
    let result = extraction(
        vec![
            located("total", &["440.0000"]),
            located("order", &["A1", "A2"]),
            json!({"name": "second", "values": [{"value": null}, {"value": "found"}]}),
            not_found("due"),
            located("a.b[0].x", &["odd"]),
        ],
        json!([[], [located("price", &["12.5", "13.5"])]]),
    );
    let table = [
        ("total", Some("440.0000")),
        ("total.confidence_score", Some("440.0000")),
        ("order[1]", Some("A2")),
        ("order[1].page_number", Some("A2")),
        ("second", Some("found")),
        ("second[0]", None),
        ("a.b[0].x", Some("odd")),
        ("a.b[0].x[0].x", Some("odd")),
        ("line_items[1].price", Some("12.5")),
        ("line_items[1].price.value", Some("12.5")),
        ("line_items[1].price[1]", Some("13.5")),
        ("vat_rates[0].vat_rate_percentage", Some("22.0")),
        // Nothing is there.
        ("due", None),
        ("line_items[0].price", None),
        ("line_items[2].price", None),
        ("line_items[1].amount", None),
        ("line_items[1]", None),
        ("line_items", None),
        ("order[2]", None),
        ("total.name", None),
        ("total[-1]", None),
        ("total[99999999999999999999]", None),
        ("", None),
        ("[0]", None),
        (".value", None),
        ("line_items[].", None),
    ];
    for (path, expected) in table {
        assert_eq!(text(&result, path), expected, "{path}");
    }
    let order = result.at("order[1]").unwrap();
    assert_eq!(
        (order.page(), order.bounding_box()),
        (Some(1), Some(square(1.0)))
    );
}

#[test]
fn a_field_with_the_name_of_a_table_hides_the_table() {
    let result = extraction(
        vec![located("line_items", &["a", "b"])],
        json!([[sure("price", "12.5")]]),
    );
    assert_eq!(text(&result, "line_items[1]"), Some("b"));
    assert_eq!(text(&result, "line_items[0].price"), None);
}

#[test]
fn a_found_value_has_its_confidence_and_place_in_rows_too() {
    #[derive(Debug, Deserialize)]
    struct Invoice<'a> {
        #[serde(borrow)]
        total: Found<&'a str>,
        order: Vec<Found<String>>,
        due: Option<Found<String>>,
        author: Found<String>,
        line_items: Vec<Item>,
    }
    #[derive(Debug, Deserialize)]
    struct Item {
        price: Found<Decimal>,
        note: Option<Found<String>>,
    }
    let result = extraction(
        vec![
            located("total", &["440.0000"]),
            located("order", &["A1", "A2"]),
            not_found("due"),
            json!({"name": "author", "values": [{"value": "SECRET", "x": -1, "y": -1,
                "width": -1, "height": -1, "page_number": -1}]}),
        ],
        json!([
            [located("price", &["12.50"])],
            [sure("price", "1"), sure("note", "n")]
        ]),
    );
    let invoice: Invoice<'_> = result.parse().unwrap();

    let mut total = Found::new("440.0000");
    (total.confidence, total.page) = (Some(0.5), Some(0));
    total.bounding_box = Some(square(0.0));
    assert_eq!(invoice.total, total);
    let orders: Vec<_> = invoice
        .order
        .iter()
        .map(|order| (order.value.as_str(), order.page))
        .collect();
    assert_eq!(orders, [("A1", Some(0)), ("A2", Some(1))]);
    assert_eq!(invoice.due, None);
    assert_eq!(invoice.author, Found::new("SECRET".to_owned()));
    let prices = invoice.line_items.iter().map(|item| &item.price);
    let prices: Vec<_> = prices
        .map(|price| (price.value.to_string(), price.confidence, price.page))
        .collect();
    assert_eq!(
        prices,
        [
            ("12.50".to_owned(), Some(0.5), Some(0)),
            ("1".to_owned(), Some(0.99), None)
        ]
    );
    assert_eq!(invoice.line_items[0].note, None);
    assert!(!format!("{invoice:?}").contains("SECRET"));
}

#[test]
fn numbers_beyond_a_float_make_no_place_and_no_problem() {
    #[derive(Debug, Deserialize)]
    struct Target {
        total: Found<Decimal>,
    }
    let json = r#"{"extracted_fields": [{"name": "total", "values": [{"value": "1.5",
        "confidence_score": 1e999, "page_number": 1e999, "x": 1e999, "y": 1, "width": 1,
        "height": 1}]}]}"#;
    let target: Target = Extraction::from_json(json).unwrap().parse().unwrap();
    assert_eq!(target.total, Found::new(Decimal::new(15, 1)));
}

#[test]
fn what_is_to_be_reviewed_has_its_place() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Target {
        total: Option<String>,
        order: Vec<String>,
        place: Option<Found<String>>,
        line_items: Vec<Item>,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Item {
        price: Option<Found<Decimal>>,
    }
    let result = extraction(
        vec![
            located("total", &["440.0000"]),
            located("order", &["A1", "A2"]),
            json!({"name": "place", "values": [{"value": "nowhere"}]}),
        ],
        json!([[], [located("price", &["12.5"])]]),
    );
    let options = ParseOptions::new().with_min_confidence(0.8);
    let review = result.parse_with::<Target>(&options).unwrap().review;
    let places: Vec<_> = review
        .iter()
        .map(|item| (item.path(), item.page(), item.bounding_box()))
        .collect();
    assert_eq!(
        places,
        [
            ("line_items[1].price", Some(0), Some(square(0.0))),
            ("total", Some(0), Some(square(0.0))),
            ("order[0]", Some(0), Some(square(0.0))),
            ("order[1]", Some(1), Some(square(1.0))),
            ("place", None, None),
        ]
    );
    // Each path leads to the value.
    for item in &review {
        let value = result.at(item.path()).unwrap();
        assert_eq!(
            (value.text(), value.page()),
            (Some(item.text()), item.page())
        );
    }
}

#[test]
fn a_repaired_value_has_its_place() {
    let json = r#"{"extracted_fields": [{"name": "city", "values": [{"value": "Ko\ud83dln",
        "page_number": 3, "x": 1, "y": 737, "width": 557, "height": 33}]}]}"#;
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Target {
        city: String,
    }
    let result = Extraction::from_json(json).unwrap();
    let review = result
        .parse_with::<Target>(&ParseOptions::new())
        .unwrap()
        .review;
    assert_eq!(review[0].reason(), ReviewReason::Repaired);
    assert_eq!(review[0].page(), Some(3));
    assert_eq!(review[0].bounding_box(), Some(square(1.0)));
}

#[test]
fn a_problem_has_the_place_of_its_value() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Target {
        total: u8,
        order: Vec<u8>,
        rate: Found<u8>,
        due: String,
        absent: String,
        line_items: Vec<Item>,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Item {
        price: Found<Decimal>,
    }
    let result = extraction(
        vec![
            located("total", &["440.0000"]),
            located("order", &["1", "A2"]),
            located("rate", &["x"]),
            not_found("due"),
        ],
        json!([[located("price", &["-"])]]),
    );
    let error = result.parse::<Target>().unwrap_err();
    let mut places: Vec<_> = error
        .problems()
        .iter()
        .map(|problem| (problem.path(), problem.page(), problem.bounding_box()))
        .collect();
    places.sort_by_key(|place| place.0);
    assert_eq!(
        places,
        [
            ("absent", None, None),
            ("due", None, None),
            ("line_items[0].price.value", Some(0), Some(square(0.0))),
            ("order[1]", Some(1), Some(square(1.0))),
            ("rate.value", Some(0), Some(square(0.0))),
            ("total", Some(0), Some(square(0.0))),
        ]
    );
}

#[test]
fn a_value_that_was_damaged_to_nothing_has_its_place() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Target {
        total: Option<f64>,
    }
    let json = r#"{"extracted_fields": [{"name": "total", "data_type": "NUMBER", "values": [
        {"value": NaN, "page_number": 2}]}]}"#;
    let error = Extraction::from_json(json)
        .unwrap()
        .parse::<Target>()
        .unwrap_err();
    assert_eq!(error.problems()[0].kind(), ParseProblemKind::Repaired);
    assert_eq!(error.problems()[0].page(), Some(2));
}

#[test]
fn a_found_value_below_the_minimum_is_absent_and_one_in_a_flattened_part_a_problem() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Required {
        total: Found<String>,
    }
    let result = with_fields([located("total", &["1"])]);
    let options = ParseOptions::new().with_min_confidence(0.8);
    let error = result.parse_with::<Required>(&options).unwrap_err();
    assert!(matches!(
        error.problems(),
        [problem] if problem.path() == "total" && problem.page() == Some(0)
            && matches!(problem.kind(), ParseProblemKind::BelowMinConfidence { .. })
    ));

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Flat {
        #[serde(flatten)]
        required: Required,
    }
    assert_eq!(
        problems::<Flat>(&result),
        found([("total", ParseProblemKind::Unreadable)])
    );
    let error = result.parse::<Flat>().unwrap_err();
    assert!(
        error.problems()[0]
            .expected()
            .starts_with("a value with its confidence and place inside a flattened part"),
        "{error}"
    );
}

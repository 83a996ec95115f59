//! A result read into types of the caller.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::support::results::{
    Currency, Invoice, LineItem, Located, extraction, field, found, not_found, problems, sure,
    with_fields,
};
use jiff::civil::{Date, date};
use rust_decimal::Decimal;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use typless::wire::{ParseError, ParseOptions, ParseProblemKind};

/// The field `it` with this text, as a `T`.
fn read<T: DeserializeOwned>(text: &str) -> Result<T, ParseError> {
    #[derive(Deserialize)]
    struct One<T> {
        it: T,
    }
    with_fields([sure("it", text)])
        .parse::<One<T>>()
        .map(|one| one.it)
}

#[derive(Debug, PartialEq, Deserialize)]
struct Percent(f64);

#[test]
fn an_invoice_is_read_into_a_struct() {
    let fields = [
        sure("invoice_number", "123-123"),
        json!({
            "name": "issue_date", "data_type": "DATE",
            "values": [{"value": "2016-07-04", "confidence_score": "0.968"}],
        }),
        sure("total_amount", "440.0000"),
        sure("of_no_interest", "x"),
        not_found("copies"),
        field("purchase_order", [("A1", 0.9), ("A2", 0.4)]),
        not_found("note"),
        sure("invoice_number", "the first of a name counts"),
    ];
    let rows = json!([
        [
            sure("line_item_description", "Queso"),
            sure("quantity", "12.0000"),
            sure("price", "14.00")
        ],
        [
            not_found("line_item_description"),
            sure("quantity", "10"),
            sure("price", "-0.0001")
        ],
    ]);
    let expected = Invoice {
        invoice_number: "123-123".into(),
        issue_date: date(2016, 7, 4),
        total_amount: "440.0000".parse().unwrap(),
        copies: 0,
        purchase_order: vec!["A1".into(), "A2".into()],
        note: None,
        line_items: vec![
            LineItem {
                description: Some("Queso".into()),
                quantity: 12,
                price: "14.00".parse().unwrap(),
            },
            LineItem {
                description: None,
                quantity: 10,
                price: "-0.0001".parse().unwrap(),
            },
        ],
    };
    assert_eq!(
        extraction(fields.to_vec(), rows)
            .parse::<Invoice>()
            .unwrap(),
        expected
    );
}

#[test]
fn numbers_are_read_from_text() {
    for (text, number) in [
        ("12.0000", Some(12)),
        (" 12 ", Some(12)),
        ("-0.00", Some(0)),
        ("-0", Some(0)),
        ("4294967295.0", Some(u32::MAX)),
    ] {
        assert_eq!(read::<u32>(text).ok(), number, "{text:?}");
    }
    for text in [
        "12.5",
        "12.",
        "-1",
        "4294967296",
        "1e3",
        "1,000",
        "",
        ".0",
        "-",
        "12.00a",
        "twelve",
        "١٢",
    ] {
        assert!(read::<u32>(text).is_err(), "{text:?}");
    }
    assert_eq!(read::<i8>("-128.0").unwrap(), -128);
    assert_eq!(
        read::<u128>("340282366920938463463374607431768211455").unwrap(),
        u128::MAX
    );
    assert_eq!(read::<f64>("1210.00").unwrap(), 1210.0);
    assert_eq!(read::<f32>("-0.5").unwrap(), -0.5);
    for text in ["NaN", "inf", "-infinity", "1e999", "", "1,5"] {
        assert!(
            read::<f64>(text).is_err() && read::<f32>(text).is_err(),
            "{text:?}"
        );
    }
}

#[test]
fn a_decimal_gets_every_digit() {
    for text in [
        "0.1000",
        "79228162514264337593543950.335",
        "440.0000",
        "0.30000000000000000004",
    ] {
        assert_eq!(read::<Decimal>(text).unwrap().to_string(), text);
    }
}

#[test]
fn other_kinds_of_values() {
    assert!(read::<bool>("True").unwrap() && !read::<bool>("false").unwrap());
    assert_eq!(read::<char>("é").unwrap(), 'é');
    assert_eq!(
        (
            read::<Currency>("USD").unwrap(),
            read::<Currency>("EUR").unwrap()
        ),
        (Currency::Usd, Currency::Eur)
    );
    assert_eq!(read::<Percent>("22.0").unwrap(), Percent(22.0));
    assert_eq!(read::<Option<Percent>>("9.5").unwrap(), Some(Percent(9.5)));
    assert_eq!(read::<Vec<Option<u8>>>("7").unwrap(), [Some(7)]);
    assert_eq!(read::<[u8; 1]>("7").unwrap(), [7]);
    assert_eq!(read::<String>("").unwrap(), "", "an empty text is a value");
    assert_eq!(
        read::<Value>("12.0").unwrap(),
        json!("12.0"),
        "who asks for anything gets the text"
    );
    read::<()>("x").unwrap();
    read::<IgnoredAny>("x").unwrap();
}

#[test]
fn text_may_be_borrowed() {
    #[derive(Deserialize)]
    struct Number<'a> {
        it: &'a str,
    }
    let extraction = with_fields([sure("it", "123-123")]);
    assert_eq!(
        extraction.parse::<Number<'_>>().unwrap().it.as_ptr(),
        extraction.text("it").unwrap().as_ptr()
    );
}

#[test]
fn a_struct_for_a_field_gets_the_place() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Target {
        total: Located<Decimal>,
        supplier: Located<String>,
        pages: Vec<Located<u8>>,
    }
    let total = json!({
        "value": "440.00", "confidence_score": "0.968",
        "page_number": 1, "x": 358, "y": 737.5, "width": 557.5, "height": 33,
    });
    let supplier = json!({
        "value": "ScaleGrid", "page_number": -1, "x": -1, "y": -1, "width": -1, "height": -1,
    });
    let fields = [
        json!({"name": "total", "values": [total]}),
        json!({"name": "supplier", "values": [supplier]}),
        field("pages", [("1", 1.0), ("2", 0.5)]),
    ];
    let nowhere = |value, confidence| Located {
        value,
        confidence_score: Some(confidence),
        page_number: None,
        x: None,
        width: None,
    };
    let expected = Target {
        total: Located {
            value: "440.00".parse().unwrap(),
            confidence_score: Some(0.968),
            page_number: Some(1),
            x: Some(358),
            width: Some(557.5),
        },
        supplier: Located {
            value: "ScaleGrid".into(),
            confidence_score: None,
            page_number: None,
            x: None,
            width: None,
        },
        pages: vec![nowhere(1, 1.0), nowhere(2, 0.5)],
    };
    assert_eq!(with_fields(fields).parse::<Target>().unwrap(), expected);
}

#[test]
fn the_other_parts_of_a_result_have_names_too() {
    #[derive(Deserialize)]
    struct Target {
        object_id: String,
        file_name: Option<String>,
        customer: Option<String>,
        vat_rates: Vec<BTreeMap<String, Decimal>>,
        line_items: Option<Vec<LineItem>>,
    }
    let target: Target = with_fields([]).parse().unwrap();
    assert_eq!(
        (
            target.object_id.as_str(),
            target.file_name.as_deref(),
            target.customer
        ),
        ("14a5", Some("invoice.pdf"), None)
    );
    assert_eq!(
        target.vat_rates[0]["vat_rate_percentage"],
        Decimal::new(220, 1)
    );
    assert!(target.line_items.is_none());

    let target: Target = with_fields([sure("object_id", "a field"), not_found("file_name")])
        .parse()
        .unwrap();
    assert_eq!(
        (target.object_id.as_str(), target.file_name),
        ("a field", None),
        "a field of the name goes before"
    );
}

#[test]
fn the_attributes_of_serde_work() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case", default)]
    struct Target {
        #[serde(alias = "total_amount", alias = "sum")]
        total: u8,
        #[serde(deserialize_with = "shouted")]
        name: String,
        #[serde(skip)]
        skipped: u8,
        due_date: Option<Date>,
    }
    impl Default for Target {
        fn default() -> Self {
            Self {
                total: 7,
                name: "none".into(),
                skipped: 9,
                due_date: None,
            }
        }
    }
    fn shouted<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        String::deserialize(deserializer).map(|text| text.to_uppercase())
    }
    let target = |total, name: &str, due_date| Target {
        total,
        name: name.into(),
        skipped: 9,
        due_date,
    };
    assert_eq!(
        with_fields([sure("sum", "3"), sure("name", "ö"), not_found("due-date")])
            .parse::<Target>()
            .unwrap(),
        target(3, "Ö", None)
    );
    assert_eq!(
        with_fields([not_found("total"), sure("due-date", "2016-07-04")])
            .parse::<Target>()
            .unwrap(),
        target(7, "none", Some(date(2016, 7, 4)))
    );
    assert_eq!(
        problems::<Target>(&with_fields([sure("sum", "3"), sure("total", "4")])),
        found([("total", ParseProblemKind::Ambiguous)])
    );
}

#[test]
fn maps_take_the_fields_that_have_a_value() {
    let full = extraction(
        vec![
            sure("a", "1"),
            not_found("b"),
            sure("c", "3"),
            sure("a", "2"),
        ],
        json!([[sure("x", "1")]]),
    );
    let pairs = |pairs: &[(&str, u8)]| {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect::<BTreeMap<_, _>>()
    };
    assert_eq!(
        full.parse::<BTreeMap<String, u8>>().unwrap(),
        pairs(&[("a", 1), ("c", 3)])
    );
    #[expect(clippy::disallowed_types, reason = "callers may use them")]
    let map = full
        .parse::<std::collections::HashMap<String, u8>>()
        .unwrap();
    assert_eq!(
        map.into_iter().collect::<BTreeMap<_, _>>(),
        pairs(&[("a", 1), ("c", 3)])
    );
    let everything: Value = full.parse().unwrap();
    let expected = json!({
        "a": "1", "c": "3", "object_id": "14a5", "file_name": "invoice.pdf",
        "line_items": [{"x": "1"}], "vat_rates": [{"vat_rate_percentage": "22.0"}],
    });
    assert_eq!(everything, expected);
}

#[test]
fn flattened_parts_get_only_fields_as_text() {
    #[derive(Deserialize)]
    struct Target {
        quantity: u8,
        file_name: Option<String>,
        line_items: Option<Vec<LineItem>>,
        #[serde(flatten)]
        totals: Totals,
        #[serde(flatten)]
        rest: BTreeMap<String, String>,
    }
    #[derive(Deserialize)]
    struct Totals {
        total: Decimal,
        tax: Option<Decimal>,
    }
    let row = json!([sure("quantity", "1"), sure("price", "1")]);
    let target: Target = extraction(
        vec![
            sure("total", "1.10"),
            sure("quantity", "2.0"),
            sure("other", "3"),
            not_found("tax"),
        ],
        json!([row]),
    )
    .parse()
    .unwrap();
    assert_eq!(
        (
            target.quantity,
            target.file_name.as_deref(),
            target.line_items.unwrap().len()
        ),
        (2, Some("invoice.pdf"), 1)
    );
    assert_eq!(
        (target.totals.total, target.totals.tax),
        (Decimal::new(110, 2), None)
    );
    assert_eq!(
        target.rest.into_iter().collect::<Vec<_>>(),
        [("other".to_owned(), "3".to_owned())]
    );
    assert_eq!(
        problems::<Target>(&with_fields([sure("quantity", "2")])),
        found([("total", ParseProblemKind::NoSuchField)])
    );
}

#[test]
fn weak_values_count_as_absent_and_are_listed() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Target {
        total: Option<u8>,
        #[serde(default)]
        weak: u8,
        tags: Vec<u8>,
        late: Vec<u8>,
        unsure: Option<u8>,
        object_id: String,
        line_items: Vec<Item>,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Item {
        total: Option<u8>,
        unsure: Option<String>,
    }
    let fields = vec![
        field("total", [("1", 0.9)]),
        field("weak", [("2", 0.5)]),
        field("tags", [("3", 0.8), ("4", 0.79), ("5", 0.9)]),
        field("late", [("6", 0.1), ("7", 0.9)]),
        json!({"name": "unsure", "values": [{"value": "8"}]}),
        field("of_no_interest", [("9", 0.0)]),
    ];
    let rows = json!([[
        field("total", [("10", 0.96)]),
        field("unsure", [("11", 0.5)])
    ]]);
    let parsed = extraction(fields, rows);
    let options = ParseOptions::new()
        .with_min_confidence(0.8)
        .with_field_min_confidence("total", 0.95);
    let parsed = parsed.parse_with::<Target>(&options).unwrap();
    let line_items = vec![Item {
        total: Some(10),
        unsure: None,
    }];
    let expected = Target {
        total: None,
        weak: 0,
        tags: vec![3, 5],
        late: vec![7],
        unsure: None,
        object_id: "14a5".into(),
        line_items,
    };
    assert_eq!(parsed.value, expected);
    let mut review: Vec<_> = parsed
        .review
        .iter()
        .map(|item| {
            (
                item.path(),
                item.confidence(),
                item.min_confidence(),
                item.text(),
            )
        })
        .collect();
    review.sort_by_key(|item| item.3.parse::<u8>().unwrap());
    let expected = [
        ("total", Some(0.9), 0.95, "1"),
        ("weak", Some(0.5), 0.8, "2"),
        ("tags[1]", Some(0.79), 0.8, "4"),
        ("late[0]", Some(0.1), 0.8, "6"),
        ("unsure", None, 0.8, "8"),
        ("line_items[0].unsure", Some(0.5), 0.8, "11"),
    ];
    assert_eq!(review, expected);
    assert!(
        !format!("{parsed:?}").contains("\"11\"")
            && format!("{parsed:?}").contains("line_items[0].unsure")
    );
}

#[test]
fn floors_are_clamped_to_0_and_1() {
    let extraction = with_fields([
        field("a", [("1", 1.0)]),
        json!({"name": "b", "values": [{"value": "1"}]}),
        field("c", [("1", 0.9)]),
    ]);
    let count = |floor| {
        extraction
            .parse_with::<BTreeMap<String, u8>>(&ParseOptions::new().with_min_confidence(floor))
            .unwrap()
            .value
            .len()
    };
    assert_eq!(
        [-1.0, 0.0, f64::MIN_POSITIVE, 1.0, 2.0, f64::NAN].map(count),
        [3, 3, 2, 1, 1, 1]
    );
}

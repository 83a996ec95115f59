//! What is reported for a result that does not fit the caller's type.

use std::collections::BTreeMap;

use crate::support::results::{
    Currency, Invoice, LineItem, Located, extraction, field, found, not_found, problems, sure,
    with_fields,
};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use typless::wire::{ParseOptions, ParseProblemKind};

#[test]
fn an_unknown_or_invalid_part_has_its_own_path() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Strict {
        value: u8,
        confidence_score: f64,
        page_number: u8,
        colour: String,
    }
    let fields = json!([{"name": "it", "values": [{"value": "x", "page_number": 256}]}]);
    let kinds = [
        ("it.value", ParseProblemKind::Unreadable),
        ("it.page_number", ParseProblemKind::Unreadable),
        ("it.confidence_score", ParseProblemKind::NotFound),
        ("it.colour", ParseProblemKind::NoSuchField),
    ];
    assert_eq!(
        problems::<BTreeMap<String, Strict>>(&extraction(fields, json!([]))),
        found(kinds)
    );
}

#[test]
fn all_problems_are_reported_together() {
    let rows = json!([
        [sure("quantity", "SECRET"), sure("price", "1.00")],
        [sure("quantity", "1"), sure("price", "1.00")],
        [sure("quantity", "2"), not_found("price")],
        [sure("price", "SECRET 4")],
    ]);
    let fields = vec![
        sure("invoice_number", "1"),
        json!({"name": "issue_date", "data_type": "DATE", "values": [{"value": "SECRET 1"}]}),
        sure("copies", "SECRET 2"),
        not_found("purchase_order"),
    ];
    let extraction = extraction(fields, rows);
    let mut expected = found([
        ("line_items[0].quantity", ParseProblemKind::Unreadable),
        ("line_items[2].price", ParseProblemKind::NotFound),
        ("line_items[3].price", ParseProblemKind::Unreadable),
        ("line_items[3].quantity", ParseProblemKind::NoSuchField),
        ("issue_date", ParseProblemKind::Unreadable),
        ("copies", ParseProblemKind::Unreadable),
        ("total_amount", ParseProblemKind::NoSuchField),
    ]);
    let mut actual = problems::<Invoice>(&extraction);
    expected.sort_by(|one, other| one.0.cmp(&other.0));
    actual.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(actual, expected);

    let error = extraction.parse::<Invoice>().unwrap_err();
    assert!(!error.has_more());
    assert!(
        !format!("{error} {error:?} {error:#?}").contains("SECRET"),
        "{error:?}"
    );
    let problem = |path| {
        error
            .problems()
            .iter()
            .find(|problem| problem.path() == path)
            .unwrap()
    };
    let copies = problem("copies");
    assert_eq!(
        (copies.expected(), copies.text(), copies.message()),
        ("a whole number from 0 to 255", Some("SECRET 2"), None)
    );
    assert_eq!(
        copies.to_string(),
        "copies: the value can't be read as a whole number from 0 to 255"
    );
    assert_eq!(
        (
            problem("issue_date").text(),
            problem("issue_date").message().is_some()
        ),
        (Some("SECRET 1"), true)
    );
    assert_eq!(
        problem("total_amount").to_string(),
        "total_amount: the document type has no such field, and Decimal is required"
    );
    assert_eq!(
        problem("line_items[2].price").to_string(),
        "line_items[2].price: not found on the document, and Decimal is required"
    );
}

#[test]
fn missing_fields_are_reported_as_far_as_a_substitute_exists() {
    /// Can only be read from `x`.
    #[derive(Debug)]
    struct OnlyX;
    impl<'de> Deserialize<'de> for OnlyX {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            if String::deserialize(deserializer)? == "x" {
                Ok(Self)
            } else {
                Err(D::Error::custom("not SECRET"))
            }
        }
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Target {
        rows: Option<u8>,
        line_items: Vec<Item>,
        a: bool,
        b: Currency,
        c: Located<Date>,
        d: OnlyX,
        e: u8,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Item {
        d: OnlyX,
        e: u8,
    }
    let no = |path| (path, ParseProblemKind::NoSuchField);
    let rows = json!([[], [sure("d", "x")], []]);
    let expected = [
        "line_items[0].d",
        "line_items[1].e",
        "line_items[2].d",
        "line_items[2].e",
        "a",
        "b",
        "c",
        "d",
    ]
    .map(no);
    assert_eq!(
        problems::<Target>(&extraction(json!([]), rows)),
        found(expected),
        "`e` is hidden behind `d` until a row shows that it is required"
    );
}

#[test]
fn a_type_may_accept_or_refuse_values_itself() {
    fn forgiving<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
        Ok(u8::deserialize(deserializer).unwrap_or(255))
    }
    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    enum Amount {
        Exact(Decimal),
        Words(String),
    }
    #[derive(Debug, Deserialize)]
    #[serde(try_from = "Plain")]
    struct Checked;
    #[derive(Deserialize)]
    struct Plain {
        #[serde(deserialize_with = "forgiving")]
        forgiven: u8,
        amount: Amount,
        other: u8,
    }
    impl TryFrom<Plain> for Checked {
        type Error = String;
        fn try_from(plain: Plain) -> Result<Self, String> {
            assert_eq!(plain.forgiven, 255);
            match plain.amount {
                Amount::Exact(_) if plain.other > 0 => Ok(Self),
                Amount::Exact(amount) => Err(format!("refused {amount}")),
                Amount::Words(words) => Err(format!("refused {words}")),
            }
        }
    }
    let fields = |amount, other| {
        with_fields([
            sure("forgiven", "x"),
            sure("amount", amount),
            sure("other", other),
        ])
    };
    fields("1.5", "1").parse::<Checked>().unwrap();
    assert_eq!(
        problems::<Checked>(&fields("SECRET", "1")),
        found([("", ParseProblemKind::Rejected)])
    );
    assert_eq!(
        problems::<Checked>(&fields("1.5", "?")),
        found([("other", ParseProblemKind::Unreadable)]),
        "a stand-in is nobody's fault"
    );
    let error = fields("SECRET", "1").parse::<Checked>().unwrap_err();
    assert_eq!(error.problems()[0].message(), Some("refused SECRET"));
    assert_eq!(
        (
            error.to_string().as_str(),
            format!("{error:?}").contains("SECRET")
        ),
        ("the result does not fit: not accepted as Checked", false)
    );
}

#[test]
fn a_type_of_another_shape_is_refused() {
    let full = extraction(vec![sure("a", "1")], json!([[sure("a", "1")]]));
    let refused = || found([("", ParseProblemKind::Rejected)]);
    assert_eq!(problems::<String>(&full), refused());
    assert_eq!(problems::<Vec<u8>>(&full), refused());
    assert_eq!(problems::<Currency>(&full), refused());
    assert_eq!(
        problems::<BTreeMap<String, Vec<Vec<u8>>>>(&full),
        found([("a[0]", ParseProblemKind::Unreadable)])
    );

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Target {
        line_items: String,
        vat_rates: Vec<u8>,
    }
    let expected = [
        ("line_items", ParseProblemKind::Rejected),
        ("vat_rates[0]", ParseProblemKind::Rejected),
    ];
    assert_eq!(problems::<Target>(&full), found(expected));
    assert!(
        full.parse::<Option<BTreeMap<String, u8>>>()
            .unwrap()
            .is_some()
    );
}

#[test]
fn a_hundred_problems_are_enough() {
    let rows = |count| vec![json!([sure("quantity", "?"), sure("price", "1")]); count];
    let error = |count| {
        extraction(json!([]), rows(count))
            .parse::<BTreeMap<String, u8>>()
            .map(|_| ())
            .err()
    };
    assert!(
        error(1).is_none(),
        "who takes no rows has no problem with them"
    );
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Target {
        line_items: Vec<LineItem>,
    }
    for (count, listed, has_more) in [
        (99, 99, false),
        (100, 100, false),
        (101, 100, true),
        (5_000, 100, true),
    ] {
        let error = extraction(json!([]), rows(count))
            .parse::<Target>()
            .unwrap_err();
        assert_eq!(
            (error.problems().len(), error.has_more()),
            (listed, has_more)
        );
        assert_eq!(error.to_string().ends_with("; there may be more"), has_more);
    }
}

#[test]
fn a_required_value_below_its_floor_is_a_problem() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Target {
        total: Decimal,
        number: String,
    }
    let extraction = with_fields([
        field("total", [("SECRET", 0.5)]),
        json!({"name": "number", "values": [{"value": "SECRET"}]}),
    ]);
    let error = extraction
        .parse_with::<Target>(&ParseOptions::new().with_min_confidence(0.8))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the result does not fit: total: \
                its confidence of 0.5 is below 0.8, and Decimal is required; \
         number: its confidence is unknown, at least 0.8 is asked for, and String is required"
    );
    assert!(matches!(
        error.problems()[0].kind(),
        ParseProblemKind::BelowMinConfidence {
            confidence: Some(0.5),
            min_confidence: 0.8,
            ..
        }
    ));
    assert_eq!(error.problems()[0].text(), Some("SECRET"));
}

#[test]
fn denied_unknown_fields_are_reported() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Target {
        a: String,
        line_items: Vec<Item>,
    }
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Item {
        a: String,
    }
    let row = || json!([sure("a", "1"), sure("b", "1")]);
    extraction(vec![sure("a", "1")], json!([[sure("a", "1")]]))
        .parse::<Target>()
        .unwrap();
    let unfit = extraction(
        vec![sure("a", "1"), not_found("c"), sure("d", "1")],
        json!([row(), row()]),
    );
    let unexpected = |path| (path, ParseProblemKind::Unexpected);
    assert_eq!(
        problems::<Target>(&unfit),
        found(["line_items[0].b", "c", "d"].map(unexpected)),
        "of a table, a name once"
    );
}

#[test]
fn a_type_that_counts_its_rows_causes_no_false_problem() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Item {
        #[serde(rename = "a")]
        _a: u8,
    }
    #[derive(Debug, Deserialize)]
    #[serde(try_from = "Vec<Item>")]
    struct Three;
    impl TryFrom<Vec<Item>> for Three {
        type Error = &'static str;
        fn try_from(items: Vec<Item>) -> Result<Self, &'static str> {
            if items.len() == 3 {
                Ok(Self)
            } else {
                Err("not three")
            }
        }
    }
    #[derive(Debug, Deserialize)]
    struct Target<T> {
        #[serde(rename = "line_items")]
        _items: T,
    }
    let rows = |text| {
        json!([
            [sure("a", "1")],
            [sure("a", text)],
            [sure("a", text), sure("b", "1")]
        ])
    };
    let unexpected = ("line_items[2].b", ParseProblemKind::Unexpected);
    let [one, two] =
        ["line_items[1].a", "line_items[2].a"].map(|path| (path, ParseProblemKind::Unreadable));
    let unknown_only = extraction(json!([]), rows("1"));
    assert_eq!(
        problems::<Target<Three>>(&unknown_only),
        found([unexpected])
    );
    assert_eq!(
        problems::<Target<[Item; 3]>>(&unknown_only),
        found([unexpected])
    );
    let all = extraction(json!([]), rows("?"));
    assert_eq!(
        problems::<Target<Three>>(&all),
        found([one, two, unexpected])
    );
    assert_eq!(
        problems::<Target<[Item; 3]>>(&all),
        found([one, two, unexpected])
    );
    let few = extraction(json!([]), json!([[sure("a", "1")]]));
    assert_eq!(
        problems::<Target<Three>>(&few),
        found([("line_items", ParseProblemKind::Rejected)])
    );
}

#[test]
fn each_row_of_a_tuple_is_read_as_its_own_type() {
    #[derive(Debug, Deserialize)]
    struct First {
        #[serde(rename = "a")]
        _a: u8,
    }
    #[derive(Debug, Deserialize)]
    struct Second {
        #[serde(rename = "b")]
        _b: u8,
    }
    #[derive(Debug, Deserialize)]
    struct Target {
        #[serde(rename = "line_items")]
        _items: (First, Second),
    }
    let rows = extraction(json!([]), json!([[sure("a", "?")], [sure("b", "?")]]));
    assert_eq!(
        problems::<Target>(&rows),
        found(
            ["line_items[0].a", "line_items[1].b"].map(|path| (path, ParseProblemKind::Unreadable))
        )
    );
}

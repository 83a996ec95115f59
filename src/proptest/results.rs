//! Strategies for results.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use serde_json::{Map, Value, json};

use super::fields::{Fields, Named};
use super::text::matching;
use crate::wire::Extraction;

/// Results as JSON, as the service usually writes them.
///
/// Each field is there once, located or not found (an empty list of values). Numbers have four
/// decimals, dates are `YYYY-MM-DD`, and rows are lists of fields.
pub fn usual_results(fields: &Fields) -> BoxedStrategy<String> {
    let document: Vec<_> = fields.document.iter().map(usual_field).collect();
    let rows = |names: &[Named]| vec(names.iter().map(usual_field).collect::<Vec<_>>(), 0..4);
    (
        document,
        rows(&fields.line_item),
        rows(&fields.vat_rate),
        matching("[0-9a-f]{40}"),
    )
        .prop_map(|(document, line_items, vat_rates, id)| {
            json!({
                "object_id": id,
                "file_name": "invoice.pdf",
                "customer": null,
                "extracted_fields": document,
                "line_items": line_items,
                "vat_rates": vat_rates,
            })
            .to_string()
        })
        .boxed()
}

/// Results as JSON, in every form that can be read.
///
/// Fields are missing, repeated, null, empty or of another type; confidences are text; coordinates
/// are -1; rows are lists, objects, single fields or null; some keys are unknown.
///
/// [`Extraction::from_json`] reads all of them, whatever the values then are.
pub fn odd_results(fields: &Fields) -> BoxedStrategy<String> {
    let entries = [
        (
            "object_id",
            prop_oneof![2 => matching("[0-9a-f]{40}").prop_map(Value::from), 1 => scalar()].boxed(),
        ),
        ("file_name", scalar()),
        ("customer", scalar()),
        (
            "adjusted_s3_url",
            prop_oneof![
                Just(json!("https://bucket.example/a.pdf?Signature=hush")),
                scalar()
            ]
            .boxed(),
        ),
        (
            "extracted_fields",
            nullable(some_fields(&fields.document).prop_map(Value::from)),
        ),
        (
            "line_items",
            nullable(vec(odd_row(&fields.line_item), 0..4).prop_map(Value::from)),
        ),
        (
            "vat_rates",
            nullable(vec(odd_row(&fields.vat_rate), 0..4).prop_map(Value::from)),
        ),
        ("text_blocks", any_json()),
    ];
    // Half of the results have all keys, so their values are tested often enough.
    let present = prop_oneof![
        Just(vec![true; entries.len()]),
        vec(prop::bool::weighted(0.8), entries.len())
    ];
    let (keys, values): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
    (values, present)
        .prop_map(move |(values, present)| {
            let entries = keys
                .iter()
                .zip(values)
                .zip(present)
                .filter(|(_, present)| *present);
            Value::Object(
                entries
                    .map(|((key, value), _)| ((*key).to_owned(), value))
                    .collect(),
            )
            .to_string()
        })
        .boxed()
}

/// Results as JSON: half of them [usual](usual_results), half of them [odd](odd_results).
///
/// Prefer this to [`extractions`] if a person must see what failed: an `Extraction` does not print
/// its contents.
pub fn results(fields: &Fields) -> BoxedStrategy<String> {
    prop_oneof![usual_results(fields), odd_results(fields)].boxed()
}

/// Results as a job returns them: [`results`], decoded.
pub fn extractions(fields: &Fields) -> BoxedStrategy<Extraction> {
    results(fields)
        .prop_filter_map("results can be read", |json| {
            Extraction::from_json(json).ok()
        })
        .boxed()
}

/// Any small JSON.
pub(super) fn any_json() -> BoxedStrategy<Value> {
    let list = vec(scalar(), 0..3).prop_map(Value::from);
    prop_oneof![
        3 => scalar(),
        1 => list,
        1 => Just(json!({})),
        1 => scalar().prop_map(|value| json!({"anything": [value]})),
    ]
    .boxed()
}

/// Text, number, boolean or null.
pub(super) fn scalar() -> BoxedStrategy<Value> {
    let texts = prop_oneof![
        matching("[a-z ]{0,12}"),
        matching("\\PC{0,12}"),
        select(vec!["", "-1", "0", "null", "1e999"]).prop_map(str::to_owned)
    ];
    prop_oneof![
        3 => texts.prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => (-1e12..1e12_f64).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        2 => Just(Value::Null),
    ]
    .boxed()
}

fn nullable(value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![8 => value, 1 => Just(Value::Null), 1 => Just(json!([]))].boxed()
}

fn usual_field(field: &Named) -> BoxedStrategy<Value> {
    let (name, data_type, author) = (
        field.name.clone(),
        field.data_type.clone(),
        field.data_type == "AUTHOR",
    );
    vec(usual_candidate(usual_text(&field.data_type), author), 0..3)
        .prop_map(move |values| {
            json!({
                "name": name,
                "data_type": data_type,
                "multiple_values": false,
                "values": values,
            })
        })
        .boxed()
}

fn usual_candidate(text: BoxedStrategy<String>, author: bool) -> impl Strategy<Value = Value> {
    let place = [0..2400_i32, 0..3400, 1..600, 1..80];
    (text, 0..1000_u32, place, 0..4_i32).prop_map(move |(text, score, place, page)| {
        let ([x, y, width, height], page) = if author { ([-1; 4], -1) } else { (place, page) };
        json!({
            "value": text,
            "confidence_score": f64::from(score) / 1000.0,
            "page_number": page,
            "x": x,
            "y": y,
            "width": width,
            "height": height,
        })
    })
}

fn usual_text(data_type: &str) -> BoxedStrategy<String> {
    match data_type {
        "NUMBER" => (-10_000_000..10_000_000_i64, 0..10_000)
            .prop_map(|(whole, part)| format!("{whole}.{part:04}"))
            .boxed(),
        "DATE" => (1990..2100, 1..13, 1..29)
            .prop_map(|(year, month, day)| format!("{year}-{month:02}-{day:02}"))
            .boxed(),
        "AUTHOR" => matching("[A-Z][a-z]{1,12}( (GmbH|Ltd|d\\.o\\.o\\.))?").boxed(),
        _ => matching("[A-Za-z0-9][A-Za-z0-9 /.-]{0,20}").boxed(),
    }
}

/// Each field perhaps missing, perhaps twice.
fn some_fields(fields: &[Named]) -> BoxedStrategy<Vec<Value>> {
    let fields: Vec<_> = fields
        .iter()
        .map(|field| {
            let field = odd_field(field);
            prop_oneof![1 => vec(field.clone(), 0), 5 => vec(field.clone(), 1), 1 => vec(field, 2)]
        })
        .collect();
    fields.prop_map(|fields| fields.concat()).boxed()
}

fn odd_field(field: &Named) -> BoxedStrategy<Value> {
    let name = field.name.clone();
    let data_type = prop_oneof![3 => Just(json!(field.data_type)), 1 => scalar()];
    let values = nullable(vec(odd_candidate(field), 0..4).prop_map(Value::from));
    (
        data_type,
        scalar(),
        values,
        vec(prop::bool::weighted(0.85), 3),
        any_json(),
    )
        .prop_map(
            move |(data_type, multiple_values, values, present, extra)| {
                let known = [
                    ("data_type", data_type),
                    ("multiple_values", multiple_values),
                    ("values", values),
                ];
                let kept = known
                    .into_iter()
                    .zip(present)
                    .filter(|(_, present)| *present)
                    .map(|(entry, _)| entry);
                object(
                    [("name", json!(name)), ("extra", extra)]
                        .into_iter()
                        .chain(kept),
                )
            },
        )
        .boxed()
}

fn odd_candidate(field: &Named) -> BoxedStrategy<Value> {
    let value =
        prop_oneof![3 => usual_text(&field.data_type).prop_map(Value::from), 2 => any_json()];
    let score = prop_oneof![
        2 => (0..1000_u32).prop_map(|score| json!(f64::from(score) / 1000.0)),
        2 => (0..1000_u32).prop_map(|score| json!(format!("0.{score:03}"))),
        1 => select(vec![json!("high"), json!("NaN"), json!(-1), json!(17), Value::Null]),
    ];
    let number = || {
        prop_oneof![
            2 => (0..3000).prop_map(|at| json!(at)),
            1 => (0..3000).prop_map(|at: i32| json!(at.to_string())),
            1 => any_json(),
        ]
    };
    let place = prop_oneof![
        1 => Just([-1; 4].map(Value::from)),
        2 => [number(), number(), number(), number()],
    ];
    let page = prop_oneof![2 => (0..5).prop_map(Value::from), 1 => Just(json!(-1)), 1 => scalar()];
    (
        value,
        score,
        place,
        page,
        vec(prop::bool::weighted(0.85), 7),
    )
        .prop_map(|(value, score, [x, y, width, height], page, present)| {
            let entries = [
                ("value", value),
                ("confidence_score", score),
                ("page_number", page),
                ("x", x),
                ("y", y),
                ("width", width),
                ("height", height),
            ];
            object(
                entries
                    .into_iter()
                    .zip(present)
                    .filter(|(_, present)| *present)
                    .map(|(entry, _)| entry),
            )
        })
        .boxed()
}

fn odd_row(fields: &[Named]) -> BoxedStrategy<Value> {
    let names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
    let plain = vec(any_json(), names.len())
        .prop_map(move |values| object(names.iter().map(String::as_str).zip(values)));
    let lone = match fields {
        [] => Just(Value::Null).boxed(),
        fields => Union::new(fields.iter().map(odd_field)).boxed(),
    };
    prop_oneof![
        5 => some_fields(fields).prop_map(Value::from),
        2 => plain,
        1 => lone,
        1 => Just(Value::Null),
    ]
    .boxed()
}

fn object<'a>(entries: impl Iterator<Item = (&'a str, Value)>) -> Value {
    Value::Object(
        entries
            .map(|(key, value)| (key.to_owned(), value))
            .collect::<Map<_, _>>(),
    )
}

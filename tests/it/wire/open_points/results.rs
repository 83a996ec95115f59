//! What a result has: fields, their places, rows, and keys that are not known.

use std::collections::BTreeMap;

use super::status;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use typless::wire::{Extraction, ParseError};

fn extraction(json: &str) -> Extraction {
    Extraction::from_json(json.to_owned()).unwrap()
}

/// A result with one field `f` that has these values.
fn values(json: &str) -> Extraction {
    extraction(&format!(
        r#"{{"extracted_fields": [{{"name": "f", "values": {json}}}]}}"#
    ))
}

#[test]
fn a04_a_confidence_is_a_number_or_a_text_or_nothing() {
    for (json, expected) in [
        ("0.968", Some(0.968)),
        (r#""0.968""#, Some(0.968)),
        (r#"" 1 ""#, Some(1.0)),
        ("1", Some(1.0)),
        ("null", None),
        (r#""high""#, None),
    ] {
        let extraction = values(&format!(
            r#"[{{"value": "x", "confidence_score": {json}}}]"#
        ));
        let best = extraction.field("f").unwrap().best().unwrap();
        assert_eq!(
            (best.text(), best.confidence()),
            (Some("x"), expected),
            "{json}"
        );
        assert!(
            extraction.raw_json().contains(json),
            "what could not be read stays reachable"
        );
    }
    for strange in ["NaN", r#""NaN""#, r#""inf""#, "[]", "{}", "true"] {
        let read = Extraction::from_json(format!(
            r#"{{"extracted_fields": [
                {{"name": "f", "values": [{{"confidence_score": {strange}}}]}}
            ]}}"#
        ));
        assert!(
            read.is_err()
                || read.unwrap().field("f").unwrap().candidates()[0]
                    .confidence()
                    .is_none(),
            "{strange}"
        );
    }
}

#[test]
fn a05_a_field_that_is_not_on_the_document_has_no_value_in_every_form() {
    for none in [
        "[]",
        "null",
        r#"[{"value": null}]"#,
        r#"[{"value": null, "confidence_score": null}]"#,
        "[{}]",
    ] {
        assert_eq!(values(none).text("f"), None, "{none}");
    }
    let missing = extraction(r#"{"extracted_fields": [{"name": "f"}]}"#);
    assert_eq!(
        (missing.text("f"), missing.text("no such field")),
        (None, None)
    );
    assert_eq!(
        values(r#"[{"value": ""}]"#).text("f"),
        Some(""),
        "an empty text is a value"
    );
}

#[test]
fn a15_rows_come_as_lists_and_as_objects() {
    let rows = r#"[[{"name": "vat_rate_percentage", "values": [{"value": "22.0"}]}],
        {"vat_rate_percentage": 9.5, "vat_rate_net": null},
        {"name": "vat_rate_net", "values": [{"value": "1.00"}]}, null, []]"#;
    let extraction = extraction(&format!(r#"{{"vat_rates": {rows}, "line_items": {rows}}}"#));
    for table in [extraction.vat_rates(), extraction.line_items()] {
        let read: Vec<_> = table
            .iter()
            .map(|row| (row.text("vat_rate_percentage"), row.text("vat_rate_net")))
            .collect();
        assert_eq!(
            read,
            [
                (Some("22.0"), None),
                (Some("9.5"), None),
                (None, Some("1.00")),
                (None, None),
                (None, None)
            ]
        );
    }
    for none in ["{}", r#"{"vat_rates": null, "line_items": null}"#] {
        let extraction = Extraction::from_json(none).unwrap();
        assert!(extraction.vat_rates().is_empty() && extraction.line_items().is_empty());
    }
}

#[test]
fn a16_coordinates_are_numbers_of_any_kind_and_minus_one_is_none() {
    let place = |json: &str| {
        values(&format!("[{{{json}}}]"))
            .field("f")
            .unwrap()
            .candidates()[0]
            .bounding_box()
    };
    let found = place(r#""x": 300, "y": 737.5, "width": "557", "height": 33"#).unwrap();
    assert_eq!(
        [found.x, found.y, found.width, found.height],
        [300.0, 737.5, 557.0, 33.0]
    );
    // Pixels at 300 per inch, as far as could be measured; a point is 1/72 inch.
    assert_eq!((found.to_points().x, found.to_points().y), (72.0, 177.0));
    assert!(place(r#""x": -1, "y": -1, "width": -1, "height": -1"#).is_none());
    assert!(
        place(r#""x": 3, "y": 4"#).is_none()
            && place(r#""x": null, "y": [], "width": 1, "height": 1"#).is_none()
    );
}

#[test]
fn a17_pages_count_from_zero_and_are_not_moved() {
    let page = |json: &str| {
        values(&format!(r#"[{{"page_number": {json}}}]"#))
            .field("f")
            .unwrap()
            .candidates()[0]
            .page()
    };
    assert_eq!(
        [page("0"), page("3"), page(r#""2""#)],
        [Some(0), Some(3), Some(2)]
    );
    assert_eq!(
        [page("-1"), page("null"), page("1e300"), page("1.5")],
        [None; 4]
    );
}

#[test]
fn a19_unknown_keys_are_ignored_and_stay_reachable() {
    let result = r#"{"object_id": "0d3d", "text_blocks": [{"anything": "goes"}],
        "extracted_fields": [{"name": "a", "new": 1}]}"#;
    let response = status(&format!(
        r#"{{"error": {{}}, "result": {result}, "status": "SUCCESS", "elapsed": 3}}"#
    ));
    let inside = response.into_extraction().unwrap();
    assert_eq!(
        (
            inside.raw_json(),
            inside.object_id(),
            inside.adjusted_document_url()
        ),
        (result, Some("0d3d"), None)
    );
    // The stored JSON is read again.
    assert_eq!(
        Extraction::from_json(inside.raw_json().to_owned())
            .unwrap()
            .raw_json(),
        result
    );
}

#[test]
fn a20_the_signed_url_is_never_printed() {
    let result = r#"{"object_id": "1", "extracted_fields": 5,
        "adjusted_s3_url": "https://bucket.example/a.pdf?Signature=hush"}"#;
    let response = status(&format!(r#"{{"status": "SUCCESS", "result": {result}}}"#));
    let shown = format!(
        "{response:?} {:?}",
        response
            .clone()
            .into_extraction()
            .map_err(|error| format!("{error} {error:?}"))
    );
    assert!(!shown.contains("hush"), "{shown}");
    let extraction = extraction(&result.replace('5', "[]"));
    assert!(
        extraction
            .adjusted_document_url()
            .unwrap()
            .ends_with("hush")
    );
    assert!(!format!("{extraction:?}").contains("hush"));
}

#[test]
fn a26_numbers_are_the_text_of_the_service() {
    for number in [
        "12.0000",
        "1210.00",
        "0.1",
        "99999999999999999999.9999",
        "1.210,00",
    ] {
        assert_eq!(
            values(&format!(r#"[{{"value": "{number}"}}]"#)).text("f"),
            Some(number)
        );
    }
    // The service was never seen to write a number without quotes. If it does, it is not changed.
    for number in NUMBERS {
        let extraction = values(&format!(r#"[{{"value": {number}}}]"#));
        assert_eq!(extraction.text("f"), Some(number));
        let row = extraction_with_row(&format!(r#"{{"f": {number}}}"#));
        assert_eq!(row.line_items()[0].text("f"), Some(number));
    }
}

/// Numbers as JSON may have them: beyond 64 bits, beyond every float, with zeros at the end.
const NUMBERS: [&str; 10] = [
    "17",
    "-0",
    "440.05",
    "12.5000",
    "1.0",
    "12345678901234567890123",
    "0.1234567890123456789012345",
    "1e999",
    "-1E-999",
    "1.50e+2",
];

fn extraction_with_row(json: &str) -> Extraction {
    extraction(&format!(r#"{{"line_items": [{json}]}}"#))
}

#[test]
fn a26_scores_and_coordinates_keep_every_digit() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Written {
        confidence_score: String,
        x: String,
        height: Option<String>,
    }
    for number in NUMBERS {
        for written in [number.to_owned(), format!("\" {number}\"")] {
            let extraction = values(&format!(
                r#"[{{"value": "v", "confidence_score": {written}, "page_number": 0,
                    "x": {written}, "y": 2, "width": 3, "height": {written}}}]"#
            ));
            let best = extraction.field("f").unwrap().best().unwrap();
            let float = number.parse().ok().filter(|float: &f64| float.is_finite());
            assert_eq!(
                (best.confidence(), best.confidence_text()),
                (float, Some(number))
            );
            let located = !number.starts_with('-') || float == Some(0.0);
            assert_eq!(
                best.bounding_box().map(|at| (at.x, at.height)),
                float.filter(|_| located).map(|float| (float, float)),
                "{number}"
            );
            let parsed = extraction.parse::<BTreeMap<String, Written>>();
            let same = located.then(|| Written {
                confidence_score: number.into(),
                x: number.into(),
                height: Some(number.into()),
            });
            assert_eq!(
                parsed.ok().map(|mut fields| fields.remove("f").unwrap()),
                same
            );
        }
    }
}

#[test]
fn a26_a_score_is_read_into_the_type_of_the_caller() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Score<T> {
        confidence_score: T,
    }
    fn read<T: DeserializeOwned>(number: &str) -> Result<T, ParseError> {
        let json = format!(r#"[{{"value": "v", "confidence_score": {number}}}]"#);
        let mut fields = values(&json).parse::<BTreeMap<String, Score<T>>>()?;
        Ok(fields.remove("f").unwrap().confidence_score)
    }
    assert_eq!(read::<f64>("0.95").unwrap(), 0.95);
    assert_eq!(read::<f32>("1").unwrap(), 1.0);
    assert_eq!([read::<u8>("1.0").unwrap(), read("1e2").unwrap()], [1, 100]);
    let long = "0.1234567890123456789012345678";
    assert_eq!(read::<Decimal>(long).unwrap().to_string(), long);
    // Who asks for anything gets a number, unless a float would change its digits.
    let anything = |number: &str| read::<Value>(number).unwrap();
    assert_eq!([anything("0.95"), anything("1")], [json!(0.95), json!(1)]);
    assert_eq!(
        [anything(long), anything("1e999")],
        [json!(long), json!("1e999")]
    );
    let problems = [
        read::<f64>("1e999").unwrap_err(),
        read::<u8>("256").map(f64::from).unwrap_err(),
    ];
    for (error, text) in problems.iter().zip(["1e999", "256"]) {
        let problem = &error.problems()[0];
        assert_eq!(problem.path(), "f.confidence_score");
        assert_eq!(problem.text(), Some(text));
    }
}

#[test]
fn a15_a_number_is_no_table_and_no_row() {
    for json in [
        r#"{"extracted_fields": 5}"#,
        r#"{"extracted_fields": [5]}"#,
        r#"{"extracted_fields": [{"name": "f", "values": 5}]}"#,
        r#"{"extracted_fields": [{"name": "f", "values": [5]}]}"#,
        r#"{"line_items": 5}"#,
        r#"{"vat_rates": [12345678901234567890123]}"#,
        r#"{"line_items": [[5]]}"#,
        "5",
        "1e999",
    ] {
        assert!(Extraction::from_json(json).is_err(), "{json}");
    }
}

#[test]
fn a23_text_blocks_are_read_from_both_responses() {
    let result = r#"{"object_id": "0d3d", "extracted_fields": [], "text_blocks": [
        {"value": "Order Date: 2016-07-04", "number": 0, "page_number": 1,
         "x": 358, "y": 737.5, "width": 557, "height": 33},
        {"value": "caf\u00e9", "number": 17, "page_number": 2,
         "x": -1, "y": -1, "width": -1, "height": -1, "new": []},
        {"value": null, "number": "17", "page_number": null}]}"#;
    let polled = status(&format!(
        r#"{{"error": {{}}, "result": {result}, "status": "SUCCESS"}}"#
    ));
    for extraction in [extraction(result), polled.into_extraction().unwrap()] {
        let blocks = extraction.text_blocks().unwrap();
        let read: Vec<_> = blocks
            .iter()
            .map(|block| (block.text(), block.number(), block.page_number()))
            .collect();
        assert_eq!(
            read,
            [
                ("Order Date: 2016-07-04", Some(0), Some(1)),
                ("café", Some(17), Some(2)),
                ("", Some(17), None),
            ]
        );
        let place = blocks[0].bounding_box().unwrap();
        assert_eq!(
            [place.x, place.y, place.width, place.height],
            [358.0, 737.5, 557.0, 33.0]
        );
        assert!(blocks[1].bounding_box().is_none() && blocks[2].bounding_box().is_none());
        assert!(!format!("{blocks:?}").contains("Order"));
    }
    for none in ["{}", r#"{"text_blocks": null}"#, r#"{"text_blocks": []}"#] {
        assert!(extraction(none).text_blocks().unwrap().is_empty());
    }
}

#[test]
fn a23_text_blocks_of_another_shape_affect_nothing_else() {
    for (blocks, path) in [
        (r#"[{"value": "a"}, {"text": "hush"}]"#, "text_blocks[1]"),
        (r#"["hush"]"#, "text_blocks[0]"),
        (r#"{"1": "hush"}"#, "text_blocks"),
        ("1e999", "text_blocks"),
    ] {
        let extraction = extraction(&format!(r#"{{"object_id": "1", "text_blocks": {blocks}}}"#));
        assert_eq!(extraction.object_id(), Some("1"));
        let error = extraction.text_blocks().unwrap_err();
        assert_eq!(error.path(), Some(path), "{error}");
        assert!(!format!("{error} {error:?}").contains("hush"));
        assert!(extraction.raw_json().contains(blocks));
    }
}

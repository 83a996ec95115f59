//! What a result has: fields, their places, rows, and keys that are not known.

use super::status;
use typless::wire::Extraction;

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
        [page("-1"), page("null"), page("1e300")],
        [None, None, None]
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
    // The service was never seen to write a number without quotes. If it does, integers stay
    // unchanged.
    assert_eq!(values(r#"[{"value": 17}]"#).text("f"), Some("17"));
    assert_eq!(values(r#"[{"value": 440.05}]"#).text("f"), Some("440.05"));
}

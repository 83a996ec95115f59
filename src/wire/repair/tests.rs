//! What is repaired and what is not, byte by byte.

use super::levels::Level;
use super::marks::{Damage, List, Mark};
use super::rewriter::Rewriter;
use super::survey::Survey;
use super::{Charset, Repair, RepairKind, Repaired, Success, result};

fn is_success(body: &[u8]) -> bool {
    Success::from_body(body, Charset::Other).is_some()
}

/// The text after the repair, and each repair as it is displayed.
fn repaired(body: &[u8]) -> Option<(String, Vec<String>)> {
    let repaired = result(body, Charset::Other)?;
    let repairs = repaired.repairs.iter().map(ToString::to_string).collect();
    Some((repaired.text, repairs))
}

#[track_caller]
fn assert_repaired(body: &[u8], text: &str, repairs: &[&str]) {
    let expected = (
        text.to_owned(),
        repairs.iter().map(|&repair| repair.to_owned()).collect(),
    );
    let shown = body.escape_ascii();
    assert_eq!(repaired(body), Some(expected), "{shown}");
}

#[test]
fn a_complete_success_with_a_bad_value_is_one() {
    for body in [
        &br#"{"status": "SUCCESS", "result": {"score": NaN}}"#[..],
        br#"{"error": {}, "result": {"value": "\ud83d"}, "status": "SUCCESS"}"#,
        b"\xef\xbb\xbf {\"result\": {\"value\": \"caf\xe9\"}, \"status\": \" success \"} \n",
        br#"{"result": {"a": [1e999, {"status": "ERROR"}], "b": "}\"{"}, "status": "SUCCESS"}"#,
        br#"{"result": {"a": 1, "a": 2}, "status": "SUCCESS",}"#,
        br#"{"result": {"a": tru}, "st\u0061tus": "S\u0055CCESS"}"#,
        br#"{"result": {}, "result": {}, "error": 1, "error": 2, "status": "SUCCESS"}"#,
    ] {
        assert!(is_success(body), "{}", body.escape_ascii());
    }
}

#[test]
fn what_is_cut_off_doubled_or_something_else_is_none() {
    let whole = br#"{"result": {"value": "\ud83d", "score": NaN}, "status": "SUCCESS"}"#;
    for end in 0..whole.len() {
        assert!(!is_success(&whole[..end]), "cut off at {end}");
    }
    assert!(!is_success(&[&whole[..], &whole[..]].concat()));
    for body in [
        &b""[..],
        b"[",
        b"[]",
        b"{}",
        b"<html><body>status SUCCESS</body></html>",
        b"\"SUCCESS\"",
        br#"[{"status": "SUCCESS"}]"#,
        br#"{"status": "IN_PROGRESS", "result": NaN}"#,
        br#"{"status": "SUCCESS", "status": "SUCCESS", "result": NaN}"#,
        br#"{"status": "ERROR", "status": "SUCCESS", "result": NaN}"#,
        br#"{"status": "SUCCESS", "statu\u0073": "SUCCESS", "result": NaN}"#,
        br#"{"status": SUCCESS, "result": NaN}"#,
        br#"{"status": NaN, "result": NaN}"#,
        br#"{"status": ["SUCCESS"], "result": NaN}"#,
        br#"{"status": ["ERROR"], "status": "SUCCESS", "result": NaN}"#,
        b"{\"status\": \"SUCCESS\xff\", \"result\": NaN}",
        br#"{"status": "SUCCESS\ud83d", "result": NaN}"#,
        b"{\"status\xff\": \"SUCCESS\", \"result\": NaN}",
        br#"{"result": {"status": "SUCCESS"}, "score": NaN}"#,
        br#"{"status": "SUCCESS", "result": NaN} trailing"#,
        br#"}{"status": "SUCCESS"}"#,
    ] {
        assert!(!is_success(body), "{}", body.escape_ascii());
    }
}

#[test]
fn texts_and_numbers_are_repaired_where_they_are() {
    assert_repaired(
        br#"{ "customer" : "a\ud83dz" , "file_name":"\u00e9" }"#,
        r#"{ "customer" : "a\ufffdz" , "file_name":"\u00e9" }"#,
        &["half of a surrogate pair at customer"],
    );
    assert_repaired(
        b"{\"customer\": \"caf\xe9 \\ude00\"}\n",
        "{\"customer\": \"caf\u{fffd} \\ufffd\"}\n",
        &[
            "half of a surrogate pair at customer",
            "invalid UTF-8 at customer",
        ],
    );
    assert_repaired(
        br#"{"extracted_fields": [{"name": "a"}, {"name": "b", "values": [
            {"value": NaN, "x": Infinity , "y":-Infinity}, {"value": "NaN"}]}]}"#,
        r#"{"extracted_fields": [{"name": "a"}, {"name": "b", "values": [
            {"value": null, "x": null , "y":null}, {"value": "NaN"}]}]}"#,
        &[
            "not a number at extracted_fields[1].values[0].value",
            "not a number at extracted_fields[1].values[0].x",
            "not a number at extracted_fields[1].values[0].y",
        ],
    );
    assert_repaired(
        br#"{"line_items": [[], [{"name": "a", "values": [{"value": "\ud800"}]}]],
            "vat_rates": [null, {"net": NaN}], "text_blocks": [{"value": NaN}]}"#,
        r#"{"line_items": [[], [{"name": "a", "values": [{"value": "\ufffd"}]}]],
            "vat_rates": [null, {"net": null}], "text_blocks": [{"value": null}]}"#,
        &[
            "half of a surrogate pair at line_items[1][0].values[0].value",
            "not a number at vat_rates[1].net",
            "not a number at text_blocks[0].value",
        ],
    );
}

#[test]
fn a_path_ends_at_the_first_key_that_is_not_read() {
    assert_repaired(
        br#"{"new": {"a": [0, {"b": NaN}]}, "object_id": [[NaN]], "n\u0065w\ud83d": NaN}"#,
        r#"{"new": {"a": [0, {"b": null}]}, "object_id": [[null]], "n\u0065w\ufffd": null}"#,
        &[
            "not a number at new",
            "not a number at object_id",
            "half of a surrogate pair at new\u{fffd}",
            "not a number at new\u{fffd}",
        ],
    );
    let long = format!(r#"{{"{}": NaN}}"#, "é".repeat(100_000));
    let repaired = result(long.as_bytes(), Charset::Other).expect("repaired");
    let path = repaired.repairs[0].path().expect("a path");
    assert_eq!(path.chars().count(), 100);
    assert!(repaired.repairs[0].to_string().len() < 500);
}

#[test]
fn the_last_of_several_values_under_a_key_is_left() {
    let twice: [(&str, &str, &str); 9] = [
        (
            r#"{"customer":1,"customer":2}"#,
            r#"{"customer":2}"#,
            "customer",
        ),
        (
            r#"{"customer":1,"x":{},"customer":2,"x":3}"#,
            r#"{"x":{},"customer":2,"x":3}"#,
            "customer",
        ),
        (
            r#"{"cu\u0073tomer":[1,{"a":","}], "customer" : 2}"#,
            r#"{ "customer" : 2}"#,
            "customer",
        ),
        (
            r#"{"customer":1,"customer":"\ud83d","customer":NaN,"customer":4}"#,
            r#"{"customer":4}"#,
            "customer",
        ),
        (
            r#"{"line_items":[[{"name":1,"name":2}]],"line_items":[]}"#,
            r#"{"line_items":[]}"#,
            "line_items",
        ),
        (
            r#"{"extracted_fields":[{"name":"a","name":"b"}]}"#,
            r#"{"extracted_fields":[{"name":"b"}]}"#,
            "extracted_fields[0].name",
        ),
        (
            r#"{"extracted_fields":[{"values":[],"values":[{}]}]}"#,
            r#"{"extracted_fields":[{"values":[{}]}]}"#,
            "extracted_fields[0].values",
        ),
        (
            r#"{"vat_rates":[[{"values":[{},{"value":1,"value":2}]}]]}"#,
            r#"{"vat_rates":[[{"values":[{},{"value":2}]}]]}"#,
            "vat_rates[0][0].values[1].value",
        ),
        (
            r#"{"text_blocks":[{"number":1,"number":2}]}"#,
            r#"{"text_blocks":[{"number":2}]}"#,
            "text_blocks[0].number",
        ),
    ];
    for (body, text, path) in twice {
        assert_repaired(
            body.as_bytes(),
            text,
            &[&format!("duplicate key at {path}")],
        );
    }
    // Keys that are not read may come twice, and so may those of a row that is an object.
    for body in [
        r#"{"new":1,"new":2}"#,
        r#"{"new":{"customer":1,"customer":2}}"#,
        r#"{"vat_rates":[{"net":1,"net":2}]}"#,
    ] {
        assert_eq!(repaired(body.as_bytes()), None, "{body}");
    }
}

#[test]
fn every_key_that_is_read_may_come_twice() {
    let nest = |level: Level, object: &str| match level {
        Level::Field => format!(r#"{{"extracted_fields":[{object}]}}"#),
        Level::Candidate => format!(r#"{{"extracted_fields":[{{"values":[{object}]}}]}}"#),
        Level::Row => format!(r#"{{"line_items":[{object}]}}"#),
        Level::TextBlock => format!(r#"{{"text_blocks":[{object}]}}"#),
        _ => object.to_owned(),
    };
    for level in [
        Level::Result,
        Level::Field,
        Level::Candidate,
        Level::Row,
        Level::TextBlock,
    ] {
        for key in level.keys() {
            let body = nest(level, &format!(r#"{{"{key}":null,"{key}":null}}"#));
            let text = nest(level, &format!(r#"{{"{key}":null}}"#));
            let repaired = repaired(body.as_bytes());
            assert_eq!(
                repaired.map(|(text, _)| text),
                Some(text),
                "{level:?} {key}"
            );
        }
    }
}

#[test]
fn nothing_that_is_wrong_in_another_way_disappears() {
    for body in [
        r#"{"customer":tru,"customer":2}"#,
        r#"{"customer" 1,"customer":2}"#,
        r#"{"customer" "customer":1}"#,
        r#"{"customer":1 "customer":2}"#,
        r#"{"customer":1 2,"customer":2}"#,
        r#"{"customer":[1},"customer":2}"#,
        r#"{"customer":"\q","customer":2}"#,
        r#"{"customer":{"a":1},{"customer":2}}"#,
        r#"{"customer":,"customer":2}"#,
        r#"{"customer","customer":2}"#,
    ] {
        let text = repaired(body.as_bytes()).map(|(text, _)| text);
        let is_json =
            text.is_some_and(|text| serde_json::from_str::<serde_json::Value>(&text).is_ok());
        assert!(!is_json, "{body}");
    }
    // Bytes that are no text are repaired in strings only.
    assert_eq!(repaired(b"{\"customer\": \"\\ud83d\" \xff}"), None);
}

#[test]
fn utf_16_is_one_repair_of_the_whole_body() {
    let body = r#"{"customer": "Žiga 🧾", "score": NaN}"#;
    let utf16: Vec<u8> = body.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_repaired(
        &utf16,
        r#"{"customer": "Žiga 🧾", "score": null}"#,
        &["not UTF-8 as a whole", "not a number at score"],
    );
    let [whole, ..] = &result(&utf16, Charset::Other).expect("repaired").repairs[..] else {
        panic!("no repair")
    };
    assert_eq!((whole.kind(), whole.path()), (RepairKind::Encoding, None));
    for end in 0..utf16.len() {
        assert!(result(&utf16[..end], Charset::Other).is_none(), "{end}");
    }
    // Half of a pair in UTF-16 itself.
    let half = [b"{\0\"\0a\0\"\0:\0\"\0", &b"\x3d\xd8"[..], b"\"\0}\0"].concat();
    assert_repaired(
        &half,
        "{\"a\":\"\u{fffd}\"}",
        &["not UTF-8 as a whole", "half of a surrogate pair at a"],
    );
}

fn marks(result_json: &str) -> Vec<Mark> {
    let repaired = result(result_json.as_bytes(), Charset::Other).expect("repaired");
    repaired.marks
}

#[test]
fn marks_are_at_the_candidates_as_they_are_read() {
    let number = Damage {
        number: true,
        ..Damage::NONE
    };
    let mark = |list, row, field, candidate, damage| Mark {
        list,
        row,
        field,
        candidate,
        damage,
    };
    assert_eq!(
        marks(
            r#"{"extracted_fields":[{"name":"a"},{"values":[{"x":NaN},{"value":NaN}]}],
                "line_items":[null,[{},{"values":[{"value":NaN}]}]]}"#
        ),
        [
            mark(List::Fields, 0, 1, Some(1), number),
            mark(List::LineItems, 1, 1, Some(0), number),
        ]
    );
    // A row that is an object: a field for each key, that of the name first; or one field.
    assert_eq!(
        marks(r#"{"vat_rates":[{"a":1,"b":NaN,"name":"n","c":NaN}]}"#),
        [
            mark(List::VatRates, 0, 2, None, number),
            mark(List::VatRates, 0, 3, None, number),
        ]
    );
    assert_eq!(
        marks(r#"{"vat_rates":[{"a":1,"b":NaN,"name":null}]}"#),
        [mark(List::VatRates, 0, 1, None, number)]
    );
    assert_eq!(
        marks(r#"{"vat_rates":[{"a":NaN,"values":[{},{"value":NaN}],"name":"n"}]}"#),
        [mark(List::VatRates, 0, 0, Some(1), number)]
    );
    // A name is that of all candidates, and a repeated list makes all of its values doubtful.
    assert_eq!(
        marks(r#"{"extracted_fields":[{"name":"\ud83d"}]}"#),
        [mark(List::Fields, 0, 0, None, Damage::NAME)]
    );
    assert_eq!(
        marks(r#"{"extracted_fields":[{"values":[],"values":[{"x":1},{"value":1}]}]}"#),
        [mark(List::Fields, 0, 0, Some(1), Damage::REPEATED)]
    );
    // The texts of the result itself, by their number.
    let text = Damage {
        text: true,
        ..Damage::NONE
    };
    assert_eq!(
        marks(
            r#"{"object_id":"\ud83d","customer":1,"customer":NaN,"adjusted_s3_url":NaN,
                "extracted_fields":[{"values":[{"value":1}]}]}"#
        ),
        [
            mark(List::Texts, 0, 0, None, text),
            mark(
                List::Texts,
                0,
                2,
                None,
                Damage {
                    number: true,
                    ..Damage::REPEATED
                }
            ),
        ]
    );
}

/// The work of a repair, and the result.
fn work(body: &[u8]) -> (usize, Option<Repaired>) {
    let survey = Survey::new(body, Level::Result).expect("a complete object");
    let mut rewriter = Rewriter::new(body, Level::Result, &survey.repeated);
    let repaired = rewriter.run();
    (rewriter.work, repaired)
}

#[test]
fn the_work_and_the_memory_are_in_proportion_to_the_body() {
    const COUNT: usize = 2000;
    let list = |item: &str| vec![item; COUNT].join(",");
    let deep = |open: &str, close: &str| [open.repeat(COUNT), close.repeat(COUNT)].concat();
    let bodies = [
        format!("{{{}}}", list(r#""customer":1"#)),
        format!("{{{}}}", list(r#""customer":1,"x":NaN"#)),
        format!("{{{}}}", list(r#""customer":1,"file_name":"\ud83d""#)),
        format!(
            r#"{{{},"customer":1}}"#,
            list(r#""customer":{"customer":1,"customer":2}"#)
        ),
        format!(
            r#"{{"extracted_fields":[{}]}}"#,
            list(r#"{"name":1,"values":[{"value":NaN}]}"#)
        ),
        format!(
            r#"{{"extracted_fields":[{{"values":[{}]}}]}}"#,
            list(r#"{"value":NaN}"#)
        ),
        format!(r#"{{"line_items":[{}]}}"#, list(r#"{"a":NaN}"#)),
        format!(r#"{{"line_items":[{{{}}}]}}"#, list(r#""a":NaN"#)),
        format!(
            r#"{{"line_items":[{{"values":[{}]}}]}}"#,
            list(r#"{"value":NaN}"#)
        ),
        format!(r#"{{"a":[{}]}}"#, list(r#""\ud83d""#)),
        format!(r#"{{"a":{},"customer":NaN}}"#, deep("[", "]")),
        format!(r#"{{"customer":{},"customer":1}}"#, deep(r#"{"a":["#, "]}")),
        format!(r#"{{"{}":[{}]}}"#, "k".repeat(COUNT), list("NaN")),
        format!(r#"{{"customer":[{}]}}"#, list("NaN")),
        format!(r#"{{"line_items":[{{"a":[{}]}}]}}"#, list("NaN")),
    ];
    for body in &bodies {
        let start = &body[..80];
        let (work, repaired) = work(body.as_bytes());
        let repaired = repaired.unwrap_or_else(|| panic!("{start}"));
        assert!(work <= 3 * body.len(), "{work} of {}: {start}", body.len());
        let memory = size_of::<Mark>() * repaired.marks.capacity() + repaired.text.capacity();
        assert!(
            memory <= 8 * body.len(),
            "{memory} of {}: {start}",
            body.len()
        );
        assert!(repaired.repairs.len() <= Repair::MAX_LISTED);
        assert!(repaired.count >= repaired.repairs.len());
        let paths = repaired.repairs.iter().filter_map(Repair::path);
        assert!(paths.map(str::len).sum::<usize>() < 50_000, "{start}");
        assert!(
            serde_json::from_str::<serde::de::IgnoredAny>(&repaired.text).is_ok(),
            "{start}"
        );
    }
}

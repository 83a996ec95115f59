//! Results that strict JSON refuses because of a bad byte or token: P16, P17, P27 to P32.

use super::{assert_failed_poll, ends_as};
use crate::support::{Run, response};
use bytes::Bytes;
use http::Response;
use serde::Deserialize;
use typless::machine::JobError;
use typless::wire::{
    AwaitingResponse, ExtractRequest, Extraction, Notification, ParseOptions, ParseProblemKind,
    Repair, RepairKind, Request, ReviewReason, StatusResponse, SubmitResponse,
};

/// A status response with these bytes.
fn body(bytes: impl AsRef<[u8]>) -> Response<Bytes> {
    Response::new(Bytes::copy_from_slice(bytes.as_ref()))
}

/// A success with this result.
fn with_result(result: impl AsRef<[u8]>) -> Vec<u8> {
    let start = b"{\"error\": {}, \"result\": ";
    [start, result.as_ref(), b", \"status\": \"SUCCESS\"}"].concat()
}

/// A success with one field of this type, whose only value is this JSON.
fn with_value(data_type: &str, value: impl AsRef<[u8]>) -> Vec<u8> {
    let field = format!(r#"{{"name": "f", "data_type": "{data_type}", "values": [{{"value": "#);
    let start = b"{\"extracted_fields\": [";
    with_result([start, field.as_bytes(), value.as_ref(), b"}]}]}"].concat())
}

/// The result of a poll that gets this response.
#[track_caller]
fn result_of(response: Response<Bytes>) -> Extraction {
    let mut run = Run::submitted();
    run.reply(response).succeeded();
    run.outcome().unwrap().as_ref().unwrap().clone()
}

fn shown(extraction: &Extraction) -> Vec<String> {
    let repairs = extraction.repairs().iter();
    repairs.map(ToString::to_string).collect()
}

/// A result whose repair is this, with its text for the field `f`.
#[track_caller]
fn assert_repaired(bytes: &[u8], text: Option<&str>, kind: RepairKind) {
    let extraction = result_of(body(bytes));
    assert_eq!(extraction.text("f"), text);
    let [repair] = extraction.repairs() else {
        panic!("{:?}", extraction.repairs())
    };
    let place = Some("result.extracted_fields[0].values[0].value");
    assert_eq!((repair.kind(), repair.path()), (kind, place));
    assert_eq!(extraction.repair_count(), 1);
    assert_eq!(&extraction.raw()[..], bytes, "as received");
    let json = serde_json::from_str::<serde_json::Value>(extraction.raw_json()).unwrap();
    assert_eq!(
        json["extracted_fields"][0]["values"][0]["value"].as_str(),
        text
    );
}

#[test]
fn p16_of_a_duplicate_key_the_last_counts_and_a_duplicate_status_is_no_status() {
    for twice in [
        r#"{"status": "SUCCESS", "status": "ERROR", "result": {"object_id": "1"}}"#,
        r#"{"status": "SUCCESS", "st\u0061tus": "SUCCESS", "result": {"object_id": "1"}}"#,
    ] {
        assert_failed_poll(response(200, twice));
    }
    for (twice, place) in [
        (r#""result": {}, "result": {"object_id": "1"}"#, "result"),
        (
            r#""error": {"code": 1}, "error": {}, "result": {"object_id": "1"}"#,
            "error",
        ),
        (
            r#""result": {"object_id": "2", "object_id": "1"}"#,
            "result.object_id",
        ),
        (
            r#""result": {"object_id": "2", "object\u005fid": "1"}"#,
            "result.object_id",
        ),
    ] {
        let json = format!(r#"{{"status": "SUCCESS", {twice}}}"#);
        let extraction = result_of(response(200, &json));
        assert_eq!(extraction.object_id(), Some("1"), "{json}");
        assert_eq!(shown(&extraction), [format!("duplicate key at {place}")]);
    }
    assert_repaired(
        &with_value("STRING", r#""1", "x": 7, "valu\u0065": "2""#),
        Some("2"),
        RepairKind::DuplicateKey,
    );
    // The last one counts, also if that is no result.
    let empty = r#"{"status": "SUCCESS", "result": {"object_id": "1"}, "result": {}}"#;
    assert!(matches!(
        ends_as(response(200, empty)),
        JobError::Unreadable { .. }
    ));
    // Keys that are not read may come twice, as before.
    let unknown =
        r#"{"status": "SUCCESS", "a": 1, "a": 2, "result": {"object_id": "1", "b": 1, "b": 2}}"#;
    assert!(result_of(response(200, unknown)).repairs().is_empty());
}

#[test]
fn p16_the_keys_of_a_row_that_is_an_object_are_no_exception() {
    for (row, place) in [
        (
            r#"{"name": "a", "name": "net", "values": [{"value": "2"}]}"#,
            "name",
        ),
        (
            r#"{"name": "net", "values": [{"value": "1"}], "values": [{"value": "2"}]}"#,
            "values",
        ),
    ] {
        let result = format!(r#"{{"object_id": "1", "vat_rates": [{row}]}}"#);
        let extraction = result_of(body(with_result(result)));
        assert_eq!(extraction.vat_rates()[0].text("net"), Some("2"), "{row}");
        assert_eq!(
            shown(&extraction),
            [format!("duplicate key at result.vat_rates[0].{place}")]
        );
    }
}

#[test]
fn p17_a_mark_is_skipped_and_a_number_of_any_size_is_text() {
    let marked = "\u{feff}{\"status\": \"SUCCESS\", \"result\": {\"object_id\": \"1\"}}";
    let extraction = result_of(response(200, marked));
    assert!(extraction.repairs().is_empty());
    for large in ["99999999999999999999.9999", "1e999"] {
        for json in [large.to_owned(), format!("\"{large}\"")] {
            let extraction = result_of(body(with_value("NUMBER", json)));
            assert_eq!(extraction.text("f"), Some(large));
            assert_eq!(
                (extraction.repairs(), extraction.repair_count()),
                (&[][..], 0)
            );
        }
    }
}

#[test]
fn p27_what_is_no_text_becomes_a_replacement_character() {
    for value in [r#""caf\ud83d""#, r#""caf\uDE00""#] {
        assert_repaired(
            &with_value("STRING", value),
            Some("caf\u{fffd}"),
            RepairKind::HalfSurrogate,
        );
    }
    assert_repaired(
        &with_value("STRING", b"\"caf\xe9\""),
        Some("caf\u{fffd}"),
        RepairKind::InvalidUtf8,
    );
}

#[test]
fn p28_what_is_not_a_number_becomes_null() {
    for word in ["NaN", "Infinity", "-Infinity"] {
        assert_repaired(&with_value("STRING", word), None, RepairKind::NotANumber);
    }
    // A score is unknown then, as if it were null.
    let extraction = result_of(body(with_value(
        "STRING",
        r#""a", "confidence_score": NaN"#,
    )));
    let best = extraction.field("f").unwrap().best().unwrap();
    assert_eq!((best.text(), best.confidence()), (Some("a"), None));
    // Other words are no JSON of any writer.
    for word in ["nan", "+Infinity", "Inf", "NaN1", "tru"] {
        assert!(matches!(
            ends_as(body(with_value("STRING", word))),
            JobError::Unreadable { .. }
        ));
    }
}

#[test]
fn p29_utf_16_and_a_declared_charset_are_decoded() {
    let json = with_value("STRING", "\"café €\"");
    let text = String::from_utf8(json).unwrap();
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [
        [b"\xff\xfe", &little[..]].concat(),
        [b"\xfe\xff", &big[..]].concat(),
        little,
        big,
    ] {
        let extraction = result_of(body(&bytes));
        assert_eq!(extraction.text("f"), Some("café €"));
        assert_eq!(shown(&extraction), ["not UTF-8 as a whole"]);
        assert_eq!(extraction.raw(), &bytes);
    }

    let declared = |charset: &str, bytes: &[u8]| {
        let mut response = body(bytes);
        let content_type = format!("application/json; charset={charset}")
            .parse()
            .unwrap();
        response.headers_mut().insert("content-type", content_type);
        response
    };
    let latin = with_value("STRING", b"\"caf\xe9 \x80\"");
    for charset in ["iso-8859-1", "Windows-1252"] {
        let extraction = result_of(declared(charset, &latin));
        assert_eq!(extraction.text("f"), Some("café €"));
        assert_eq!(shown(&extraction), ["not UTF-8 as a whole"]);
    }
    // Not guessed; and UTF-8 is UTF-8, whatever is declared.
    let guessed = result_of(declared("utf-8", &latin));
    assert_eq!(guessed.text("f"), Some("caf\u{fffd} \u{fffd}"));
    let valid = result_of(declared("iso-8859-1", text.as_bytes()));
    assert_eq!(
        (valid.text("f"), valid.repairs()),
        (Some("café €"), &[][..])
    );

    // The response of the synchronous call is the result itself.
    let result = b"{\"object_id\": \"caf\xe9\", \"customer\": NaN}";
    let extraction = ExtractRequest::decode(&declared("latin1", result)).unwrap();
    assert_eq!(extraction.object_id(), Some("café"));
    assert_eq!(
        shown(&extraction),
        ["not UTF-8 as a whole", "not a number at customer"]
    );
    assert_eq!(extraction.raw(), &result[..]);
}

#[test]
fn p30_what_is_cut_off_or_has_no_sure_status_is_not_repaired() {
    let damaged = with_value("STRING", b"\"caf\xe9\", \"x\": NaN, \"x\": 1");
    for end in 0..damaged.len() {
        assert_failed_poll(body(&damaged[..end]));
    }
    assert_failed_poll(body([&damaged[..], &damaged[..]].concat()));
    assert_failed_poll(body([&damaged[..], b"x"].concat()));
    for status in [
        &b"\"IN_PROGRESS\""[..],
        b"\"ERROR\"",
        b"\"EXPIRED\"",
        b"\"SUCCESS\xff\"",
        b"NaN",
        b"\"SUCCESS\", \"status\": \"SUCCESS\"",
    ] {
        let start = b"{\"result\": {\"object_id\": \"1\", \"score\": NaN}, \"status\": ";
        assert_failed_poll(body([start, status, b"}"].concat()));
    }
    // A result of another type is as unreadable as before, and its error says where.
    let json = with_result(r#"{"object_id": "\ud83d", "extracted_fields": 5}"#);
    let JobError::Unreadable { error, .. } = ends_as(body(&json)) else {
        panic!()
    };
    assert_eq!(error.path(), Some("result.extracted_fields"));
    assert_eq!(error.raw(), &json);
    assert!(error.to_string().contains("expected a list"), "{error}");
    // An error of another kind than those that are repaired.
    for json in [
        with_result(r#"{"object_id": "1", "customer": "\ud83d",}"#),
        with_result("{\"object_id\": \"1\", \"customer\": \"\u{1}\"}"),
    ] {
        assert!(matches!(ends_as(body(&json)), JobError::Unreadable { .. }));
    }
    // What is no result does not become one by a repair.
    for json in [r#"{"detail": NaN}"#, r#"{"object_id": NaN}"#, "NaN"] {
        assert!(Extraction::from_json(json).is_err(), "{json}");
        assert!(matches!(
            ends_as(body(with_result(json))),
            JobError::Unreadable { .. }
        ));
    }
    // Neither is what is no result: there only the id counts, and that must be certain.
    let other = |json: &str| response(200, json);
    assert!(SubmitResponse::decode(&other(r#"{"extraction_id": "0d14", "x": NaN}"#)).is_err());
    assert!(SubmitResponse::decode(&other(r#"{"extraction_id": "0d\ud83d"}"#)).is_err());
    assert!(AwaitingResponse::decode(&other(r#"{"extraction_ids": ["0d14"], "x": NaN}"#)).is_err());
    assert!(Notification::decode(br#"{"data": {"id": "0d14"}, "x": NaN}"#).is_err());
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "read by serde")]
struct Amount {
    f: Option<String>,
}

#[test]
fn p31_a_repaired_number_is_a_problem_and_a_repaired_text_is_for_review() {
    let read = |bytes: Vec<u8>| {
        let extraction = result_of(body(bytes));
        match extraction.parse_with::<Amount>(&ParseOptions::new()) {
            Ok(parsed) => {
                let reviews = parsed.review.iter();
                let reviews = reviews.map(|item| (item.path().to_owned(), item.reason()));
                (reviews.collect(), vec![])
            }
            Err(error) => {
                let problems = error.problems().iter();
                let problems = problems.map(|problem| (problem.path().to_owned(), problem.kind()));
                (vec![], problems.collect())
            }
        }
    };
    let nothing = (vec![], vec![]);
    let review = |reason| (vec![("f".to_owned(), reason)], vec![]);
    let problem = (vec![], vec![("f".to_owned(), ParseProblemKind::Repaired)]);

    assert_eq!(read(with_value("NUMBER", r#""1""#)), nothing);
    for data_type in ["NUMBER", "DATE"] {
        assert_eq!(read(with_value(data_type, b"\"1\xff2\"")), problem);
        assert_eq!(read(with_value(data_type, "NaN")), problem);
    }
    assert_eq!(
        read(with_value("STRING", b"\"caf\xe9\"")),
        review(ReviewReason::Repaired)
    );
    let twice = r#""1", "value": "2""#;
    for data_type in ["NUMBER", "STRING"] {
        let reviewed = review(ReviewReason::DuplicateKey);
        assert_eq!(read(with_value(data_type, twice)), reviewed);
    }
    // What else was repaired is no reason to distrust the value.
    let score = r#""1", "confidence_score": NaN"#;
    assert_eq!(read(with_value("NUMBER", score)), nothing);
}

#[test]
fn p32_any_number_of_damaged_places_is_counted_and_a_hundred_are_listed() {
    let value = vec![r#"{"value": "\ud83d"}"#; 5000].join(",");
    let result = format!(r#"{{"extracted_fields": [{{"name": "f", "values": [{value}]}}]}}"#);
    let extraction = result_of(body(with_result(result)));
    assert_eq!(extraction.repair_count(), 5000);
    assert_eq!(extraction.repairs().len(), Repair::MAX_LISTED);

    // Each value is known to be repaired, listed or not.
    #[derive(Deserialize)]
    struct Values {
        f: Vec<String>,
    }
    let parsed = extraction
        .parse_with::<Values>(&ParseOptions::new())
        .unwrap();
    assert_eq!((parsed.value.f.len(), parsed.review.len()), (5000, 5000));

    // Nothing of the document is in what is displayed.
    let secret = with_value("STRING", r#""hush\ud83d", "value": "hush\ud83d""#);
    let response = StatusResponse::decode(&body(secret)).unwrap();
    let extraction = response.extraction().unwrap();
    let displayed = format!(
        "{response:?} {:?} {:?}",
        extraction.repairs(),
        shown(extraction)
    );
    assert!(!displayed.contains("hush"), "{displayed}");
}

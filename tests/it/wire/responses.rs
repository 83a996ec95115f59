//! Every shape of response that was seen, or may come.

use bytes::Bytes;
use http::Response;
use proptest::prelude::*;
use typless::wire::{
    AwaitingResponse, DataType, Extraction, Notification, ResponseError, ServiceError, Status,
    StatusResponse, SubmitResponse, printable,
};

fn response(status: u16, body: impl AsRef<[u8]>) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .body(Bytes::copy_from_slice(body.as_ref()))
        .unwrap()
}

fn status(body: &str) -> StatusResponse {
    StatusResponse::decode(&response(200, body)).unwrap()
}

fn refusal(code: u16, body: impl AsRef<[u8]>) -> ServiceError {
    match StatusResponse::decode(&response(code, body)) {
        Err(ResponseError::Service(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// The shapes of the vendor's pages and of captured responses, in one result.
const RESULT: &str = r#"{
  "object_id": "0d3d1054c2768f8360b934ebf6f9b41605e28734",
  "file_name": "invoice.pdf", "customer": null,
  "adjusted_s3_url": "https://bucket.example/invoice.pdf?Signature=hush",
  "extracted_fields": [
    {"name": "supplier_name", "data_type": "AUTHOR", "multiple_values": false, "values": [
      {"x": -1, "y": -1, "width": -1, "height": -1, "page_number": -1,
       "value": "ScaleGrid", "confidence_score": "0.968"}]},
    {"name": "invoice_number", "data_type": "STRING", "values": [
      {"x": 358, "y": 737.5, "width": "557", "height": 33, "page_number": 0,
       "value": "123-123", "confidence_score": 0.95},
      {"value": "124", "confidence_score": 0.567}]},
    {"name": "total", "data_type": "NUMBER",
     "values": [{"value": "440.0000", "confidence_score": "high"}]},
    {"name": "empty", "data_type": "VAT_ID", "values": []},
    {"name": "absent", "values": null},
    {"name": "missing"},
    {"name": "null", "values": [{"value": null, "confidence_score": null}]},
    {"name": "blank", "values": [{"value": ""}]},
    {"name": "number", "values": [{"value": 17}, {"value": {"odd": 1}}]}],
  "line_items": [
    [{"name": "description", "values": [{"value": "Queso"}]},
     {"name": "quantity", "values": [{"value": "12"}]}],
    []],
  "vat_rates": [
    [{"name": "vat_rate_percentage", "values": [{"value": "22.0"}]}],
    {"vat_rate_percentage": 9.5, "vat_rate_net": null},
    {"name": "vat_rate_net", "values": [{"value": "1.00"}]},
    null],
  "text_blocks": [{"anything": "goes"}]
}"#;

fn extraction() -> Extraction {
    Extraction::from_json(RESULT).unwrap()
}

#[test]
fn values_have_confidence_page_and_position() {
    let extraction = extraction();
    let best = extraction.field("invoice_number").unwrap().best().unwrap();
    assert_eq!(
        (best.text(), best.confidence(), best.page()),
        (Some("123-123"), Some(0.95), Some(0))
    );
    let place = best.bounding_box().unwrap();
    assert_eq!(
        [place.x, place.y, place.width, place.height],
        [358.0, 737.5, 557.0, 33.0]
    );
    assert_eq!(place.to_points().y, 177.0);
    assert_eq!(
        extraction
            .field("invoice_number")
            .unwrap()
            .candidates()
            .len(),
        2
    );
    let supplier = extraction.field("supplier_name").unwrap();
    assert_eq!(supplier.data_type(), Some(DataType::Author));
    assert_eq!(
        supplier
            .best()
            .map(|best| (best.confidence(), best.page(), best.bounding_box())),
        Some((Some(0.968), None, None))
    );
    assert_eq!(
        extraction
            .field("total")
            .unwrap()
            .best()
            .unwrap()
            .confidence(),
        None,
        "an unreadable score is none"
    );
    assert_eq!(
        extraction.field("empty").unwrap().data_type(),
        Some(DataType::Other("VAT_ID"))
    );
}

#[test]
fn unknown_parts_stay_reachable_and_nothing_is_printed() {
    let extraction = extraction();
    assert!(
        extraction
            .raw_json()
            .contains(r#""text_blocks": [{"anything": "goes"}]"#)
    );
    let inside = status(&format!(
        r#"{{"error": {{}}, "result": {RESULT}, "status": "SUCCESS"}}"#
    ))
    .into_extraction()
    .unwrap();
    assert_eq!(inside.raw_json(), RESULT);
    assert_eq!(
        (inside.object_id(), inside.customer()),
        (Some("0d3d1054c2768f8360b934ebf6f9b41605e28734"), None)
    );
    let shown = format!("{inside:?} {:?} {:?}", inside.fields(), inside.line_items());
    for hidden in ["hush", "123-123", "ScaleGrid", "Queso"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

#[test]
fn a_wrong_shape_is_reported_by_its_path_and_not_quoted() {
    let cases = [
        (
            r#"{"extracted_fields": [{"name": "a"}, {"name": "b", "values": "hush"}]}"#,
            "extracted_fields[1].values",
            "expected a list",
        ),
        (
            r#"{"extracted_fields": [{"values": []}]}"#,
            "extracted_fields[0]",
            "missing field `name`",
        ),
        (
            r#"{"line_items": [[{"name": ["hush"]}]]}"#,
            "line_items[0][0].name",
            "expected a string",
        ),
        (
            r#"{"line_items": [[{"name": "a", "name": "b"}, {"name": NaN}]]}"#,
            "line_items[0][1].name",
            "expected a string",
        ),
    ];
    for (json, path, problem) in cases {
        let error = Extraction::from_json(json).unwrap_err();
        assert_eq!(error.path(), Some(path), "{error}");
        assert!(
            error.to_string().contains(problem) && !error.to_string().contains("hush"),
            "{error}"
        );
    }
}

#[test]
fn a_refusal_is_read_from_every_shape() {
    let cases = [
        (
            r#"{"code": "X", "message": "no", "details": null}"#,
            Some("X"),
            Some("no"),
        ),
        (r#"{"code": 17, "message": "no"}"#, Some("17"), Some("no")),
        (
            r#"{"code": 12345678901234567890123, "message": 1e999}"#,
            Some("12345678901234567890123"),
            Some("1e999"),
        ),
        (
            r#"[{"loc": ["page", 1.50], "msg": 440.00}]"#,
            None,
            Some("page.1.50: 440.00"),
        ),
        (
            r#"{"error": {"code": "X", "message": "no"}}"#,
            Some("X"),
            Some("no"),
        ),
        (r#"{"error": "no"}"#, None, Some("no")),
        (
            r#"{"detail": "Invalid token."}"#,
            None,
            Some("Invalid token."),
        ),
        (
            r#"{"detail": [
                {"loc": ["body", "file", 0], "msg": "field required", "type": "missing"},
                {"msg": "two"}
            ]}"#,
            None,
            Some("body.file.0: field required; two"),
        ),
        (r#"{"message": null}"#, None, None),
        (r#"{"file_name": ["required"]}"#, None, None),
        (r#"["a", "b"]"#, None, Some("a; b")),
        ("<html>Bad gateway</html>", None, None),
        ("", None, None),
    ];
    for (body, code, message) in cases {
        let error = refusal(422, body);
        assert_eq!((error.code(), error.message()), (code, message), "{body}");
        assert_eq!(error.http_status().unwrap(), 422);
        assert_eq!(error.raw(), body.as_bytes());
        assert!(error.to_string().contains("422"), "{error}");
    }
    assert_eq!(refusal(500, b"\xff\xfe\x00").message(), None);
}

#[test]
fn text_from_the_server_cannot_control_a_terminal() {
    let error = refusal(
        400,
        "{\"message\": \"\\u001b[2J\\u202eevil\", \"code\": \"\\u0007\"}",
    );
    assert!(
        error.message().unwrap().contains('\u{1b}'),
        "the text itself is unchanged"
    );
    for shown in [format!("{error}"), format!("{error:?}")] {
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{shown}");
    }
    let long = refusal(
        400,
        format!(r#"{{"message": "{}"}}"#, "x".repeat(2_000_000)),
    );
    assert!(long.to_string().len() < 1000 && long.raw().len() <= ServiceError::MAX_RAW_BYTES);
}

#[test]
fn responses_that_are_not_json_report_the_position() {
    let problem = |body: &[u8]| match StatusResponse::decode(&response(200, body)) {
        Err(ResponseError::Decode(error)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(problem(b"<html>").contains("not JSON at line 1 column 1"));
    assert!(problem(br#"{"status": "SUCC"#).contains("cut off"));
    assert!(problem(b"{\"status\": \"\xff\"}").contains("invalid UTF-8"));
    assert!(problem(b"").contains("cut off"));
    assert!(
        problem(br#"{"status": "SUCCESS", "status": "ERROR"}"#)
            .contains("duplicate field `status`")
    );
    assert!(
        problem("[".repeat(100_000).as_bytes()).contains("could not be read"),
        "nesting is bounded"
    );
    assert_eq!(
        status("\u{feff}{\"status\": \"EXPIRED\"}").status(),
        &Status::Expired,
        "a byte-order mark is skipped"
    );
}

#[test]
fn nesting_without_end_overflows_no_stack() {
    const DEPTH: usize = 1_000_000;
    let lists = "[".repeat(DEPTH) + &"]".repeat(DEPTH);
    let objects = r#"{"error":"#.repeat(DEPTH) + "1" + &"}".repeat(DEPTH);

    for code in [200, 400] {
        assert!(StatusResponse::decode(&response(code, &lists)).is_err());
        // Of objects the outermost is read, and the rest skipped.
        let _ = StatusResponse::decode(&response(code, &objects));
    }
    assert!(Extraction::from_json(lists.clone()).is_err());
    for deep in [&lists, &objects] {
        assert!(SubmitResponse::decode(&response(200, deep)).is_err());
        assert!(Notification::decode(deep.as_bytes()).is_err());
        assert!(AwaitingResponse::decode(&response(200, format!("[{deep}]"))).is_err());

        // Where nothing of it is read, it is skipped; where a list is read, it is none.
        let with = |json: &str| {
            let body = format!(r#"{{"status": "SUCCESS", "error": {{}}, "result": {json}}}"#);
            status(&body.replace('@', deep)).into_extraction()
        };
        let read = with(
            r#"{"object_id": "1", "new": @, "extracted_fields": [{"name": "f", "new": @,
                "values": [{"value": @, "x": @, "new": @}]}]}"#,
        );
        assert_eq!(read.unwrap().text("f"), None);
        for json in [
            r#"{"extracted_fields": @}"#,
            r#"{"line_items": [[@]]}"#,
            "@",
        ] {
            assert!(with(json).is_err(), "{json}");
        }
        let error = format!(r#"{{"code": {deep}, "message": "no", "detail": {deep}}}"#);
        let error = refusal(422, error);
        assert_eq!((error.code(), error.message()), (None, Some("no")));
    }
}

#[test]
fn a_notification_is_only_an_id() {
    let read = |json: &str| Notification::decode(json.as_bytes());
    assert_eq!(
        read(r#"{"data": {"id": "0e89"}, "type": "other", "event_time": 5}"#)
            .unwrap()
            .extraction_id()
            .as_str(),
        "0e89"
    );
    for bad in [
        "",
        "[]",
        "{}",
        r#"[["0e89"]]"#,
        r#"{"data": ["0e89"]}"#,
        r#"{"data": []}"#,
        r#"{"data": {"id": 5}}"#,
        r#"{"data": {"id": ""}}"#,
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
    assert!(
        read(&format!(
            r#"{{"data": {{"id": "1"}}, "padding": "{}"}}"#,
            "x".repeat(70_000)
        ))
        .is_err()
    );
}

proptest! {
    #[test]
    fn no_body_makes_reading_panic(
        body in proptest::collection::vec(any::<u8>(), 0..300),
        code in 100..1000_u16,
    ) {
        let response = response(code, &body);
        let _ = StatusResponse::decode(&response).map(|response| format!("{response:?}"));
        let _ = SubmitResponse::decode(&response).map_err(|error| format!("{error} {error:?}"));
        let _ = Notification::decode(&body);
        let _ = Extraction::from_json(body);
    }

    #[test]
    fn no_cut_or_changed_result_panics(
        at in 0..RESULT.len(),
        byte in any::<u8>(),
        cut in any::<bool>(),
    ) {
        let mut body =
            format!(r#"{{"error": {{}}, "result": {RESULT}, "status": "SUCCESS"}}"#).into_bytes();
        if cut {
            body.truncate(at);
        } else {
            body[at] = byte;
        }
        if let Ok(response) = StatusResponse::decode(&response(200, &body)) {
            let _ = response
                .extraction()
                .map(|extraction| extraction.raw_json().len());
        }
    }

    #[test]
    fn printable_text_is_printable(text in "\\PC*|.*", most in 0..50_usize) {
        let shown = printable(&text, most);
        prop_assert!(!shown.chars().any(char::is_control));
    }
}

//! How values are found, and what a result has of them.

use serde_json::{Value, json};
use typless_emulator::{DocumentType, ExtractionResult, Findings, read};

use crate::paper::{Paper, Sheet, one_page};
use crate::support::INVOICE;
use crate::support::findings::found;

fn result(findings: &Findings, customer: Option<&str>) -> Value {
    serde_json::to_value(
        ExtractionResult::new(findings, "0d3d", "invoice.pdf").with_customer(customer),
    )
    .expect("JSON")
}

#[test]
fn the_result_has_the_services_shape() {
    let findings = found(INVOICE);
    let result = result(&findings, Some("harbour"));
    assert_eq!(result["object_id"], "0d3d");
    assert_eq!(result["file_name"], "invoice.pdf");
    assert_eq!(result["customer"], "harbour");
    assert_eq!(result["vat_rates"], json!([]));
    let supplier = &result["extracted_fields"][0];
    assert_eq!(supplier["data_type"], "AUTHOR");
    assert_eq!(supplier["multiple_values"], false);
    let number = &result["extracted_fields"][1];
    assert_eq!(number["data_type"], "STRING");
    for (field, located) in [(supplier, false), (number, true)] {
        for key in ["x", "y", "width", "height", "page_number"] {
            let value = field["values"][0][key].as_i64().expect("a whole number");
            assert_eq!(value >= 0, located, "{key}");
        }
        let score = field["values"][0]["confidence_score"].as_f64();
        assert!(score.is_some_and(|score| score > 0.6 && score < 1.0));
    }
    let cell = &result["line_items"][0][0];
    assert_eq!(cell["name"], "product_number");
    assert_eq!(cell.get("multiple_values"), None);
    assert_eq!(self::result(&findings, None)["customer"], Value::Null);
    let written = serde_json::to_string(&ExtractionResult::new(&findings, "0d3d", "invoice.pdf"))
        .expect("JSON");
    assert!(
        written.starts_with(concat!(
            r#"{"object_id":"0d3d","file_name":"invoice.pdf","customer":null,"#,
            r#""extracted_fields":[{"name":"#
        )),
        "in the vendor's order"
    );
}

#[test]
fn what_is_not_there_is_null() {
    let document = one_page(|sheet| {
        sheet.text(
            60.0,
            60.0,
            11.0,
            "Dear reader, nothing of interest is on this page.",
        );
    });
    let findings = found(&document);
    let result = result(&findings, None);
    assert_eq!(findings.extracted_fields.len(), 9);
    for (index, field) in findings.extracted_fields.iter().enumerate() {
        assert_eq!(findings.value(&field.name), None, "{}", field.name);
        assert_eq!(
            result["extracted_fields"][index]["values"],
            json!([{"x": -1, "y": -1, "width": -1, "height": -1, "page_number": -1, "value": null,
                "confidence_score": 0.0}])
        );
    }
    assert!(findings.line_items.is_empty());
}

#[test]
fn the_box_is_that_of_the_run() {
    let document = one_page(|sheet| {
        sheet.text(72.0, 144.0, 12.0, "Order Date: 2016-07-04");
        sheet
            .text(72.0, 172.0, 12.0, "Invoice number:")
            .text(300.0, 172.0, 12.0, "A-77012");
    });
    let findings = found(&document);
    let place = |index: usize| {
        findings.extracted_fields[index].values[0]
            .location
            .expect("located")
    };
    let (number, date) = (place(1), place(2));
    // The label is in the same run as the date, but not in that of the number.
    assert_eq!(date.x, 300);
    assert!((500..=560).contains(&date.width), "{}", date.width);
    assert!(
        (560..=570).contains(&date.y) && (34..=48).contains(&date.height),
        "{date:?}"
    );
    assert_eq!(number.x, 1250);
    assert!(number.width < 230);
}

#[test]
fn turned_and_shifted_pages_are_measured_as_they_are_shown() {
    let draw = |sheet: &mut Sheet| {
        sheet.text(72.0, 144.0, 12.0, "Invoice number: 4711");
    };
    let shifted = found(&Paper::a4().with_offset(100.0, -50.0).page(draw).finish());
    let plain = found(&Paper::a4().page(draw).finish());
    assert_eq!(shifted, plain);
    let turned = Paper::a4().rotated(90).page(|sheet| {
        sheet.upwards(144.0, 72.0, 12.0, "Invoice number: 4711");
    });
    assert_eq!(found(&turned.finish()), plain);
    // Text on its side is read all the same; its box is where it is shown.
    let on_its_side = found(&Paper::a4().rotated(90).page(draw).finish());
    assert_eq!(on_its_side.value("invoice_number"), Some("4711"));
    let [shown, upright] = [&on_its_side, &plain].map(|findings| {
        findings.extracted_fields[1].values[0]
            .location
            .expect("located")
    });
    assert_eq!(
        (shown.width, shown.height, shown.y),
        (upright.height, upright.width, upright.x)
    );
}

#[test]
fn values_below_their_labels_are_found() {
    let document = one_page(|sheet| {
        for (x, label, value) in [
            (60.0, "Invoice No.", "77-0042"),
            (180.0, "Invoice Date", "04/05/2021"),
            (300.0, "Due Date", "04/25/2021"),
            (420.0, "Amount Due", "$1,250.00"),
        ] {
            sheet
                .bold(x, 100.0, 10.0, label)
                .text(x, 115.0, 10.0, value);
        }
    });
    let findings = found(&document);
    assert_eq!(findings.value("invoice_number"), Some("77-0042"));
    // The other date has its month first, so this one has too.
    assert_eq!(findings.value("issue_date"), Some("2021-04-05"));
    assert_eq!(findings.value("pay_due_date"), Some("2021-04-25"));
    assert_eq!(findings.value("total_amount"), Some("1250.0000"));
    assert_eq!(findings.value("currency"), Some("USD"));
}

#[test]
fn a_date_that_may_be_two_has_two_candidates() {
    let document = one_page(|sheet| {
        sheet.text(60.0, 100.0, 10.0, "Invoice date: 04/05/2021");
    });
    let findings = found(&document);
    let values = &findings.extracted_fields[2].values;
    assert_eq!(values.len(), 2);
    assert!(values.iter().all(|value| value.confidence_score < 0.8));
}

#[test]
fn an_own_document_type_is_followed() {
    let document_type = DocumentType::from_json(
        r#"{"name": "parcel", "fields": [
            {"name": "tracking", "data_type": "STRING", "form": "code",
             "labels": ["tracking number"]},
            {"name": "weight", "data_type": "NUMBER", "labels": ["weight"]},
            {"name": "note", "data_type": "STRING", "labels": ["note"]}
        ]}"#,
    )
    .expect("a document type");
    let document = one_page(|sheet| {
        sheet
            .text(60.0, 60.0, 10.0, "Tracking no.: CX 20114")
            .text(60.0, 74.0, 10.0, "Weight: 2.375 kg")
            .text(60.0, 88.0, 10.0, "Note: leave it at the door");
    });
    let findings = read(&document, &document_type).expect("it can be read");
    assert_eq!(findings.value("tracking"), Some("CX 20114"));
    assert_eq!(findings.value("note"), Some("leave it at the door"));
    assert!(findings.value("weight").is_some());
    assert!(findings.line_items.is_empty());
}

//! Reads invoices of many layouts and languages.

use serde_json::{Value, json};
use typless_emulator::{DocumentType, ExtractionResult, Findings, read};

use crate::paper::{Paper, Sheet};
use crate::support::INVOICE;

fn found(document: &[u8]) -> Findings {
    read(document, &DocumentType::line_item_invoice()).expect("it can be read")
}

fn result(findings: &Findings, customer: Option<&str>) -> Value {
    serde_json::to_value(
        ExtractionResult::new(findings, "0d3d", "invoice.pdf").with_customer(customer),
    )
    .expect("JSON")
}

fn rows(findings: &Findings, columns: &[&str]) -> Vec<Vec<String>> {
    (0..findings.line_items.len())
        .map(|row| {
            columns
                .iter()
                .map(|column| findings.line_item(row, column).unwrap_or("-").to_owned())
                .collect()
        })
        .collect()
}

#[test]
fn the_sample_is_read_exactly() {
    let findings = found(INVOICE);
    for (field, value) in [
        ("supplier_name", "Lindenhof Paper Works GmbH"),
        ("invoice_number", "LPW-2026-0417"),
        ("issue_date", "2026-03-18"),
        ("pay_due_date", "2026-04-17"),
        ("total_amount", "2484.6000"),
        ("net_amount", "2070.5000"),
        ("vat_amount", "414.1000"),
        ("currency", "EUR"),
        ("purchase_order_number", "HB-7756"),
    ] {
        assert_eq!(findings.value(field), Some(value), "{field}");
    }
    assert_eq!(findings.extracted_fields.len(), 9);
    let columns = [
        "product_number",
        "product_description",
        "quantity",
        "price",
        "amount",
    ];
    assert_eq!(
        rows(&findings, &columns),
        [
            [
                "NB-1105",
                "Notebook A5, dotted, linen cover",
                "120.0000",
                "6.4000",
                "768.0000"
            ],
            [
                "PP-0090",
                "Writing paper 90 g, cream, 500 sheets, in a slipcase",
                "24.0000",
                "18.7500",
                "450.0000"
            ],
            [
                "EN-0220",
                "Envelopes C6, lined, pack of 50",
                "60.0000",
                "7.9000",
                "474.0000"
            ],
            [
                "BP-3300",
                "Blotting pad, refillable",
                "15.0000",
                "22.0000",
                "330.0000"
            ],
            [
                "SV-0001",
                "Delivery, insured",
                "1.0000",
                "48.5000",
                "48.5000"
            ],
        ]
    );
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
    let document = Paper::a4()
        .page(|sheet| {
            sheet.text(
                60.0,
                60.0,
                11.0,
                "Dear reader, nothing of interest is on this page.",
            );
        })
        .finish();
    let findings = found(&document);
    let result = result(&findings, None);
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
    let document = Paper::a4()
        .page(|sheet| {
            sheet.text(72.0, 144.0, 12.0, "Order Date: 2016-07-04");
            sheet
                .text(72.0, 172.0, 12.0, "Invoice number:")
                .text(300.0, 172.0, 12.0, "A-77012");
        })
        .finish();
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
    let document = Paper::a4()
        .page(|sheet| {
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
        })
        .finish();
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
    let document = Paper::a4()
        .page(|sheet| {
            sheet.text(60.0, 100.0, 10.0, "Invoice date: 04/05/2021");
        })
        .finish();
    let findings = found(&document);
    let values = &findings.extracted_fields[2].values;
    assert_eq!(values.len(), 2);
    assert!(values.iter().all(|value| value.confidence_score < 0.8));
}

#[test]
fn a_german_invoice_is_read() {
    let document = Paper::a4()
        .page(|sheet| {
            sheet
                .text(
                    60.0,
                    60.0,
                    9.0,
                    "Mühlbacher Werkzeug AG – Industriestr. 4 – 80331 München",
                )
                .text(60.0, 120.0, 11.0, "Berger & Söhne KG")
                .text(60.0, 134.0, 11.0, "Am Markt 1")
                .bold(60.0, 200.0, 14.0, "Rechnung")
                .text(60.0, 220.0, 10.0, "Rechnungsnr.: R-2023/881")
                .text(60.0, 234.0, 10.0, "Rechnungsdatum: 3. März 2023")
                .text(60.0, 248.0, 10.0, "Zahlbar bis: 02.04.2023");
            for (x, label) in [(60.0, "Pos."), (90.0, "Artikelnr."), (160.0, "Bezeichnung")] {
                sheet.bold(x, 290.0, 10.0, label);
            }
            for (x, label) in [
                (370.0, "Menge"),
                (450.0, "Einzelpreis"),
                (535.0, "Gesamtpreis"),
            ] {
                sheet.bold_right(x, 290.0, 10.0, label);
            }
            let rows = [
                (
                    "1",
                    "W-100",
                    "Hammer, 500 g",
                    "12 Stk",
                    "14,90 €",
                    "178,80 €",
                ),
                (
                    "2",
                    "W-205",
                    "Säge für Holz und",
                    "1.000",
                    "1,25 €",
                    "1.250,00 €",
                ),
            ];
            for ((position, code, text, quantity, price, amount), row) in
                rows.into_iter().zip(0_u8..)
            {
                let y = 310.0 + f32::from(row) * 18.0;
                sheet
                    .text(60.0, y, 10.0, position)
                    .text(90.0, y, 10.0, code)
                    .text(160.0, y, 10.0, text);
                sheet
                    .right(370.0, y, 10.0, quantity)
                    .right(450.0, y, 10.0, price);
                sheet.right(535.0, y, 10.0, amount);
            }
            sheet
                .text(160.0, 340.0, 10.0, "Metall, mit Griff")
                .text(380.0, 380.0, 10.0, "Nettobetrag")
                .right(535.0, 380.0, 10.0, "1.428,80 €")
                .text(380.0, 395.0, 10.0, "zzgl. 19 % MwSt.")
                .right(535.0, 395.0, 10.0, "271,47 €")
                .bold(380.0, 412.0, 10.0, "Rechnungsbetrag")
                .bold_right(535.0, 412.0, 10.0, "1.700,27 €")
                .text(
                    60.0,
                    800.0,
                    8.0,
                    "Mühlbacher Werkzeug AG, Registergericht München HRB 00000",
                );
        })
        .finish();
    let findings = found(&document);
    for (field, value) in [
        ("supplier_name", "Mühlbacher Werkzeug AG"),
        ("invoice_number", "R-2023/881"),
        ("issue_date", "2023-03-03"),
        ("pay_due_date", "2023-04-02"),
        ("total_amount", "1700.2700"),
        ("net_amount", "1428.8000"),
        ("vat_amount", "271.4700"),
        ("currency", "EUR"),
    ] {
        assert_eq!(findings.value(field), Some(value), "{field}");
    }
    let columns = [
        "product_number",
        "product_description",
        "quantity",
        "price",
        "amount",
    ];
    assert_eq!(
        rows(&findings, &columns),
        [
            ["W-100", "Hammer, 500 g", "12.0000", "14.9000", "178.8000"],
            [
                "W-205",
                "Säge für Holz und Metall, mit Griff",
                "1000.0000",
                "1.2500",
                "1250.0000"
            ],
        ]
    );
}

#[test]
fn a_french_invoice_is_read() {
    let document = Paper::a4()
        .page(|sheet| {
            sheet
                .bold(60.0, 60.0, 14.0, "Verrerie du Lac SARL")
                .text(340.0, 120.0, 10.0, "Facturé à :")
                .text(340.0, 134.0, 10.0, "Hôtel Beauséjour SA")
                .text(60.0, 200.0, 11.0, "Facture n°2022-118 du 13 août 2022")
                .text(60.0, 216.0, 11.0, "Date d'échéance : 12/09/2022")
                .text(60.0, 300.0, 10.0, "Total HT : 1 250,00 €")
                .text(60.0, 316.0, 10.0, "TVA 20 % : 250,00 €")
                .text(60.0, 332.0, 10.0, "Total TTC : 1 500,00 €");
        })
        .finish();
    let findings = found(&document);
    for (field, value) in [
        ("supplier_name", "Verrerie du Lac SARL"),
        ("invoice_number", "2022-118"),
        ("issue_date", "2022-08-13"),
        ("pay_due_date", "2022-09-12"),
        ("total_amount", "1500.0000"),
        ("currency", "EUR"),
    ] {
        assert_eq!(findings.value(field), Some(value), "{field}");
    }
    assert!(findings.line_items.is_empty());
}

#[test]
fn a_buyer_is_no_supplier() {
    let document = Paper::a4()
        .page(|sheet| {
            sheet
                .text(60.0, 60.0, 10.0, "Bill to:")
                .text(60.0, 74.0, 10.0, "Awesome Company Ltd.")
                .text(60.0, 88.0, 10.0, "Customer: Second Company GmbH");
        })
        .finish();
    assert_eq!(found(&document).value("supplier_name"), None);
}

#[test]
fn a_table_goes_on_without_a_header() {
    let row = |sheet: &mut Sheet, y: f32, number: u16| {
        sheet
            .text(60.0, y, 11.0, &number.to_string())
            .text(150.0, y, 11.0, &format!("Product of type {number}"))
            .text(370.0, y, 11.0, "3")
            .text(480.0, y, 11.0, "12.5");
    };
    let document = Paper::a4()
        .page(|sheet| {
            for (x, label) in [
                (60.0, "Product ID"),
                (150.0, "Product Name"),
                (370.0, "Quantity"),
                (480.0, "Unit Price"),
            ] {
                sheet.bold(x, 500.0, 11.0, label);
            }
            for number in 0..9 {
                row(sheet, 530.0 + f32::from(number) * 28.0, number + 1);
            }
            sheet.text(280.0, 820.0, 9.0, "Page 1");
        })
        .page(|sheet| {
            sheet.text(60.0, 30.0, 9.0, "Order 1234, continued");
            row(sheet, 60.0, 10);
            row(sheet, 88.0, 11);
            sheet
                .text(370.0, 116.0, 11.0, "TotalPrice")
                .text(480.0, 116.0, 11.0, "412.5");
            sheet.text(280.0, 820.0, 9.0, "Page 2");
        })
        .finish();
    let findings = found(&document);
    assert_eq!(findings.line_items.len(), 11);
    for (row, number) in (0..11).zip(1..) {
        let name = format!("Product of type {number}");
        assert_eq!(
            findings.line_item(row, "product_description"),
            Some(name.as_str())
        );
        assert_eq!(findings.line_item(row, "price"), Some("12.5000"));
    }
    assert_eq!(findings.value("total_amount"), Some("412.5000"));
    let page = findings.line_items[10][0].values[0]
        .location
        .map(|place| place.page_number);
    assert_eq!(page, Some(1));
}

#[test]
fn a_table_goes_on_below_its_repeated_header() {
    let header = |sheet: &mut Sheet| {
        sheet
            .bold(60.0, 80.0, 10.0, "Description")
            .bold_right(360.0, 80.0, 10.0, "Qty")
            .bold_right(450.0, 80.0, 10.0, "Rate")
            .bold_right(540.0, 80.0, 10.0, "Amount");
    };
    let row = |sheet: &mut Sheet, y: f32, text: &str| {
        sheet
            .text(60.0, y, 10.0, text)
            .right(360.0, y, 10.0, "2")
            .right(450.0, y, 10.0, "1,000.00")
            .right(540.0, y, 10.0, "2,000.00");
    };
    let document = Paper::a4()
        .page(|sheet| {
            header(sheet);
            row(sheet, 100.0, "Survey of the harbour");
            row(sheet, 120.0, "Report");
            sheet
                .text(60.0, 140.0, 10.0, "Carried forward")
                .right(540.0, 140.0, 10.0, "4,000.00");
        })
        .page(|sheet| {
            header(sheet);
            row(sheet, 100.0, "Second survey");
            sheet
                .text(400.0, 130.0, 10.0, "Total")
                .right(540.0, 130.0, 10.0, "6,000.00");
            sheet.text(
                60.0,
                170.0,
                10.0,
                "Please pay within 30 days, 2 per cent discount",
            );
        })
        .finish();
    let findings = found(&document);
    assert_eq!(
        rows(&findings, &["product_description", "quantity", "amount"]),
        [
            ["Survey of the harbour", "2.0000", "2000.0000"],
            ["Report", "2.0000", "2000.0000"],
            ["Second survey", "2.0000", "2000.0000"],
        ]
    );
    assert_eq!(findings.value("total_amount"), Some("6000.0000"));
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
    let document = Paper::a4()
        .page(|sheet| {
            sheet
                .text(60.0, 60.0, 10.0, "Tracking no.: CX 20114")
                .text(60.0, 74.0, 10.0, "Weight: 2.375 kg")
                .text(60.0, 88.0, 10.0, "Note: leave it at the door");
        })
        .finish();
    let findings = read(&document, &document_type).expect("it can be read");
    assert_eq!(findings.value("tracking"), Some("CX 20114"));
    assert_eq!(findings.value("note"), Some("leave it at the door"));
    assert!(findings.value("weight").is_some());
    assert!(findings.line_items.is_empty());
}

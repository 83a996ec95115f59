//! The built-in document types beside `line-item-invoice`.

use typless_emulator::{DocumentType, Findings, read};

use crate::paper::Paper;
use crate::support::INVOICE;

fn receipt(document: &[u8]) -> Findings {
    read(document, &DocumentType::receipt()).expect("it can be read")
}

fn values<'a>(findings: &'a Findings, fields: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    fields
        .iter()
        .map(|field| (*field, findings.value(field).unwrap_or("-")))
        .collect()
}

#[test]
fn a_simple_invoice_has_the_fields_and_no_line_items() {
    let simple = read(INVOICE, &DocumentType::simple_invoice()).expect("it can be read");
    let whole = read(INVOICE, &DocumentType::line_item_invoice()).expect("it can be read");
    assert_eq!(simple.extracted_fields, whole.extracted_fields);
    assert!(simple.line_items.is_empty() && !whole.line_items.is_empty());
}

#[test]
fn a_shops_receipt_is_read() {
    let document = Paper::a4()
        .page(|sheet| {
            sheet
                .bold(60.0, 60.0, 14.0, "Corner Bakery Ltd.")
                .text(60.0, 76.0, 9.0, "3 Mill Lane, Galway")
                .text(60.0, 90.0, 9.0, "VAT No: IE0000000T");
            sheet
                .text(60.0, 120.0, 10.0, "Receipt no: 004-1187")
                .text(60.0, 135.0, 10.0, "Date: 14/03/2026 09:41")
                .text(60.0, 150.0, 10.0, "Cashier: Aoife");
            let rows = [
                ("2 x Croissant", "5.00"),
                ("1 x Sourdough loaf", "4.60"),
                ("1 x Coffee, large", "3.40"),
            ];
            for ((item, price), row) in rows.into_iter().zip(0_u8..) {
                let y = 180.0 + f32::from(row) * 14.0;
                sheet.text(60.0, y, 10.0, item).right(260.0, y, 10.0, price);
            }
            sheet
                .text(60.0, 232.0, 10.0, "Subtotal")
                .right(260.0, 232.0, 10.0, "11.45");
            sheet
                .text(60.0, 246.0, 10.0, "VAT 13.5 %")
                .right(260.0, 246.0, 10.0, "1.55");
            sheet
                .bold(60.0, 264.0, 12.0, "TOTAL EUR")
                .bold_right(260.0, 264.0, 12.0, "13.00");
            sheet.text(60.0, 284.0, 10.0, "Payment method: Visa");
            sheet
                .text(60.0, 298.0, 10.0, "Change")
                .right(260.0, 298.0, 10.0, "0.00");
        })
        .finish();
    let findings = receipt(&document);
    let expected = [
        ("supplier_name", "Corner Bakery Ltd."),
        ("receipt_number", "004-1187"),
        ("issue_date", "2026-03-14"),
        ("total_amount", "13.0000"),
        ("net_amount", "11.4500"),
        ("vat_amount", "1.5500"),
        ("tip_amount", "-"),
        ("currency", "EUR"),
        ("payment_method", "Visa"),
    ];
    assert_eq!(
        values(&findings, &expected.map(|(field, _)| field)),
        expected
    );
    assert!(findings.line_items.is_empty());
}

#[test]
fn a_restaurants_bill_in_german_is_read() {
    let document = Paper::a4()
        .page(|sheet| {
            sheet.bold(60.0, 60.0, 14.0, "Gasthaus Linde GmbH").text(
                60.0,
                76.0,
                9.0,
                "Am Markt 4, 5020 Salzburg",
            );
            sheet
                .text(60.0, 110.0, 10.0, "Bon-Nr.: 77120")
                .text(60.0, 124.0, 10.0, "Datum: 02.05.2026")
                .text(200.0, 124.0, 10.0, "Tisch: 12");
            sheet
                .text(60.0, 150.0, 10.0, "2 Wiener Schnitzel")
                .right(260.0, 150.0, 10.0, "43,80");
            sheet
                .text(60.0, 164.0, 10.0, "2 Apfelsaft")
                .right(260.0, 164.0, 10.0, "8,20");
            sheet
                .bold(60.0, 190.0, 12.0, "Gesamtbetrag")
                .bold_right(260.0, 190.0, 12.0, "€ 52,00");
            sheet
                .text(60.0, 206.0, 10.0, "MwSt 10 %")
                .right(260.0, 206.0, 10.0, "4,73");
            sheet
                .text(60.0, 220.0, 10.0, "Trinkgeld")
                .right(260.0, 220.0, 10.0, "5,00");
            sheet.text(60.0, 240.0, 10.0, "Zahlungsart: Bankomat");
        })
        .finish();
    let findings = receipt(&document);
    let expected = [
        ("supplier_name", "Gasthaus Linde GmbH"),
        ("receipt_number", "77120"),
        ("issue_date", "2026-05-02"),
        ("total_amount", "52.0000"),
        ("vat_amount", "4.7300"),
        ("tip_amount", "5.0000"),
        ("currency", "EUR"),
        ("payment_method", "Bankomat"),
    ];
    assert_eq!(
        values(&findings, &expected.map(|(field, _)| field)),
        expected
    );
}

#[test]
fn what_is_not_on_a_receipt_is_not_returned() {
    let document = Paper::a4()
        .page(|sheet| {
            sheet.text(
                60.0,
                60.0,
                11.0,
                "Thank you for your visit. Please come again.",
            );
        })
        .finish();
    let findings = receipt(&document);
    for field in &findings.extracted_fields {
        assert_eq!(findings.value(&field.name), None, "{}", field.name);
    }
}

//! The built-in document types beside `line-item-invoice`.

use typless_emulator::{DocumentType, Findings, read};

use crate::paper::{Sheet, one_page};
use crate::support::INVOICE;
use crate::support::findings::{assert_values, found};

fn receipt(document: &[u8]) -> Findings {
    read(document, &DocumentType::receipt()).expect("it can be read")
}

/// An amount and what it is.
fn line(sheet: &mut Sheet, y: f32, label: &str, amount: &str) {
    sheet
        .text(60.0, y, 10.0, label)
        .right(260.0, y, 10.0, amount);
}

/// The same in bold.
fn bold_line(sheet: &mut Sheet, y: f32, label: &str, amount: &str) {
    sheet
        .bold(60.0, y, 12.0, label)
        .bold_right(260.0, y, 12.0, amount);
}

#[test]
fn a_simple_invoice_has_the_fields_and_no_line_items() {
    let simple = read(INVOICE, &DocumentType::simple_invoice()).expect("it can be read");
    let whole = found(INVOICE);
    assert_eq!(simple.extracted_fields, whole.extracted_fields);
    assert!(simple.line_items.is_empty() && !whole.line_items.is_empty());
}

#[test]
fn a_shops_receipt_is_read() {
    let document = one_page(|sheet| {
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
            line(sheet, y, item, price);
        }
        line(sheet, 232.0, "Subtotal", "11.45");
        line(sheet, 246.0, "VAT 13.5 %", "1.55");
        bold_line(sheet, 264.0, "TOTAL EUR", "13.00");
        sheet.text(60.0, 284.0, 10.0, "Payment method: Visa");
        line(sheet, 298.0, "Change", "0.00");
    });
    let findings = receipt(&document);
    assert_values(
        &findings,
        &[
            ("supplier_name", "Corner Bakery Ltd."),
            ("receipt_number", "004-1187"),
            ("issue_date", "2026-03-14"),
            ("total_amount", "13.0000"),
            ("net_amount", "11.4500"),
            ("vat_amount", "1.5500"),
            ("currency", "EUR"),
            ("payment_method", "Visa"),
        ],
    );
    assert_eq!(findings.value("tip_amount"), None);
    assert!(findings.line_items.is_empty());
}

#[test]
fn a_restaurants_bill_in_german_is_read() {
    let document = one_page(|sheet| {
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
        line(sheet, 150.0, "2 Wiener Schnitzel", "43,80");
        line(sheet, 164.0, "2 Apfelsaft", "8,20");
        bold_line(sheet, 190.0, "Gesamtbetrag", "€ 52,00");
        line(sheet, 206.0, "MwSt 10 %", "4,73");
        line(sheet, 220.0, "Trinkgeld", "5,00");
        sheet.text(60.0, 240.0, 10.0, "Zahlungsart: Bankomat");
    });
    let findings = receipt(&document);
    assert_values(
        &findings,
        &[
            ("supplier_name", "Gasthaus Linde GmbH"),
            ("receipt_number", "77120"),
            ("issue_date", "2026-05-02"),
            ("total_amount", "52.0000"),
            ("vat_amount", "4.7300"),
            ("tip_amount", "5.0000"),
            ("currency", "EUR"),
            ("payment_method", "Bankomat"),
        ],
    );
}

#[test]
fn what_is_not_on_a_receipt_is_not_returned() {
    let document = one_page(|sheet| {
        sheet.text(
            60.0,
            60.0,
            11.0,
            "Thank you for your visit. Please come again.",
        );
    });
    let findings = receipt(&document);
    assert_eq!(findings.extracted_fields.len(), 9);
    for field in &findings.extracted_fields {
        assert_eq!(findings.value(&field.name), None, "{}", field.name);
    }
}

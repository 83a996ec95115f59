//! Whole invoices, of several layouts and languages.

use crate::paper::one_page;
use crate::support::INVOICE;
use crate::support::findings::{assert_values, found, rows};

const COLUMNS: [&str; 5] = [
    "product_number",
    "product_description",
    "quantity",
    "price",
    "amount",
];

#[test]
fn the_sample_is_read_exactly() {
    let findings = found(INVOICE);
    assert_values(
        &findings,
        &[
            ("supplier_name", "Lindenhof Paper Works GmbH"),
            ("invoice_number", "LPW-2026-0417"),
            ("issue_date", "2026-03-18"),
            ("pay_due_date", "2026-04-17"),
            ("total_amount", "2484.6000"),
            ("net_amount", "2070.5000"),
            ("vat_amount", "414.1000"),
            ("currency", "EUR"),
            ("purchase_order_number", "HB-7756"),
        ],
    );
    assert_eq!(findings.extracted_fields.len(), 9);
    assert_eq!(
        rows(&findings, &COLUMNS),
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
fn a_german_invoice_is_read() {
    let document = one_page(|sheet| {
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
        for ((position, code, text, quantity, price, amount), row) in rows.into_iter().zip(0_u8..) {
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
    });
    let findings = found(&document);
    assert_values(
        &findings,
        &[
            ("supplier_name", "Mühlbacher Werkzeug AG"),
            ("invoice_number", "R-2023/881"),
            ("issue_date", "2023-03-03"),
            ("pay_due_date", "2023-04-02"),
            ("total_amount", "1700.2700"),
            ("net_amount", "1428.8000"),
            ("vat_amount", "271.4700"),
            ("currency", "EUR"),
        ],
    );
    assert_eq!(
        rows(&findings, &COLUMNS),
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
    let document = one_page(|sheet| {
        sheet
            .bold(60.0, 60.0, 14.0, "Verrerie du Lac SARL")
            .text(340.0, 120.0, 10.0, "Facturé à :")
            .text(340.0, 134.0, 10.0, "Hôtel Beauséjour SA")
            .text(60.0, 200.0, 11.0, "Facture n°2022-118 du 13 août 2022")
            .text(60.0, 216.0, 11.0, "Date d'échéance : 12/09/2022")
            .text(60.0, 300.0, 10.0, "Total HT : 1 250,00 €")
            .text(60.0, 316.0, 10.0, "TVA 20 % : 250,00 €")
            .text(60.0, 332.0, 10.0, "Total TTC : 1 500,00 €");
    });
    let findings = found(&document);
    assert_values(
        &findings,
        &[
            ("supplier_name", "Verrerie du Lac SARL"),
            ("invoice_number", "2022-118"),
            ("issue_date", "2022-08-13"),
            ("pay_due_date", "2022-09-12"),
            ("total_amount", "1500.0000"),
            ("currency", "EUR"),
        ],
    );
    assert!(findings.line_items.is_empty());
}

#[test]
fn a_buyer_is_no_supplier() {
    let document = one_page(|sheet| {
        sheet
            .text(60.0, 60.0, 10.0, "Bill to:")
            .text(60.0, 74.0, 10.0, "Awesome Company Ltd.")
            .text(60.0, 88.0, 10.0, "Customer: Second Company GmbH");
    });
    assert_eq!(found(&document).value("supplier_name"), None);
}

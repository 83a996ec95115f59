//! Tables that go on on another page.

use crate::paper::{Paper, Sheet};
use crate::support::findings::{found, rows};

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

//! The sample invoice is drawn again, byte for byte.

use std::path::Path;

use crate::paper::{Paper, Sheet};
use crate::support::INVOICE;

const DARK: [f32; 3] = [0.13, 0.16, 0.18];
const GREY: [f32; 3] = [0.45, 0.49, 0.52];
const PALE: [f32; 3] = [0.93, 0.95, 0.94];
const GREEN: [f32; 3] = [0.11, 0.42, 0.36];
const LEFT: f32 = 57.0;
const RIGHT: f32 = 538.0;

/// If the drawing was changed on purpose, the message says where the new sample is.
#[test]
fn the_sample_is_drawn_byte_for_byte() {
    let drawn = Paper::a4()
        .compressed()
        .page(|sheet| {
            letterhead(sheet);
            addresses(sheet);
            items(sheet);
            totals(sheet);
            imprint(sheet);
        })
        .finish();
    if drawn != INVOICE {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("invoice.pdf");
        std::fs::write(&path, drawn).expect("to write the new sample");
        panic!(
            "samples/invoice.pdf differs from what is drawn; to replace it, copy {}",
            path.display()
        );
    }
}

fn letterhead(sheet: &mut Sheet) {
    // A stack of paper, seen from the side.
    sheet
        .colour(GREEN)
        .fill([LEFT, 48.0, 34.0, 7.0])
        .fill([LEFT, 59.0, 34.0, 7.0])
        .colour([0.93, 0.66, 0.24])
        .fill([LEFT, 70.0, 34.0, 7.0])
        .colour(DARK)
        .bold(102.0, 66.0, 19.0, "Lindenhof Paper Works GmbH")
        .colour(GREY)
        .text(102.0, 80.0, 9.0, "Fine paper and notebooks since 1974");
}

fn addresses(sheet: &mut Sheet) {
    sheet
        .colour(GREY)
        .text(LEFT, 138.0, 8.5, "Bill to")
        .colour(DARK)
        .bold(LEFT, 153.0, 10.5, "Harbour Books Ltd.")
        .text(LEFT, 168.0, 10.5, "Attn. Maeve Brennan")
        .text(LEFT, 183.0, 10.5, "14 Quay Street")
        .text(LEFT, 198.0, 10.5, "Galway H91 X7TP")
        .text(LEFT, 213.0, 10.5, "Ireland")
        .colour(GREEN)
        .bold(348.0, 153.0, 17.0, "INVOICE");
    let facts = [
        ("Invoice number:", "LPW-2026-0417"),
        ("Invoice date:", "18 March 2026"),
        ("Due date:", "17 April 2026"),
        ("Customer number:", "20931"),
        ("Your order:", "HB-7756"),
    ];
    for ((label, value), row) in facts.into_iter().zip(0_u8..) {
        let y = 174.0 + f32::from(row) * 15.0;
        sheet
            .colour(GREY)
            .text(348.0, y, 9.5, label)
            .colour(DARK)
            .right(RIGHT, y, 9.5, value);
    }
}

fn items(sheet: &mut Sheet) {
    let top = 285.0;
    sheet
        .colour(GREEN)
        .fill([LEFT, top, RIGHT - LEFT, 22.0])
        .colour([1.0, 1.0, 1.0])
        .bold(63.0, top + 14.5, 9.5, "Item no.")
        .bold(127.0, top + 14.5, 9.5, "Description")
        .bold_right(382.0, top + 14.5, 9.5, "Quantity")
        .bold_right(456.0, top + 14.5, 9.5, "Unit price")
        .bold_right(532.0, top + 14.5, 9.5, "Amount");
    let rows: [(&str, &[&str], [&str; 3]); 5] = [
        (
            "NB-1105",
            &["Notebook A5, dotted, linen cover"],
            ["120", "6.40", "768.00"],
        ),
        (
            "PP-0090",
            &["Writing paper 90 g, cream,", "500 sheets, in a slipcase"],
            ["24", "18.75", "450.00"],
        ),
        (
            "EN-0220",
            &["Envelopes C6, lined, pack of 50"],
            ["60", "7.90", "474.00"],
        ),
        (
            "BP-3300",
            &["Blotting pad, refillable"],
            ["15", "22.00", "330.00"],
        ),
        ("SV-0001", &["Delivery, insured"], ["1", "48.50", "48.50"]),
    ];
    let mut y = top + 22.0;
    for ((code, description, numbers), row) in rows.into_iter().zip(0_u8..) {
        let height = if description.len() > 1 { 37.0 } else { 24.0 };
        if row % 2 == 1 {
            sheet.colour(PALE).fill([LEFT, y, RIGHT - LEFT, height]);
        }
        sheet.colour(DARK).text(63.0, y + 15.5, 9.5, code);
        for (text, line) in description.iter().zip(0_u8..) {
            sheet.text(127.0, y + 15.5 + f32::from(line) * 13.0, 9.5, text);
        }
        for (number, right) in numbers.into_iter().zip([382.0, 456.0, 532.0]) {
            sheet.right(right, y + 15.5, 9.5, number);
        }
        y += height;
    }
    sheet.colour(GREEN).fill([LEFT, y, RIGHT - LEFT, 0.8]);
}

fn totals(sheet: &mut Sheet) {
    let rows = [("Subtotal", "2,070.50"), ("VAT 20 %", "414.10")];
    for ((label, value), row) in rows.into_iter().zip(0_u8..) {
        let y = 466.0 + f32::from(row) * 17.0;
        sheet
            .colour(GREY)
            .text(352.0, y, 10.0, label)
            .colour(DARK)
            .right(532.0, y, 10.0, value);
    }
    sheet
        .colour(GREEN)
        .fill([346.0, 493.0, RIGHT - 346.0, 26.0])
        .colour([1.0, 1.0, 1.0])
        .bold(352.0, 510.0, 11.0, "Total")
        .bold_right(532.0, 510.0, 11.0, "EUR 2,484.60")
        .colour(GREY)
        .text(
            LEFT,
            560.0,
            9.5,
            "Payment within 30 days without deduction. Please state the invoice number.",
        )
        .text(LEFT, 575.0, 9.5, "Thank you for writing by hand.");
}

fn imprint(sheet: &mut Sheet) {
    sheet.colour(GREY).fill([LEFT, 768.0, RIGHT - LEFT, 0.6]);
    let columns: [(f32, [&str; 3]); 3] = [
        (
            LEFT,
            [
                "Lindenhof Paper Works GmbH",
                "Mühlgasse 8, 5020 Salzburg",
                "Austria",
            ],
        ),
        (
            230.0,
            [
                "office@lindenhofpaper.example",
                "www.lindenhofpaper.example",
                "+43 662 555 0170",
            ],
        ),
        (
            400.0,
            [
                "VAT ID ATU00000000",
                "IBAN AT00 0000 0000 0000 0000",
                "Commercial register FN 000000 x",
            ],
        ),
    ];
    for (x, lines) in columns {
        for (text, line) in lines.into_iter().zip(0_u8..) {
            sheet.text(x, 783.0 + f32::from(line) * 11.5, 8.0, text);
        }
    }
}

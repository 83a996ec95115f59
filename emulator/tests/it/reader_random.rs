//! The reader ends on any bytes; what is drawn, it reads back.

use proptest::collection::vec;
use proptest::prelude::*;
use typless_emulator::{DocumentType, read};

use crate::paper::one_page;
use crate::support::INVOICE;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..2000)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_bytes_end_in_an_error(bytes in bytes()) {
        prop_assert!(read(&bytes, &DocumentType::line_item_invoice()).is_err());
    }

    #[test]
    fn random_bytes_in_the_shape_of_a_pdf_end_in_a_result_or_an_error(bytes in bytes()) {
        let mut document = b"%PDF-1.7\n".to_vec();
        document.extend(bytes);
        document.extend(b"\nstartxref\n9\n%%EOF\n");
        let _ = read(&document, &DocumentType::line_item_invoice());
    }

    #[test]
    fn changed_bytes_end_in_a_result_or_an_error(
        changes in vec((0..INVOICE.len(), any::<u8>()), 1..12),
    ) {
        let mut document = INVOICE.to_vec();
        for (at, byte) in changes {
            document[at] = byte;
        }
        let _ = read(&document, &DocumentType::line_item_invoice());
    }

    #[test]
    fn changed_drawings_end_in_a_result_or_an_error(
        changes in vec((0..100_usize, ".{0,12}"), 1..5),
    ) {
        let mut text =
            "Invoice number: 4711 Total: 12,50 EUR Date: 2020-01-02 Qty Price".to_owned();
        text += " Amount";
        for (at, change) in changes {
            let mut places = (0..=at.min(text.len())).rev();
            let at = places.find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.insert_str(at, &change);
        }
        let document = one_page(|sheet| {
                sheet.text(20.0, 50.0, 8.0, &text);
            });
        let _ = read(&document, &DocumentType::line_item_invoice());
    }

    #[test]
    fn amounts_and_dates_come_back(
        cents in 1_u64..99_999_999,
        european in any::<bool>(),
        year in 1990_i16..2090,
        month in 1_i8..=12,
        day in 13_i8..=28,
    ) {
        let digits = (cents / 100).to_string();
        let (group, decimal) = if european { ('.', ',') } else { (',', '.') };
        let mut whole = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index) % 3 == 0 {
                whole.push(group);
            }
            whole.push(digit);
        }
        let amount = format!("{whole}{decimal}{:02}", cents % 100);
        let document = one_page(|sheet| {
                sheet.text(
                    60.0,
                    60.0,
                    10.0,
                    &format!("Invoice date: {day:02}/{month:02}/{year}"),
                );
                sheet
                    .text(60.0, 90.0, 10.0, "Total:")
                    .right(400.0, 90.0, 10.0, &amount);
            });
        let findings = read(&document, &DocumentType::line_item_invoice()).expect("it can be read");
        let total = format!("{}.{:02}00", cents / 100, cents % 100);
        prop_assert_eq!(findings.value("total_amount"), Some(total.as_str()));
        let date = format!("{year}-{month:02}-{day:02}");
        prop_assert_eq!(findings.value("issue_date"), Some(date.as_str()));
    }
}

//! Evidence in the whole document of how its numbers and dates are written.

use super::amounts::{self, DecimalSign};
use super::dates;
use super::labels::Document;
use crate::text::tokens;

/// How the document's numbers and dates are meant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence {
    pub(crate) decimal_sign: DecimalSign,
    /// How likely the day comes before the month, from 0 to 1.
    pub(crate) day_first: f64,
}

impl Evidence {
    pub(crate) fn new(document: &Document<'_>) -> Self {
        let mut sign_votes = 0;
        let mut order_votes = 0;
        let mut american = 0;
        let mut elsewhere = 0;
        for (_, run) in document.runs() {
            sign_votes += amounts::decimal_sign_votes(&dates::without_dates(&run.text));
            order_votes += dates::order_votes(&run.text);
            for token in tokens(&run.text) {
                american += i32::from(is_american(&token.plain));
                elsewhere += i32::from(is_from_elsewhere(&token.plain));
            }
            american += i32::from(run.text.contains('$'));
            elsewhere += i32::from(run.text.contains(['€', '£', '₹']));
        }
        let decimal_sign = match sign_votes {
            1.. => DecimalSign::Point,
            0 => DecimalSign::Unknown,
            _ => DecimalSign::Comma,
        };
        // Paper of the letter format is used in North America only.
        let is_letter = document.pages.first().is_some_and(|page| {
            (page.width - 612.0).abs() < 1.0 && (page.height - 792.0).abs() < 1.0
        });
        american += i32::from(is_letter);
        elsewhere += i32::from(decimal_sign == DecimalSign::Comma) * 2;
        let day_first = match (order_votes, american - elsewhere) {
            (1.., _) => 0.97,
            (..=-1, _) => 0.03,
            (0, 3..) => 0.2,
            (0, 1..=2) => 0.35,
            (0, 0) => 0.55,
            (0, -2..=-1) => 0.75,
            (0, _) => 0.9,
        };
        Self {
            decimal_sign,
            day_first,
        }
    }
}

/// Words of invoices from the United States.
fn is_american(plain: &str) -> bool {
    matches!(plain, "usd" | "usa" | "zip" | "llc" | "inc" | "ein" | "ach")
}

/// Words of invoices from where the day comes first.
fn is_from_elsewhere(plain: &str) -> bool {
    const WORDS: [&str; 36] = [
        "eur",
        "gbp",
        "inr",
        "chf",
        "aud",
        "vat",
        "gst",
        "iban",
        "gmbh",
        "ltd",
        "pvt",
        "rechnung",
        "datum",
        "mwst",
        "ust",
        "facture",
        "tva",
        "montant",
        "siret",
        "factura",
        "iva",
        "fecha",
        "nif",
        "fattura",
        "totale",
        "imponibile",
        "factuur",
        "btw",
        "totaal",
        "kvk",
        "racun",
        "ddv",
        "skupaj",
        "znesek",
        "london",
        "uk",
    ];
    WORDS.contains(&plain)
}

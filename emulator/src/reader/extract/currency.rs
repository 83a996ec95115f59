//! Currencies: ISO codes, signs and words, and how surely each names one.

/// Signs and words that name a currency, the code they stand for, and how surely they do.
///
/// Words are in plain form (lower case, no accents). A dollar sign is used by many countries, the
/// yen sign by two.
const NAMES: [(&str, &str, f64); 38] = [
    ("€", "EUR", 1.0),
    ("euro", "EUR", 1.0),
    ("euros", "EUR", 1.0),
    ("£", "GBP", 0.95),
    ("₹", "INR", 1.0),
    ("rs", "INR", 0.85),
    ("rupees", "INR", 0.85),
    ("us$", "USD", 1.0),
    ("ca$", "CAD", 1.0),
    ("c$", "CAD", 0.9),
    ("a$", "AUD", 0.95),
    ("au$", "AUD", 1.0),
    ("nz$", "NZD", 1.0),
    ("hk$", "HKD", 1.0),
    ("s$", "SGD", 0.9),
    ("r$", "BRL", 1.0),
    ("$", "USD", 0.75),
    ("¥", "JPY", 0.6),
    ("₩", "KRW", 1.0),
    ("₽", "RUB", 1.0),
    ("₺", "TRY", 1.0),
    ("₴", "UAH", 1.0),
    ("₪", "ILS", 1.0),
    ("฿", "THB", 1.0),
    ("₫", "VND", 1.0),
    ("₦", "NGN", 1.0),
    ("₱", "PHP", 0.9),
    ("zł", "PLN", 1.0),
    ("zl", "PLN", 0.95),
    ("kč", "CZK", 1.0),
    ("kc", "CZK", 0.9),
    ("ft", "HUF", 0.7),
    ("fr", "CHF", 0.7),
    ("sfr", "CHF", 0.9),
    ("лв", "BGN", 0.95),
    ("lei", "RON", 0.9),
    ("dollars", "USD", 0.7),
    ("pounds", "GBP", 0.7),
];

const CODES: [&str; 51] = [
    "AED", "ARS", "AUD", "BAM", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK",
    "EGP", "EUR", "GBP", "HKD", "HRK", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KES", "KRW",
    "KWD", "MAD", "MKD", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PKR", "PLN", "QAR",
    "RON", "RSD", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "UAH", "USD", "VND", "ZAR",
];

/// The currency a word or sign names, and how surely, from 0 to 1.
pub(crate) fn named(word: &str) -> Option<(&'static str, f64)> {
    let word =
        word.trim_matches(|character: char| matches!(character, '.' | ',' | ':' | '(' | ')'));
    if let Some(code) = CODES.iter().find(|code| **code == word) {
        return Some((code, 1.0));
    }
    // In lower or mixed case, only what is no everyday word: "try" and "all" are not, "eur" is.
    if matches!(word, "eur" | "Eur") {
        return Some(("EUR", 1.0));
    }
    // "FR" is France, in tax numbers and bank accounts, and "ft" are feet.
    if matches!(word, "FR" | "fr" | "ft" | "FT" | "LEI") {
        return None;
    }
    let plain = word.to_lowercase();
    let plain = if plain.is_ascii() || plain.chars().count() < 3 {
        plain
    } else {
        crate::text::fold(&plain)
    };
    NAMES
        .iter()
        .find(|(name, ..)| *name == plain)
        .map(|(_, code, certainty)| (*code, *certainty))
}

/// Whether a character is a currency's sign.
pub(crate) fn is_sign(character: char) -> bool {
    matches!(
        character,
        '€' | '£'
            | '$'
            | '¥'
            | '₹'
            | '₩'
            | '₽'
            | '₺'
            | '₴'
            | '₪'
            | '฿'
            | '₫'
            | '₦'
            | '₱'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_codes_and_words_name_currencies() {
        assert_eq!(named("€"), Some(("EUR", 1.0)));
        assert_eq!(named("EUR:"), Some(("EUR", 1.0)));
        assert_eq!(named("Rs."), Some(("INR", 0.85)));
        assert_eq!(named("Kč"), Some(("CZK", 1.0)));
        assert_eq!(named("try"), None);
        assert_eq!(named("total"), None);
    }
}

//! Reads one value of a field's type from a piece of text.

use jiff::civil::Date;

use super::amounts::{self, Amount, DecimalSign};
use super::currency;
use super::dates::{self, Reading};
use super::evidence::Evidence;
use crate::document_type::{DataType, Form};
use crate::text::tokens;

/// A value read from text.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    /// The value in the service's form.
    pub(crate) text: String,
    /// The first byte it was read from.
    pub(crate) start: usize,
    /// How well the text fits the type, from 0 to 1.
    pub(crate) fit: f64,
}

/// The values in a piece of text after a label, the likely one first. `is_labelled_well` says that
/// the label leaves no doubt, so that the value may look like less.
pub(crate) fn read(
    text: &str,
    data_type: DataType,
    form: Form,
    is_labelled_well: bool,
    evidence: &Evidence,
) -> Vec<Value> {
    match (data_type, form) {
        (DataType::Date, _) => date_values(text, evidence),
        (DataType::Number, _) => amount_values(text, evidence.decimal_sign),
        (DataType::String, Form::Code) => code(text, is_labelled_well).into_iter().collect(),
        (DataType::String, Form::Currency) => currency_value(text).into_iter().collect(),
        (DataType::String | DataType::Author, _) => words(text).into_iter().collect(),
    }
}

/// The first date, in each way it can be read.
pub(crate) fn date_values(text: &str, evidence: &Evidence) -> Vec<Value> {
    let Some(found) = dates::find(text).into_iter().next() else {
        return Vec::new();
    };
    let value = |date: Date, fit| Value {
        text: date.to_string(),
        start: found.start,
        fit,
    };
    match found.reading {
        Reading::Certain(date) => vec![value(date, 1.0)],
        Reading::Either {
            day_first,
            month_first,
        } => {
            let certainty = evidence.day_first;
            let mut values = vec![
                value(day_first, certainty),
                value(month_first, 1.0 - certainty),
            ];
            values.sort_by(|a, b| b.fit.total_cmp(&a.fit));
            values.retain(|value| value.fit > 0.1);
            values
        }
    }
}

/// All amounts that are no percentages, from left to right.
fn amount_values(text: &str, sign: DecimalSign) -> Vec<Value> {
    amounts::find(&dates::without_dates(text), sign)
        .iter()
        .filter(|amount| !amount.is_percentage)
        .map(|amount| Value {
            text: amount.value.to_string(),
            start: amount.start,
            fit: amount_fit(amount),
        })
        .collect()
}

/// How much an amount looks like one of money.
fn amount_fit(amount: &Amount) -> f64 {
    let fit: f64 = if amount.looks_like_money() {
        1.0
    } else if amount.value.fraction_digits() > 0 {
        0.95
    } else {
        0.7
    };
    // Nothing to pay, and nothing paid, is printed on many invoices next to what they are about.
    let fit = if amount.value.is_zero() {
        fit * 0.6
    } else {
        fit
    };
    if amount.is_ambiguous { fit * 0.8 } else { fit }
}

/// A number or code at the beginning of the text.
fn code(text: &str, is_labelled_well: bool) -> Option<Value> {
    let start = text.find(|c: char| c.is_alphanumeric())?;
    let lead = text.get(..start)?;
    let rest = text.get(start..)?;
    // Another sentence or a bracket is between the label and this.
    if lead.contains([',', ';', '!', '?', '%', '$', '€', '£']) || lead.matches('(').count() > 0 {
        return None;
    }
    if dates::find(rest)
        .first()
        .is_some_and(|date| date.start == 0)
    {
        return None;
    }
    let mut words = rest.split(' ');
    let first = words
        .next()?
        .trim_end_matches([',', ';', ':', '.', ')', '*']);
    let has_digit = |word: &str| word.contains(|c: char| c.is_ascii_digit());
    let all_digits = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let mut code = first.to_owned();
    if has_digit(first) {
        let more: Vec<&str> = words.collect();
        if all_digits(first)
            && !more.is_empty()
            && more.len() <= 4
            && more.iter().all(|w| all_digits(w))
        {
            code = rest.to_owned();
        }
    } else {
        // A prefix with a space after it: "INV 0042", "RE 2019-7".
        let next = words.next()?.trim_end_matches([',', ';', ':', '.', ')']);
        let is_prefix = first.len() <= 5
            && first
                .chars()
                .all(|c| c.is_uppercase() || matches!(c, '-' | '/'));
        if !is_prefix
            || !next.starts_with(|c: char| c.is_ascii_digit())
            || currency::named(first).is_some()
        {
            return None;
        }
        code = format!("{code} {next}");
    }
    let is_other = code.contains(['@', '€', '$', '£', '%', '(', '[']) || code.contains("://");
    if is_other || code.len() > 40 {
        return None;
    }
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    let is_amount = amounts::find(rest, DecimalSign::Unknown)
        .first()
        .is_some_and(|amount| amount.start == 0 && amount.looks_like_money());
    let fit = match digits {
        _ if is_amount => return None,
        0 => return None,
        1 | 2 if is_labelled_well => 0.85,
        1 | 2 => 0.5,
        _ => 1.0,
    };
    Some(Value {
        text: code,
        start,
        fit,
    })
}

/// The currency the text begins with.
fn currency_value(text: &str) -> Option<Value> {
    let start = text.find(|c: char| c.is_alphabetic() || currency::is_sign(c))?;
    let word = text.get(start..)?.split(' ').next()?;
    let (code, certainty) = currency::named(word)?;
    Some(Value {
        text: code.to_owned(),
        start,
        fit: certainty,
    })
}

/// The words of the text, signs around them left out.
fn words(text: &str) -> Option<Value> {
    let is_edge =
        |c: char| c.is_whitespace() || matches!(c, ':' | '-' | '*' | '=' | ',' | ';' | '.' | '|');
    let start = text.find(|c: char| !is_edge(c))?;
    let found = text
        .get(start..)?
        .trim_end_matches([' ', ',', ';', ':', '*', '|']);
    (!tokens(found).is_empty()).then(|| Value {
        text: found.to_owned(),
        start,
        fit: 0.8,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(text: &str) -> Option<String> {
        code(text, true).map(|value| value.text)
    }

    #[test]
    fn codes_are_read_to_their_end() {
        assert_eq!(code_of(": 10248").as_deref(), Some("10248"));
        assert_eq!(code_of(" # BLR_WFLD2015").as_deref(), Some("BLR_WFLD2015"));
        assert_eq!(
            code_of(" INV/2023/03/0008").as_deref(),
            Some("INV/2023/03/0008")
        );
        assert_eq!(code_of(": RE 2019-7,").as_deref(), Some("RE 2019-7"));
        assert_eq!(code_of(" 2019 000 123").as_deref(), Some("2019 000 123"));
        assert_eq!(
            code_of("562044387 du 02 Juillet 2015").as_deref(),
            Some("562044387")
        );
    }

    #[test]
    fn what_is_no_code_is_none() {
        for text in [
            " Date",
            ": 2016-07-04",
            ": € 12.00",
            " 12,50",
            " total 12",
            "",
            ": x@y1.com",
        ] {
            assert_eq!(code_of(text), None, "{text}");
        }
    }
}

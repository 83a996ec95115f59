//! Finds amounts in text: digits, grouped or not, with what belongs to them (sign, currency, per
//! cent).

use super::currency;
use super::decimal::Decimal;

/// An amount and where it is in the text.
#[derive(Debug, Clone)]
pub(crate) struct Amount {
    /// The first byte, sign and currency included.
    pub(crate) start: usize,
    /// The byte after the last one, sign and currency included.
    pub(crate) end: usize,
    pub(crate) value: Decimal,
    /// The currency's code and how surely it is that one.
    pub(crate) currency: Option<(&'static str, f64)>,
    pub(crate) is_percentage: bool,
    /// Whether `,` or `.` could be a decimal sign or group thousands.
    pub(crate) is_ambiguous: bool,
}

impl Amount {
    /// Whether it looks like money: with a currency, or with two digits after the decimal sign.
    pub(crate) fn looks_like_money(&self) -> bool {
        !self.is_percentage && (self.currency.is_some() || self.value.fraction_digits() == 2)
    }
}

/// Which sign separates the decimals in a document, by its unambiguous amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum DecimalSign {
    /// Not known.
    #[default]
    Unknown,
    /// As in `1,234.56`.
    Point,
    /// As in `1.234,56`.
    Comma,
}

/// All amounts in a text, from left to right.
pub(crate) fn find(text: &str, sign: DecimalSign) -> Vec<Amount> {
    let mut found: Vec<Amount> = Vec::new();
    let mut position = 0;
    while let Some(offset) = rest(text, position).find(|c: char| c.is_ascii_digit()) {
        let start = position + offset;
        let length = digits_length(rest(text, start));
        position = start + length;
        let floor = found.last().map_or(0, |amount| amount.end);
        if let Some(amount) = amount_at(text, start, position, floor, sign) {
            position = amount.end;
            found.push(amount);
        }
    }
    found
}

/// Evidence for the decimal sign in the amounts of a text: positive for a point, negative for a
/// comma.
pub(crate) fn decimal_sign_votes(text: &str) -> i32 {
    find(text, DecimalSign::Unknown)
        .iter()
        .filter(|amount| !amount.is_ambiguous && amount.value.fraction_digits() > 0)
        .map(|amount| {
            let digits = amount.value.fraction_digits();
            let printed = text.get(amount.start..amount.end).unwrap_or_default();
            let last = printed.rfind(|c: char| c.is_ascii_digit()).unwrap_or(0);
            let sign = printed.get(..(last + 1).saturating_sub(digits));
            i32::from(sign.is_some_and(|head| head.ends_with('.')))
                - i32::from(sign.is_some_and(|head| head.ends_with(',')))
        })
        .sum()
}

/// The number whose digits stand from `start` to `end`, with what belongs to it on either side.
fn amount_at(
    text: &str,
    start: usize,
    end: usize,
    floor: usize,
    sign: DecimalSign,
) -> Option<Amount> {
    let before = Before::read(text.get(floor..start)?, floor)?;
    let after = After::read(rest(text, end), end)?;
    let mut digits = text.get(start..end)?;
    let currency = before.currency.or(after.currency);
    let mut end = after.end;
    // A space groups thousands only where something else shows that this is one number: "1 278.61"
    // may be two.
    if digits.contains(' ') && currency.is_none() && !digits.contains(',') {
        let first = digits.find(' ')?;
        digits = digits.get(..first)?;
        end = start + first;
    }
    let negative = before.negative || after.negative || (before.bracket && after.bracket);
    let (value, is_ambiguous) = interpret(digits, negative, sign)?;
    // A long row of digits alone is an account or a telephone number.
    if currency.is_none() && value.fraction_digits() == 0 && digits.len() > 9 {
        return None;
    }
    let whole = end == after.end;
    Some(Amount {
        start: if before.bracket && !after.bracket {
            start
        } else {
            before.start
        },
        end,
        value,
        currency,
        is_percentage: whole && after.percent,
        is_ambiguous,
    })
}

/// What precedes the digits.
struct Before {
    start: usize,
    negative: bool,
    bracket: bool,
    currency: Option<(&'static str, f64)>,
}

impl Before {
    /// None if the digits are part of something that is no amount, such as a code or a date.
    fn read(text: &str, offset: usize) -> Option<Self> {
        let mut before = Self {
            start: offset + text.len(),
            negative: false,
            bracket: false,
            currency: None,
        };
        let mut text = text;
        for _ in 0..4 {
            let trimmed = text.trim_end_matches(' ');
            let touches = trimmed.len() == text.len();
            if let Some(head) = trimmed.strip_suffix(['-', '–']).filter(|_| touches) {
                // "7-12" is a range or a code; "EUR-12" is negative.
                if head.ends_with(|c: char| c.is_alphanumeric()) && currency_at_end(head).is_none()
                {
                    return None;
                }
                before.negative = true;
                text = head;
            } else if let Some(head) = trimmed.strip_suffix('+').filter(|_| touches) {
                text = head;
            } else if let Some(head) = trimmed.strip_suffix('(').filter(|_| touches) {
                before.bracket = true;
                text = head;
            } else if before.currency.is_none()
                && let Some((head, found)) = currency_at_end(trimmed)
            {
                before.currency = Some(found);
                text = head;
            } else {
                break;
            }
            before.start = offset + text.len();
        }
        // Letters, digits or signs that make words of what follows: "A4", "x_2", "12/7", "#3",
        // "3:45".
        let joined =
            |c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '#' | '.' | '@' | '\\');
        let nothing_read = before.start == offset + text.len();
        let is_time = text
            .strip_suffix(':')
            .is_some_and(|head| head.ends_with(|c: char| c.is_ascii_digit()));
        if nothing_read && (text.ends_with(joined) || is_time) {
            return None;
        }
        Some(before)
    }
}

/// What follows the digits.
struct After {
    end: usize,
    negative: bool,
    bracket: bool,
    percent: bool,
    currency: Option<(&'static str, f64)>,
}

impl After {
    /// None if the digits are part of something that is no amount.
    fn read(text: &str, offset: usize) -> Option<Self> {
        let mut after = Self {
            end: offset,
            negative: false,
            bracket: false,
            percent: false,
            currency: None,
        };
        let mut rest = text;
        // "12,-" and "12.-" are round amounts.
        for round in [",-", ".-", ",–", ",--"] {
            if let Some(tail) = rest.strip_prefix(round) {
                rest = tail;
                break;
            }
        }
        if let Some(tail) = rest.strip_prefix('-') {
            // A minus after an amount, unless more of a code follows it.
            if tail.starts_with(|c: char| c.is_alphanumeric()) {
                return None;
            }
            after.negative = true;
            rest = tail;
        }
        if rest.starts_with(['/', ':', '_', '\\', '@'])
            && rest.get(1..)?.starts_with(|c: char| c.is_alphanumeric())
        {
            return None;
        }
        after.end = offset + text.len() - rest.len();

        let trimmed = rest.trim_start_matches(' ');
        let behind_spaces = offset + text.len() - trimmed.len();
        if let Some(tail) = trimmed.strip_prefix('%') {
            after.percent = true;
            after.end = offset + text.len() - tail.len();
            return Some(after);
        }
        if let Some((length, found)) = currency_at_start(trimmed) {
            after.currency = Some(found);
            after.end = behind_spaces + length;
            rest = trimmed.get(length..)?;
        } else if rest.starts_with(|c: char| c.is_alphabetic()) {
            // "12kg" is a number and its unit, "12AB34" a code.
            let word: &str = rest.split([' ', ',', ')']).next()?;
            if word.len() > 4 || word.contains(|c: char| c.is_ascii_digit()) {
                return None;
            }
        }
        if let Some(tail) = rest.strip_prefix(')') {
            after.bracket = true;
            after.end = offset + text.len() - tail.len();
        }
        Some(after)
    }
}

/// The length of the digits at the beginning, with the signs that group them or separate the
/// decimals.
fn digits_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits_from = |at: usize| {
        bytes
            .iter()
            .skip(at)
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let first = digits_from(0);
    let mut end = first;
    loop {
        let Some(separator @ ('.' | ',' | '\'' | '’' | ' ')) = rest(text, end).chars().next()
        else {
            return end;
        };
        let from = end + separator.len_utf8();
        let count = digits_from(from);
        // Spaces and apostrophes group thousands only, and only where groups have begun right.
        let groups = count == 3 && first <= 3;
        if count == 0 || (!matches!(separator, '.' | ',') && !groups) {
            return end;
        }
        end = from + count;
    }
}

/// The value of digits with separators, and whether another reading is as good.
fn interpret(digits: &str, negative: bool, sign: DecimalSign) -> Option<(Decimal, bool)> {
    let separators: Vec<char> = digits.chars().filter(|c| !c.is_ascii_digit()).collect();
    let last = separators.last().copied();
    let distinct_before = separators.iter().rev().skip(1).any(|c| Some(*c) != last);
    let parts: Vec<&str> = digits.split(|c: char| !c.is_ascii_digit()).collect();
    let (tail, heads) = parts.split_last()?;
    let grouped = |groups: &[&str]| {
        groups
            .first()
            .is_some_and(|first| (1..=3).contains(&first.len()))
            && groups.iter().skip(1).all(|group| group.len() == 3)
    };
    let all = parts.concat();
    let head = heads.concat();

    match last {
        None => Some((Decimal::new(negative, &all, "")?, false)),
        Some('.' | ',') if separators.len() == 1 => {
            let groups_well = grouped(&parts) && !parts.first()?.starts_with('0');
            if !groups_well {
                return Some((Decimal::new(negative, &head, tail)?, false));
            }
            // Three digits after the only sign: "1.234" is one thousand and more, or a little
            // more than one.
            let decimals = match sign {
                DecimalSign::Point => last == Some('.'),
                DecimalSign::Comma => last == Some(','),
                DecimalSign::Unknown => false,
            };
            let value = if decimals {
                Decimal::new(negative, &head, tail)?
            } else {
                Decimal::new(negative, &all, "")?
            };
            Some((value, true))
        }
        Some('.' | ',') if distinct_before => {
            // Different signs: the last separates the decimals, if the others group well.
            grouped(heads)
                .then(|| Decimal::new(negative, &head, tail).map(|value| (value, false)))?
        }
        // The same sign several times groups thousands; anything else is a date, a version or an
        // address.
        Some(_) => {
            grouped(&parts).then(|| Decimal::new(negative, &all, "").map(|value| (value, false)))?
        }
    }
}

/// The currency named by the end of a text, and the text before it.
fn currency_at_end(text: &str) -> Option<(&str, (&'static str, f64))> {
    let from = text.rfind(' ').map_or(0, |space| space + 1);
    let word = text.get(from..)?;
    if let Some(found) = currency::named(word) {
        return Some((text.get(..from)?, found));
    }
    let sign = word.chars().next_back().filter(|c| currency::is_sign(*c))?;
    let at = text.len() - sign.len_utf8();
    Some((text.get(..at)?, currency::named(text.get(at..)?)?))
}

/// The currency named by the beginning of a text, and the length of its name.
fn currency_at_start(text: &str) -> Option<(usize, (&'static str, f64))> {
    let word = text.split([' ', ')', '-', ';', '/']).next()?;
    if let Some(found) = currency::named(word) {
        return Some((word.trim_end_matches([',', ':']).len(), found));
    }
    let sign = word.chars().next().filter(|c| currency::is_sign(*c))?;
    let found = currency::named(text.get(..sign.len_utf8())?)?;
    Some((sign.len_utf8(), found))
}

fn rest(text: &str, from: usize) -> &str {
    text.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        find(text, DecimalSign::Unknown)
            .iter()
            .map(|amount| {
                let percent = if amount.is_percentage { "%" } else { "" };
                let currency = amount
                    .currency
                    .map_or(String::new(), |(code, _)| format!(" {code}"));
                format!("{}{percent}{currency}", amount.value)
            })
            .collect()
    }

    #[test]
    fn amounts_are_read_however_they_are_printed() {
        for (text, value) in [
            ("440.0", "440.0000"),
            ("14", "14.0000"),
            ("1.234,56", "1234.5600"),
            ("1,234.56", "1234.5600"),
            ("1 234,56", "1234.5600"),
            ("1'234.50", "1234.5000"),
            ("12,345,678.90", "12345678.9000"),
            ("1.234.567", "1234567.0000"),
            ("(12.00)", "-12.0000"),
            ("-12.00", "-12.0000"),
            ("12.00-", "-12.0000"),
            ("$15.84", "15.8400 USD"),
            ("-$15.84", "-15.8400 USD"),
            ("€ 1.234,-", "1234.0000 EUR"),
            ("€ -9,32", "-9.3200 EUR"),
            ("EUR 34,73", "34.7300 EUR"),
            ("29.99 € TTC", "29.9900 EUR"),
            ("10 000 €", "10000.0000 EUR"),
            ("Rs 1939", "1939.0000 INR"),
            ("Rs.1939.50", "1939.5000 INR"),
            ("Total:12.00", "12.0000"),
            ("21 %", "21.0000%"),
            ("14.50%", "14.5000%"),
            ("1.00 kg", "1.0000"),
            ("0,005", "0.0050"),
            ("3.14159", "3.14159"),
        ] {
            assert_eq!(values(text), [value], "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_an_amount_is_none() {
        for text in [
            "A4",
            "PO-2019-7",
            "DE123456789",
            "12:30",
            "3/64",
            "#20",
            "123456789012",
            "INV/2023/03",
            "26.47.15.10",
            "x_2",
        ] {
            assert_eq!(values(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn neighbours_stay_apart() {
        assert_eq!(values("1 278.61 40.39"), ["1.0000", "278.6100", "40.3900"]);
        assert_eq!(values("Tax 15% on $ 112.90"), ["15.0000%", "112.9000 USD"]);
    }

    #[test]
    fn the_document_decides_what_three_digits_mean() {
        let first = |text, sign| {
            find(text, sign)
                .first()
                .map(|amount| amount.value.to_string())
        };
        assert_eq!(
            first("1.234", DecimalSign::Point).as_deref(),
            Some("1.2340")
        );
        assert_eq!(
            first("1.234", DecimalSign::Comma).as_deref(),
            Some("1234.0000")
        );
        assert_eq!(
            first("1,234", DecimalSign::Comma).as_deref(),
            Some("1.2340")
        );
        assert!(decimal_sign_votes("€ 9,99 und 1.234,50") < 0);
        assert!(decimal_sign_votes("1,234.50") > 0);
        assert_eq!(decimal_sign_votes("1.234"), 0);
    }
}

//! How a number that belongs to a candidate is read, such as its confidence.

use serde::de::{Deserializer, Visitor};

use super::methods::{forward, methods};
use super::read_error::ReadError;
use super::text_value::TextValue;

/// A number as the service wrote it. A float or an integer is read from the text, and a text or a
/// decimal gets all of its digits.
#[derive(Clone, Copy)]
pub(super) struct NumberValue<'de> {
    text: &'de str,
}

impl<'de> NumberValue<'de> {
    /// Takes a valid number.
    pub(super) fn new(text: &'de str) -> Self {
        Self { text }
    }
}

impl<'de> Deserializer<'de> for NumberValue<'de> {
    type Error = ReadError;

    /// For types that ask for no kind, and for integers: an integer if it is one, else a float if
    /// that has the same digits, else the text.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        /// Up to 2^53 an f64 represents every integer exactly.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let text = self.text;
        let outcome = if let Ok(number) = text.parse() {
            visitor.visit_u64(number)
        } else if let Ok(number) = text.parse() {
            visitor.visit_i64(number)
        } else {
            match text
                .parse::<f64>()
                .ok()
                .filter(|number| is_exact(*number, text))
            {
                Some(number) if number.fract() == 0.0 && (0.0..=EXACT).contains(&number) => {
                    visitor.visit_u64(number as u64)
                }
                Some(number) if number.fract() == 0.0 && (-EXACT..=0.0).contains(&number) => {
                    visitor.visit_i64(number as i64)
                }
                Some(number) => visitor.visit_f64(number),
                None => visitor.visit_borrowed_str(text),
            }
        };
        outcome.map_err(|error: ReadError| error.about(text))
    }

    forward! { self => TextValue::new(self.text), about self.text;
        deserialize_f32 deserialize_f64 deserialize_str deserialize_string
    }

    methods! { self, visitor:
        deserialize_option => visitor.visit_some(self);
        deserialize_newtype_struct => visitor.visit_newtype_struct(self);
        deserialize_ignored_any => visitor.visit_unit();
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier
    }
}

/// Whether a float, written as briefly as possible, is the number in the text.
fn is_exact(number: f64, text: &str) -> bool {
    number.is_finite() && normal(&number.to_string()) == normal(text)
}

/// The sign, the digits without zeros around them, and the power of ten of the last digit.
fn normal(number: &str) -> Option<(bool, String, i64)> {
    let is_negative = number.starts_with('-');
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let mantissa = mantissa.trim_start_matches(['-', '+']);
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let written = format!("{whole}{decimals}");
    let digits = written.trim_end_matches('0');
    if digits.is_empty() {
        return Some((false, String::new(), 0));
    }
    let power = (written.len() - digits.len()) as i64 - decimals.len() as i64;
    let power = exponent.parse::<i64>().ok()?.checked_add(power)?;
    Some((
        is_negative,
        digits.trim_start_matches('0').to_owned(),
        power,
    ))
}

#[cfg(test)]
mod tests {
    use super::is_exact;

    #[test]
    fn a_float_is_exact_if_it_has_the_same_digits() {
        for text in [
            "0.95", "1.0", "-0.0", "1e2", "1.50E-3", "+7", ".5", "358.00", "1e300",
        ] {
            assert!(is_exact(text.parse().expect("a number"), text), "{text}");
        }
        for text in [
            "0.12345678901234567890",
            "12345678901234567890123",
            "1e999",
            "1e-999",
        ] {
            assert!(!is_exact(text.parse().expect("a number"), text), "{text}");
        }
    }
}

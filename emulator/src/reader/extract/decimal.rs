//! Decimal numbers as strings, never through floating point.

use std::fmt;

/// A decimal number of any length, exactly as printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    whole: String,
    fraction: String,
}

impl Decimal {
    /// From digits before and after the decimal sign; none if anything else is among them.
    pub(crate) fn new(negative: bool, whole: &str, fraction: &str) -> Option<Self> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        let is_zero = whole.is_empty() && fraction.bytes().all(|byte| byte == b'0');
        Some(Self {
            negative: negative && !is_zero,
            whole: if whole.is_empty() { "0" } else { whole }.to_owned(),
            fraction: fraction.to_owned(),
        })
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.whole == "0" && self.fraction.bytes().all(|byte| byte == b'0')
    }

    /// How many digits are printed after the decimal sign.
    pub(crate) fn fraction_digits(&self) -> usize {
        self.fraction.len()
    }
}

/// The service's form: `.` as the decimal sign and at least four digits after it.
impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        write!(formatter, "{sign}{}.{:0<4}", self.whole, self.fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_the_services() {
        let shown = |negative, whole, fraction| {
            Decimal::new(negative, whole, fraction).map(|d| d.to_string())
        };
        assert_eq!(shown(false, "440", "0").as_deref(), Some("440.0000"));
        assert_eq!(shown(false, "", "5").as_deref(), Some("0.5000"));
        assert_eq!(
            shown(true, "00012", "345678").as_deref(),
            Some("-12.345678")
        );
        assert_eq!(shown(true, "0", "00").as_deref(), Some("0.0000"));
        assert_eq!(shown(false, "", ""), None);
        assert_eq!(shown(false, "1x", ""), None);
    }
}

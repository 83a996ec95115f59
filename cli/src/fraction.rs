//! Parses fractions: confidences and probabilities.

use std::time::Duration;

use crate::duration;

/// Parses a number from 0 to 1.
pub(crate) fn parse(text: &str) -> Result<f64, String> {
    let score: Option<f64> = text.parse().ok();
    score
        .filter(|score| (0.0..=1.0).contains(score))
        .ok_or_else(|| "write a number from 0 to 1, such as 0.8".to_owned())
}

/// Parses a fraction and a duration, as `0.1:5s`.
pub(crate) fn parse_with_time(text: &str) -> Result<(f64, Duration), String> {
    const HINT: &str = "write it as 0.1:5s, with a fraction from 0 to 1 and a duration";
    let (share, time) = text.split_once(':').ok_or(HINT)?;
    Ok((
        parse(share).map_err(|_| HINT)?,
        duration::parse(time).map_err(|_| HINT)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_can_have_a_duration() {
        assert_eq!(parse_with_time("0.1:5s"), Ok((0.1, Duration::from_secs(5))));
        for text in ["", "0.1", "0.1:", "2:5s", ":5s", "0.1:soon"] {
            assert!(parse_with_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_numbers_from_0_to_1_are_fractions() {
        for (text, score) in [("0", 0.0), ("0.8", 0.8), (".5", 0.5), ("1", 1.0)] {
            assert_eq!(parse(text), Ok(score), "{text}");
        }
        for text in ["", "80%", "80", "-0.1", "1.01", "NaN", "inf", "high"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

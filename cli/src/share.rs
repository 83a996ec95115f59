//! A share or a confidence as people write it.

/// Reads a number from 0 to 1.
pub(crate) fn parse(text: &str) -> Result<f64, String> {
    let score: Option<f64> = text.parse().ok();
    score.filter(|score| (0.0..=1.0).contains(score)).ok_or_else(|| "write a number from 0 to 1, such as 0.8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_numbers_from_0_to_1_are_shares() {
        for (text, score) in [("0", 0.0), ("0.8", 0.8), (".5", 0.5), ("1", 1.0)] {
            assert_eq!(parse(text), Ok(score), "{text}");
        }
        for text in ["", "80%", "80", "-0.1", "1.01", "NaN", "inf", "high"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

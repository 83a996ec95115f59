//! Parses durations.

use std::time::Duration;

/// Parses `500ms`, `90s`, `10m`, `2h` or `1h 30m`.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    const HINT: &str = "write it as 500ms, 90s, 10m or 2h";
    let signed: jiff::SignedDuration = text.parse().map_err(|_| HINT.to_owned())?;
    Duration::try_from(signed).map_err(|_| format!("a duration can't be negative: {HINT}"))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use std::time::Duration;

    #[test]
    fn durations_have_units() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("90s", 90_000),
            ("10m", 600_000),
            ("2h", 7_200_000),
            ("1h 30m", 5_400_000),
            ("0s", 0),
        ] {
            assert_eq!(
                parse(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
        for text in [
            "",
            "10",
            "-5s",
            "soon",
            "1 fortnight",
            "99999999999999999999h",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

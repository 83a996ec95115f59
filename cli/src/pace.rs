//! How long extractions take, as people write it.

use typless_emulator::Pace;

use crate::duration;

/// Reads a length of time, or `lognormal:MEDIAN:SIGMA`.
pub(crate) fn parse(text: &str) -> Result<Pace, String> {
    const REMEDY: &str = "write it as 2s, or as lognormal:20s:0.8 with the median and sigma";
    let Some(parameters) = text.strip_prefix("lognormal:") else {
        return duration::parse(text).map(Pace::fixed).map_err(|_| REMEDY.to_owned());
    };
    let (median, sigma) = parameters.split_once(':').ok_or(REMEDY)?;
    let median = duration::parse(median).map_err(|_| REMEDY)?;
    let sigma: f64 = sigma.parse().map_err(|_| REMEDY)?;
    if (0.0..=10.0).contains(&sigma) { Ok(Pace::lognormal(median, sigma)) } else { Err("sigma is a number from 0 to 10".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use std::time::Duration;
    use typless_emulator::Pace;

    #[test]
    fn a_pace_is_a_length_of_time_or_a_distribution() {
        assert_eq!(parse("2s"), Ok(Pace::fixed(Duration::from_secs(2))));
        assert_eq!(parse("lognormal:20s:0.8"), Ok(Pace::lognormal(Duration::from_secs(20), 0.8)));
        for text in ["", "soon", "lognormal", "lognormal:", "lognormal:20s", "lognormal:20:0.8", "lognormal:20s:-1", "lognormal:20s:NaN"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

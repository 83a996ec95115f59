//! Parses how long the emulator's extractions take.

use std::time::Duration;

use typless_emulator::Pace;

use crate::duration;

/// Parses a duration, `lognormal:MEDIAN:SIGMA`, or a mixture of these with weights, as
/// `0.95*2s+0.05*5m`.
pub(crate) fn parse(text: &str) -> Result<Pace, String> {
    if !text.contains('*') {
        return one(text);
    }
    let parts: Result<Vec<(f64, Pace)>, String> = text.split('+').map(weighted).collect();
    parts.map(Pace::mixture)
}

/// Parses a factor and a period, as `3:24h`.
pub(crate) fn parse_drift(text: &str) -> Result<(f64, Duration), String> {
    const HINT: &str = "write it as 3:24h, with a factor above 0 and a period above 0";
    let (factor, period) = text.split_once(':').ok_or(HINT)?;
    let factor = positive(factor).ok_or(HINT)?;
    let period = duration::parse(period).map_err(|_| HINT)?;
    if period.is_zero() {
        Err(HINT.to_owned())
    } else {
        Ok((factor, period))
    }
}

fn weighted(text: &str) -> Result<(f64, Pace), String> {
    const HINT: &str = "write a mixture as 0.95*2s+0.05*5m, with weights above 0";
    let (weight, pace) = text.split_once('*').ok_or(HINT)?;
    Ok((positive(weight).ok_or(HINT)?, one(pace)?))
}

fn one(text: &str) -> Result<Pace, String> {
    const HINT: &str = "write it as 2s, as lognormal:20s:0.8 with the median and sigma, or as a \
                        mixture: 0.95*2s+0.05*5m";
    let Some(parameters) = text.trim().strip_prefix("lognormal:") else {
        return duration::parse(text.trim())
            .map(Pace::fixed)
            .map_err(|_| HINT.to_owned());
    };
    let (median, sigma) = parameters.split_once(':').ok_or(HINT)?;
    let median = duration::parse(median).map_err(|_| HINT)?;
    let sigma: f64 = sigma.parse().map_err(|_| HINT)?;
    if (0.0..=10.0).contains(&sigma) {
        Ok(Pace::lognormal(median, sigma))
    } else {
        Err("sigma is a number from 0 to 10".to_owned())
    }
}

fn positive(text: &str) -> Option<f64> {
    text.trim()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && *number > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_a_duration_or_a_distribution_or_a_mixture() {
        let lognormal = Pace::lognormal(Duration::from_secs(20), 0.8);
        assert_eq!(parse("2s"), Ok(Pace::fixed(Duration::from_secs(2))));
        assert_eq!(parse("lognormal:20s:0.8"), Ok(lognormal.clone()));
        let mixture = Pace::mixture([
            (0.95, lognormal),
            (0.05, Pace::fixed(Duration::from_secs(300))),
        ]);
        assert_eq!(parse("0.95*lognormal:20s:0.8+0.05*5m"), Ok(mixture.clone()));
        assert_eq!(parse("0.95 * lognormal:20s:0.8 + 0.05 * 5m"), Ok(mixture));
        for text in [
            "",
            "soon",
            "lognormal",
            "lognormal:",
            "lognormal:20s",
            "lognormal:20:0.8",
            "lognormal:20s:-1",
            "lognormal:20s:NaN",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        for text in [
            "*", "1*", "*2s", "-1*2s", "0*2s", "NaN*2s", "inf*2s", "1*2s+", "1*2s+3s", "1*1*2s",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_drift_is_a_factor_and_a_period() {
        assert_eq!(
            parse_drift("3:24h"),
            Ok((3.0, Duration::from_secs(24 * 3600)))
        );
        assert_eq!(parse_drift("0.5:90s"), Ok((0.5, Duration::from_secs(90))));
        for text in [
            "", "3", "3:", ":24h", "0:24h", "-1:24h", "NaN:24h", "3:0s", "3:soon",
        ] {
            assert!(parse_drift(text).is_err(), "{text}");
        }
    }
}

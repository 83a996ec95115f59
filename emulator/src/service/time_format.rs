//! Times as they are written on the wire.

use std::time::Duration;

use http::HeaderValue;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use typless::machine::Time;

use super::choices::RetryAfterForm;

/// The time of an event as in the vendor's sample: with microseconds and without a zone.
pub(super) fn event_time(time: Time) -> String {
    timestamp(time)
        .strftime("%Y-%m-%dT%H:%M:%S%.6f")
        .to_string()
}

/// When to try again, rounded up to a second; `None` if there is no such header.
pub(super) fn retry_after(form: RetryAfterForm, wait: Duration, now: Time) -> Option<HeaderValue> {
    let in_full_seconds =
        |duration: Duration| duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    match form {
        RetryAfterForm::Seconds => Some(in_full_seconds(wait).into()),
        RetryAfterForm::Date => date(Time::from_unix_seconds(in_full_seconds(
            (now + wait).since_epoch(),
        ))),
        RetryAfterForm::None => None,
    }
}

/// An HTTP date, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn date(time: Time) -> Option<HeaderValue> {
    let written = DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&timestamp(time))
        .ok()?;
    HeaderValue::try_from(written).ok()
}

fn timestamp(time: Time) -> Timestamp {
    // Every time of the library, which ends in 2554, is one.
    let nanoseconds = i128::try_from(time.since_epoch().as_nanos()).unwrap_or(i128::MAX);
    Timestamp::from_nanosecond(nanoseconds).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_dated_as_in_the_vendors_sample() {
        let time = Time::from_unix_seconds(1_643_883_557) + Duration::from_nanos(388_584_999);
        assert_eq!(event_time(time), "2022-02-03T10:19:17.388584");
        assert_eq!(event_time(Time::EPOCH), "1970-01-01T00:00:00.000000");
        assert!(event_time(Time::MAX).starts_with("2554-"));
    }

    #[test]
    fn a_hint_is_never_too_early() {
        let now = Time::from_unix_seconds(784_111_776) + Duration::from_millis(1);
        let hint = |form, milliseconds| retry_after(form, Duration::from_millis(milliseconds), now);
        assert_eq!(hint(RetryAfterForm::Seconds, 1).expect("a header"), "1");
        assert_eq!(hint(RetryAfterForm::Seconds, 2000).expect("a header"), "2");
        assert_eq!(
            hint(RetryAfterForm::Date, 999).expect("a header"),
            "Sun, 06 Nov 1994 08:49:37 GMT"
        );
        assert_eq!(
            hint(RetryAfterForm::Date, 1000).expect("a header"),
            "Sun, 06 Nov 1994 08:49:38 GMT"
        );
        assert_eq!(hint(RetryAfterForm::None, 1), None);
    }
}

//! Points in time: as text, as milliseconds, and as the system has them.

#![expect(
    clippy::disallowed_types,
    reason = "times are converted, no clock is read"
)]

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use proptest::prelude::*;
use typless::machine::Time;

use crate::support::cases;

fn time(nanoseconds: u64) -> Time {
    Time::from_unix(Duration::from_nanos(nanoseconds))
}

#[test]
fn a_time_is_shown_as_date_and_time_in_utc() {
    let table = [
        (Time::EPOCH, "1970-01-01T00:00:00Z"),
        (Time::from_unix_seconds(951_782_399), "2000-02-28T23:59:59Z"),
        (Time::from_unix_seconds(951_782_400), "2000-02-29T00:00:00Z"),
        (Time::from_unix_seconds(951_868_800), "2000-03-01T00:00:00Z"),
        // 2100 is no leap year.
        (
            Time::from_unix_seconds(4_107_542_400),
            "2100-03-01T00:00:00Z",
        ),
        (
            Time::from_unix_milliseconds(1_732_838_804_050),
            "2024-11-29T00:06:44.05Z",
        ),
        (time(1), "1970-01-01T00:00:00.000000001Z"),
        (Time::MAX, "2554-07-21T23:34:33.709551615Z"),
    ];
    for (time, shown) in table {
        assert_eq!(time.to_string(), shown);
    }
    assert_eq!(
        [0, 3, 99].map(|decimals| format!("{:.decimals$}", time(999_999_999))),
        [
            "1970-01-01T00:00:00Z",
            "1970-01-01T00:00:00.999Z",
            "1970-01-01T00:00:00.999999999Z",
        ]
    );
}

#[test]
fn every_day_has_its_date() {
    for day in 0..=u64::MAX / 86_400_000_000_000 {
        let seconds = day * 86_400;
        let expected = Timestamp::from_second(i64::try_from(seconds).unwrap()).unwrap();
        assert_eq!(
            Time::from_unix_seconds(seconds).to_string(),
            expected.to_string()
        );
    }
}

#[test]
fn milliseconds_are_rounded_down_and_never_overflow() {
    assert_eq!(time(1_999_999).as_unix_milliseconds(), 1);
    assert_eq!(Time::from_unix_milliseconds(1), time(1_000_000));
    assert_eq!(Time::from_unix_milliseconds(u64::MAX), Time::MAX);
    assert_eq!(Time::MAX.as_unix_milliseconds(), 18_446_744_073_709);
}

#[test]
fn the_systems_time_outside_of_what_is_counted_becomes_the_nearest() {
    let hour = Duration::from_secs(3600);
    // Some systems have no earlier or later time, so there is nothing to convert.
    if let Some(before) = SystemTime::UNIX_EPOCH.checked_sub(hour) {
        assert_eq!(Time::from(before), Time::EPOCH);
    }
    if let Some(after) = SystemTime::from(Time::MAX).checked_add(hour) {
        assert_eq!(Time::from(after), Time::MAX);
    }
}

#[test]
fn a_time_is_stored_as_milliseconds() {
    let stored = serde_json::to_string(&time(1_732_838_804_500_999_999)).unwrap();
    assert_eq!(stored, "1732838804500");
    let read: Time = serde_json::from_str(&stored).unwrap();
    assert_eq!(read, Time::from_unix_milliseconds(1_732_838_804_500));
    for unfit in ["-1", "1.5", r#""2024-11-29T00:06:44.5Z""#, "null"] {
        assert!(serde_json::from_str::<Time>(unfit).is_err(), "{unfit}");
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn any_time_is_shown_exactly_and_converted_without_loss(nanoseconds: u64) {
        let time = time(nanoseconds);
        let expected = Timestamp::from_nanosecond(nanoseconds.into())?;
        prop_assert_eq!(time.to_string(), expected.to_string());

        let milliseconds = time.as_unix_milliseconds();
        let whole = Time::from_unix_milliseconds(milliseconds);
        prop_assert_eq!(whole.as_unix_milliseconds(), milliseconds);
        prop_assert!(whole <= time && time.saturating_since(whole) < Duration::from_millis(1));

        let converted = Time::from(SystemTime::from(time));
        prop_assert!(time.saturating_since(converted) < Duration::from_nanos(100));
        prop_assert!(cfg!(windows) || converted == time);
    }
}

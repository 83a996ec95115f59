//! Times for people, on the clock of this place.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use typless::machine::Time;

/// Such as `17:03:21`.
pub(crate) fn clock_time(time: Time) -> String {
    local(time).strftime("%H:%M:%S").to_string()
}

/// Such as `2026-11-28 17:03`.
pub(crate) fn date_and_time(time: Time) -> String {
    local(time).strftime("%Y-%m-%d %H:%M").to_string()
}

fn local(time: Time) -> DateTime {
    let timestamp = Timestamp::UNIX_EPOCH.checked_add(time.since_epoch());
    TimeZone::system().to_datetime(timestamp.unwrap_or(Timestamp::MAX))
}

//! An entry as one line for people.

use typless::machine::Time;
use typless::wire::printable;
use typless_ledger::Entry;

use crate::clock_time::date_and_time;

/// The state, when it was submitted, until when its result is kept, the key, and the last name:
/// `submit_unknown  2026-11-28 17:03  until 2026-11-30 17:03  k1-...  invoice.pdf`.
pub(super) fn line(entry: &Entry) -> String {
    let outcome = entry.outcome();
    let state = match &outcome {
        _ if entry.is_open() => "submitted",
        _ if entry.is_unknown() => "submit_unknown",
        Some(outcome) => outcome.code.as_str(),
        None => "not_submitted",
    };
    let time = |time: Option<Time>| time.map_or_else(|| "-".to_owned(), date_and_time);
    let names = entry.names();
    let name = names.last().map_or("", |name| name.name.as_str());
    format!(
        "{state:<14}  {:<16}  until {:<16}  {}  {}",
        time(entry.submitted_at()),
        time(entry.expires_at()),
        entry.key(),
        printable(name, 300)
    )
}

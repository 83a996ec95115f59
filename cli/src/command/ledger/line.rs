//! An entry as one line for people.

use typless::machine::Time;
use typless::wire::printable;
use typless_ledger::{Entry, EntryState};

use crate::clock_time::date_and_time;

/// The state, when it was submitted, until when its result is kept, the key, and the last name:
/// `unknown   2026-11-28 17:03  until 2026-11-30 17:03  k1-...  invoice.pdf`.
pub(super) fn line(entry: &Entry) -> String {
    let outcome = entry.outcome();
    let state = match (entry.state(), &outcome) {
        _ if is_open(entry) => "submitted",
        (EntryState::Finished, Some(outcome)) => outcome.code.as_str(),
        (EntryState::Submitting, _) => "submit_unknown",
        _ => "not_submitted",
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

/// Whether it was accepted, and its outcome is not known: a call that left it says no more.
pub(super) fn is_open(entry: &Entry) -> bool {
    match entry.state() {
        EntryState::Submitted => true,
        EntryState::Finished => {
            let left = [
                "abandoned",
                "deadline",
                "refused",
                "too_large",
                "unreadable",
            ];
            let is_left = |code: &str| left.contains(&code);
            entry.extraction_id().is_some()
                && entry
                    .outcome()
                    .is_some_and(|outcome| is_left(&outcome.code))
        }
        _ => false,
    }
}

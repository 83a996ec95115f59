//! Shows pauses: a line on standard error when one begins, and one when it is over.

use std::collections::BTreeMap;
use std::time::Duration;

use typless::machine::{Pause, PauseReason, Time};
use typless::wire::printable;

use crate::clock_time::clock_time;
use crate::failure::CHECK_KEY;
use crate::output::eprint_message;
use crate::progress::Progress;
use crate::summary::format_elapsed;

/// The service often asks for a second's pause; only longer ones are worth a line.
const MIN_PRINTED: Duration = Duration::from_secs(3);

/// The pauses that have begun and are not over.
pub(crate) struct Pauses {
    is_quiet: bool,
    current: BTreeMap<PauseReason, Printing>,
}

/// What is printed of a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Printing {
    /// Its beginning was printed, and its end will be.
    Both,
    /// Its end, if it becomes a long one.
    EndIfLong,
    /// Nothing.
    Nothing,
}

impl Pauses {
    pub(crate) fn new(is_quiet: bool) -> Self {
        Self {
            is_quiet,
            current: BTreeMap::new(),
        }
    }

    /// A pause begins.
    pub(crate) fn begin(&mut self, pause: &Pause, progress: &Progress) {
        let is_throttled = pause.reason == PauseReason::Throttled;
        let is_short = pause.until.saturating_since(pause.since) < MIN_PRINTED;
        // In an outage each response may ask for a pause of its own.
        let is_part = self
            .current
            .keys()
            .any(|reason| *reason > PauseReason::Throttled);
        let printing = if self.is_quiet || is_throttled && is_part {
            Printing::Nothing
        } else if is_throttled && is_short {
            Printing::EndIfLong
        } else {
            Printing::Both
        };
        if printing == Printing::Both {
            progress.suspend(|| eprint_message(&printable(&beginning(pause), 1000)));
        }
        self.current.insert(pause.reason, printing);
        progress.pause(self.shown());
    }

    /// A pause is over.
    pub(crate) fn end(&mut self, reason: PauseReason, since: Time, now: Time, progress: &Progress) {
        let took = now.saturating_since(since);
        let is_printed = match self.current.remove(&reason) {
            Some(Printing::Both) => true,
            // It became longer than the service asked for at first.
            Some(Printing::EndIfLong) => took >= MIN_PRINTED,
            Some(Printing::Nothing) | None => false,
        };
        if is_printed {
            progress.suspend(|| {
                eprint_message(&format!(
                    "the pause since {} is over after {}: {}",
                    clock_time(since),
                    format_elapsed(took),
                    ended(reason)
                ));
            });
        }
        progress.pause(self.shown());
    }

    /// What the progress line shows: the most serious pause.
    fn shown(&self) -> Option<&'static str> {
        self.current.keys().max().map(|reason| match reason {
            PauseReason::Throttled => "paused by the service",
            PauseReason::Outage => "paused: the service does not work",
            PauseReason::Submits => "submits are paused",
            PauseReason::Fetches => "fetches are paused",
            PauseReason::KeyRefused => "paused: the key is refused",
            _ => "paused",
        })
    }
}

fn beginning(pause: &Pause) -> String {
    let Pause {
        reason,
        since,
        until,
        cause,
        ..
    } = pause;
    let (since, until) = (clock_time(*since), clock_time(*until));
    match reason {
        PauseReason::Outage => format!(
            "paused since {since}: {reason}: {cause}; from {until} on, single requests find out \
             when it works again"
        ),
        PauseReason::Submits => format!(
            "submits are paused since {since}: {reason}: {cause}; from {until} on, one at a time \
             finds out when they work again"
        ),
        PauseReason::Fetches => format!(
            "fetches are paused since {since} until {until}: {reason}: {cause}; then one finds out \
             whether they work again"
        ),
        PauseReason::KeyRefused => format!(
            "paused since {since}: {reason}: {cause}; from {until} on, single requests find out \
             when it is accepted again; {CHECK_KEY}"
        ),
        _ => format!("paused since {since} until {until}: {reason}: {cause}"),
    }
}

fn ended(reason: PauseReason) -> &'static str {
    match reason {
        PauseReason::Outage => "the service works again",
        PauseReason::Submits => "submits work again",
        PauseReason::Fetches => "a fetch finds out whether they work again",
        PauseReason::KeyRefused => "the key is accepted again",
        _ => "the service had asked for it",
    }
}

//! What is done with one document, by what the ledger knows of it.

use typless::machine::{JobError, Ticket, Time};
use typless_ledger::{Entry, Lookup, Standing};

use crate::arguments::RerunArguments;
use crate::report::{Outcome, Problem};

/// What is done with a document.
pub(super) enum Decision {
    /// It is submitted: nothing was accepted, or the user wants it again.
    Submit {
        /// Whether it is known, and may be billed twice.
        is_again: bool,
    },
    /// Its result is fetched: it was accepted.
    Fetch(Ticket),
    /// Its outcome is known, and nothing is sent.
    Settled(Box<Outcome>),
}

/// Decides by the standing of a document. Polls are not billed, so what was accepted is fetched;
/// nothing that may have been accepted is submitted unless the user says so.
pub(super) fn decide(lookup: &Lookup, arguments: &RerunArguments) -> Decision {
    let standing = lookup.standing;
    if standing.may_submit() {
        return Decision::Submit { is_again: false };
    }
    let Some(entry) = &lookup.entry else {
        return settled(Problem::damaged(&lookup.key));
    };
    let ticket = entry.ticket().ok().flatten();
    match standing {
        // Another process fetches it as well.
        Standing::Followed => match ticket {
            Some(ticket) => Decision::Fetch(ticket),
            None => settled(Problem::under_way()),
        },
        _ if arguments.again => Decision::Submit { is_again: true },
        Standing::Failed if arguments.retry_failed => Decision::Submit { is_again: true },
        Standing::Resumable | Standing::Fetchable => match ticket {
            Some(ticket) => Decision::Fetch(ticket),
            None => settled(Problem::damaged(&lookup.key)),
        },
        Standing::Kept => match entry.outcome().and_then(|outcome| outcome.result) {
            Some(result) => Decision::Settled(Box::new(Outcome::Success(result))),
            None => settled(Problem::gone(entry.submitted_at())),
        },
        Standing::Gone => settled(Problem::gone(entry.submitted_at())),
        Standing::Failed => settled(Problem::failed_before(stored_error(entry).as_ref())),
        Standing::NotFound => settled(Problem::lost(ticket, entry.submitted_at())),
        Standing::OtherKey => settled(Problem::other_key(entry.submitted_at())),
        // Also what a newer version of the library may add: it is not submitted.
        _ => settled(Problem::unknown_before(&lookup.key, entry.submitted_at())),
    }
}

fn settled(problem: Problem) -> Decision {
    Decision::Settled(Box::new(Outcome::Failed(Box::new(problem))))
}

fn stored_error(entry: &Entry) -> Option<JobError> {
    entry.outcome()?.error
}

/// When the document of a lookup was submitted, if that is known.
pub(super) fn submitted_at(lookup: &Lookup) -> Option<Time> {
    lookup.entry.as_ref()?.submitted_at()
}

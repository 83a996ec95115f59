//! Runs all documents of a command as one batch.

mod contact;
mod ending;
mod follower;
mod recorded;
mod signals;
mod standings;
mod supervisor;
#[cfg(test)]
mod supervisor_tests;
mod working_time;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use typless::drive::Clock;
use typless::machine::{
    Batch, BatchOptions, BatchProgress, FailedAttempts, JobError, JobEventKind, Pause, PauseReason,
    PollPolicy, Ticket, Time,
};
use typless::wire::{Document, Extraction, ExtractionId};
use typless_ledger::{EntryKey, Ledger, RefusedReason};
use typless_transports::SystemClock;
use typless_transports::blocking::Driver;

use crate::arguments::LimitArguments;
use crate::exit::Exit;
use crate::service::Connection;
pub(crate) use ending::Ending;
use follower::Follower;
pub(crate) use recorded::{LedgerState, Recorded};
pub(crate) use signals::on_interrupt;
pub(crate) use supervisor::{Rules, Supervisor};

/// How much longer the library follows a document than the command does at a service that works:
/// the longest outage that a document survives.
const MAX_OUTAGE: Duration = Duration::from_hours(7 * 24);

/// A document to follow.
pub(crate) struct Task {
    pub(crate) place: Place,
    /// Where the same document is named again.
    pub(crate) copies: Vec<Place>,
    /// Its entry, if the call has a ledger.
    pub(crate) key: Option<EntryKey>,
    pub(crate) start: Start,
}

/// Where a document is named.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Its position on the command line, from 0.
    pub(crate) position: usize,
    /// The file as the user named it, if there is one.
    pub(crate) file: Option<String>,
}

/// Where a document starts.
pub(crate) enum Start {
    /// It will be submitted.
    Submit(Document),
    /// It was submitted, and will be again, since the user says so.
    SubmitAgain(Document),
    /// It was submitted.
    Resume(Ticket),
}

/// When a document is finished.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// When it is submitted.
    Tickets,
    /// When it has a result, or after this time at a service that works.
    Results { deadline: Duration },
}

/// How documents are followed.
pub(crate) struct Plan<'a> {
    pub(crate) goal: Goal,
    pub(crate) limits: &'a LimitArguments,
    /// How long the whole call may take.
    pub(crate) give_up_after: Option<Duration>,
    /// The customer of all documents, if known.
    pub(crate) customer: Option<&'a str>,
    /// What is remembered, if anything is.
    pub(crate) ledger: Option<Ledger>,
}

/// How a call ended.
pub(crate) struct Ended {
    /// What became of the call, whatever became of the documents.
    pub(crate) exit: Exit,
    /// Whether the service accepted anything or responded usefully in this call.
    pub(crate) has_worked: bool,
    pub(crate) progress: BatchProgress,
}

/// The document that an update is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TaskName<'a> {
    /// Its position on the command line, from 0.
    pub(crate) index: usize,
    /// The file as the user named it, if there is one.
    pub(crate) file: Option<&'a str>,
    /// Its entry, if the call has a ledger.
    pub(crate) key: Option<EntryKey>,
    pub(crate) resumed: Option<&'a ExtractionId>,
}

/// What happens, in order.
#[expect(clippy::large_enum_variant, reason = "one is alive at a time")]
pub(crate) enum Update<'a> {
    /// To a document.
    Document(TaskName<'a>, Change<'a>),
    /// Requests are paused.
    Paused(&'a Pause),
    /// A pause is over.
    Resumed {
        reason: PauseReason,
        since: Time,
        now: Time,
    },
}

/// What happens to a document, in order.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "one is alive at a time")]
pub(crate) enum Change<'a> {
    /// An event before the outcome.
    Event(&'a JobEventKind),
    /// The service has accepted it.
    Submitted { ticket: &'a Ticket },
    /// It has an outcome.
    Finished {
        extraction_id: Option<ExtractionId>,
        outcome: Result<Extraction, JobError>,
    },
    /// It was reported as unknown whether it was submitted; now it is known that it was.
    SubmittedLate { ticket: &'a Ticket },
    /// It was submitted before, and no connection to the service could be made.
    Unreachable {
        ticket: &'a Ticket,
        failed: &'a FailedAttempts,
    },
    /// The time of the whole call is used up. It was not submitted, if there is no ticket.
    GivenUp { ticket: Option<&'a Ticket> },
    /// After an interruption: the document continues at the service, without us.
    Abandoned { ticket: &'a Ticket },
    /// After an interruption: the document was not submitted, and will not be.
    NotSubmitted,
    /// It was not submitted, because of what the ledger knows of it by now.
    Known(RefusedReason),
}

/// What is known of a document when the command exits immediately.
pub(crate) enum Left<'a> {
    /// It was submitted.
    Submitted(&'a Ticket),
    /// Its submit is in flight.
    SubmitUnknown,
    /// It was not submitted.
    NotSubmitted,
}

/// What is said of the whole call.
pub(crate) trait Messages: Send + Sync + 'static {
    /// The first time, while so many submits are in flight, whose responses are awaited.
    fn interrupted(&self, submitting: usize);

    /// The second time, for each document without a reported outcome, before the process exits.
    fn exiting(&self, name: &str, left: Left<'_>);

    /// The ledger can't be written, or it can again.
    fn ledger(&self, state: &LedgerState);
}

/// Follows all documents, and calls back on this thread. Returns when all have finished, or, after
/// an interruption, when no submit is in flight; other documents then continue at the service
/// without us.
///
/// If `on_update` returns `false`, that is an interruption, too.
pub(crate) fn perform(
    connection: &Connection,
    tasks: Vec<Task>,
    plan: Plan<'_>,
    messages: impl Messages,
    on_update: impl FnMut(Update<'_>, &BatchProgress) -> bool,
) -> Ended {
    let clock = SystemClock::new();
    let now = clock.now();
    let rules = Rules {
        deadline: match plan.goal {
            Goal::Tickets => None,
            Goal::Results { deadline } => Some(deadline),
        },
        give_up_at: plan.give_up_after.map(|after| now + after),
        needs_connection: true,
    };
    let messages = Arc::new(messages);
    let for_ledger = messages.clone();
    let options = options(&plan);
    let batch = match plan.ledger {
        Some(ledger) => {
            let (session, batch) = ledger.start(&connection.api, options, now);
            Recorded::with_session(batch, session, move |state| for_ledger.ledger(state))
        }
        None => Recorded::new(Batch::new(&connection.api, options, now)),
    };
    let driver = Driver::new(
        Supervisor::new(batch, rules, now),
        connection.transport.clone(),
        clock,
    )
    .with_threads(plan.limits.max_in_flight.into());
    Follower::new(driver, clock, tasks, plan.goal, messages, on_update).follow()
}

fn options(plan: &Plan<'_>) -> BatchOptions {
    let in_flight = usize::from(plan.limits.max_in_flight);
    let options = BatchOptions::new()
        // Clients that fail together should not retry together.
        .with_seed(RandomState::new().hash_one(0))
        .with_poll_policy(PollPolicy::eager())
        .with_max_in_flight(in_flight)
        .with_rate(plan.limits.rate, Duration::from_secs(1))
        .with_burst(1);
    match plan.goal {
        Goal::Tickets => options.with_max_submits(in_flight).without_queue(),
        Goal::Results { deadline } => {
            let options = options
                .with_max_submits(in_flight.div_ceil(2))
                .with_deadline(deadline.saturating_add(MAX_OUTAGE));
            // An invalid customer was rejected with the documents.
            plan.customer
                .and_then(|customer| options.clone().with_queue_customer(customer).ok())
                .unwrap_or(options)
        }
    }
}

impl Task {
    /// A document that is named here.
    pub(crate) fn new(place: Place, start: Start) -> Self {
        Self {
            place,
            copies: Vec::new(),
            key: None,
            start,
        }
    }

    /// Its name, and then those of the others that are the same document.
    fn names(&self) -> impl Iterator<Item = TaskName<'_>> {
        let places = std::iter::once(&self.place).chain(&self.copies);
        places.map(|place| self.name_at(place))
    }

    fn name(&self) -> TaskName<'_> {
        self.name_at(&self.place)
    }

    fn name_at<'a>(&'a self, place: &'a Place) -> TaskName<'a> {
        TaskName {
            index: place.position,
            file: place.file.as_deref(),
            key: self.key,
            resumed: match &self.start {
                Start::Resume(ticket) => Some(ticket.extraction_id()),
                Start::Submit(_) | Start::SubmitAgain(_) => None,
            },
        }
    }
}

impl<'a> TaskName<'a> {
    /// The name to show to people.
    pub(crate) fn name(self) -> &'a str {
        self.file
            .or_else(|| self.resumed.map(ExtractionId::as_str))
            .unwrap_or_default()
    }
}

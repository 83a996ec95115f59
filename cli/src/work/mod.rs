//! Runs all documents of a command as one batch.

mod fatal;
mod follower;
mod signals;

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use typless::drive::Clock;
use typless::machine::{
    Batch, BatchOptions, BatchProgress, JobError, JobEventKind, JobKey, PollPolicy, RetryPolicy,
    Ticket, Time,
};
use typless::wire::{Document, Extraction, ExtractionId};
use typless_transports::SystemClock;
use typless_transports::blocking::Driver;

use crate::arguments::LimitArguments;
use crate::exit::Exit;
use crate::service::{Connection, MAX_ATTEMPTS};
use follower::Follower;
pub(crate) use signals::on_interrupt;

/// A document to follow.
pub(crate) struct Task {
    /// The file as the user named it, if there is one.
    pub(crate) file: Option<String>,
    pub(crate) start: Start,
}

/// Where a document starts.
pub(crate) enum Start {
    /// It will be submitted.
    Submit(Document),
    /// It was submitted.
    Resume(Ticket),
}

/// When a document is finished.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// When it is submitted.
    Tickets,
    /// When it has a result, or after this time.
    Results { deadline: Duration },
}

/// How documents are followed.
pub(crate) struct Plan<'a> {
    pub(crate) goal: Goal,
    pub(crate) limits: &'a LimitArguments,
    /// The customer of all documents, if known.
    pub(crate) customer: Option<&'a str>,
}

/// The document that an update is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TaskName<'a> {
    /// Its position on the command line, from 0.
    pub(crate) index: usize,
    /// The file as the user named it, if there is one.
    pub(crate) file: Option<&'a str>,
    resumed: Option<&'a ExtractionId>,
}

/// What happens to documents, in order.
#[expect(clippy::large_enum_variant, reason = "one is alive at a time")]
pub(crate) enum Update<'a> {
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
    /// After an interruption: the document continues at the service, without us.
    Abandoned { ticket: &'a Ticket },
    /// After an interruption: the document was not submitted, and will not be.
    NotSubmitted,
}

/// Follows all documents, and calls back on this thread. Returns when all have finished, or, after
/// an interruption, when no submit is in flight; other documents then continue at the service
/// without us.
///
/// On an interruption, `on_interrupted` is called first, with the number of submits in flight. If
/// `on_update` returns `false`, that is an interruption, too.
pub(crate) fn perform(
    connection: &Connection,
    tasks: Vec<Task>,
    plan: &Plan<'_>,
    on_interrupted: impl Fn(usize) + Send + Sync + 'static,
    on_update: impl FnMut(TaskName<'_>, Update<'_>, &BatchProgress) -> bool,
) -> (Exit, BatchProgress) {
    let clock = SystemClock::new();
    let batch = Batch::new(&connection.api, options(plan), clock.now());
    let driver = Driver::new(batch, connection.transport.clone(), clock)
        .with_threads(plan.limits.max_in_flight.into());
    Follower::new(driver, clock, tasks, plan.goal, on_interrupted, on_update).follow()
}

/// Abandons every job. A job whose submit is in flight finishes when the response arrives, the
/// others finish now.
pub(crate) fn abandon_all(batch: &mut Batch, now: Time) {
    let keys: Vec<JobKey> = batch.keys().collect();
    keys.into_iter().for_each(|key| batch.abandon(key, now));
    batch.close();
}

fn options(plan: &Plan<'_>) -> BatchOptions {
    let in_flight = usize::from(plan.limits.max_in_flight);
    let options = BatchOptions::new()
        // Clients that fail together should not retry together.
        .with_seed(RandomState::new().hash_one(0))
        .with_poll_policy(PollPolicy::eager())
        .with_retry_policy(RetryPolicy::new().with_attempts(MAX_ATTEMPTS))
        .with_max_in_flight(in_flight)
        .with_rate(plan.limits.rate, Duration::from_secs(1))
        .with_burst(plan.limits.rate);
    match plan.goal {
        Goal::Tickets => options.with_max_submits(in_flight).without_queue(),
        Goal::Results { deadline } => {
            let options = options
                .with_max_submits(in_flight.div_ceil(2))
                .with_deadline(deadline);
            // An invalid customer was rejected with the documents.
            plan.customer
                .and_then(|customer| options.clone().with_queue_customer(customer).ok())
                .unwrap_or(options)
        }
    }
}

impl<'a> TaskName<'a> {
    fn new(tasks: &'a [Task], index: usize) -> Self {
        let task = tasks.get(index);
        let resumed = match task.map(|task| &task.start) {
            Some(Start::Resume(ticket)) => Some(ticket.extraction_id()),
            Some(Start::Submit(_)) | None => None,
        };
        Self {
            index,
            file: task.and_then(|task| task.file.as_deref()),
            resumed,
        }
    }

    /// The name to show to people.
    pub(crate) fn name(self) -> &'a str {
        self.file
            .or_else(|| self.resumed.map(ExtractionId::as_str))
            .unwrap_or_default()
    }
}

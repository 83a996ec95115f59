//! The documents of a call, as one batch.

mod follower;
mod halt;
mod interrupt;

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
use crate::service::{ATTEMPTS, Connection};
use follower::Follower;
pub(crate) use interrupt::on_interruption;

/// A document to follow.
pub(crate) struct Task {
    /// What its user calls it, if anything.
    pub(crate) file: Option<String>,
    pub(crate) start: Start,
}

/// Where the following of a document begins.
pub(crate) enum Start {
    /// It is to be submitted.
    Submit(Document),
    /// It was submitted.
    Resume(Ticket),
}

/// How far documents are followed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// Until they are submitted.
    Tickets,
    /// Until there are results, but no longer than this.
    Results { deadline: Duration },
}

/// How documents are followed.
pub(crate) struct Plan<'a> {
    pub(crate) goal: Goal,
    pub(crate) limits: &'a LimitArguments,
    /// Whom all documents belong to, if that is known.
    pub(crate) customer: Option<&'a str>,
}

/// Which document something happened to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TaskName<'a> {
    /// Its place in the call, from 0.
    pub(crate) index: usize,
    /// What its user calls it, if anything.
    pub(crate) file: Option<&'a str>,
    resumed: Option<&'a ExtractionId>,
}

/// What happens to documents, in the order in which it happens.
#[expect(clippy::large_enum_variant, reason = "one is alive at a time")]
pub(crate) enum Update<'a> {
    /// Something on the way.
    Event(&'a JobEventKind),
    /// The service has taken it.
    Submitted { ticket: &'a Ticket },
    /// It has come to its end.
    Ended {
        extraction_id: Option<ExtractionId>,
        outcome: Result<Extraction, JobError>,
    },
    /// It was told to be unknown whether it was submitted; now it is known that it was.
    SubmittedLate { ticket: &'a Ticket },
    /// After an interruption: the document goes on at the service, without us.
    Left { ticket: &'a Ticket },
    /// After an interruption: the document was not submitted, and will not be.
    NotSubmitted,
}

/// Follows all documents and calls back from this thread. Returns when all have ended, or, after an interruption, when no submit is out: what is under way then goes on without us.
///
/// Of an interruption, `announce` is told first, with the number of submits that are out. It is one, too, when `tell` gives back `false`.
pub(crate) fn perform(
    connection: &Connection,
    tasks: Vec<Task>,
    plan: &Plan<'_>,
    announce: impl Fn(usize) + Send + Sync + 'static,
    tell: impl FnMut(TaskName<'_>, Update<'_>, &BatchProgress) -> bool,
) -> (Exit, BatchProgress) {
    let clock = SystemClock::new();
    let batch = Batch::new(&connection.api, options(plan), clock.now());
    let driver = Driver::new(batch, connection.transport.clone(), clock)
        .with_threads(plan.limits.max_in_flight.into());
    Follower::new(driver, clock, tasks, plan.goal, announce, tell).follow()
}

/// Gives up on everything. A document whose submit is out ends once that is answered, the others end now.
pub(crate) fn abandon_all(batch: &mut Batch, now: Time) {
    let keys: Vec<JobKey> = batch.keys().collect();
    keys.into_iter().for_each(|key| batch.abandon(key, now));
    batch.close();
}

fn options(plan: &Plan<'_>) -> BatchOptions {
    let in_flight = usize::from(plan.limits.max_in_flight);
    let options = BatchOptions::new()
        // Clients that fail together should not come back together.
        .with_seed(RandomState::new().hash_one(0))
        .with_poll_policy(PollPolicy::eager())
        .with_retry_policy(RetryPolicy::new().with_attempts(ATTEMPTS))
        .with_max_in_flight(in_flight)
        .with_rate(plan.limits.rate, Duration::from_secs(1))
        .with_burst(plan.limits.rate);
    match plan.goal {
        Goal::Tickets => options.with_max_submits(in_flight).without_queue(),
        Goal::Results { deadline } => {
            let options = options
                .with_max_submits(in_flight.div_ceil(2))
                .with_deadline(deadline);
            // A customer that can't be asked for has been refused with its documents.
            plan.customer
                .and_then(|customer| options.clone().with_queue_customer(customer).ok())
                .unwrap_or(options)
        }
    }
}

impl<'a> TaskName<'a> {
    fn of(tasks: &'a [Task], index: usize) -> Self {
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

    /// What to call it before people.
    pub(crate) fn name(self) -> &'a str {
        self.file
            .or_else(|| self.resumed.map(ExtractionId::as_str))
            .unwrap_or_default()
    }
}

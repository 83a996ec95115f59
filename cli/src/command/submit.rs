//! `typless submit`: documents in, tickets out.

use typless::machine::Ticket;
use typless::wire::ExtractionId;

use super::follow;
use crate::arguments::SubmitArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::pauses::Pauses;
use crate::progress::Progress;
use crate::report::{Outcome, Problem, Report};
use crate::service::Connection;
use crate::summary::Summary;
use crate::work::{self, Change, Goal, Plan, TaskName, Update};
use crate::{documents, output};

/// Submits all documents at the same time.
pub(super) fn run(arguments: &SubmitArguments) -> Result<Exit, Failure> {
    let tasks = documents::open(&arguments.documents)?;
    let connection = Connection::for_service(&arguments.service)?;

    let documents = tasks.len();
    let progress = Progress::new(documents, arguments.verbosity.quiet);
    let mut pauses = Pauses::new(arguments.verbosity.quiet);
    let mut sink = Sink {
        summary: Summary::new(arguments.verbosity.quiet),
        exit: Exit::Success,
        should_continue: true,
    };
    let on_interrupt = follow::InterruptPrinter {
        progress: progress.clone(),
        is_emulated: false,
    };
    let on_update = |update: Update<'_>, batch: &_| {
        match update {
            Update::Document(task, Change::Event(kind)) => progress.event(task.name(), kind),
            Update::Document(task, change) => progress.suspend(|| sink.take(task, change)),
            Update::Paused(pause) => pauses.begin(pause, &progress),
            Update::Resumed { reason, since, now } => {
                pauses.end(reason, since, now, &progress);
            }
        }
        progress.counts(sink.summary.done(), sink.summary.failed, batch);
        sink.should_continue
    };
    let plan = Plan {
        goal: Goal::Tickets,
        limits: &arguments.limits,
        give_up_after: arguments.end.give_up_after,
        customer: None,
    };
    let (exit_status, batch) = work::perform(&connection, tasks, &plan, on_interrupt, on_update);
    progress.end();
    sink.summary.print_documents(documents, &batch);
    Ok(sink.exit.max(if sink.should_continue {
        exit_status
    } else {
        Exit::InvalidUsage
    }))
}

/// The status so far.
struct Sink {
    summary: Summary,
    exit: Exit,
    /// Whether tickets can be printed.
    should_continue: bool,
}

impl Sink {
    fn take(&mut self, task: TaskName<'_>, change: Change<'_>) {
        match change {
            Change::Submitted { ticket } => {
                self.summary.count(true);
                self.should_continue &= print(ticket);
            }
            Change::Finished {
                extraction_id,
                outcome: Err(error),
            } => self.fail(task, extraction_id, Problem::from_job_error(&error)),
            Change::SubmittedLate { ticket } => self.should_continue &= print(ticket),
            Change::GivenUp { ticket: None } => self.fail(task, None, Problem::given_up(None)),
            Change::NotSubmitted => follow::print_not_submitted(task),
            // Its ticket was printed already.
            Change::Abandoned { .. } | Change::GivenUp { .. } | Change::Unreachable { .. } => {}
            Change::Event(_) | Change::Finished { .. } => {}
        }
    }

    fn fail(&mut self, task: TaskName<'_>, id: Option<ExtractionId>, problem: Problem) {
        self.summary.count(false);
        let report = Report::new(task.file, id, Outcome::Failed(Box::new(problem)));
        self.exit = self.exit.max(report.print_error());
    }
}

/// Prints a ticket. The document is submitted, so a ticket that can't be written to standard output
/// goes to standard error instead. Returns false then: nothing more should be submitted.
fn print(ticket: &Ticket) -> bool {
    let line = ticket.to_json();
    match output::write(&line) {
        Ok(()) => true,
        Err(error) => {
            output::eprint_message(&format!(
                "the ticket can't be written to standard output: {error}: keep it from here"
            ));
            output::eprint_line(&line);
            false
        }
    }
}

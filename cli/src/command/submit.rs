//! `typless submit`: documents in, tickets out.

use typless::machine::Ticket;
use typless::wire::ExtractionId;

use super::follow::{self, Sink};
use crate::arguments::SubmitArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::{Outcome, Problem, Report};
use crate::service::Connection;
use crate::summary::Summary;
use crate::work::{Change, Goal, Plan, TaskName};
use crate::{documents, output};

/// Submits all documents at the same time.
pub(super) fn run(arguments: &SubmitArguments) -> Result<Exit, Failure> {
    let tasks = documents::open(&arguments.documents)?;
    let connection = Connection::for_service(&arguments.service)?;
    let mut tickets = Tickets {
        summary: Summary::new(arguments.verbosity.quiet),
        exit: Exit::Success,
        are_printed: true,
    };
    let plan = Plan {
        goal: Goal::Tickets,
        limits: &arguments.limits,
        give_up_after: arguments.end.give_up_after,
        customer: None,
    };
    let is_quiet = arguments.verbosity.quiet;
    let ended = follow::perform(&connection, tasks, &plan, is_quiet, &mut tickets);
    let exit = tickets.exit.for_call(ended.has_worked);
    Ok(exit.max(if tickets.are_printed {
        ended.exit
    } else {
        Exit::InvalidUsage
    }))
}

/// The status so far.
struct Tickets {
    summary: Summary,
    exit: Exit,
    /// False once one could not be written to standard output.
    are_printed: bool,
}

impl Sink for Tickets {
    fn take(&mut self, task: TaskName<'_>, change: Change<'_>) {
        match change {
            Change::Submitted { ticket } => {
                self.summary.count(true);
                self.are_printed &= print(ticket);
            }
            Change::Finished {
                extraction_id,
                outcome: Err(error),
            } => self.fail(task, extraction_id, Problem::from_job_error(&error)),
            Change::SubmittedLate { ticket } => self.are_printed &= print(ticket),
            Change::GivenUp { ticket: None } => self.fail(task, None, Problem::given_up(None)),
            Change::NotSubmitted => follow::print_not_submitted(task),
            // Its ticket was printed already.
            Change::Abandoned { .. } | Change::GivenUp { .. } | Change::Unreachable { .. } => {}
            Change::Event(_) | Change::Finished { .. } => {}
        }
    }

    fn summary(&self) -> &Summary {
        &self.summary
    }

    fn should_continue(&self) -> bool {
        self.are_printed
    }
}

impl Tickets {
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

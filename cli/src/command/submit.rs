//! `typless submit`: documents in, tickets out.

use typless::machine::Ticket;
use typless::wire::ExtractionId;

use super::follow::{self, Sink};
use crate::arguments::SubmitArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ledger::Selection;
use crate::report::{Outcome, Problem, Report};
use crate::service::Connection;
use crate::summary::Summary;
use crate::work::{Change, Goal, Plan, Start, Task, TaskName};
use crate::{documents, ledger, output};

/// Submits all documents at the same time.
pub(super) fn run(arguments: &SubmitArguments) -> Result<Exit, Failure> {
    let tasks = documents::open(&arguments.documents)?;
    let connection = Connection::for_service(&arguments.service)?;
    let rerun = &arguments.rerun;
    if rerun.dry_run {
        let ledger = ledger::open_to_read(&arguments.ledger, &connection)?;
        let selection = ledger::select(ledger.as_ref(), &connection.api, tasks, rerun)?;
        return Ok(output::print(&selection.counts_line()));
    }
    let ledger = ledger::open(&arguments.ledger, &connection)?;
    if let (Some(ledger), true) = (&ledger, rerun.exclusive_key) {
        ledger::reconcile(&connection, ledger, &arguments.limits);
    }
    let selection = ledger::select(ledger.as_ref(), &connection.api, tasks, rerun)?;
    selection.check(rerun)?;
    selection.print_again();
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
        ledger,
    };
    let documents = selection.documents();
    let tasks = tickets.print_known(selection);
    // Nothing is submitted whose ticket can't be printed.
    if !tickets.are_printed {
        return Ok(tickets.exit.max(Exit::InvalidUsage));
    }
    if tasks.is_empty() {
        return Ok(tickets.exit);
    }
    let is_quiet = arguments.verbosity.quiet;
    let ended = follow::perform(
        &connection,
        (tasks, documents),
        plan,
        is_quiet,
        &mut tickets,
    );
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
            Change::Known(reason) => self.fail(task, None, Problem::refused_by_ledger(reason)),
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
    /// Prints the tickets of documents that were submitted before, and returns the others.
    fn print_known(&mut self, selection: Selection) -> Vec<Task> {
        for settled in selection.settled {
            match settled.outcome {
                Outcome::Failed(problem) => {
                    self.report(settled.place.file.as_deref(), None, problem);
                }
                // It has its result.
                Outcome::Success(_) | Outcome::Pending(_) => self.summary.count(true),
            }
        }
        let mut tasks = Vec::new();
        for task in selection.tasks {
            match &task.start {
                Start::Resume(ticket) => {
                    for _ in 0..=task.copies.len() {
                        self.summary.count(true);
                        self.are_printed &= print(ticket);
                    }
                }
                Start::Submit(_) | Start::SubmitAgain(_) => tasks.push(task),
            }
        }
        tasks
    }

    fn fail(&mut self, task: TaskName<'_>, id: Option<ExtractionId>, problem: Problem) {
        self.report(task.file, id, Box::new(problem));
    }

    fn report(&mut self, file: Option<&str>, id: Option<ExtractionId>, problem: Box<Problem>) {
        self.summary.count(false);
        let report = Report::new(file, id, Outcome::Failed(problem));
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

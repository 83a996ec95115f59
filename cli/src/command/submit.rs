//! `typless submit`: documents in, tickets out.

use typless::machine::Ticket;

use super::follow;
use crate::arguments::SubmitArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::report::{Outcome, Problem, Report};
use crate::service::Connection;
use crate::summary::Summary;
use crate::work::{self, Goal, Plan, TaskName, Update};
use crate::{documents, output};

/// Submits all documents at the same time.
pub(super) fn run(arguments: &SubmitArguments) -> Result<Exit, Failure> {
    let tasks = documents::open(&arguments.documents)?;
    let connection = Connection::for_service(&arguments.service)?;

    let documents = tasks.len();
    let progress = Progress::new(documents, arguments.verbosity.quiet);
    let mut summary = Summary::new(arguments.verbosity.quiet);
    let mut exit = Exit::Success;
    let mut should_continue = true;
    let on_interrupted = {
        let progress = progress.clone();
        move |submitting| progress.suspend(|| follow::print_interrupted(submitting, false))
    };
    let on_update = |task: TaskName<'_>, update: Update<'_>, batch: &_| {
        match update {
            Update::Event(kind) => progress.event(task.name(), kind),
            Update::Submitted { ticket } => {
                summary.count(true);
                should_continue &= progress.suspend(|| print(ticket));
            }
            Update::Finished {
                extraction_id,
                outcome,
            } => {
                let Err(error) = outcome else {
                    return should_continue;
                };
                summary.count(false);
                let report = Report::new(
                    task.file,
                    extraction_id,
                    Outcome::Failed(Box::new(Problem::from_job_error(&error))),
                );
                exit = exit.max(progress.suspend(|| report.print_error()));
            }
            Update::SubmittedLate { ticket } => {
                should_continue &= progress.suspend(|| print(ticket));
            }
            // Its ticket was printed already.
            Update::Abandoned { .. } => {}
            Update::NotSubmitted => progress.suspend(|| follow::print_not_submitted(task)),
        }
        progress.counts(summary.done(), summary.failed, batch);
        should_continue
    };
    let plan = Plan {
        goal: Goal::Tickets,
        limits: &arguments.limits,
        customer: None,
    };
    let (exit_status, batch) = work::perform(&connection, tasks, &plan, on_interrupted, on_update);
    progress.end();
    summary.print_documents(documents, &batch);
    Ok(exit.max(if should_continue {
        exit_status
    } else {
        Exit::InvalidUsage
    }))
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

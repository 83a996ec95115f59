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
    let connection = Connection::to_service(&arguments.service)?;

    let documents = tasks.len();
    let progress = Progress::new(documents, arguments.verbosity.quiet);
    let mut summary = Summary::new(arguments.verbosity.quiet);
    let mut exit = Exit::Success;
    let mut goes_on = true;
    let announce = {
        let progress = progress.clone();
        move |submitting| progress.suspend(|| follow::tell_interrupted(submitting, false))
    };
    let tell = |task: TaskName<'_>, update: Update<'_>, batch: &_| {
        match update {
            Update::Event(kind) => progress.event(task.name(), kind),
            Update::Submitted { ticket } => {
                summary.ended(true);
                goes_on &= progress.suspend(|| print(ticket));
            }
            Update::Ended {
                extraction_id,
                outcome,
            } => {
                let Err(error) = outcome else { return goes_on };
                summary.ended(false);
                let report = Report::new(
                    task.file,
                    extraction_id,
                    Outcome::Failed(Box::new(Problem::of_job(&error))),
                );
                exit = exit.max(progress.suspend(|| report.complain()));
            }
            Update::SubmittedLate { ticket } => goes_on &= progress.suspend(|| print(ticket)),
            // Its ticket was printed.
            Update::Left { .. } => {}
            Update::NotSubmitted => progress.suspend(|| follow::tell_not_submitted(task)),
        }
        progress.counts(summary.done(), summary.failed, batch);
        goes_on
    };
    let plan = Plan {
        goal: Goal::Tickets,
        limits: &arguments.limits,
        customer: None,
    };
    let (ended, batch) = work::perform(&connection, tasks, &plan, announce, tell);
    progress.end();
    summary.tell_documents(documents, &batch);
    Ok(exit.max(if goes_on { ended } else { Exit::WrongCall }))
}

/// A ticket that can't be written where it belongs must not be lost: the document is submitted. No further ones should be then, which says what is given back.
fn print(ticket: &Ticket) -> bool {
    let line = ticket.to_json();
    match output::write(&line) {
        Ok(()) => true,
        Err(error) => {
            output::say(&format!(
                "the ticket can't be written to the standard output: {error}: keep it from here"
            ));
            output::say_line(&line);
            false
        }
    }
}

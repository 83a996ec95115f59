//! `typless submit`: documents in, tickets out.

use typless::machine::Ticket;

use super::follow;
use crate::arguments::SubmitArguments;
use crate::failure::{Exit, Failure};
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
    let progress = Progress::new(documents);
    let mut summary = Summary::new(arguments.summary);
    let mut exit = Exit::Success;
    let announce = {
        let progress = progress.clone();
        move |submitting| progress.suspend(|| follow::tell_interrupted(submitting, false))
    };
    let tell = |task: TaskName<'_>, update: Update<'_>, batch: &_| {
        match update {
            Update::Event(kind) => progress.event(task.name(), kind),
            Update::Submitted { ticket } => {
                summary.ended(true);
                exit = exit.max(progress.suspend(|| print(ticket)));
            }
            Update::Ended { extraction_id, outcome } => {
                let Err(error) = outcome else { return true };
                summary.ended(false);
                let report = Report::new(task.file, extraction_id, Outcome::Failed(Box::new(Problem::of_job(&error))));
                exit = exit.max(progress.suspend(|| report.complain()));
            }
            Update::SubmittedLate { ticket } => exit = exit.max(progress.suspend(|| print(ticket))),
            // Its ticket was printed.
            Update::Left { .. } => {}
            Update::NotSubmitted => progress.suspend(|| follow::tell_not_submitted(task)),
        }
        progress.counts(summary.done(), summary.failed, batch);
        true
    };
    let plan = Plan { goal: Goal::Tickets, limits: &arguments.limits, customer: None };
    let (ended, batch) = work::perform(&connection, tasks, &plan, announce, tell);
    progress.end();
    summary.tell(documents, &batch);
    Ok(exit.max(ended))
}

/// A ticket that can't be written where it belongs must not be lost: the document is submitted.
fn print(ticket: &Ticket) -> Exit {
    let line = ticket.to_json();
    match output::write(&line) {
        Ok(()) => Exit::Success,
        Err(error) => {
            eprintln!("typless: the ticket can't be written to the standard output: {error}: keep it from here");
            eprintln!("{line}");
            Exit::WrongCall
        }
    }
}

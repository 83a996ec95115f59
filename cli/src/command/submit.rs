//! `typless submit`: documents in, tickets out.

use typless::machine::Ticket;

use crate::arguments::SubmitArguments;
use crate::failure::{Exit, Failure};
use crate::progress::Progress;
use crate::report::{Outcome, Problem, Report};
use crate::service::Connection;
use crate::work::{self, Goal, Update};
use crate::{documents, output};

/// Submits all documents at the same time.
pub(super) fn run(arguments: &SubmitArguments) -> Result<Exit, Failure> {
    let tasks = documents::open(&arguments.documents)?;
    let connection = Connection::to_service(&arguments.service)?;

    let mut progress = Progress::new(tasks.len());
    let mut exit = Exit::Success;
    let ended = work::perform(connection, tasks, Goal::Tickets, |task, update| match update {
        Update::Event(kind) => progress.event(task.name(), kind),
        Update::Submitted { ticket, .. } => {
            progress.finished();
            exit = exit.max(progress.suspend(|| print(ticket)));
        }
        Update::Ended { extraction_id, outcome } => {
            progress.finished();
            let Err(error) = outcome else { return };
            let report = Report::new(task.file, extraction_id, Outcome::Failed(Box::new(Problem::of_job(&error))));
            exit = exit.max(progress.suspend(|| report.complain()));
        }
        Update::Interrupted { submitting } => progress.suspend(|| super::follow::tell_interrupted(submitting)),
        // Its ticket was printed.
        Update::Left { .. } => {}
        Update::NotSubmitted => progress.suspend(|| super::follow::tell_not_submitted(task)),
    });
    progress.end();
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

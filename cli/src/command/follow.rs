//! What `extract` and `resume` share: documents are followed to their ends, and results printed as they come.

use std::io;

use typless::machine::Ticket;
use typless::wire::printable;

use crate::arguments::OutputArguments;
use crate::failure::Exit;
use crate::progress::Progress;
use crate::report::{Outcome, Printer, Problem, Report};
use crate::service::Connection;
use crate::summary::Summary;
use crate::work::{self, Plan, Task, TaskName, Update};

/// Follows all of them at the same time, and prints each result as soon as it is there. If one can't be printed, that is an interruption: what was submitted is left as tickets.
pub(super) fn run(connection: &Connection, tasks: Vec<Task>, plan: &Plan<'_>, output: &OutputArguments, mut summary: Summary) -> Exit {
    let emulated = connection.is_emulator();
    let documents = tasks.len();
    let progress = Progress::new(documents);
    let mut printer = Printer::new(output);
    let mut exit = Exit::Success;
    let mut goes_on = true;
    let announce = {
        let progress = progress.clone();
        move |submitting| progress.suspend(|| tell_interrupted(submitting, emulated))
    };
    let tell = |task: TaskName<'_>, update: Update<'_>, batch: &_| {
        match update {
            Update::Event(kind) => progress.event(task.name(), kind),
            Update::Submitted { .. } => {}
            Update::Ended { extraction_id, outcome } => {
                summary.ended(outcome.is_ok());
                let outcome = outcome.map_or_else(|error| Outcome::Failed(Box::new(Problem::of_job(&error))), Outcome::Success);
                let report = Report::new(task.file, extraction_id, outcome).at(task.index);
                if let Err(error) = progress.suspend(|| printer.write(&report)) {
                    goes_on = false;
                    progress.suspend(|| report.tell_unwritten(&error));
                    exit = exit.max(exit_of_write(&error));
                }
                exit = exit.max(progress.suspend(|| report.complain()));
            }
            Update::SubmittedLate { ticket } => progress.suspend(|| tell_late(task, ticket)),
            // Nobody could go on with it.
            Update::Left { .. } if emulated => {}
            Update::Left { ticket } => progress.suspend(|| tell_ticket(ticket)),
            Update::NotSubmitted => progress.suspend(|| tell_not_submitted(task)),
        }
        progress.counts(summary.done(), summary.failed, batch);
        goes_on
    };
    let (ended, batch) = work::perform(connection, tasks, plan, announce, tell);
    progress.end();
    summary.tell(documents, &batch);
    exit.max(ended)
}

/// Whoever has closed our output has what they wanted.
fn exit_of_write(error: &io::Error) -> Exit {
    if error.kind() == io::ErrorKind::BrokenPipe { Exit::Success } else { Exit::WrongCall }
}

/// Says what the lines that follow are.
pub(super) fn tell_interrupted(submitting: usize, emulated: bool) {
    if emulated {
        eprintln!("typless: interrupted: the emulator ends with this call, and all that it was given");
        return;
    }
    eprintln!(
        "typless: interrupted: what was submitted goes on at the service: keep the tickets, lines of JSON, and go on with `typless resume`"
    );
    if submitting > 0 {
        eprintln!(
            "typless: waiting for the answers to submits that are out ({submitting}): Ctrl-C again leaves at once, and loses their tickets"
        );
    }
}

/// Says that a document was left alone.
pub(super) fn tell_not_submitted(task: TaskName<'_>) {
    eprintln!("typless: {}: it was not submitted, as the call was interrupted: call again", printable(task.name(), 300));
}

/// Says that a document was submitted after all.
pub(super) fn tell_late(task: TaskName<'_>, ticket: &Ticket) {
    eprintln!("typless: {}: it was submitted after all: keep the ticket, and go on with `typless resume`", printable(task.name(), 300));
    tell_ticket(ticket);
}

/// A ticket where it is in nobody's way: results have the standard output for themselves.
pub(super) fn tell_ticket(ticket: &Ticket) {
    eprintln!("{}", ticket.to_json());
}

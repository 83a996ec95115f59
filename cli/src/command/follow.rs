//! What `extract` and `resume` share: documents are followed until they finish, and results are
//! printed as soon as they are known.

use typless::machine::{JobError, Ticket};
use typless::wire::{Extraction, ExtractionId, printable};

use crate::arguments::OutputArguments;
use crate::exit::Exit;
use crate::output::{self, eprint_line, eprint_message};
use crate::progress::Progress;
use crate::report::{Outcome, Printer, Problem, Report};
use crate::service::Connection;
use crate::summary::Summary;
use crate::work::{self, Plan, Task, TaskName, Update};

/// Follows all documents at the same time, and prints each result as soon as it is known. A result
/// that can't be written is an interruption: the remaining submitted documents are left as tickets.
pub(super) fn run(
    connection: &Connection,
    tasks: Vec<Task>,
    plan: &Plan<'_>,
    output: &OutputArguments,
    is_quiet: bool,
) -> Exit {
    let is_emulated = connection.is_emulator();
    let documents = tasks.len();
    let progress = Progress::new(documents, is_quiet);
    let on_interrupted = {
        let progress = progress.clone();
        move |submitting| progress.suspend(|| print_interrupted(submitting, is_emulated))
    };
    let (printer, summary) = (Printer::new(output), Summary::new(is_quiet));
    let mut sink = Sink {
        printer,
        summary,
        is_emulated,
        exit: Exit::Success,
        write_error: None,
    };
    let on_update = |task: TaskName<'_>, update: Update<'_>, batch: &_| {
        match update {
            Update::Event(kind) => progress.event(task.name(), kind),
            Update::Submitted { .. } => {}
            Update::Finished {
                extraction_id,
                outcome,
            } => progress.suspend(|| sink.finish(task, extraction_id, outcome)),
            Update::SubmittedLate { ticket } => {
                progress.suspend(|| print_submitted_late(task, ticket));
            }
            Update::Abandoned { ticket } => progress.suspend(|| sink.print_left(ticket)),
            Update::NotSubmitted => progress.suspend(|| print_not_submitted(task)),
        }
        progress.counts(sink.summary.done(), sink.summary.failed, batch);
        sink.write_error.is_none()
    };
    let (exit_status, batch) = work::perform(connection, tasks, plan, on_interrupted, on_update);
    progress.end();
    sink.summary.print_documents(documents, &batch);
    // A full disk is not a Ctrl-C.
    sink.exit.max(
        sink.write_error
            .filter(|exit| *exit != Exit::Success)
            .unwrap_or(exit_status),
    )
}

/// Where results go, and the status so far.
struct Sink {
    printer: Printer,
    summary: Summary,
    is_emulated: bool,
    exit: Exit,
    /// The exit status of the first write error, if there was one.
    write_error: Option<Exit>,
}

impl Sink {
    fn finish(
        &mut self,
        task: TaskName<'_>,
        extraction_id: Option<ExtractionId>,
        outcome: Result<Extraction, JobError>,
    ) {
        let mut went_well = outcome.is_ok();
        let ticket = outcome.as_ref().err().and_then(unfinished_ticket).cloned();
        let outcome = outcome.map_or_else(
            |error| Outcome::Failed(Box::new(Problem::from_job_error(&error))),
            Outcome::Success,
        );
        let report = Report::new(task.file, extraction_id, outcome).at(task.index);
        if let Err(error) = self.printer.write(&report) {
            report.print_write_error(&error);
            self.write_error = self.write_error.max(Some(output::exit_for(&error)));
            went_well = false;
        }
        self.summary.count(went_well);
        self.exit = self.exit.max(report.print_error());
        ticket.iter().for_each(|ticket| self.print_left(ticket));
    }

    fn print_left(&self, ticket: &Ticket) {
        // The emulator ends with this process, so its tickets are useless.
        if !self.is_emulated {
            print_ticket(ticket);
        }
    }
}

/// The ticket of a document whose outcome we do not know, while it continues at the service.
fn unfinished_ticket(error: &JobError) -> Option<&Ticket> {
    match error {
        JobError::Deadline { ticket, .. } => Some(ticket),
        JobError::Refused { ticket, .. } => ticket.as_ref(),
        _ => None,
    }
}

/// Explains the ticket lines that follow.
pub(super) fn print_interrupted(submitting: usize, is_emulated: bool) {
    if is_emulated {
        eprint_message(
            "interrupted: the emulator ends with this command, and its documents are lost",
        );
        return;
    }
    eprint_message(
        "interrupted: submitted documents continue at the service: each ticket is a line of JSON, \
         for `typless resume`",
    );
    if submitting > 0 {
        eprint_message(&format!(
            "waiting for the responses to {submitting} submits in flight: press Ctrl-C again to \
             exit immediately and lose their tickets"
        ));
    }
}

/// Reports that a document was not submitted because of the interruption.
pub(super) fn print_not_submitted(task: TaskName<'_>) {
    eprint_message(&format!(
        "{}: it was not submitted, because the command was interrupted: run it again",
        printable(task.name(), 300)
    ));
}

/// Reports that a document was submitted after all.
pub(super) fn print_submitted_late(task: TaskName<'_>, ticket: &Ticket) {
    eprint_message(&format!(
        "{}: it was submitted after all: keep the ticket, and continue with `typless resume`",
        printable(task.name(), 300)
    ));
    print_ticket(ticket);
}

/// Prints a ticket to standard error: standard output is for results.
pub(super) fn print_ticket(ticket: &Ticket) {
    eprint_line(&ticket.to_json());
}

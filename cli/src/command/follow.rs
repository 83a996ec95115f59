//! What `extract` and `resume` share: documents are followed to their ends, and results printed as they come.

use typless::machine::{JobError, Ticket};
use typless::wire::{Extraction, ExtractionId, printable};

use crate::arguments::OutputArguments;
use crate::exit::Exit;
use crate::output::{self, say, say_line};
use crate::progress::Progress;
use crate::report::{Outcome, Printer, Problem, Report};
use crate::service::Connection;
use crate::summary::Summary;
use crate::work::{self, Plan, Task, TaskName, Update};

/// Follows all of them at the same time, and prints each result as soon as it is there. If one can't be printed, that is an interruption: what was submitted is left as tickets.
pub(super) fn run(
    connection: &Connection,
    tasks: Vec<Task>,
    plan: &Plan<'_>,
    output: &OutputArguments,
    is_quiet: bool,
) -> Exit {
    let emulated = connection.is_emulator();
    let documents = tasks.len();
    let progress = Progress::new(documents, is_quiet);
    let announce = {
        let progress = progress.clone();
        move |submitting| progress.suspend(|| tell_interrupted(submitting, emulated))
    };
    let (printer, summary) = (Printer::new(output), Summary::new(is_quiet));
    let mut sink = Sink {
        printer,
        summary,
        emulated,
        exit: Exit::Success,
        unwritten: None,
    };
    let tell = |task: TaskName<'_>, update: Update<'_>, batch: &_| {
        match update {
            Update::Event(kind) => progress.event(task.name(), kind),
            Update::Submitted { .. } => {}
            Update::Ended {
                extraction_id,
                outcome,
            } => progress.suspend(|| sink.ended(task, extraction_id, outcome)),
            Update::SubmittedLate { ticket } => progress.suspend(|| tell_late(task, ticket)),
            Update::Left { ticket } => progress.suspend(|| sink.left(ticket)),
            Update::NotSubmitted => progress.suspend(|| tell_not_submitted(task)),
        }
        progress.counts(sink.summary.done(), sink.summary.failed, batch);
        sink.unwritten.is_none()
    };
    let (ended, batch) = work::perform(connection, tasks, plan, announce, tell);
    progress.end();
    sink.summary.tell_documents(documents, &batch);
    // That a disk is full is no Ctrl-C.
    sink.exit.max(
        sink.unwritten
            .filter(|exit| *exit != Exit::Success)
            .unwrap_or(ended),
    )
}

/// Where results go, and how it went so far.
struct Sink {
    printer: Printer,
    summary: Summary,
    emulated: bool,
    exit: Exit,
    /// What it means that a result could not be printed, once that has happened.
    unwritten: Option<Exit>,
}

impl Sink {
    fn ended(
        &mut self,
        task: TaskName<'_>,
        extraction_id: Option<ExtractionId>,
        outcome: Result<Extraction, JobError>,
    ) {
        let mut went_well = outcome.is_ok();
        let ticket = outcome.as_ref().err().and_then(unended).cloned();
        let outcome = outcome.map_or_else(
            |error| Outcome::Failed(Box::new(Problem::of_job(&error))),
            Outcome::Success,
        );
        let report = Report::new(task.file, extraction_id, outcome).at(task.index);
        if let Err(error) = self.printer.write(&report) {
            report.tell_unwritten(&error);
            self.unwritten = self.unwritten.max(Some(output::exit_of(&error)));
            went_well = false;
        }
        self.summary.ended(went_well);
        self.exit = self.exit.max(report.complain());
        ticket.iter().for_each(|ticket| self.left(ticket));
    }

    fn left(&self, ticket: &Ticket) {
        // With an emulator that ends, nobody could go on.
        if !self.emulated {
            tell_ticket(ticket);
        }
    }
}

/// The ticket of a document that we came to no end with, while it goes on at the service.
fn unended(error: &JobError) -> Option<&Ticket> {
    match error {
        JobError::Deadline { ticket, .. } => Some(ticket),
        JobError::Refused { ticket, .. } => ticket.as_ref(),
        _ => None,
    }
}

/// Says what the lines that follow are.
pub(super) fn tell_interrupted(submitting: usize, emulated: bool) {
    if emulated {
        say("interrupted: the emulator ends with this call, and all that it was given");
        return;
    }
    say(
        "interrupted: what was submitted goes on at the service: each ticket is a line of JSON, for `typless resume`",
    );
    if submitting > 0 {
        say(&format!(
            "waiting for the answers to submits that are out ({submitting}): Ctrl-C again leaves at once, and loses their tickets"
        ));
    }
}

/// Says that a document was left alone.
pub(super) fn tell_not_submitted(task: TaskName<'_>) {
    say(&format!(
        "{}: it was not submitted, as the call was interrupted: call again",
        printable(task.name(), 300)
    ));
}

/// Says that a document was submitted after all.
pub(super) fn tell_late(task: TaskName<'_>, ticket: &Ticket) {
    say(&format!(
        "{}: it was submitted after all: keep the ticket, and go on with `typless resume`",
        printable(task.name(), 300)
    ));
    tell_ticket(ticket);
}

/// A ticket where it is in nobody's way: results have the standard output for themselves.
pub(super) fn tell_ticket(ticket: &Ticket) {
    say_line(&ticket.to_json());
}

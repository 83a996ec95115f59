//! What `extract` and `resume` share: documents are followed until they finish, and results are
//! printed as soon as they are known. `submit` shares the rest: progress, pauses and interruptions.

use typless::machine::{JobError, Ticket};
use typless::wire::{Extraction, ExtractionId, printable};
use typless_ledger::{EntryKey, Ledger};

use crate::arguments::FollowArguments;
use crate::destination::Destination;
use crate::exit::Exit;
use crate::ledger::{Found, Selection, Settled};
use crate::output::{self, eprint_line, eprint_message};
use crate::pauses::Pauses;
use crate::progress::Progress;
use crate::report::{CHECK_SUBMIT, Outcome, Problem, Report};
use crate::service::Connection;
use crate::summary::Summary;
use crate::work::{
    self, Change, Ended, Goal, LedgerState, Left, Messages, Place, Plan, Start, Task, TaskName,
    Update,
};

/// Follows all documents at the same time, and prints each result as soon as it is known. A result
/// that can't be written is an interruption: the remaining submitted documents are left as tickets.
/// What is known already is printed first.
pub(super) fn run(
    connection: &Connection,
    selection: Selection,
    ledger: Option<Ledger>,
    follow: Follow<'_>,
) -> Exit {
    let Follow {
        customer,
        arguments,
        destination,
        find_unknown,
    } = follow;
    let is_quiet = arguments.verbosity.quiet;
    let plan = Plan {
        goal: Goal::Results {
            deadline: arguments.deadline,
        },
        limits: &arguments.limits,
        give_up_after: arguments.end.give_up_after,
        customer,
        ledger,
    };
    let mut results = Results {
        destination,
        summary: Summary::new(is_quiet),
        is_emulated: connection.is_emulator(),
        exit: Exit::Success,
        write_error: None,
        unknown: find_unknown.is_some().then(Vec::new),
    };
    let documents = selection.documents();
    for settled in selection.settled {
        results.print_settled(settled);
    }
    let tasks = results.take_written(selection.tasks);
    if tasks.is_empty() || results.write_error.is_some() {
        results.settle_unknown(find_unknown);
        return results
            .exit
            .max(results.write_error.unwrap_or(Exit::Success));
    }
    let ended = perform(connection, (tasks, documents), plan, is_quiet, &mut results);
    results.settle_unknown(find_unknown);
    // A full disk is not a Ctrl-C.
    let write_error = results.write_error.filter(|exit| *exit != Exit::Success);
    let exit = results.exit.for_call(ended.has_worked);
    exit.max(write_error.unwrap_or(ended.exit))
}

/// How documents are followed.
pub(super) struct Follow<'a> {
    /// The customer of all documents, if known.
    pub(super) customer: Option<&'a str>,
    pub(super) arguments: &'a FollowArguments,
    pub(super) destination: Destination,
    /// Finds the extractions of submits that are unknown at the end, if that can be.
    pub(super) find_unknown: Option<&'a dyn Fn() -> Found>,
}

/// Where the changes of documents go.
pub(super) trait Sink {
    /// Prints and counts a change.
    fn take(&mut self, task: TaskName<'_>, change: Change<'_>);

    /// The documents that are done.
    fn summary(&self) -> &Summary;

    /// False ends the call, as an interruption does.
    fn should_continue(&self) -> bool;
}

/// Performs a plan to its end, with its progress and its pauses on standard error. With what is
/// known there are so many documents.
pub(super) fn perform(
    connection: &Connection,
    (tasks, documents): (Vec<Task>, usize),
    plan: Plan<'_>,
    is_quiet: bool,
    sink: &mut impl Sink,
) -> Ended {
    let progress = Progress::new(documents, is_quiet);
    let messages = MessagePrinter {
        progress: progress.clone(),
        is_emulated: connection.is_emulator(),
    };
    let mut pauses = Pauses::new(is_quiet);
    let on_update = |update: Update<'_>, batch: &_| {
        match update {
            Update::Document(task, Change::Event(kind)) => progress.event(task.name(), kind),
            Update::Document(task, change) => progress.suspend(|| sink.take(task, change)),
            Update::Paused(pause) => pauses.begin(pause, &progress),
            Update::Resumed { reason, since, now } => {
                pauses.end(reason, since, now, &progress);
            }
        }
        progress.counts(sink.summary().done(), sink.summary().failed, batch);
        sink.should_continue()
    };
    let ended = work::perform(connection, tasks, plan, messages, on_update);
    progress.end();
    sink.summary().print_documents(documents, &ended.progress);
    ended
}

/// Where results go, and the status so far.
struct Results {
    destination: Destination,
    summary: Summary,
    is_emulated: bool,
    exit: Exit,
    /// The exit status of the first write error, if there was one.
    write_error: Option<Exit>,
    /// Documents of which it is unknown whether they were submitted, if they are looked for at the
    /// end.
    unknown: Option<Vec<Unknown>>,
}

/// A document of which it is unknown whether it was submitted.
struct Unknown {
    place: Place,
    key: EntryKey,
    outcome: Outcome,
}

impl Sink for Results {
    fn take(&mut self, task: TaskName<'_>, change: Change<'_>) {
        match change {
            Change::Event(_) | Change::Submitted { .. } => {}
            Change::Finished {
                extraction_id,
                outcome,
            } => self.finish(task, extraction_id, outcome),
            Change::SubmittedLate { ticket } => print_submitted_late(task, ticket),
            Change::Unreachable { ticket, failed } => {
                self.fail(task, Problem::unreachable(failed, ticket));
            }
            Change::GivenUp { ticket } => self.fail(task, Problem::given_up(ticket)),
            Change::Abandoned { ticket } => self.print_left(ticket),
            Change::NotSubmitted => print_not_submitted(task),
            Change::Known(reason) => self.fail(task, Problem::refused_by_ledger(reason)),
        }
    }

    fn summary(&self) -> &Summary {
        &self.summary
    }

    fn should_continue(&self) -> bool {
        self.write_error.is_none()
    }
}

impl Results {
    /// Takes out what an earlier call has written already.
    fn take_written(&mut self, tasks: Vec<Task>) -> Vec<Task> {
        let (written, others) = tasks.into_iter().partition(|task| match &task.start {
            Start::Resume(ticket) => self.destination.has(ticket.extraction_id()),
            Start::Submit(_) | Start::SubmitAgain(_) => false,
        });
        let written: Vec<Task> = written;
        for _ in written.iter().flat_map(|task| 0..=task.copies.len()) {
            self.summary.count(true);
        }
        others
    }

    /// Reports a document whose outcome is known.
    fn print_settled(&mut self, settled: Settled) {
        let Settled {
            place,
            key,
            extraction_id,
            has_succeeded,
            outcome,
        } = settled;
        let is_there = |id| self.destination.has(id);
        if has_succeeded && extraction_id.as_ref().is_some_and(is_there) {
            // Whether the service still has it does not matter.
            return self.summary.count(true);
        }
        if let (true, Some(unknown)) = (outcome.is_unknown(), &mut self.unknown) {
            unknown.push(Unknown {
                place,
                key,
                outcome,
            });
            return;
        }
        let task = TaskName {
            index: place.position,
            file: place.file.as_deref(),
            key: Some(key),
            resumed: None,
        };
        self.write(task, extraction_id, outcome, None);
    }

    /// Reports a document that the end of the call leaves without a result.
    fn fail(&mut self, task: TaskName<'_>, problem: Problem) {
        let ticket = problem.ticket.clone();
        let id = ticket.as_ref().map(|ticket| ticket.extraction_id().clone());
        self.write(
            task,
            id,
            Outcome::Failed(Box::new(problem)),
            ticket.as_ref(),
        );
    }

    fn finish(
        &mut self,
        task: TaskName<'_>,
        extraction_id: Option<ExtractionId>,
        outcome: Result<Extraction, JobError>,
    ) {
        let outcome = match (outcome, task.key, &mut self.unknown) {
            (Err(error @ JobError::SubmitUnknown { .. }), Some(key), Some(unknown)) => {
                let place = Place {
                    position: task.index,
                    file: task.file.map(str::to_owned),
                };
                let problem = Box::new(Problem::from_job_error(&error));
                let outcome = Outcome::Failed(problem);
                unknown.push(Unknown {
                    place,
                    key,
                    outcome,
                });
                return;
            }
            (outcome, ..) => outcome,
        };
        let ticket = outcome.as_ref().err().and_then(unfinished_ticket).cloned();
        let outcome = outcome.map_or_else(
            |error| Outcome::Failed(Box::new(Problem::from_job_error(&error))),
            Outcome::Success,
        );
        self.write(task, extraction_id, outcome, ticket.as_ref());
    }

    /// Reports what was unknown, after it was looked for.
    fn settle_unknown(&mut self, find: Option<&dyn Fn() -> Found>) {
        let unknown = self.unknown.take().unwrap_or_default();
        if unknown.is_empty() {
            return;
        }
        let found = find.map(|find| find()).unwrap_or_default();
        for Unknown {
            place,
            key,
            outcome,
        } in unknown
        {
            let task = TaskName {
                index: place.position,
                file: place.file.as_deref(),
                key: Some(key),
                resumed: None,
            };
            match found.get(&key) {
                Some((id, extraction)) => {
                    let outcome = Outcome::Success(extraction.clone());
                    self.write(task, Some(id.clone()), outcome, None);
                }
                None => self.write(task, None, outcome, None),
            }
        }
    }

    /// Prints an outcome, and the ticket of what is unfinished.
    fn write(
        &mut self,
        task: TaskName<'_>,
        extraction_id: Option<ExtractionId>,
        outcome: Outcome,
        ticket: Option<&Ticket>,
    ) {
        let mut went_well = matches!(outcome, Outcome::Success(_));
        let report = Report::new(task.file, extraction_id, outcome)
            .at(task.index)
            .with_key(task.key);
        if let Err(error) = self.destination.write(&report) {
            report.print_write_error(&error);
            self.write_error = self.write_error.max(Some(output::exit_for(&error)));
            went_well = false;
        }
        self.summary.count(went_well);
        self.exit = self.exit.max(report.print_error());
        ticket
            .into_iter()
            .for_each(|ticket| self.print_left(ticket));
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

/// Prints what is said of the whole call, and what an interruption leaves.
struct MessagePrinter {
    progress: Progress,
    is_emulated: bool,
}

impl Messages for MessagePrinter {
    fn interrupted(&self, submitting: usize) {
        self.progress
            .suspend(|| print_interrupted(submitting, self.is_emulated));
    }

    /// Does not touch the progress line: the thread that draws it may be blocked.
    fn exiting(&self, name: &str, left: Left<'_>) {
        let name = printable(name, 300);
        match left {
            _ if self.is_emulated => {}
            Left::Submitted(ticket) => print_ticket(ticket),
            Left::SubmitUnknown => eprint_message(&format!(
                "{name}: it is unknown whether it was submitted, because the command was \
                 interrupted again: {CHECK_SUBMIT}"
            )),
            Left::NotSubmitted => eprint_message(&not_submitted(&name)),
        }
    }

    fn ledger(&self, state: &LedgerState) {
        self.progress.suspend(|| eprint_message(&state.to_string()));
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
             exit immediately, but then it is unknown whether these documents were submitted"
        ));
    }
}

/// Reports that a document was not submitted because of the interruption.
pub(super) fn print_not_submitted(task: TaskName<'_>) {
    eprint_message(&not_submitted(&printable(task.name(), 300)));
}

fn not_submitted(name: &str) -> String {
    format!("{name}: it was not submitted, because the command was interrupted: run it again")
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

//! What `extract` and `resume` share: documents are followed to their ends, and results printed in the order of the call.

use std::collections::BTreeMap;
use std::time::Duration;

use typless::machine::Ticket;
use typless::wire::printable;

use crate::arguments::OutputArguments;
use crate::failure::Exit;
use crate::progress::Progress;
use crate::report::{Outcome, Problem, Report};
use crate::service::Connection;
use crate::work::{self, Goal, Task, Update};

/// Follows all of them at the same time, and prints each result as soon as those before it are printed.
pub(super) fn run(connection: Connection, tasks: Vec<Task>, deadline: Duration, output: &OutputArguments) -> Exit {
    let emulated = connection.is_emulator();
    let mut progress = Progress::new(tasks.len());
    let mut queue = Queue::default();
    let mut exit = Exit::Success;
    let ended = work::perform(connection, tasks, Goal::Results { deadline }, |task, update| match update {
        Update::Event(kind) => progress.event(task.name(), kind),
        Update::Submitted { ticket, interrupted } => {
            if interrupted && !emulated {
                progress.suspend(|| tell_ticket(ticket));
            }
        }
        Update::Ended { extraction_id, outcome } => {
            progress.finished();
            let outcome = outcome.map_or_else(|error| Outcome::Failed(Box::new(Problem::of_job(&error))), Outcome::Success);
            queue.put(task.index, Report::new(task.file, extraction_id, outcome));
            while let Some(report) = queue.next() {
                exit = exit.max(progress.suspend(|| report.tell(output)));
            }
        }
        Update::Interrupted { submitting } => {
            queue.in_order = false;
            while let Some(report) = queue.next() {
                exit = exit.max(progress.suspend(|| report.tell(output)));
            }
            if emulated {
                progress.suspend(|| eprintln!("typless: interrupted: the emulator ends with this call, and all that it was given"));
            } else {
                progress.suspend(|| tell_interrupted(submitting));
            }
        }
        // Nobody could go on with it.
        Update::Left { .. } if emulated => {}
        Update::Left { ticket } => progress.suspend(|| tell_ticket(ticket)),
        Update::NotSubmitted => progress.suspend(|| tell_not_submitted(task)),
    });
    progress.end();
    exit.max(ended)
}

/// Says what the lines that follow are.
pub(super) fn tell_interrupted(submitting: usize) {
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
pub(super) fn tell_not_submitted(task: work::TaskName<'_>) {
    eprintln!("typless: {}: it was not submitted, as the call was interrupted: call again", printable(task.name(), 300));
}

/// A ticket where it is in nobody's way: results have the standard output for themselves.
fn tell_ticket(ticket: &Ticket) {
    eprintln!("{}", ticket.to_json());
}

/// Results on their way to the output.
struct Queue {
    waiting: BTreeMap<usize, Report>,
    next: usize,
    /// Whether a result waits for those before it.
    in_order: bool,
}

impl Default for Queue {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), next: 0, in_order: true }
    }
}

impl Queue {
    fn put(&mut self, index: usize, report: Report) {
        self.waiting.insert(index, report);
    }

    fn next(&mut self) -> Option<Report> {
        let (index, _) = self.waiting.first_key_value()?;
        if self.in_order && *index != self.next {
            return None;
        }
        self.next += 1;
        self.waiting.pop_first().map(|(_, report)| report)
    }
}

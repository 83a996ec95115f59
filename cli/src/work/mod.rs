//! The jobs of a call, several at the same time.

mod coordinator;
mod interrupt;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::mpsc;
use std::time::Duration;

use typless::machine::{JobError, JobEventKind, Ticket};
use typless::wire::{Document, Extraction, ExtractionId};
use typless_transports::SystemClock;

use crate::failure::Exit;
use crate::service::Connection;
use coordinator::Coordinator;
use worker::{Presence, Shared};

/// A document to follow.
pub(crate) struct Task {
    /// What its user calls it, if anything.
    pub(crate) file: Option<String>,
    pub(crate) start: Start,
}

/// Where the following of a document begins.
pub(crate) enum Start {
    /// It is to be submitted.
    Submit(Document),
    /// It was submitted.
    Resume(Ticket),
}

/// How far documents are followed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// Until they are submitted.
    Tickets,
    /// Until there are results, but no longer than this.
    Results { deadline: Duration },
}

/// Which document something happened to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TaskName<'a> {
    /// Its place among the tasks.
    pub(crate) index: usize,
    /// What its user calls it, if anything.
    pub(crate) file: Option<&'a str>,
    resumed: Option<&'a ExtractionId>,
}

/// What happens to documents, in the order in which it happens.
pub(crate) enum Update<'a> {
    /// Something on the way.
    Event(&'a JobEventKind),
    /// The service has taken it.
    Submitted { ticket: &'a Ticket, interrupted: bool },
    /// It has come to its end.
    Ended { extraction_id: Option<ExtractionId>, outcome: Result<Extraction, JobError> },
    /// The call was interrupted; this many submits are out, and their answers are waited for. Told once, of the first document.
    Interrupted { submitting: usize },
    /// After an interruption: the document goes on at the service, without us.
    Left { ticket: &'a Ticket },
    /// After an interruption: the document was not submitted, and will not be.
    NotSubmitted,
}

/// The most documents under way at the same time.
const AT_ONCE: usize = 8;

/// Follows all documents and calls back from this thread. Returns when all have ended, or, after an interruption, when no submit is out: what is under way then ends with the process.
pub(crate) fn perform(connection: Connection, tasks: Vec<Task>, goal: Goal, tell: impl FnMut(TaskName<'_>, Update<'_>)) -> Exit {
    let (sender, messages) = mpsc::channel();
    interrupt::on_interruption(sender.clone());
    let workers = tasks.len().min(AT_ONCE);
    let shared = Arc::new(Shared {
        connection,
        tasks,
        goal,
        clock: SystemClock::new(),
        next: AtomicUsize::new(0),
        stopping: AtomicBool::new(false),
    });
    for _ in 0..workers {
        let (shared, presence) = (shared.clone(), Presence(sender.clone()));
        std::thread::spawn(move || worker::work(&shared, &presence));
    }
    Coordinator::new(&shared, workers, tell).coordinate(&messages)
}

impl<'a> TaskName<'a> {
    fn of(tasks: &'a [Task], index: usize) -> Self {
        let task = tasks.get(index);
        let resumed = match task.map(|task| &task.start) {
            Some(Start::Resume(ticket)) => Some(ticket.extraction_id()),
            Some(Start::Submit(_)) | None => None,
        };
        Self { index, file: task.and_then(|task| task.file.as_deref()), resumed }
    }

    /// What to call it before people.
    pub(crate) fn name(self) -> &'a str {
        self.file.or_else(|| self.resumed.map(ExtractionId::as_str)).unwrap_or_default()
    }
}

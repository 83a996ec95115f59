//! One thread that follows one document after the other.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;

use typless::drive::Clock;
use typless::machine::{Job, JobError, JobEventKind, JobOptions, PollPolicy, RetryPolicy};
use typless::wire::{Extraction, ExtractionId};
use typless_transports::SystemClock;
use typless_transports::blocking::Driver;

use super::{Goal, Start, Task};
use crate::service::{ATTEMPTS, Connection};

/// What all threads of a call share.
pub(super) struct Shared {
    pub(super) connection: Connection,
    pub(super) tasks: Vec<Task>,
    pub(super) goal: Goal,
    pub(super) clock: SystemClock,
    /// The first task that no worker has taken.
    pub(super) next: AtomicUsize,
    /// Whether no more submits may leave.
    pub(super) stopping: AtomicBool,
}

/// What a worker reports.
pub(super) enum Message {
    /// Something on the way of a document; that it is about to be submitted is told before.
    Event { index: usize, kind: JobEventKind },
    /// A document has come to its end.
    Ended { index: usize, extraction_id: Option<ExtractionId>, outcome: Result<Extraction, JobError> },
    /// A document was taken by the service, and that was all that was wanted.
    Done { index: usize },
    /// A document was not submitted, as the call was interrupted.
    HeldBack { index: usize },
    /// The user asks to stop.
    Interrupted,
    /// A worker has left: nothing is left to do, or it came to grief.
    Left,
}

/// Tells that a worker has left, whatever the reason.
pub(super) struct Presence(pub(super) Sender<Message>);

impl Drop for Presence {
    fn drop(&mut self) {
        let _ = self.0.send(Message::Left);
    }
}

/// Follows documents until none is left.
pub(super) fn work(shared: &Shared, Presence(sender): &Presence) {
    while !shared.stopping.load(Ordering::SeqCst) {
        let index = shared.next.fetch_add(1, Ordering::SeqCst);
        let Some(task) = shared.tasks.get(index) else { break };
        let last = follow(shared, index, task, sender);
        if sender.send(last).is_err() {
            break;
        }
    }
}

fn follow(shared: &Shared, index: usize, task: &Task, sender: &Sender<Message>) -> Message {
    let mut driver = Driver::new(begin(shared, task), &shared.connection.transport, shared.clock);
    while let Some(event) = driver.next_event() {
        let kind = match event.kind {
            JobEventKind::Finished(outcome) => {
                let extraction_id = driver.machine().ticket().map(|ticket| ticket.extraction_id().clone());
                return Message::Ended { index, extraction_id, outcome };
            }
            kind => kind,
        };
        let submits = matches!(kind, JobEventKind::Submitting { .. });
        let submitted = matches!(kind, JobEventKind::Submitted(_));
        let _ = sender.send(Message::Event { index, kind });
        // In this order: whoever has asked us to stop either knows of this submit, or we know of it.
        if submits && shared.stopping.load(Ordering::SeqCst) {
            return Message::HeldBack { index };
        }
        if submitted && matches!(shared.goal, Goal::Tickets) {
            return Message::Done { index };
        }
    }
    // A job tells its end before it is done.
    Message::Ended { index, extraction_id: None, outcome: Err(JobError::Abandoned { ticket: None }) }
}

fn begin(shared: &Shared, task: &Task) -> Job {
    // Clients that fail together should not come back together.
    let seed = RandomState::new().hash_one(&task.file);
    let options = JobOptions::new()
        .with_seed(seed)
        .with_poll_policy(PollPolicy::eager())
        .with_retry_policy(RetryPolicy::new().with_attempts(ATTEMPTS));
    let options = match shared.goal {
        Goal::Tickets => options,
        Goal::Results { deadline } => options.with_deadline(deadline),
    };
    let (api, now) = (&shared.connection.api, shared.clock.now());
    match &task.start {
        Start::Submit(document) => Job::submit(api, document.clone(), options, now),
        Start::Resume(ticket) => Job::resume(api, ticket, options, now),
    }
}

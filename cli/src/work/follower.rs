//! Follows the documents of a command through a batch.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use typless::drive::Clock;
use typless::machine::{
    Batch, BatchEventKind, BatchProgress, JobError, JobEventKind, JobKey, Ticket, Time,
};
use typless::wire::{Extraction, ExtractionId};
use typless_transports::SystemClock;
use typless_transports::blocking::Driver;
use typless_transports::ureq::Ureq;

use super::fatal::FatalError;
use super::{Goal, Start, Task, TaskName, Update, abandon_all, on_interrupt};
use crate::exit::Exit;

/// How many documents may wait in the batch. A document's deadline starts when it is added.
const MAX_WAITING: usize = 32;

/// Adds documents to the batch, and reports what happens to them.
pub(super) struct Follower<F> {
    driver: Driver<Batch, Ureq, SystemClock>,
    clock: SystemClock,
    goal: Goal,
    tasks: Vec<Task>,
    /// The index of the first task that was not added to the batch.
    next: usize,
    under_way: BTreeMap<JobKey, UnderWay>,
    on_update: F,
    interruption: Arc<Interruption>,
    fatal_error: Option<FatalError>,
    /// Whether the service has accepted a document.
    was_reached: bool,
}

struct UnderWay {
    index: usize,
    extraction_id: Option<ExtractionId>,
}

impl<F: FnMut(TaskName<'_>, Update<'_>, &BatchProgress) -> bool> Follower<F> {
    pub(super) fn new(
        driver: Driver<Batch, Ureq, SystemClock>,
        clock: SystemClock,
        tasks: Vec<Task>,
        goal: Goal,
        on_interrupted: impl Fn(usize) + Send + Sync + 'static,
        on_update: F,
    ) -> Self {
        let interruption = Arc::new(Interruption {
            is_triggered: AtomicBool::new(false),
            on_interrupted: Box::new(on_interrupted),
        });
        let (handle, from_handle) = (driver.handle(), interruption.clone());
        on_interrupt(move || handle.push(move |batch, now| from_handle.trigger(batch, now)));
        Self {
            driver,
            clock,
            goal,
            tasks,
            next: 0,
            under_way: BTreeMap::new(),
            on_update,
            interruption,
            fatal_error: None,
            was_reached: false,
        }
    }

    pub(super) fn follow(mut self) -> (Exit, BatchProgress) {
        self.add_more();
        while let Some(event) = self.driver.next_event() {
            self.handle_event(event.kind);
            self.add_more();
        }
        self.report_rest();
        let exit = if self.interruption.is_triggered() {
            Exit::Interrupted
        } else {
            Exit::Success
        };
        (exit, self.driver.machine().progress())
    }

    /// Adds the documents that the batch can start soon.
    fn add_more(&mut self) {
        let now = self.clock.now();
        let batch = self.driver.machine_mut();
        if self.fatal_error.is_some() || self.interruption.is_triggered() {
            return batch.close();
        }
        while let Some(task) = self.tasks.get(self.next) {
            let (key, extraction_id) = match &task.start {
                Start::Submit(_) if batch.progress().waiting >= MAX_WAITING => return,
                Start::Submit(document) => (batch.add(document.clone(), now), None),
                Start::Resume(ticket) => (
                    batch.resume(ticket, now),
                    Some(ticket.extraction_id().clone()),
                ),
            };
            // It is open until all were added.
            let Some(key) = key else { return };
            self.under_way.insert(
                key,
                UnderWay {
                    index: self.next,
                    extraction_id,
                },
            );
            self.next += 1;
        }
        batch.close();
    }

    fn handle_event(&mut self, kind: BatchEventKind) {
        match kind {
            BatchEventKind::Job {
                key,
                event: JobEventKind::Finished(outcome),
                ..
            } => {
                if let Some(finished) = self.under_way.remove(&key) {
                    self.finish(finished, outcome);
                }
            }
            BatchEventKind::Job { key, event, .. } => self.handle_progress(key, &event),
            BatchEventKind::KeyRefused(error) => self.abort(FatalError::KeyRefused(error)),
            BatchEventKind::SubmittedLate { ticket, .. } => {
                let task = TaskName {
                    index: 0,
                    file: ticket.reference(),
                    resumed: Some(ticket.extraction_id()),
                };
                let should_continue = (self.on_update)(
                    task,
                    Update::SubmittedLate { ticket: &ticket },
                    &self.driver.machine().progress(),
                );
                self.stop_unless(should_continue);
            }
            // The batch handles the rest itself.
            _ => {}
        }
    }

    fn handle_progress(&mut self, key: JobKey, event: &JobEventKind) {
        let Some(under_way) = self.under_way.get_mut(&key) else {
            return;
        };
        let index = under_way.index;
        if let JobEventKind::Submitted(ticket) = event {
            under_way.extraction_id = Some(ticket.extraction_id().clone());
            self.was_reached = true;
            self.report(index, Update::Submitted { ticket });
            if matches!(self.goal, Goal::Tickets) {
                self.driver.machine_mut().abandon(key, self.clock.now());
            }
        }
        self.report(index, Update::Event(event));
    }

    fn finish(
        &mut self,
        UnderWay {
            index,
            extraction_id,
        }: UnderWay,
        outcome: Result<Extraction, JobError>,
    ) {
        let outcome = match outcome {
            Err(JobError::Abandoned { ticket }) => match (&self.fatal_error, &ticket) {
                // The ticket is all that was wanted. If the submit was in flight when everything
                // was abandoned, it is not reported yet.
                (_, Some(ticket)) if matches!(self.goal, Goal::Tickets) => {
                    if extraction_id.is_none() {
                        self.report(index, Update::Submitted { ticket });
                    }
                    return;
                }
                (Some(error), _) => Err(error.to_job_error(ticket)),
                (None, _) => return self.report_left(index, ticket.as_ref()),
            },
            outcome => outcome,
        };
        if let (Err(error), false) = (&outcome, self.was_reached)
            && let Some(error) = FatalError::from_job_error(error)
        {
            self.abort(error);
        }
        self.report(
            index,
            Update::Finished {
                extraction_id,
                outcome,
            },
        );
    }

    fn report_left(&mut self, index: usize, ticket: Option<&Ticket>) {
        self.report(
            index,
            ticket.map_or(Update::NotSubmitted, |ticket| Update::Abandoned { ticket }),
        );
    }

    /// Abandons everything. The first reason counts.
    fn abort(&mut self, error: FatalError) {
        self.fatal_error.get_or_insert(error);
        abandon_all(self.driver.machine_mut(), self.clock.now());
    }

    /// Reports the documents that were never added.
    fn report_rest(&mut self) {
        for index in self.next..self.tasks.len() {
            let ticket = match self.tasks.get(index).map(|task| &task.start) {
                Some(Start::Resume(ticket)) => Some(ticket.clone()),
                Some(Start::Submit(_)) | None => None,
            };
            match &self.fatal_error {
                Some(error) => {
                    let extraction_id =
                        ticket.as_ref().map(|ticket| ticket.extraction_id().clone());
                    let outcome = Err(error.to_job_error(ticket));
                    self.report(
                        index,
                        Update::Finished {
                            extraction_id,
                            outcome,
                        },
                    );
                }
                None => self.report_left(index, ticket.as_ref()),
            }
        }
    }

    fn report(&mut self, index: usize, update: Update<'_>) {
        let should_continue = (self.on_update)(
            TaskName::new(&self.tasks, index),
            update,
            &self.driver.machine().progress(),
        );
        self.stop_unless(should_continue);
    }

    fn stop_unless(&mut self, should_continue: bool) {
        let batch = self.driver.machine_mut();
        if !should_continue && (batch.progress().unfinished() > 0 || self.next < self.tasks.len()) {
            self.interruption.trigger(batch, self.clock.now());
        }
    }
}

/// An early end of the command.
struct Interruption {
    is_triggered: AtomicBool,
    on_interrupted: Box<dyn Fn(usize) + Send + Sync>,
}

impl Interruption {
    fn is_triggered(&self) -> bool {
        self.is_triggered.load(Ordering::SeqCst)
    }

    fn trigger(&self, batch: &mut Batch, now: Time) {
        if !self.is_triggered.swap(true, Ordering::SeqCst) {
            (self.on_interrupted)(batch.progress().submitting);
            abandon_all(batch, now);
        }
    }
}

//! Knows where each document of the call stands.

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

use super::halt::Halt;
use super::{Goal, Start, Task, TaskName, Update, abandon_all, on_interruption};
use crate::exit::Exit;

/// So many documents are given to the batch before their turn comes. The time that a document is followed begins when it is given.
const AHEAD: usize = 32;

/// Gives documents to the batch, and tells the command what happens to them.
pub(super) struct Follower<F> {
    driver: Driver<Batch, Ureq, SystemClock>,
    clock: SystemClock,
    goal: Goal,
    tasks: Vec<Task>,
    /// The first task that was not given to the batch.
    next: usize,
    under_way: BTreeMap<JobKey, UnderWay>,
    tell: F,
    interruption: Arc<Interruption>,
    halted: Option<Halt>,
    /// Whether the service has ever taken anything.
    reached: bool,
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
        announce: impl Fn(usize) + Send + Sync + 'static,
        tell: F,
    ) -> Self {
        let interruption = Arc::new(Interruption {
            has_come: AtomicBool::new(false),
            announce: Box::new(announce),
        });
        let (hand, by_hand) = (driver.handle(), interruption.clone());
        on_interruption(move || hand.push(move |batch, now| by_hand.happen(batch, now)));
        Self {
            driver,
            clock,
            goal,
            tasks,
            next: 0,
            under_way: BTreeMap::new(),
            tell,
            interruption,
            halted: None,
            reached: false,
        }
    }

    pub(super) fn follow(mut self) -> (Exit, BatchProgress) {
        self.begin_more();
        while let Some(event) = self.driver.next_event() {
            self.take(event.kind);
            self.begin_more();
        }
        self.end_rest();
        let exit = if self.interruption.has_come() {
            Exit::Interrupted
        } else {
            Exit::Success
        };
        (exit, self.driver.machine().progress())
    }

    /// Gives the batch what it can begin with soon.
    fn begin_more(&mut self) {
        let now = self.clock.now();
        let batch = self.driver.machine_mut();
        if self.halted.is_some() || self.interruption.has_come() {
            return batch.close();
        }
        while let Some(task) = self.tasks.get(self.next) {
            let (key, extraction_id) = match &task.start {
                Start::Submit(_) if batch.progress().waiting >= AHEAD => return,
                Start::Submit(document) => (batch.add(document.clone(), now), None),
                Start::Resume(ticket) => (
                    batch.resume(ticket, now),
                    Some(ticket.extraction_id().clone()),
                ),
            };
            // It is open until all were given.
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

    fn take(&mut self, kind: BatchEventKind) {
        match kind {
            BatchEventKind::Job {
                key,
                event: JobEventKind::Finished(outcome),
                ..
            } => {
                if let Some(ended) = self.under_way.remove(&key) {
                    self.finished(ended, outcome);
                }
            }
            BatchEventKind::Job { key, event, .. } => self.on_the_way(key, &event),
            BatchEventKind::KeyRefused(error) => self.halt(Halt::KeyRefused(error)),
            BatchEventKind::SubmittedLate { ticket, .. } => {
                let task = TaskName {
                    index: 0,
                    file: ticket.reference(),
                    resumed: Some(ticket.extraction_id()),
                };
                let goes_on = (self.tell)(
                    task,
                    Update::SubmittedLate { ticket: &ticket },
                    &self.driver.machine().progress(),
                );
                self.stop_unless(goes_on);
            }
            // The batch gets along with the rest by itself.
            _ => {}
        }
    }

    fn on_the_way(&mut self, key: JobKey, event: &JobEventKind) {
        let Some(under_way) = self.under_way.get_mut(&key) else {
            return;
        };
        let index = under_way.index;
        if let JobEventKind::Submitted(ticket) = event {
            under_way.extraction_id = Some(ticket.extraction_id().clone());
            self.reached = true;
            self.report(index, Update::Submitted { ticket });
            if matches!(self.goal, Goal::Tickets) {
                self.driver.machine_mut().abandon(key, self.clock.now());
            }
        }
        self.report(index, Update::Event(event));
    }

    fn finished(
        &mut self,
        UnderWay {
            index,
            extraction_id,
        }: UnderWay,
        outcome: Result<Extraction, JobError>,
    ) {
        let outcome = match outcome {
            Err(JobError::Abandoned { ticket }) => match (&self.halted, &ticket) {
                // A ticket is all that was wanted; that of a submit that was out when all was given up was not told yet.
                (_, Some(ticket)) if matches!(self.goal, Goal::Tickets) => {
                    if extraction_id.is_none() {
                        self.report(index, Update::Submitted { ticket });
                    }
                    return;
                }
                (Some(halt), _) => Err(halt.end(ticket)),
                (None, _) => return self.leave(index, ticket.as_ref()),
            },
            outcome => outcome,
        };
        if let (Err(error), false) = (&outcome, self.reached)
            && let Some(halt) = Halt::of(error)
        {
            self.halt(halt);
        }
        self.report(
            index,
            Update::Ended {
                extraction_id,
                outcome,
            },
        );
    }

    fn leave(&mut self, index: usize, ticket: Option<&Ticket>) {
        self.report(
            index,
            ticket.map_or(Update::NotSubmitted, |ticket| Update::Left { ticket }),
        );
    }

    /// Ends everything. The first reason counts.
    fn halt(&mut self, halt: Halt) {
        self.halted.get_or_insert(halt);
        abandon_all(self.driver.machine_mut(), self.clock.now());
    }

    /// What was never begun.
    fn end_rest(&mut self) {
        for index in self.next..self.tasks.len() {
            let ticket = match self.tasks.get(index).map(|task| &task.start) {
                Some(Start::Resume(ticket)) => Some(ticket.clone()),
                Some(Start::Submit(_)) | None => None,
            };
            match &self.halted {
                Some(halt) => {
                    let extraction_id =
                        ticket.as_ref().map(|ticket| ticket.extraction_id().clone());
                    let outcome = Err(halt.end(ticket));
                    self.report(
                        index,
                        Update::Ended {
                            extraction_id,
                            outcome,
                        },
                    );
                }
                None => self.leave(index, ticket.as_ref()),
            }
        }
    }

    fn report(&mut self, index: usize, update: Update<'_>) {
        let goes_on = (self.tell)(
            TaskName::of(&self.tasks, index),
            update,
            &self.driver.machine().progress(),
        );
        self.stop_unless(goes_on);
    }

    fn stop_unless(&mut self, goes_on: bool) {
        let batch = self.driver.machine_mut();
        if !goes_on && (batch.progress().unfinished() > 0 || self.next < self.tasks.len()) {
            self.interruption.happen(batch, self.clock.now());
        }
    }
}

/// The end of the call before its time.
struct Interruption {
    has_come: AtomicBool,
    announce: Box<dyn Fn(usize) + Send + Sync>,
}

impl Interruption {
    fn has_come(&self) -> bool {
        self.has_come.load(Ordering::SeqCst)
    }

    fn happen(&self, batch: &mut Batch, now: Time) {
        if !self.has_come.swap(true, Ordering::SeqCst) {
            (self.announce)(batch.progress().submitting);
            abandon_all(batch, now);
        }
    }
}

//! Follows the documents of a command through a batch.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use typless::drive::Clock;
use typless::machine::{
    BatchEventKind, BatchProgress, JobError, JobEventKind, JobKey, Ticket, Time,
};
use typless::wire::{Extraction, ExtractionId};
use typless_transports::SystemClock;
use typless_transports::blocking::Driver;
use typless_transports::ureq::Ureq;

use super::standings::{Standing, Standings};
use super::{
    Change, Ended, Ending, Goal, Messages, Start, Supervisor, Task, TaskName, Update, on_interrupt,
};
use crate::exit::Exit;

/// How many documents may wait in the batch.
const MAX_WAITING: usize = 32;

/// Adds documents to the batch, and reports what happens to them.
pub(super) struct Follower<F> {
    driver: Driver<Supervisor, Ureq, SystemClock>,
    clock: SystemClock,
    goal: Goal,
    tasks: Vec<Task>,
    /// The index of the first task that was not added to the batch.
    next: usize,
    under_way: BTreeMap<JobKey, UnderWay>,
    standings: Standings,
    on_update: F,
    interruption: Arc<Interruption>,
}

struct UnderWay {
    index: usize,
    extraction_id: Option<ExtractionId>,
}

impl<F: FnMut(Update<'_>, &BatchProgress) -> bool> Follower<F> {
    pub(super) fn new(
        driver: Driver<Supervisor, Ureq, SystemClock>,
        clock: SystemClock,
        tasks: Vec<Task>,
        goal: Goal,
        messages: Arc<impl Messages>,
        on_update: F,
    ) -> Self {
        let interruption = Arc::new(Interruption {
            is_triggered: AtomicBool::new(false),
            messages: messages.clone(),
        });
        let standings = Standings::new(&tasks);
        let (handle, from_handle) = (driver.handle(), interruption.clone());
        let left = standings.clone();
        on_interrupt(
            move || {
                handle.push(move |supervisor, now| {
                    from_handle.trigger(supervisor, Supervisor::interrupt, now);
                })
            },
            move || left.freeze(|name, left| messages.exiting(name, left)),
        );
        Self {
            driver,
            clock,
            goal,
            tasks,
            next: 0,
            under_way: BTreeMap::new(),
            standings,
            on_update,
            interruption,
        }
    }

    pub(super) fn follow(mut self) -> Ended {
        self.add_more();
        // It never needs input: it is closed when all documents were added.
        while let Ok(Some(event)) = self.driver.next_event() {
            self.handle_event(event.kind);
            self.add_more();
        }
        self.report_rest();
        let exit = if self.interruption.is_triggered() {
            Exit::Interrupted
        } else {
            Exit::Success
        };
        let supervisor = self.driver.machine();
        Ended {
            exit,
            has_worked: supervisor.has_worked(),
            progress: supervisor.progress(),
        }
    }

    /// Adds the documents that the batch can start soon.
    fn add_more(&mut self) {
        let now = self.clock.now();
        let supervisor = self.driver.machine_mut();
        if supervisor.ending().is_some() {
            return supervisor.close();
        }
        while let Some(task) = self.tasks.get(self.next) {
            let (key, extraction_id) = match &task.start {
                Start::Submit(_) | Start::SubmitAgain(_)
                    if supervisor.progress().waiting >= MAX_WAITING =>
                {
                    return;
                }
                Start::Submit(document) => (supervisor.add(document.clone(), now), None),
                Start::SubmitAgain(document) => (supervisor.add_again(document.clone(), now), None),
                Start::Resume(ticket) => (
                    supervisor.resume(ticket, now),
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
        supervisor.close();
    }

    fn handle_event(&mut self, kind: BatchEventKind) {
        match kind {
            BatchEventKind::Job {
                key,
                event: JobEventKind::Finished(outcome),
                ..
            } => {
                if let Some(finished) = self.under_way.remove(&key) {
                    let index = finished.index;
                    match self.driver.machine_mut().refused(key) {
                        Some(reason) => self.report(index, &Change::Known(reason)),
                        None => self.finish(finished, outcome),
                    }
                    self.standings.set(index, Standing::Reported);
                }
            }
            BatchEventKind::Job { key, event, .. } => self.handle_progress(key, &event),
            BatchEventKind::Paused(pause) => self.update(Update::Paused(&pause)),
            BatchEventKind::Resumed { reason, since } => {
                let now = self.clock.now();
                self.update(Update::Resumed { reason, since, now });
            }
            BatchEventKind::SubmittedLate { ticket, .. } => {
                let task = TaskName {
                    index: 0,
                    file: ticket.reference(),
                    key: None,
                    resumed: Some(ticket.extraction_id()),
                };
                let change = Change::SubmittedLate { ticket: &ticket };
                self.update(Update::Document(task, change));
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
        match event {
            JobEventKind::Submitting { .. } => self.standings.set(index, Standing::Submitting),
            // It certainly was not processed: nothing is submitted again otherwise.
            JobEventKind::SubmitFailed { .. } => {
                self.standings.set(index, Standing::NotSubmitted);
            }
            JobEventKind::Submitted(ticket) => {
                under_way.extraction_id = Some(ticket.extraction_id().clone());
                self.standings
                    .set(index, Standing::Submitted(ticket.clone()));
                self.report(index, &Change::Submitted { ticket });
                if matches!(self.goal, Goal::Tickets) {
                    self.standings.set(index, Standing::Reported);
                    let now = self.clock.now();
                    self.driver.machine_mut().abandon(key, now);
                }
            }
            _ => {}
        }
        self.report(index, &Change::Event(event));
    }

    fn finish(
        &mut self,
        UnderWay {
            index,
            extraction_id,
        }: UnderWay,
        outcome: Result<Extraction, JobError>,
    ) {
        match outcome {
            // The ticket is all that was wanted. If the submit was in flight when everything was
            // abandoned, it is not reported yet.
            Err(
                JobError::Abandoned {
                    ticket: Some(ticket),
                }
                | JobError::Refused {
                    ticket: Some(ticket),
                    ..
                },
            ) if matches!(self.goal, Goal::Tickets) => {
                if extraction_id.is_none() {
                    self.report(index, &Change::Submitted { ticket: &ticket });
                }
            }
            Err(JobError::Abandoned { ticket }) => self.report_left(index, ticket.as_ref()),
            outcome => {
                // The id may come with the outcome, from a submit that was out.
                let ticket = outcome.as_ref().err().and_then(JobError::ticket);
                let of_ticket = ticket.map(|ticket| ticket.extraction_id().clone());
                let extraction_id = extraction_id.or(of_ticket);
                let change = Change::Finished {
                    extraction_id,
                    outcome,
                };
                self.report(index, &change);
            }
        }
    }

    /// Reports a document that was abandoned for the reason that ended everything.
    fn report_left(&mut self, index: usize, ticket: Option<&Ticket>) {
        let ending = self.driver.machine().ending().cloned();
        let change = match (&ending, ticket) {
            (Some(Ending::GivenUp), ticket) => Change::GivenUp { ticket },
            (Some(Ending::Unreachable(failed)), Some(ticket)) => {
                Change::Unreachable { ticket, failed }
            }
            (_, Some(ticket)) => Change::Abandoned { ticket },
            (_, None) => Change::NotSubmitted,
        };
        self.report(index, &change);
    }

    /// Reports the documents that were never added.
    fn report_rest(&mut self) {
        for index in self.next..self.tasks.len() {
            let ticket = match self.tasks.get(index).map(|task| &task.start) {
                Some(Start::Resume(ticket)) => Some(ticket.clone()),
                Some(Start::Submit(_) | Start::SubmitAgain(_)) | None => None,
            };
            let extraction_id = ticket.as_ref().map(|ticket| ticket.extraction_id().clone());
            let ending = self.driver.machine().ending();
            let ending = ending.unwrap_or(&Ending::Interrupted);
            let outcome = Err(ending.to_job_error(ticket, 0));
            let rest = UnderWay {
                index,
                extraction_id,
            };
            self.finish(rest, outcome);
            self.standings.set(index, Standing::Reported);
        }
    }

    /// Reports a change of a document, under each of its names.
    fn report(&mut self, index: usize, change: &Change<'_>) {
        let progress = self.driver.machine().progress();
        let mut should_continue = true;
        for name in self.tasks.get(index).into_iter().flat_map(Task::names) {
            let update = Update::Document(name, change.clone());
            should_continue &= (self.on_update)(update, &progress);
        }
        self.stop_unless(should_continue);
    }

    fn update(&mut self, update: Update<'_>) {
        let should_continue = (self.on_update)(update, &self.driver.machine().progress());
        self.stop_unless(should_continue);
    }

    fn stop_unless(&mut self, should_continue: bool) {
        let supervisor = self.driver.machine_mut();
        let is_unfinished = supervisor.progress().unfinished() > 0 || self.next < self.tasks.len();
        if !should_continue && is_unfinished {
            let now = self.clock.now();
            self.interruption.trigger(supervisor, Supervisor::stop, now);
        }
    }
}

/// An early end of the command.
struct Interruption {
    is_triggered: AtomicBool,
    messages: Arc<dyn Messages>,
}

impl Interruption {
    fn is_triggered(&self) -> bool {
        self.is_triggered.load(Ordering::SeqCst)
    }

    fn trigger(&self, supervisor: &mut Supervisor, end: fn(&mut Supervisor, Time), now: Time) {
        if !self.is_triggered.swap(true, Ordering::SeqCst) {
            self.messages.interrupted(supervisor.progress().submitting);
            end(supervisor, now);
        }
    }
}

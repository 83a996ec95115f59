//! What arrives at a batch.

use std::collections::{BTreeSet, VecDeque};

use typless::machine::{
    Batch, BatchEvent, BatchEventKind, JobError, JobEventKind, JobKey, JobState, Output,
    PauseReason, RequestId, Time,
};
use typless::wire::Notification;

use super::exchanges::{Exchanges, whom};
use super::{DEADLINE, MARK, NO_RESPONSE, Observe, Reply, Whom, job_column, reply_name};
use crate::support::reached::Reached;

/// The conditions of a batch in the table; several may hold at once.
pub(crate) const BATCH_STATES: [&str; 8] = [
    "works",
    "throttled",
    "outage",
    "key refused",
    "submits held",
    "degraded",
    "submit out",
    "done",
];

/// Notes what arrives at a batch: by the state of the job that it is about, and by the state of the
/// batch.
pub(crate) struct BatchObserver {
    reached: Reached,
    exchanges: Exchanges<Option<JobKey>>,
    /// `None` once it has passed, or if each job has its own.
    deadline: Option<Time>,
    /// Events were emitted, and their requests are not sent yet.
    submits: VecDeque<JobKey>,
    polls: VecDeque<JobKey>,
    abandoned: BTreeSet<JobKey>,
    /// Finished without knowing whether they were submitted.
    unknown: BTreeSet<JobKey>,
    holds_submits: bool,
    is_degraded: bool,
    is_done: bool,
    /// Noted by the test.
    pub(crate) is_shut_down: bool,
}

impl BatchObserver {
    /// For a batch that begins now.
    pub(crate) fn new(reached: &Reached, now: Time, deadline: Option<Time>) -> Self {
        Self {
            reached: reached.clone(),
            exchanges: Exchanges::new(now),
            deadline,
            submits: VecDeque::new(),
            polls: VecDeque::new(),
            abandoned: BTreeSet::new(),
            unknown: BTreeSet::new(),
            holds_submits: false,
            is_degraded: false,
            is_done: false,
            is_shut_down: false,
        }
    }

    /// The batch gets this input, about a job or about none.
    pub(crate) fn input(&mut self, batch: &Batch, name: &str, key: Option<JobKey>) {
        self.note(batch, name, MARK, key, None);
        if name == "abandoned" {
            self.abandoned.extend(key);
        }
    }

    /// The batch gets this notification.
    pub(crate) fn notified(&mut self, batch: &Batch, notification: &Notification) {
        let id = notification.extraction_id();
        let is_named = |key: &JobKey| {
            let ticket = batch.ticket(*key);
            ticket.is_some_and(|ticket| ticket.extraction_id() == id)
        };
        self.input(batch, "notification", batch.keys().find(is_named));
    }

    fn note(
        &self,
        batch: &Batch,
        fault: &str,
        letter: char,
        key: Option<JobKey>,
        id: Option<RequestId>,
    ) {
        if let Some(key) = key {
            self.reached.note(fault, self.state(batch, key), letter);
        }
        for state in self.conditions(batch, id) {
            self.reached.note(fault, state, letter);
        }
    }

    fn state(&self, batch: &Batch, key: JobKey) -> &'static str {
        let gone = if self.unknown.contains(&key) {
            JobState::SubmitUnknown
        } else {
            JobState::Succeeded
        };
        let is_emitted = self.submits.contains(&key) || self.polls.contains(&key);
        let state = batch.state(key).unwrap_or(gone);
        job_column(state, is_emitted, self.abandoned.contains(&key))
    }

    /// The conditions that hold, apart from the request with this id.
    fn conditions(&self, batch: &Batch, id: Option<RequestId>) -> Vec<&'static str> {
        let pauses: Vec<_> = batch.pauses().map(|pause| pause.reason).collect();
        let is_blocked = [
            pauses.contains(&PauseReason::Throttled),
            pauses.contains(&PauseReason::Outage),
            pauses.contains(&PauseReason::KeyRefused),
            self.holds_submits,
        ];
        let holds = [
            !is_blocked.contains(&true) && !self.is_done,
            is_blocked[0],
            is_blocked[1],
            is_blocked[2],
            is_blocked[3],
            self.is_degraded,
            self.exchanges.is_out(Whom::Submit, id),
            self.is_done,
        ];
        let states = BATCH_STATES.into_iter().zip(holds);
        states
            .filter_map(|(state, holds)| holds.then_some(state))
            .collect()
    }
}

impl Observe<Batch> for BatchObserver {
    fn time(&mut self, batch: &Batch, now: Time) {
        let (odd, late) = self.exchanges.time(now);
        if let Some(odd) = odd {
            self.note(batch, odd, MARK, None, None);
        }
        for (whom, key) in late {
            self.note(batch, NO_RESPONSE, whom.letter(true), key, None);
        }
        if self.deadline.take_if(|deadline| now >= *deadline).is_some() {
            self.note(batch, DEADLINE, MARK, None, None);
            for key in batch.keys() {
                self.reached.note(DEADLINE, self.state(batch, key), MARK);
            }
        }
    }

    fn reply(&mut self, batch: &Batch, id: RequestId, reply: Reply<'_>, _: Time) {
        let (whom, letter, key) = self.exchanges.replied(id);
        let name = reply_name(reply, whom, letter);
        self.note(batch, name, letter, key.flatten(), Some(id));
    }

    fn output(&mut self, output: &Output<BatchEvent>, now: Time) {
        match output {
            Output::Send(transmit) => {
                let key = match whom(transmit) {
                    Whom::Submit => self.submits.pop_front(),
                    Whom::Poll => self.polls.pop_front(),
                    Whom::Listing => None,
                };
                self.exchanges.sent(transmit, key, now);
            }
            Output::Event(event) => self.event(&event.kind),
            Output::Done => self.is_done = true,
            _ => {}
        }
    }
}

impl BatchObserver {
    fn event(&mut self, event: &BatchEventKind) {
        match event {
            BatchEventKind::Job { key, event, .. } => {
                // What was emitted before is not sent any more.
                self.submits.retain(|before| before != key);
                self.polls.retain(|before| before != key);
                match event {
                    JobEventKind::Submitting { .. } => self.submits.push_back(*key),
                    JobEventKind::PollDue { .. } => self.polls.push_back(*key),
                    JobEventKind::Finished(Err(JobError::SubmitUnknown { .. })) => {
                        self.unknown.insert(*key);
                    }
                    _ => {}
                }
            }
            BatchEventKind::Paused(pause) if pause.reason == PauseReason::Submits => {
                self.holds_submits = true;
            }
            BatchEventKind::Resumed {
                reason: PauseReason::Submits,
                ..
            } => self.holds_submits = false,
            BatchEventKind::QueueDegraded(_) => self.is_degraded = true,
            BatchEventKind::QueueRestored => self.is_degraded = false,
            _ => {}
        }
    }
}

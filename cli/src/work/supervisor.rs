//! Ends documents and the whole call by the rules of the command.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use typless::machine::{
    Batch, BatchEvent, BatchEventKind, BatchOutcome, BatchProgress, Cause, FailedAttempts, Failure,
    FailureKind, JobError, JobEventKind, JobKey, JobState, LastPoll, Machine, Output, PauseReason,
    RequestId, Ticket, Time,
};
use typless::wire::{Document, Extraction, Notification, ServiceError, Status};
use typless_ledger::RefusedReason;

use super::contact::Contact;
use super::ending::Ending;
use super::recorded::Recorded;
use super::working_time::WorkingTime;

/// A batch whose documents have a deadline in working time, and which ends early if it cannot
/// begin.
///
/// The deadline of the library is wall time. Here a document's time begins with its turn, and
/// stands still while the batch pauses (between `Paused` and `Resumed`), and while a document that
/// was not submitted waits for another turn.
pub(crate) struct Supervisor {
    batch: Recorded,
    rules: Rules,
    working_time: WorkingTime,
    jobs: BTreeMap<JobKey, Supervised>,
    /// Which job is to be abandoned at which working time.
    deadlines: BTreeSet<(Duration, JobKey)>,
    /// Jobs that were resumed since the last listing.
    resumed: Vec<JobKey>,
    contact: Contact,
    /// The refusal of a key that was never accepted in this call, while requests are in flight that
    /// may show that it is.
    refusal: Option<ServiceError>,
    /// Pauses that may turn out to be the end of the call: not reported yet.
    withheld: VecDeque<BatchEvent>,
    ending: Option<Ending>,
    /// Until when polls in flight are awaited, once everything ends.
    polls_end_at: Option<Time>,
}

/// How long an interruption waits for polls in flight: their results may be on the way.
const MAX_WAIT_FOR_POLLS: Duration = Duration::from_secs(1);

/// What ends documents and the call.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rules {
    /// How long each document is followed, in working time.
    pub(crate) deadline: Option<Duration>,
    /// When the whole call ends.
    pub(crate) give_up_at: Option<Time>,
    /// Whether the call ends if no connection can be made at first.
    pub(crate) needs_connection: bool,
}

/// A job that has not finished.
#[derive(Debug, Default)]
struct Supervised {
    /// The working time at which it is abandoned, while its time runs.
    deadline: Option<Duration>,
    /// How much of its time was left when its time stopped.
    left: Option<Duration>,
    /// Whether its deadline has passed.
    is_expired: bool,
    /// How often it was submitted.
    attempts: u16,
    /// What the last request about it brought.
    last: Option<LastPoll>,
}

impl Supervisor {
    pub(crate) fn new(batch: Recorded, rules: Rules, now: Time) -> Self {
        Self {
            batch,
            rules,
            working_time: WorkingTime::new(now),
            jobs: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            resumed: Vec::new(),
            contact: Contact::default(),
            refusal: None,
            withheld: VecDeque::new(),
            ending: None,
            polls_end_at: None,
        }
    }

    /// As [`Batch::add`].
    pub(super) fn add(&mut self, document: Document, now: Time) -> Option<JobKey> {
        let key = self.batch.batch_mut().add(document, now)?;
        self.jobs.insert(key, Supervised::default());
        Some(key)
    }

    /// As [`Recorded::add_again`].
    pub(super) fn add_again(&mut self, document: Document, now: Time) -> Option<JobKey> {
        let key = self.batch.add_again(document, now)?;
        self.jobs.insert(key, Supervised::default());
        Some(key)
    }

    /// Why the document of an abandoned job was not submitted, if the ledger is the reason.
    pub(super) fn refused(&mut self, key: JobKey) -> Option<RefusedReason> {
        self.batch.refused(key)
    }

    /// As [`Recorded::resume`].
    pub(crate) fn resume(&mut self, ticket: &Ticket, now: Time) -> Option<JobKey> {
        let key = self.batch.resume(ticket, now)?;
        self.jobs.insert(key, Supervised::default());
        self.resumed.push(key);
        Some(key)
    }

    /// As [`Batch::handle_notification`].
    pub(crate) fn handle_notification(&mut self, notification: &Notification, now: Time) {
        self.batch
            .batch_mut()
            .handle_notification(notification, now);
    }

    /// As [`Batch::abandon`].
    pub(super) fn abandon(&mut self, key: JobKey, now: Time) {
        self.batch.batch_mut().abandon(key, now);
    }

    /// As [`Batch::close`].
    pub(super) fn close(&mut self) {
        self.batch.batch_mut().close();
    }

    pub(crate) fn progress(&self) -> BatchProgress {
        self.batch.batch().progress()
    }

    /// Whether the service accepted anything or responded usefully in this call.
    pub(super) fn has_worked(&self) -> bool {
        self.contact.is_key_accepted
    }

    /// Why everything was ended, if it was. The first reason counts.
    pub(crate) fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// Ends everything. A job whose submit is in flight finishes when the response arrives or its
    /// time limit passes, one that is being polled when that response arrives or a second has
    /// passed, the others finish now.
    pub(crate) fn interrupt(&mut self, now: Time) {
        self.end_with_polls_until(Ending::Interrupted, now + MAX_WAIT_FOR_POLLS, now);
    }

    /// Ends everything, as results can't be written: polls in flight are not awaited.
    pub(crate) fn stop(&mut self, now: Time) {
        self.end(Ending::Interrupted, now);
    }

    fn end(&mut self, ending: Ending, now: Time) {
        self.end_with_polls_until(ending, now, now);
    }

    fn end_with_polls_until(&mut self, ending: Ending, at: Time, now: Time) {
        self.ending.get_or_insert(ending);
        self.withheld.clear();
        self.batch.batch_mut().shutdown(now);
        let at = self.polls_end_at.map_or(at, |before| before.min(at));
        self.polls_end_at = Some(at);
        self.end_polls(now);
    }

    /// Abandons what is being polled, once nobody waits for it.
    fn end_polls(&mut self, now: Time) {
        if self.polls_end_at.take_if(|at| *at <= now).is_none() {
            return;
        }
        let is_polling = |key: &JobKey| self.batch.batch().state(*key) == Some(JobState::Polling);
        let keys: Vec<JobKey> = self.batch.batch().keys().filter(is_polling).collect();
        keys.into_iter()
            .for_each(|key| self.batch.batch_mut().abandon(key, now));
    }

    /// Ends what is to end now.
    fn end_due(&mut self, now: Time) {
        while let Some(&(deadline, key)) = self.deadlines.first()
            && deadline <= self.working_time.elapsed()
        {
            self.deadlines.pop_first();
            self.expire(key, now);
        }
        if self.ending.is_some() {
            return self.end_polls(now);
        }
        if self.rules.give_up_at.is_some_and(|at| at <= now) {
            self.end(Ending::GivenUp, now);
        } else if let Some(failed) = &self.contact.failed
            && self.unreachable_at().is_some_and(|at| at <= now)
        {
            self.end(Ending::Unreachable(failed.clone()), now);
        } else if self.batch.batch().progress().in_flight == 0
            && let Some(error) = self.refusal.take()
        {
            self.end(Ending::KeyRefused(error), now);
        }
    }

    /// When something is to end next; later than now.
    fn next_end_at(&self) -> Option<Time> {
        let deadline = self.deadlines.first();
        let deadline = deadline.and_then(|(deadline, _)| self.working_time.time_at(*deadline));
        let call = [self.rules.give_up_at, self.unreachable_at()];
        let call = call.into_iter().filter(|_| self.ending.is_none());
        call.chain([deadline, self.polls_end_at]).flatten().min()
    }

    fn unreachable_at(&self) -> Option<Time> {
        self.contact
            .unreachable_at()
            .filter(|_| self.rules.needs_connection)
    }

    /// The deadline of a job has passed.
    fn expire(&mut self, key: JobKey, now: Time) {
        if let Some(job) = self.jobs.get_mut(&key) {
            job.is_expired = true;
        }
        // A poll in flight still decides.
        if self.batch.batch().state(key) != Some(JobState::Polling) {
            self.batch.batch_mut().abandon(key, now);
        }
    }

    /// The time of a job runs, unless it does already.
    fn begin(&mut self, key: JobKey) {
        if let (Some(deadline), Some(job)) = (self.rules.deadline, self.jobs.get_mut(&key))
            && job.deadline.is_none()
        {
            let left = job.left.unwrap_or(deadline);
            let deadline = self.working_time.elapsed().saturating_add(left);
            job.deadline = Some(deadline);
            self.deadlines.insert((deadline, key));
        }
    }

    /// The time of a job stands still until its next turn.
    fn hold(&mut self, key: JobKey) {
        if let Some(job) = self.jobs.get_mut(&key)
            && let Some(deadline) = job.deadline.take()
        {
            job.left = Some(deadline.saturating_sub(self.working_time.elapsed()));
            self.deadlines.remove(&(deadline, key));
        }
    }

    /// Takes note of an event. `None` if it is not to be reported now.
    fn observe(&mut self, mut event: BatchEvent, now: Time) -> Option<BatchEvent> {
        if let BatchEventKind::Unfinished {
            key,
            reference,
            snapshot,
        } = event.kind
        {
            // It finishes as one that was abandoned does: without a ticket it certainly was not
            // submitted.
            event.kind = BatchEventKind::Job {
                key,
                reference,
                event: JobEventKind::Finished(Err(JobError::Abandoned {
                    ticket: snapshot.ticket(),
                })),
            };
        }
        match &mut event.kind {
            BatchEventKind::Paused(pause) => {
                self.working_time.pause(pause.reason);
                let is_undecided = match pause.reason {
                    PauseReason::KeyRefused => !self.contact.is_key_accepted,
                    PauseReason::Outage => {
                        self.rules.needs_connection && !self.contact.is_connected
                    }
                    _ => false,
                };
                if is_undecided && self.ending.is_none() {
                    if let (PauseReason::KeyRefused, Cause::Service(error)) =
                        (pause.reason, &pause.cause)
                    {
                        self.refusal = Some(error.clone());
                    }
                    self.withheld.push_back(event);
                    return None;
                }
            }
            BatchEventKind::Resumed { reason, .. } => {
                self.working_time.resume(*reason);
                // Without its beginning its end is not reported either.
                let withheld = self.withheld.len();
                self.withheld.retain(|event| match &event.kind {
                    BatchEventKind::Paused(pause) => pause.reason != *reason,
                    _ => true,
                });
                if *reason == PauseReason::KeyRefused {
                    self.accept_key();
                }
                if self.withheld.len() < withheld {
                    return None;
                }
            }
            BatchEventKind::ListingReceived { .. } => {
                self.accept_key();
                // A listing is the turn of all that was resumed before.
                let resumed = std::mem::take(&mut self.resumed);
                resumed.into_iter().for_each(|key| self.begin(key));
            }
            BatchEventKind::Job { key, event, .. } => self.observe_job(*key, event, now),
            _ => {}
        }
        Some(event)
    }

    fn observe_job(&mut self, key: JobKey, event: &mut JobEventKind, now: Time) {
        match event {
            JobEventKind::Submitting { attempt } => {
                self.begin(key);
                if let Some(job) = self.jobs.get_mut(&key) {
                    job.attempts = *attempt;
                }
            }
            JobEventKind::PollDue { .. } => self.begin(key),
            JobEventKind::Submitted(_) => {
                self.accept_key();
                self.succeeded(key, None);
            }
            JobEventKind::SubmitFailed { cause, .. } => {
                self.failed(key, cause, now);
                self.hold(key);
            }
            JobEventKind::Progressed { status, .. } => {
                self.accept_key();
                self.succeeded(key, status.as_ref());
                self.abandon_expired(key, now);
            }
            JobEventKind::PollFailed { cause, .. } => {
                self.failed(key, cause, now);
                self.abandon_expired(key, now);
            }
            JobEventKind::Finished(outcome) => self.finish(key, outcome, now),
            _ => {}
        }
    }

    /// A job has finished. If it was abandoned, its outcome says why.
    fn finish(&mut self, key: JobKey, outcome: &mut Result<Extraction, JobError>, now: Time) {
        let job = self.jobs.remove(&key).unwrap_or_default();
        if let Some(deadline) = job.deadline {
            self.deadlines.remove(&(deadline, key));
        }
        match outcome {
            Err(JobError::Abandoned { ticket }) if job.is_expired => {
                *outcome = Err(match ticket.take() {
                    Some(ticket) => JobError::Deadline {
                        ticket,
                        at: now,
                        retry_after: None,
                        last: job.last,
                    },
                    None => JobError::Exhausted {
                        attempts: job.attempts,
                        failed: match job.last {
                            Some(LastPoll::Failed(failed)) => Some(failed),
                            _ => None,
                        },
                    },
                });
            }
            Err(JobError::Abandoned { ticket }) => {
                if let Some(ending) = &self.ending {
                    *outcome = Err(ending.to_job_error(ticket.take(), job.attempts));
                }
            }
            Ok(_) | Err(JobError::Failed { .. } | JobError::Expired { .. }) => self.accept_key(),
            Err(JobError::Exhausted {
                failed: Some(failed),
                ..
            }) if matches!(failed.cause(), Cause::Failure(_))
                && self.rules.needs_connection
                && !self.contact.is_connected =>
            {
                let failed = failed.clone();
                self.end(Ending::Unreachable(failed), now);
            }
            Err(_) => {}
        }
    }

    fn abandon_expired(&mut self, key: JobKey, now: Time) {
        if self.jobs.get(&key).is_some_and(|job| job.is_expired) {
            self.batch.batch_mut().abandon(key, now);
        }
    }

    fn failed(&mut self, key: JobKey, cause: &Cause, now: Time) {
        if let Some(job) = self.jobs.get_mut(&key) {
            let before = match job.last.take() {
                Some(LastPoll::Failed(failed)) => Some(failed),
                _ => None,
            };
            let failed = FailedAttempts::after(before, cause.clone(), now);
            job.last = Some(LastPoll::Failed(failed));
        }
    }

    fn succeeded(&mut self, key: JobKey, status: Option<&Status>) {
        if let Some(job) = self.jobs.get_mut(&key) {
            job.last = status.cloned().map(LastPoll::Status);
        }
    }

    /// The service has accepted the key.
    fn accept_key(&mut self) {
        self.contact.is_key_accepted = true;
        self.refusal = None;
    }

    /// A pause that turned out not to be the end of the call.
    fn next_withheld(&mut self) -> Option<BatchEvent> {
        let contact = &self.contact;
        let is_decided = |event: &BatchEvent| match &event.kind {
            BatchEventKind::Paused(pause) if pause.reason == PauseReason::KeyRefused => {
                contact.is_key_accepted
            }
            _ => contact.is_connected,
        };
        let index = self.withheld.iter().position(is_decided)?;
        self.withheld.remove(index)
    }
}

impl Machine for Supervisor {
    type Event = BatchEvent;
    type Outcome = BatchOutcome;

    fn next_output(&mut self, now: Time) -> Output<BatchEvent> {
        self.working_time.advance(now);
        loop {
            self.end_due(now);
            if let Some(event) = self.next_withheld() {
                return Output::Event(event);
            }
            let wait = match self.batch.next_output(now) {
                Output::Event(event) => match self.observe(event, now) {
                    Some(event) => return Output::Event(event),
                    None => continue,
                },
                Output::Send(transmit) => {
                    self.contact.first_sent_at.get_or_insert(now);
                    return Output::Send(transmit);
                }
                Output::Done => return Output::Done,
                Output::Wait(until) => Some(until),
                Output::NeedInput => None,
            };
            let next = [wait, self.next_end_at()].into_iter().flatten().min();
            return next.map_or(Output::NeedInput, Output::Wait);
        }
    }

    fn handle_response(&mut self, id: RequestId, response: http::Response<Bytes>, now: Time) {
        self.contact.is_connected = true;
        self.batch.handle_response(id, response, now);
    }

    fn handle_failure(&mut self, id: RequestId, failure: Failure, now: Time) {
        match failure.kind() {
            FailureKind::NotSent => {
                let cause = Cause::Failure(failure.clone());
                let failed = FailedAttempts::after(self.contact.failed.take(), cause, now);
                self.contact.failed = Some(failed);
            }
            FailureKind::Interrupted | FailureKind::TooLarge => self.contact.is_connected = true,
            FailureKind::Source => {}
        }
        self.batch.handle_failure(id, failure, now);
    }

    fn into_outcome(event: BatchEvent) -> Result<BatchOutcome, BatchEvent> {
        Batch::into_outcome(event)
    }
}

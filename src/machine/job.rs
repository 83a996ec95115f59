//! One document: submit, wait, look, finish.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::answer::{self, LookAnswer, Payload, SubmitAnswer};
use super::cause::Cause;
use super::event::{JobEvent, JobEventKind};
use super::exchange::{Failure, Limits, RequestId, Transmit};
use super::job_error::JobError;
use super::job_options::JobOptions;
use super::job_state::JobState;
use super::record::{End, Record, State};
use super::snapshot::Snapshot;
use super::ticket::{Owner, Ticket};
use super::time::Time;
use super::transition::{Effect, Input, Rules, step};
use super::{Machine, Output};
use crate::wire::{Api, ConfigError, Document, Extraction, ExtractionId, Notification, StatusRequest, SubmitRequest};

/// Follows one document: submits it, waits, looks, and ends with its result or with why there is none.
///
/// Made by the application from a [`Document`], a [`Ticket`] or a [`Snapshot`]; driven by the loop of [`machine`](super), by a driver of `typless-transports`, or by one of
/// your own. At most one request is out at a time, but for a submit that was overtaken by the late answer to an earlier attempt. The document is let go as soon as the service has taken it.
pub struct Job {
    api: Api,
    options: JobOptions,
    record: Record,
    submission: Option<Submission>,
    owner: Arc<Owner>,
    extraction_id: Option<ExtractionId>,
    /// Other extractions of the document that were told: a duplicate of an answer is not told again. No more than were submitted.
    told_again: Vec<ExtractionId>,
    /// Why the last exchange failed.
    cause: Option<Cause>,
    outputs: VecDeque<Output<JobEvent>>,
    next_sequence: u64,
    /// The sequence of the announced submit, and up to which events are confirmed.
    announced: u64,
    confirmed: u64,
    /// The latest time we were told: time never goes back.
    latest: Time,
}

/// What is needed until the document is submitted.
struct Submission {
    request: SubmitRequest,
    limits: Limits,
}

impl Job {
    /// Begins with a document that is to be submitted.
    pub fn submit(api: &Api, document: Document, options: JobOptions, now: Time) -> Self {
        let deadline = now + options.deadline.unwrap_or(JobOptions::DEADLINE);
        Self::begin(api, Some(document), Arc::default(), options, Record::ready(now, deadline), now)
    }

    /// Goes on with a job that was submitted before, in this process or another. It is looked at at once.
    ///
    /// Without a deadline in the options, that of the ticket holds; if it has passed, there is one last look. A clock that has been put back makes the job
    /// as young as can be, and moves its deadline along.
    pub fn resume(api: &Api, ticket: &Ticket, options: JobOptions, now: Time) -> Self {
        let submitted_at = ticket.submitted_at().min(now);
        let put_back = ticket.submitted_at().saturating_since(now);
        let left = ticket.deadline().saturating_since(submitted_at).saturating_sub(put_back);
        let deadline = options.deadline.map_or(submitted_at + left, |deadline| now + deadline);
        let owner = ticket.owner();
        let mut job = Self::begin(api, None, owner, options, Record::resumed(submitted_at, now, deadline), now);
        job.extraction_id = Some(ticket.extraction_id().clone());
        job
    }

    /// Goes on with a job that had no ticket yet. The document is the one it was made with: look it up by [`Snapshot::reference`].
    ///
    /// If its submit may have been on its way, the job ends at once with [`JobError::SubmitUnknown`], unless the options allow resubmissions: what happened can't
    /// be known any more.
    pub fn restore(api: &Api, snapshot: &Snapshot, document: Document, options: JobOptions, now: Time) -> Self {
        let deadline = options.deadline.map_or(snapshot.deadline, |deadline| now + deadline);
        let mut record = Record::ready(now, deadline);
        record.submits = snapshot.submits;
        record.exchange = u32::from(snapshot.submits);
        record.spent = snapshot.spent;
        record.resubmissions = snapshot.resubmissions;
        let mut job = Self::begin(api, Some(document), Arc::default(), options, record, now);
        if snapshot.submitting {
            // The answer, if there was one, went to a process that is no more.
            job.record.state = State::Submitting;
            job.take(Input::Submit(job.record.exchange, SubmitAnswer::Unknown), Payload::Restarted, now);
        } else {
            // A pause the service asked for outlives us; an hour is the longest there is, whatever became of the clock.
            job.record.due = snapshot.due.max(now).min(now + Duration::from_secs(3600));
        }
        job
    }

    /// Gives up on the job. It ends as [`JobError::Abandoned`]: at once, or, if a submit is out, when that is answered or its time is up, since its id is worth having.
    /// The extraction itself can't be stopped.
    pub fn abandon(&mut self, now: Time) {
        let now = self.advance(now);
        self.take(Input::Abandon, Payload::Nothing, now);
    }

    /// Says that all events up to this sequence are stored; see [`JobOptions::with_confirmation`].
    pub fn confirm(&mut self, sequence: u64) {
        self.confirmed = self.confirmed.max(sequence);
    }

    /// Uses another key from the next request on, for a key that was replaced while the job runs.
    ///
    /// # Errors
    ///
    /// A key that can't be used; the old one stays.
    pub fn set_key(&mut self, key: &str) -> Result<(), ConfigError> {
        self.api = self.api.with_key(key)?;
        Ok(())
    }

    /// Takes a webhook's message: if it names this job, the next look is made at once, but never within a second of the last one. It proves nothing and
    /// ends nothing.
    pub fn handle_notification(&mut self, notification: &Notification, now: Time) {
        let now = self.advance(now);
        if self.extraction_id.as_ref() == Some(notification.extraction_id()) {
            self.take(Input::Notified, Payload::Nothing, now);
        }
    }

    /// The handle by which another process can go on; `Some` as soon as the service has named the extraction, even if that came after the end.
    pub fn ticket(&self) -> Option<Ticket> {
        let extraction_id = self.extraction_id.clone()?;
        Some(Ticket::of(self.owner.clone(), extraction_id, self.record.submitted_at, self.record.deadline))
    }

    /// What can be kept of the job while it has no ticket; `None` once it has one, or has ended.
    pub fn snapshot(&self) -> Option<Snapshot> {
        Snapshot::of(&self.record, self.owner.reference.as_deref())
    }

    /// Where the job stands.
    pub fn state(&self) -> JobState {
        JobState::of(self.record.state)
    }

    /// How the job was made, for a transcript.
    pub(crate) fn origin(&self) -> String {
        let made_of = match (&self.submission, self.ticket()) {
            (Some(submission), _) => format!("{:?}\n", submission.request),
            (None, Some(ticket)) => format!("{}\n", ticket.to_json()),
            (None, None) => String::new(),
        };
        let snapshot = self.snapshot().filter(|snapshot| snapshot.submits > 0);
        let snapshot = snapshot.map_or_else(String::new, |snapshot| format!("{}\n", snapshot.to_json()));
        format!("Job, {:?}\n{:?}\n{made_of}{snapshot}{:?}", self.state(), self.api, self.options)
    }

    fn begin(api: &Api, document: Option<Document>, owner: Arc<Owner>, options: JobOptions, record: Record, now: Time) -> Self {
        let owner = document.as_ref().map_or(owner, |document| Arc::new(Owner::of(document)));
        let submission = document.map(|document| {
            let request = SubmitRequest::new(document);
            let request = if options.text_blocks { request.with_text_blocks() } else { request };
            let limits = Limits::for_exchange(request.request(api).body().len(), options.response_bytes);
            Submission { request, limits }
        });
        Self {
            api: api.clone(),
            options,
            record,
            submission,
            owner,
            extraction_id: None,
            told_again: Vec::new(),
            cause: None,
            outputs: VecDeque::new(),
            next_sequence: options.first_sequence,
            announced: 0,
            confirmed: 0,
            latest: now,
        }
    }

    fn rules(&self) -> Rules {
        let submit = self.submission.as_ref().map_or_else(Limits::default, |submission| submission.limits);
        Rules {
            poll: self.options.poll,
            retry: self.options.retry,
            seed: self.options.seed,
            submit_limit: submit.total,
            look_limit: Limits::default().total,
        }
    }

    fn advance(&mut self, now: Time) -> Time {
        self.latest = self.latest.max(now);
        self.latest
    }

    /// Moves the record and queues what follows. Says whether anything did.
    fn take(&mut self, input: Input, payload: Payload, now: Time) -> bool {
        let rules = self.rules();
        let unanswered = self.record.state == State::Polling && matches!(input, Input::Clock);
        let effect = step(&mut self.record, input, now, &rules);
        match effect {
            Effect::Nothing => return false,
            Effect::AnnounceSubmit => {
                self.announced = self.next_sequence;
                self.tell(JobEventKind::Submitting { attempt: self.record.submits });
            }
            Effect::Submit => self.send_submit(),
            Effect::SubmitFailed => {
                let cause = self.failed(payload);
                self.tell(JobEventKind::SubmitFailed { cause, retry_at: self.record.due });
            }
            Effect::Submitted => {
                self.accept(payload);
                if let Some(ticket) = self.ticket() {
                    self.tell(JobEventKind::Submitted(ticket));
                }
            }
            Effect::SubmittedAgain => match payload {
                Payload::Id(id) if self.extraction_id.as_ref() != Some(&id) && !self.told_again.contains(&id) => {
                    self.told_again.push(id.clone());
                    self.tell(JobEventKind::SubmittedAgain(id));
                }
                _ => return false,
            },
            Effect::AnnounceLook => self.tell(JobEventKind::LookDue { look: self.record.looks, reason: self.record.reason }),
            Effect::Look => self.send_look(),
            Effect::Progressed => {
                self.cause = None;
                let status = if let Payload::Status(status) = payload { Some(status) } else { None };
                self.tell(JobEventKind::Progressed { status, next_look: self.record.due });
            }
            Effect::LookFailed => {
                let cause = self.failed(payload);
                self.tell(JobEventKind::LookFailed { cause, next_look: self.record.due });
            }
            Effect::End(end) => {
                // What the last look brought, not one before it.
                if unanswered {
                    self.cause = Some(Cause::TimeLimit);
                } else if matches!(payload, Payload::Status(_)) {
                    self.cause = None;
                }
                let outcome = self.conclude(end, payload, now);
                self.submission = None;
                self.tell(JobEventKind::Finished(outcome));
            }
        }
        true
    }

    fn tell(&mut self, kind: JobEventKind) {
        let sequence = self.next_sequence;
        self.next_sequence = sequence.saturating_add(1);
        self.outputs.push_back(Output::Event(JobEvent { sequence, kind }));
    }

    fn send_submit(&mut self) {
        if let Some(Submission { request, limits }) = &self.submission {
            let id = RequestId::new(u64::from(self.record.exchange));
            self.outputs.push_back(Output::Send(Transmit { id, request: request.request(&self.api), limits: *limits }));
        }
    }

    fn send_look(&mut self) {
        if let Some(extraction_id) = &self.extraction_id {
            let id = RequestId::new(u64::from(self.record.exchange));
            let request = StatusRequest::new(extraction_id.clone());
            let request = if self.options.text_blocks { request.with_text_blocks() } else { request }.request(&self.api);
            self.outputs.push_back(Output::Send(Transmit { id, request, limits: Limits::for_exchange(0, self.options.response_bytes) }));
        }
    }

    fn accept(&mut self, payload: Payload) {
        if let Payload::Id(id) = payload {
            self.extraction_id = Some(id);
        }
        self.cause = None;
        self.submission = None;
    }

    /// Keeps the cause of a failure, for the end. A failure that nobody reported is that the time was up.
    fn failed(&mut self, payload: Payload) -> Cause {
        let cause = payload.into_cause().unwrap_or(Cause::TimeLimit);
        self.cause = Some(cause.clone());
        cause
    }

    fn conclude(&mut self, end: End, payload: Payload, now: Time) -> Result<Extraction, JobError> {
        let payload = match payload {
            Payload::Extraction(extraction) if end == End::Succeeded => return Ok(*extraction),
            Payload::Id(id) => {
                self.extraction_id = Some(id);
                Payload::Nothing
            }
            other => other,
        };
        Err(self.error(end, payload, now))
    }

    fn error(&mut self, end: End, payload: Payload, now: Time) -> JobError {
        let ticket = self.ticket();
        match (end, ticket) {
            (End::Abandoned, ticket) => JobError::Abandoned { ticket },
            (End::Refused, ticket) => JobError::Refused { ticket, error: payload.into_service_error() },
            (End::Failed, Some(ticket)) => JobError::Failed { ticket, error: payload.into_service_error() },
            (End::Expired, Some(ticket)) => JobError::Expired { ticket },
            (End::NotFound, Some(ticket)) => JobError::NotFound { ticket, cause: payload.into_cause() },
            (End::TooLarge, Some(ticket)) => JobError::TooLarge { ticket, cause: payload.into_cause() },
            (End::Unreadable | End::Succeeded, Some(ticket)) => JobError::Unreadable { ticket, error: payload.into_decode_error() },
            (End::Deadline, Some(ticket)) => {
                let beyond = self.record.not_before > self.record.deadline;
                let retry_after = beyond.then(|| self.record.not_before.saturating_since(now));
                JobError::Deadline { ticket, retry_after, cause: payload.into_cause().or_else(|| self.cause.take()) }
            }
            (End::SourceFailed, _) => JobError::SourceFailed { cause: self.failed(payload) },
            (End::SubmitUnknown, _) => JobError::SubmitUnknown { cause: self.failed(payload) },
            // Whatever else comes without a ticket was never submitted.
            (_, _) => JobError::Exhausted { attempts: self.record.submits, cause: payload.into_cause().or_else(|| self.cause.take()) },
        }
    }

    /// Whether an exchange of this number was a submit: they all come before the first look.
    fn is_submit(&self, exchange: u32) -> bool {
        exchange >= 1 && exchange <= u32::from(self.record.submits)
    }

    fn submit_answered(&mut self, exchange: u32, answer: SubmitAnswer, payload: Payload, now: Time) {
        // After the end nothing is told any more, but an id is worth having: `ticket` gives it out.
        if let (State::Ended(_), None, Payload::Id(id)) = (self.record.state, &self.extraction_id, &payload) {
            self.record.submitted_at = now;
            self.extraction_id = Some(id.clone());
        }
        self.take(Input::Submit(exchange, answer), payload, now);
    }

    fn look_answered(&mut self, exchange: u32, answer: LookAnswer, payload: Payload, now: Time) {
        self.take(Input::Look(exchange, answer), payload, now);
    }
}

impl Machine for Job {
    type Event = JobEvent;
    type Outcome = Result<Extraction, JobError>;

    fn next_output(&mut self, now: Time) -> Output<JobEvent> {
        let now = self.advance(now);
        loop {
            if let Some(output) = self.outputs.pop_front() {
                return output;
            }
            let may_leave = !self.options.confirmation || self.confirmed >= self.announced;
            let input = if self.record.state == State::SubmitAnnounced && may_leave && now < self.record.deadline {
                Input::Confirmed
            } else {
                Input::Clock
            };
            if !self.take(input, Payload::Nothing, now) {
                return match self.record.state {
                    State::Ended(_) => Output::Done,
                    State::SubmitAnnounced => Output::NeedInput,
                    State::Ready | State::Submitting | State::Waiting | State::LookAnnounced | State::Polling => {
                        Output::Wait(self.record.due)
                    }
                };
            }
        }
    }

    fn handle_response(&mut self, id: RequestId, response: http::Response<Bytes>, now: Time) {
        let now = self.advance(now);
        let Ok(exchange) = u32::try_from(id.get()) else { return };
        if self.is_submit(exchange) {
            let (answer, payload) = answer::of_submit(&response, self.options.retry.trusts_overload());
            self.submit_answered(exchange, answer, payload, now);
        } else if self.awaits(exchange) {
            let (answer, payload) = answer::of_look(&response);
            self.look_answered(exchange, answer, payload, now);
        }
    }

    fn handle_failure(&mut self, id: RequestId, failure: Failure, now: Time) {
        let now = self.advance(now);
        let Ok(exchange) = u32::try_from(id.get()) else { return };
        if self.is_submit(exchange) {
            let (answer, payload) = answer::of_submit_failure(failure);
            self.submit_answered(exchange, answer, payload, now);
        } else {
            let (answer, payload) = answer::of_look_failure(failure);
            self.look_answered(exchange, answer, payload, now);
        }
    }

    fn into_outcome(event: JobEvent) -> Result<Self::Outcome, JobEvent> {
        match event.kind {
            JobEventKind::Finished(outcome) => Ok(outcome),
            kind => Err(JobEvent { sequence: event.sequence, kind }),
        }
    }
}

impl Job {
    /// Whether the look of this number is out; the answers of others are not worth parsing.
    fn awaits(&self, exchange: u32) -> bool {
        self.record.state == State::Polling && self.record.exchange == exchange
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("state", &self.state())
            .field("extraction_id", &self.extraction_id)
            .field("due", &self.record.due)
            .finish_non_exhaustive()
    }
}

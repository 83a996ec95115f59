//! One document: submit, wait, poll, finish.

mod error;
mod event;
pub(crate) mod job_mut;
mod learning;
mod options;
pub(crate) mod record;
pub(crate) mod response;
mod snapshot;
mod state;
mod ticket;
pub(crate) mod transition;
#[cfg(test)]
mod transition_tests;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

pub use error::JobError;
pub use event::{JobEvent, JobEventKind};
pub use options::JobOptions;
pub use record::PollReason;
pub use snapshot::Snapshot;
pub use state::JobState;
pub(crate) use ticket::DocumentMeta;
pub use ticket::{Ticket, TicketError};

use super::delay::DelayEstimator;
use super::exchange::{Failure, Limits, RequestId, Transmit};
use super::notifications::Notifications;
use super::time::Time;
use super::{Machine, Output};
use crate::wire::{Api, Body, ConfigError, Document, Extraction, ExtractionId, Notification};
use job_mut::{Action, JobMut, Pending, Reply, poll_request, submit_request};
use learning::Learning;
use record::{Record, State};
use response::{Decoded, SubmitResult};
use transition::{Input, Rules};

/// Follows one document: submits it, waits, polls, and ends with its result or with why there is none.
///
/// Made by the application from a [`Document`], a [`Ticket`] or a [`Snapshot`]; driven by the loop of [`machine`](super), by a driver of `typless-transports`, or by one of
/// your own. At most one request is out at a time, but for a submit that was overtaken by the late answer to an earlier attempt. The document is let go as soon as the service has taken it.
pub struct Job {
    api: Api,
    options: JobOptions,
    record: Record,
    meta: Arc<DocumentMeta>,
    extraction_id: Option<ExtractionId>,
    /// Notifications that came before the service's answer to the submit.
    early: Notifications,
    learning: Option<Learning>,
    pending: Option<Box<Pending>>,
    outputs: VecDeque<Output<JobEvent>>,
    next_sequence: u64,
    /// The sequence of the announced submit, and up to which events are confirmed.
    announced: u64,
    confirmed: u64,
    /// The latest time we were told: time never goes back.
    latest: Time,
}

impl Job {
    /// Begins with a document that is to be submitted.
    pub fn submit(api: &Api, document: Document, options: JobOptions, now: Time) -> Self {
        let deadline = now + options.deadline.unwrap_or(JobOptions::DEADLINE);
        Self::begin(
            api,
            Some(document),
            Arc::default(),
            options,
            Record::ready(now, deadline),
            now,
        )
    }

    /// Goes on with a job that was submitted before, in this process or another. It is polled at once.
    ///
    /// Without a deadline in the options, that of the ticket holds; if it has passed, there is one last poll. A clock that has been put back makes the job
    /// as young as can be, and moves its deadline along.
    pub fn resume(api: &Api, ticket: &Ticket, options: JobOptions, now: Time) -> Self {
        let record = Record::of_ticket(ticket, options.deadline, now);
        let mut job = Self::begin(api, None, ticket.meta(), options, record, now);
        job.extraction_id = Some(ticket.extraction_id().clone());
        job
    }

    /// Goes on with a job that had no ticket yet. The document is the one it was made with: poll it up by [`Snapshot::reference`].
    ///
    /// If its submit may have been on its way, the job ends at once with [`JobError::SubmitUnknown`], unless the options allow resubmissions: what happened can't
    /// be known any more.
    pub fn restore(
        api: &Api,
        snapshot: &Snapshot,
        document: Document,
        options: JobOptions,
        now: Time,
    ) -> Self {
        let record = Record::of_snapshot(snapshot, options.deadline, now);
        let mut job = Self::begin(api, Some(document), Arc::default(), options, record, now);
        if snapshot.submitting {
            // The answer, if there was one, went to a process that is no more.
            job.take(
                Input::Submit(job.record.exchange, SubmitResult::Unknown),
                Decoded::Restarted,
                now,
            );
        }
        job
    }

    /// Polls by what an estimator knows of the time jobs take, and teaches it. Hand it on from job to job: take it back from [`estimator`](Self::estimator) when the job has ended.
    #[must_use]
    pub fn with_estimator(mut self, estimator: DelayEstimator) -> Self {
        self.learning = Some(Learning::new(estimator));
        self
    }

    /// The estimator that was handed in, with what it has learned since.
    pub fn estimator(&self) -> Option<&DelayEstimator> {
        self.learning.as_ref().map(Learning::estimator)
    }

    /// Gives up on the job. It ends as [`JobError::Abandoned`]: at once, or, if a submit is out, when that is answered or its time is up, since its id is worth having.
    /// The extraction itself can't be stopped.
    pub fn abandon(&mut self, now: Time) {
        let now = self.advance(now);
        self.take(Input::Abandon, Decoded::Nothing, now);
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

    /// Takes a webhook's message: if it names this job, the next poll is made at once, but never within a second of the last one. It proves nothing and
    /// ends nothing. One that comes before the answer to the submit is remembered for 10 minutes.
    pub fn handle_notification(&mut self, notification: &Notification, now: Time) {
        let now = self.advance(now);
        match &self.extraction_id {
            Some(own) if own == notification.extraction_id() => self.is_finished(now),
            None if !matches!(self.record.state, State::Finished(_)) => {
                self.early.insert(notification.extraction_id(), now)
            }
            Some(_) | None => {}
        }
    }

    /// The handle by which another process can go on; `Some` as soon as the service has named the extraction, even if that came after the end.
    pub fn ticket(&self) -> Option<Ticket> {
        let extraction_id = self.extraction_id.clone()?;
        Some(Ticket::of(
            self.meta.clone(),
            extraction_id,
            self.record.submitted_at,
            self.record.deadline,
        ))
    }

    /// What can be kept of the job while it has no ticket; `None` once it has one, or has ended.
    pub fn snapshot(&self) -> Option<Snapshot> {
        Snapshot::of(&self.record, self.meta.reference.as_deref())
    }

    /// Where the job stands.
    pub fn state(&self) -> JobState {
        JobState::of(self.record.state)
    }

    /// How the job was made, for a transcript.
    pub(crate) fn origin(&self) -> String {
        let submission = self
            .pending
            .as_ref()
            .and_then(|pending| pending.submission.as_ref());
        let made_of = match (submission, self.ticket()) {
            (Some(submission), _) => format!("{:?}\n", submission.request),
            (None, Some(ticket)) => format!("{}\n", ticket.to_json()),
            (None, None) => String::new(),
        };
        let snapshot = self.snapshot().filter(|snapshot| snapshot.submits > 0);
        let snapshot =
            snapshot.map_or_else(String::new, |snapshot| format!("{}\n", snapshot.to_json()));
        format!(
            "Job, {:?}\n{:?}\n{made_of}{snapshot}{:?}",
            self.state(),
            self.api,
            self.options
        )
    }

    fn begin(
        api: &Api,
        document: Option<Document>,
        meta: Arc<DocumentMeta>,
        options: JobOptions,
        record: Record,
        now: Time,
    ) -> Self {
        let meta = document
            .as_ref()
            .map_or(meta, |document| Arc::new(DocumentMeta::of(document)));
        let pending = document.map(|document| {
            Pending::with_document(document, options.text_blocks, options.response_bytes)
        });
        Self {
            api: api.clone(),
            options,
            record,
            meta,
            extraction_id: None,
            early: Notifications::default(),
            learning: None,
            pending,
            outputs: VecDeque::new(),
            next_sequence: options.first_sequence,
            announced: 0,
            confirmed: 0,
            latest: now,
        }
    }

    fn advance(&mut self, now: Time) -> Time {
        self.latest = self.latest.max(now);
        self.latest
    }

    /// Moves the record and queues what follows. Says whether anything did.
    fn take(&mut self, input: Input, decoded: Decoded, now: Time) -> bool {
        let was_submitted = self.extraction_id.is_some();
        let submission = self
            .pending
            .as_ref()
            .and_then(|pending| pending.submission.as_ref());
        let rules = Rules {
            poll_policy: self.options.poll_policy,
            estimator: self.learning.as_ref().map(Learning::estimator),
            retry: self.options.retry,
            seed: self.options.seed,
            submit_limit: submission
                .map_or_else(Limits::default, |submission| submission.limits)
                .total,
            poll_limit: Limits::default().total,
        };
        let mut following = JobMut {
            record: &mut self.record,
            meta: &self.meta,
            extraction_id: &mut self.extraction_id,
            pending: &mut self.pending,
        };
        let action = following.take(input, decoded, now, &rules);
        if let (false, Some(_), Some(learning)) =
            (was_submitted, &self.extraction_id, &mut self.learning)
        {
            learning.submitted(&self.record);
        }
        let is_early = match &self.extraction_id {
            Some(own) if !was_submitted => std::mem::take(&mut self.early).take(own, now),
            Some(_) | None => false,
        };
        match action {
            None => return false,
            Some(Action::SendSubmit) => {
                self.send(submit_request(self.pending.as_deref(), &self.api))
            }
            Some(Action::SendPoll) => {
                let id = self.extraction_id.as_ref();
                self.send(id.map(|id| {
                    poll_request(
                        id,
                        &self.api,
                        self.options.text_blocks,
                        self.options.response_bytes,
                    )
                }));
            }
            Some(Action::Emit(kind)) => self.emit(kind),
        }
        if is_early {
            self.is_finished(now);
        }
        true
    }

    /// Somebody says that it has finished.
    fn is_finished(&mut self, now: Time) {
        self.take(
            Input::Finished(PollReason::Notification),
            Decoded::Nothing,
            now,
        );
    }

    fn emit(&mut self, kind: JobEventKind) {
        let sequence = self.next_sequence;
        if matches!(kind, JobEventKind::Submitting { .. }) {
            self.announced = sequence;
        }
        self.next_sequence = sequence.saturating_add(1);
        self.outputs
            .push_back(Output::Event(JobEvent { sequence, kind }));
    }

    fn send(&mut self, request: Option<(http::Request<Body>, Limits)>) {
        if let Some((request, limits)) = request {
            let id = RequestId::new(u64::from(self.record.exchange));
            self.outputs.push_back(Output::Send(Transmit {
                id,
                request,
                limits,
            }));
        }
    }

    /// Takes what came of an exchange.
    fn replied(&mut self, id: RequestId, reply: Reply, now: Time) {
        let now = self.advance(now);
        let Ok(exchange) = u32::try_from(id.get()) else {
            return;
        };
        if self.is_submit(exchange) {
            let (input, decoded) = reply.for_submit(exchange, self.options.retry.trusts_overload());
            self.submit_answered(input, decoded, now);
        } else if self.awaits(exchange) {
            let (input, decoded) = reply.for_poll(exchange);
            if let (Input::Poll(_, answer), Some(learning)) = (input, &mut self.learning) {
                learning.polled(&self.record, answer, now);
            }
            self.take(input, decoded, now);
        }
    }

    /// Whether an exchange of this number was a submit: they all come before the first poll.
    fn is_submit(&self, exchange: u32) -> bool {
        exchange >= 1 && exchange <= u32::from(self.record.submits)
    }

    /// Whether the poll of this number is out; the answers of others are not worth parsing.
    fn awaits(&self, exchange: u32) -> bool {
        self.record.state == State::Polling && self.record.exchange == exchange
    }

    fn submit_answered(&mut self, input: Input, decoded: Decoded, now: Time) {
        // After the end nothing is told any more, but an id is worth having: `ticket` gives it out.
        if let (State::Finished(_), None, Decoded::Id(id)) =
            (self.record.state, &self.extraction_id, &decoded)
        {
            self.record.submitted_at = now;
            self.extraction_id = Some(id.clone());
        }
        self.take(input, decoded, now);
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
            let input = if self.record.state == State::SubmitEmitted
                && may_leave
                && now < self.record.deadline
            {
                Input::Confirmed
            } else {
                Input::Clock
            };
            if !self.take(input, Decoded::Nothing, now) {
                return match self.record.state {
                    State::Finished(_) => Output::Done,
                    State::SubmitEmitted => Output::NeedInput,
                    State::Ready
                    | State::Submitting
                    | State::Waiting
                    | State::PollEmitted
                    | State::Polling => Output::Wait(self.record.due),
                };
            }
        }
    }

    fn handle_response(&mut self, id: RequestId, response: http::Response<Bytes>, now: Time) {
        self.replied(id, Reply::Response(response), now);
    }

    fn handle_failure(&mut self, id: RequestId, failure: Failure, now: Time) {
        self.replied(id, Reply::Failure(failure), now);
    }

    fn into_outcome(event: JobEvent) -> Result<Self::Outcome, JobEvent> {
        match event.kind {
            JobEventKind::Finished(outcome) => Ok(outcome),
            kind => Err(JobEvent {
                sequence: event.sequence,
                kind,
            }),
        }
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

//! One document: submit, wait, poll, finish.

mod error;
mod event;
pub(crate) mod job_mut;
mod learning;
mod options;
pub(crate) mod record;
mod restore_error;
mod snapshot;
mod snapshot_wire;
mod state;
mod ticket;
pub(crate) mod transition;
#[cfg(test)]
mod transition_tests;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

pub use error::{JobError, LastPoll};
pub use event::{JobEvent, JobEventKind};
pub(crate) use job_mut::submission_limit;
pub use options::JobOptions;
pub use record::PollReason;
pub use restore_error::{DocumentDifference, RestoreError};
#[cfg(feature = "proptest")]
pub(crate) use snapshot::DocumentFacts;
pub use snapshot::Snapshot;
pub use state::JobState;
pub(crate) use ticket::DocumentMeta;
pub use ticket::Ticket;

use super::delay::DelayEstimator;
use super::exchange::{Failure, Limits, Purpose, RequestId, Transmit};
use super::interpret::{self, Decoded, Reply};
use super::notifications::Notifications;
use super::time::Time;
use super::{Machine, Output};
use crate::wire::{Api, Body, ConfigError, Document, Extraction, ExtractionId, Notification};
use job_mut::{Action, JobMut, Pending, poll_request, submit_request};
use learning::Learning;
pub(crate) use record::{Record, State};
use transition::{Input, Rules};

/// Follows one document: submits it, waits, polls, and finishes with its result or with the reason
/// why there is none.
///
/// Create it from a [`Document`], a [`Ticket`] or a [`Snapshot`], and drive it with the loop of
/// [`machine`](super), a driver of `typless-transports`, or your own. At most one request is in
/// flight at a time, except for a submit that was overtaken by the late response to an earlier
/// attempt. The document is dropped as soon as the service has accepted it.
///
/// ```
/// use typless::machine::{Job, JobOptions, Machine, Output, Time};
/// use typless::wire::{Api, Document};
/// # fn perform(transmit: &typless::machine::Transmit) -> http::Response<bytes::Bytes> {
/// #     let body: &'static [u8] = match transmit.request.method() {
/// #         &http::Method::POST => br#"{"extraction_id": "0d14338251a6db69"}"#,
/// #         _ => concat!(
/// #             r#"{"status": "SUCCESS", "error": {}, "#,
/// #             r#""result": {"object_id": "14a5", "extracted_fields": []}}"#,
/// #         ).as_bytes(),
/// #     };
/// #     http::Response::new(bytes::Bytes::from_static(body))
/// # }
///
/// let api = Api::new(Api::PRODUCTION, "my-key")?;
/// let document = Document::new("one.pdf", "line-item-invoice", &b"%PDF"[..])?;
/// let mut now = Time::from_unix_seconds(1_700_000_000);
/// let mut job = Job::submit(&api, document, JobOptions::new(), now);
/// let outcome = loop {
///     match job.next_output(now) {
///         Output::Send(transmit) => job.handle_response(transmit.id, perform(&transmit), now),
///         Output::Event(event) => {
///             if let Ok(outcome) = Job::into_outcome(event) {
///                 break outcome;
///             }
///         }
///         Output::Wait(until) => now = until, // sleep until then
///         Output::NeedInput | Output::Done => unreachable!("a job ends with its outcome"),
///     }
/// };
/// assert_eq!(outcome?.object_id(), Some("14a5"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Job {
    api: Api,
    options: JobOptions,
    record: Record,
    meta: Arc<DocumentMeta>,
    extraction_id: Option<ExtractionId>,
    /// Notifications that came before the response to the submit.
    early: Notifications,
    learning: Option<Learning>,
    pending: Option<Box<Pending>>,
    outputs: VecDeque<Output<JobEvent>>,
    next_sequence: u64,
    /// The sequence of the last `Submitting` event, and the sequence up to which events are
    /// confirmed.
    submitting_sequence: u64,
    confirmed: Option<u64>,
    /// The latest time passed in: time never goes back.
    latest: Time,
}

impl Job {
    /// A job that submits this document.
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

    /// Resumes a submitted job, of this process or another. It is polled immediately.
    ///
    /// The times of a ticket are those of the clock that was there when it was written, and that
    /// clock may have been wrong, or ours may be:
    ///
    /// - The next polls come no later than those of a job that is submitted now, whatever age the
    ///   ticket says: only the time since the resumption is certain. Where the poll policy polls
    ///   one of that age more often, it is polled so.
    /// - Without a deadline in the options, the ticket's deadline applies.
    /// - If that has passed, the job is followed from now on for as long as it was to be followed
    ///   from its submit, at most for [`JobOptions::DEADLINE`]. Usually one poll finds out what
    ///   became of it: the service keeps results for 48 hours. If it is still in progress, the
    ///   clock was wrong or the service is slow.
    /// - If the ticket was written in the future, the clock was set back. The job counts as
    ///   submitted now, and its deadline moves back by the same time.
    pub fn resume(api: &Api, ticket: &Ticket, options: JobOptions, now: Time) -> Self {
        let record = Record::from_ticket(ticket, options.deadline, now);
        let mut job = Self::begin(api, None, ticket.meta(), options, record, now);
        job.extraction_id = Some(ticket.extraction_id().clone());
        job
    }

    /// Restores a job from all that it knew, in this process or another. It goes on as if it had
    /// never stopped, and as if its exchange in flight had been interrupted:
    ///
    /// - If a submit was out, it finishes immediately with [`JobError::SubmitUnknown`]. Where the
    ///   options allow resubmissions and the document is passed in, it is submitted again.
    /// - If a poll was out, it is repeated, unless it was the last, after the deadline.
    /// - What the service asked it to wait for still holds.
    /// - How long nobody followed it is what the clock says, and clocks may be wrong. If it is more
    ///   than a minute, the next polls come no later than if that time had not passed. If the clock
    ///   was set back since, a poll is due at once, and the deadline moves back by the same time.
    /// - Without a deadline in the options, that of the snapshot applies. If it passed while nobody
    ///   followed the job, the time that was left when the snapshot was taken is left, at most
    ///   [`JobOptions::DEADLINE`].
    ///
    /// `document` must be the one the job was created with, which is found by
    /// [`Snapshot::reference`]. It is needed if [`Snapshot::needs_document`] says so, and dropped
    /// if it is not. Options, estimator, and messages of webhooks are not part of a snapshot.
    ///
    /// # Errors
    ///
    /// The document is missing, or it is another one: its type, customer, length or
    /// [digest](Document::with_digest) differ.
    pub fn restore(
        api: &Api,
        snapshot: &Snapshot,
        document: Option<Document>,
        options: JobOptions,
        now: Time,
    ) -> Result<Self, RestoreError> {
        snapshot.check_document(document.as_ref())?;
        let document = document.filter(|_| snapshot.extraction_id.is_none());
        let has_document = document.is_some();
        let record = Record::from_snapshot(snapshot, options.deadline, now);
        let meta = snapshot.meta.clone();
        let mut job = Self::begin(api, document, meta, options, record, now);
        job.extraction_id.clone_from(&snapshot.extraction_id);
        job.take(Input::Restored { has_document }, Decoded::Restarted, now);
        Ok(job)
    }

    /// Uses an estimator of processing times to schedule polls, and updates it. Take it back with
    /// [`estimator`](Self::estimator) when the job has finished, and pass it to the next.
    #[must_use]
    pub fn with_estimator(mut self, estimator: DelayEstimator) -> Self {
        self.learning = Some(Learning::new(estimator));
        self
    }

    /// The estimator that was passed in, with what it has learned since.
    pub fn estimator(&self) -> Option<&DelayEstimator> {
        self.learning.as_ref().map(Learning::estimator)
    }

    /// Abandons the job. It finishes as [`JobError::Abandoned`]: immediately, or, if a submit is in
    /// flight, when its response arrives or its time limit passes, to keep its id. The extraction
    /// itself can't be stopped.
    pub fn abandon(&mut self, now: Time) {
        let now = self.advance(now);
        self.take(Input::Abandon, Decoded::Nothing, now);
    }

    /// Confirms that all events up to this sequence are stored; see
    /// [`JobOptions::with_confirmation`].
    pub fn confirm(&mut self, sequence: u64) {
        self.confirmed = self.confirmed.max(Some(sequence));
    }

    /// Uses another API key from the next request on, for a key that was replaced while the job
    /// runs.
    ///
    /// # Errors
    ///
    /// The key can't be used; the old one stays.
    pub fn set_key(&mut self, key: &str) -> Result<(), ConfigError> {
        self.api = self.api.with_key(key)?;
        Ok(())
    }

    /// Takes a webhook's message: if it names this job, the next poll is made immediately, but at
    /// least a second after the last one. It proves nothing and finishes nothing. A message that
    /// arrives before the response to the submit is remembered for 10 minutes.
    pub fn handle_notification(&mut self, notification: &Notification, now: Time) {
        let now = self.advance(now);
        match &self.extraction_id {
            Some(own) if own == notification.extraction_id() => self.report_finished(now),
            Some(_) => {}
            None => self.early.insert(notification.extraction_id(), now),
        }
    }

    /// The ticket with which another process can resume the job; `Some` as soon as the service has
    /// returned the extraction id, even if that was after the job finished.
    pub fn ticket(&self) -> Option<Ticket> {
        Ticket::from_record(&self.meta, self.extraction_id.as_ref(), &self.record)
    }

    /// All that the job knows, to store; `None` once it has finished. Take it after the events that
    /// are ready: what an event says that was not taken is not in it.
    pub fn snapshot(&self) -> Option<Snapshot> {
        let pending = self.pending.as_deref();
        Snapshot::from_record(
            &self.record,
            self.extraction_id.as_ref(),
            &self.meta,
            pending.and_then(|pending| pending.submission.as_ref()),
            self.latest,
        )
    }

    /// The current state of the job.
    pub fn state(&self) -> JobState {
        JobState::from_state(self.record.state)
    }

    /// The parameters of the job, for a transcript.
    pub(crate) fn origin(&self) -> String {
        let submission = self
            .pending
            .as_ref()
            .and_then(|pending| pending.submission.as_ref());
        let snapshot = self.snapshot().filter(|_| self.record.exchange > 0);
        let made_of = match (submission, self.ticket()) {
            (Some(submission), _) => format!("{:?}\n", submission.request),
            (None, Some(ticket)) if snapshot.is_none() => format!("{}\n", ticket.to_json()),
            (None, _) => String::new(),
        };
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
        let meta = meta.or_from(document.as_ref());
        let pending = document.map(|document| Pending::with_document(document, &options));
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
            submitting_sequence: 0,
            confirmed: None,
            latest: now,
        }
    }

    fn advance(&mut self, now: Time) -> Time {
        self.latest = self.latest.max(now);
        self.latest
    }

    /// Applies an input to the record and queues the outputs. Returns whether there were any.
    fn take(&mut self, input: Input, decoded: Decoded, now: Time) -> bool {
        let was_submitted = self.extraction_id.is_some();
        let rules = Rules {
            poll_policy: self.options.poll_policy,
            estimator: self.learning.as_ref().map(Learning::estimator),
            retry: self.options.retry,
            seed: self.options.seed,
            submit_limit: submission_limit(self.pending.as_deref()),
            poll_limit: Limits::default().total,
        };
        let mut job = JobMut {
            record: &mut self.record,
            meta: &self.meta,
            extraction_id: &mut self.extraction_id,
            pending: &mut self.pending,
        };
        let action = job.take(input, decoded, now, &rules);
        if let (false, Some(_), Some(learning)) =
            (was_submitted, &self.extraction_id, &mut self.learning)
        {
            learning.submitted(&self.record);
        }
        // Nothing is early once there is an id.
        let is_early = self
            .extraction_id
            .as_ref()
            .is_some_and(|own| std::mem::take(&mut self.early).take(own, now));
        match action {
            None => return false,
            Some(Action::SendSubmit) => {
                let request = submit_request(self.pending.as_deref(), &self.api);
                self.send(Purpose::Submit, request);
            }
            Some(Action::SendPoll) => {
                let id = self.extraction_id.as_ref();
                let request = id.map(|id| {
                    poll_request(
                        id,
                        &self.api,
                        self.options.text_blocks,
                        self.options.response_bytes,
                    )
                });
                self.send(Purpose::Poll, request);
            }
            Some(Action::Emit(kind)) => self.emit(kind),
        }
        if is_early {
            self.report_finished(now);
        }
        true
    }

    /// A notification reported that the extraction has finished.
    fn report_finished(&mut self, now: Time) {
        self.take(
            Input::Named(PollReason::Notification),
            Decoded::Nothing,
            now,
        );
    }

    fn emit(&mut self, kind: JobEventKind) {
        let sequence = self.next_sequence;
        if matches!(kind, JobEventKind::Submitting { .. }) {
            self.submitting_sequence = sequence;
        }
        self.next_sequence = sequence.saturating_add(1);
        self.outputs
            .push_back(Output::Event(JobEvent { sequence, kind }));
    }

    fn send(&mut self, purpose: Purpose, request: Option<(http::Request<Body>, Limits)>) {
        if let Some((request, limits)) = request {
            let id = RequestId::new(u64::from(self.record.exchange));
            let transmit = Transmit::new(id, purpose, request, limits);
            self.outputs.push_back(Output::Send(transmit));
        }
    }

    /// Takes the reply to an exchange.
    fn handle_reply(&mut self, id: RequestId, reply: Reply, now: Time) {
        let now = self.advance(now);
        let Ok(exchange) = u32::try_from(id.get()) else {
            return;
        };
        if self.is_submit(exchange) {
            let meaning = interpret::submit(reply, self.options.retry.trusts_overload());
            self.take(
                Input::Submit(exchange, meaning.result),
                meaning.decoded,
                now,
            );
        } else if self.awaits(exchange) {
            let meaning = interpret::poll(reply);
            if let Some(learning) = &mut self.learning {
                learning.polled(&self.record, meaning.result, now);
            }
            self.take(Input::Poll(exchange, meaning.result), meaning.decoded, now);
        }
    }

    /// Whether the exchange with this number was a submit: all submits come before the first poll.
    fn is_submit(&self, exchange: u32) -> bool {
        exchange >= 1 && exchange <= self.record.submits
    }

    /// Whether the poll with this number is in flight; replies to others are not decoded.
    fn awaits(&self, exchange: u32) -> bool {
        self.record.state == State::Polling && self.record.exchange == exchange
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
            let may_leave =
                !self.options.confirmation || self.confirmed >= Some(self.submitting_sequence);
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
        self.handle_reply(id, Reply::Response(response), now);
    }

    fn handle_failure(&mut self, id: RequestId, failure: Failure, now: Time) {
        self.handle_reply(id, Reply::Failure(failure), now);
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

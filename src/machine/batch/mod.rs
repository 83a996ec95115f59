//! Many jobs, one machine.
//!
//! ```text
//! Batch -> Jobs       where each job stands, when it is due, what it waits for
//!       -> Discovery  listings, webhooks, how long jobs take
//!       -> Throttle   rate, pauses, retry budget, health of the service, key
//!       -> Outbox     events and requests in their order, and what is in flight
//! ```
//!
//! Each part owns its state and knows none of the others. [`dispatch`] reads them to decide what is
//! done next, which is done here. [`exchanges`] takes what comes of a request and moves the jobs:
//! it passes what one part says to the next.

mod age_histogram;
mod counters;
mod discovery;
mod dispatch;
mod entry;
mod event;
mod exchanges;
mod in_flight;
mod interner;
mod jobs;
mod listing;
mod options;
mod outbox;
mod progress;
mod ready_queues;
mod replayed;
mod round_robin;
mod shutdown;
mod sources;
mod submit_times;
mod trust;
mod webhooks;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

pub use event::{BatchEvent, BatchEventKind, BatchOutcome, JobKey, QueueProblem};
pub use options::BatchOptions;
pub use progress::BatchProgress;
pub(crate) use replayed::{Inside, origin};
pub(crate) use sources::Draw;

use discovery::Discovery;
use dispatch::{Probe, Work};
use entry::Entry;
use jobs::Jobs;
use outbox::Outbox;
use shutdown::Shutdown;
use sources::Sources;

use super::collections::slab::Key;
use super::delay::DelayEstimators;
use super::exchange::{Failure, RequestId};
use super::interpret::{Decoded, Reply};
use super::job::job_mut::Pending;
use super::job::record::{Record, State};
use super::job::transition::Input;
use super::job::{DocumentMeta, JobOptions, JobState, RestoreError, Snapshot, Ticket};
use super::pause::ActivePause;
use super::throttle::{Throttle, ThrottleState};
use super::time::Time;
use super::{Machine, Output};
use crate::wire::{Api, ConfigError, Document, ExtractionId, Notification};

#[doc = include_str!("batch.md")]
pub struct Batch {
    api: Api,
    options: BatchOptions,
    jobs: Jobs,
    discovery: Discovery,
    throttle: Throttle,
    outbox: Outbox,
    sources: Sources,
    closed: bool,
    shutdown: Shutdown,
    latest: Time,
}

impl Batch {
    /// An empty, open batch: it waits for jobs until it is [closed](Self::close).
    pub fn new(api: &Api, options: BatchOptions, now: Time) -> Self {
        let JobOptions {
            seed,
            retry,
            confirmation,
            first_sequence,
            ..
        } = options.jobs;
        Self {
            api: api.clone(),
            jobs: Jobs::new(seed, now),
            discovery: Discovery::new(&options),
            throttle: Throttle::new(options.limiter(), options.retry_budget, retry, seed, now),
            outbox: Outbox::new(confirmation, first_sequence),
            sources: Sources::default(),
            closed: false,
            shutdown: Shutdown::default(),
            latest: now,
            options,
        }
    }

    /// Uses these estimators of processing times, and updates them, instead of empty ones.
    #[must_use]
    pub fn with_estimators(mut self, estimators: DelayEstimators) -> Self {
        self.discovery.estimators = estimators;
        self
    }

    /// The estimators of processing times, to store and pass to the next batch.
    pub fn estimators(&self) -> &DelayEstimators {
        &self.discovery.estimators
    }

    /// Begins with what an earlier process knew of the service. For a batch that did nothing yet.
    #[must_use]
    pub fn with_throttle_state(mut self, state: &ThrottleState, now: Time) -> Self {
        let now = self.advance(now);
        self.throttle.restore(state, now);
        self
    }

    /// What is known of the service, to store for the next process.
    pub fn throttle_state(&self) -> ThrottleState {
        self.throttle.state(self.latest)
    }

    /// Adds a document, to be submitted when its turn comes. `None` if the batch is closed: the
    /// document is dropped.
    pub fn add(&mut self, document: Document, now: Time) -> Option<JobKey> {
        let now = self.advance(now);
        (!self.closed).then(|| self.take_document(document, now))
    }

    /// Resumes a job that was submitted before, as [`Job::resume`](super::Job::resume) does. `None`
    /// if the batch is closed.
    ///
    /// Any number of jobs may be resumed together: a listing comes first, and then the oldest jobs
    /// are polled first, as fast as the limits allow.
    pub fn resume(&mut self, ticket: &Ticket, now: Time) -> Option<JobKey> {
        let now = self.advance(now);
        if self.closed {
            return None;
        }
        let record = Record::from_ticket(ticket, self.options.jobs.deadline, now);
        let id = ticket.extraction_id().clone();
        let entry = self.entry(record, ticket.meta(), None, Some(id), now);
        Some(self.insert(entry, now).into())
    }

    /// Restores a job from all that it knew, as [`Job::restore`](super::Job::restore) does: any
    /// number of jobs, as with [`resume`](Self::resume), each of them once. Of a snapshot that is
    /// restored twice there would be two jobs, and two submits.
    ///
    /// # Errors
    ///
    /// The batch is closed, or the document is missing, or it is another one.
    pub fn restore(
        &mut self,
        snapshot: &Snapshot,
        document: Option<Document>,
        now: Time,
    ) -> Result<JobKey, RestoreError> {
        let now = self.advance(now);
        if self.closed {
            return Err(RestoreError::Closed);
        }
        snapshot.check_document(document.as_ref())?;
        let mut record = Record::from_snapshot(snapshot, self.options.jobs.deadline, now);
        if record.state == State::PollEmitted {
            // It takes its turn again.
            record.state = State::Waiting;
        }
        let (id, meta) = (snapshot.extraction_id.clone(), snapshot.meta.clone());
        let document = document.filter(|_| id.is_none());
        let has_document = document.is_some();
        let entry = self.entry(record, meta, document, id, now);
        let key = self.insert(entry, now);
        let input = Input::Restored { has_document };
        self.apply(key, input, Decoded::Restarted, now);
        Ok(key.into())
    }

    /// Adds the documents of an iterator, which is read only when there will soon be room for
    /// another submit, so that no more documents than needed are open. Several iterators are read
    /// one after the other.
    ///
    /// [`next_output`](Machine::next_output) reads from it, so it should not block for long. If the
    /// batch is closed already, nothing is read.
    pub fn add_all(&mut self, documents: impl Iterator<Item = Document> + Send + 'static) {
        if !self.closed {
            self.sources.push(Box::new(documents));
        }
    }

    /// Reads no more from iterators, and drops them.
    pub fn close_sources(&mut self) {
        self.sources.clear();
    }

    /// Abandons a job, as [`Job::abandon`](super::Job::abandon) does. No effect on a finished job.
    pub fn abandon(&mut self, key: JobKey, now: Time) {
        let now = self.advance(now);
        self.step(key.0, Input::Abandon, now);
    }

    /// Accepts no more documents or tickets. Iterators are still read; once they are empty and all
    /// jobs have finished, the batch is done.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Ends the batch as soon as possible, without losing a job: before the process ends.
    ///
    /// - Nothing new is sent: no submit, poll or listing, not even one whose event was emitted.
    /// - What is out is waited for, within its own limit, and its job has the events that follow.
    /// - Each job that has not finished then is reported as
    ///   [`Unfinished`](BatchEventKind::Unfinished), with the snapshot that
    ///   [restores](Self::restore) it in another process. Those that are not out are reported at
    ///   once.
    /// - Documents that are still in iterators are not read.
    ///
    /// Drive the batch until it is [`Done`](crate::machine::Output::Done). It accepts no more work.
    pub fn shutdown(&mut self, now: Time) {
        self.advance(now);
        self.close_sources();
        self.close();
        self.shutdown.begin();
    }

    /// Confirms that all events up to this sequence are stored; see
    /// [`BatchOptions::with_confirmation`].
    pub fn confirm(&mut self, sequence: u64) {
        self.outbox.confirm(sequence);
    }

    /// Uses another API key from the next request on, and ends the pause of a refused one.
    ///
    /// # Errors
    ///
    /// The key can't be used; the old one stays.
    pub fn set_key(&mut self, key: &str) -> Result<(), ConfigError> {
        self.api = self.api.with_key(key)?;
        self.throttle.replace_key(self.latest);
        Ok(())
    }

    /// Takes a webhook's message: the job it names is polled soon, but at least a second after its
    /// last poll. It proves nothing and finishes nothing.
    ///
    /// A message for an unknown extraction is remembered for ten minutes, as it may have come
    /// before the response to its own submit; at most the newest 8192.
    ///
    /// While messages come for nine in ten of the jobs that finished last, polls and listings are a
    /// safety net: a listing is requested once a minute.
    pub fn handle_notification(&mut self, notification: &Notification, now: Time) {
        let now = self.advance(now);
        let id = notification.extraction_id();
        if let Some(key) = self.jobs.find(id) {
            self.notify(key, now);
        } else {
            self.jobs.counters.unknown_notifications += 1;
            self.discovery.notified_unknown(self.jobs.hash(id));
            self.discovery.early.insert(id, now);
        }
    }

    /// The ticket with which another process can resume a job; `None` before the service has
    /// returned its extraction id, and after it has finished: its outcome contains the ticket.
    pub fn ticket(&self, key: JobKey) -> Option<Ticket> {
        self.jobs.get(key.0)?.ticket()
    }

    /// All that is known of a job, to store; `None` once it has finished. See
    /// [`Job::snapshot`](super::Job::snapshot).
    pub fn snapshot(&self, key: JobKey) -> Option<Snapshot> {
        self.jobs.get(key.0)?.snapshot(self.latest)
    }

    /// The current state of a job; `None` once it has finished.
    pub fn state(&self, key: JobKey) -> Option<JobState> {
        self.jobs
            .get(key.0)
            .map(|entry| JobState::from_state(entry.record.state))
    }

    /// The unfinished jobs, in no particular order. Walks through all of them: meant for the moment
    /// before the process ends.
    pub fn keys(&self) -> impl Iterator<Item = JobKey> {
        self.jobs.iter().map(JobKey::from)
    }

    /// The current progress.
    pub fn progress(&self) -> BatchProgress {
        BatchProgress::new(self)
    }

    /// The pauses that there are now, the one that holds back most first.
    pub fn pauses(&self) -> impl Iterator<Item = ActivePause> {
        self.throttle.pauses(self.latest)
    }

    /// Takes a document in, to be submitted when its turn comes.
    fn take_document(&mut self, document: Document, now: Time) -> JobKey {
        let deadline = now + self.options.jobs.deadline.unwrap_or(JobOptions::DEADLINE);
        let (record, meta) = (Record::ready(now, deadline), Arc::default());
        let entry = self.entry(record, meta, Some(document), None, now);
        self.insert(entry, now).into()
    }

    /// The entry of a job, with its document or its id.
    fn entry(
        &mut self,
        record: Record,
        meta: Arc<DocumentMeta>,
        document: Option<Document>,
        id: Option<ExtractionId>,
        now: Time,
    ) -> Entry {
        let meta = self.jobs.share(meta.or_from(document.as_ref()));
        let document_type = meta.document_type.as_deref();
        let kind = self.discovery.estimators.slot(document_type);
        let options = &self.options.jobs;
        let pending = document.map(|document| Pending::with_document(document, options));
        Entry::new(record, meta, pending, id, kind, now)
    }

    /// Takes a new job in.
    fn insert(&mut self, entry: Entry, now: Time) -> Key {
        let id = entry.extraction_id.clone();
        let key = self.jobs.insert(entry);
        self.count(key, now);
        self.place(key, now);
        if id.is_some_and(|id| self.discovery.early.take(&id, now)) {
            self.notify(key, now);
        }
        key
    }

    /// Does one piece of work. Returns whether there was any.
    fn work(&mut self, now: Time) -> bool {
        if self.is_over() {
            return false;
        }
        if self.shutdown.has_begun() {
            return self.work_on_shutdown(now);
        }
        if self.report_pauses(now) {
            return true;
        }
        let Some(work) = self.dispatch(now).next() else {
            return false;
        };
        match work {
            Work::TimeOut(id) => self.complete(id, Reply::TimeLimit, now),
            Work::ReachDeadline(key) => self.reach_deadline(key, now),
            Work::Wake(key) => self.wake(key, now),
            Work::Skip => {}
            Work::Step(key, input) => {
                if let (Input::Turn(_), Some(entry)) = (input, self.jobs.get(key)) {
                    self.discovery.selected(entry);
                }
                return self.step(key, input, now);
            }
            Work::EmitListing => self.outbox.emit_listing_due(),
            Work::SendListing => self.send_listing(now),
            Work::Probe(probe) => return self.emit_probe(probe, now),
            Work::ReadDocument => {
                if let Some(document) = self.sources.draw() {
                    let key = self.take_document(document, now);
                    self.sources.note(key);
                }
            }
        }
        true
    }

    /// Does one piece of work of the shutdown. Returns whether there was any.
    pub(super) fn work_on_shutdown(&mut self, now: Time) -> bool {
        if let Some(id) = self.outbox.in_flight().timed_out(now) {
            self.complete(id, Reply::TimeLimit, now);
            return true;
        }
        let Some((key, state)) = self.shutdown.next(&self.jobs) else {
            return false;
        };
        match state {
            // Waited for.
            State::Submitting | State::Polling => {}
            // That hands it back as well.
            State::SubmitEmitted | State::PollEmitted => {
                self.step(key, Input::Withdrawn, now);
            }
            State::Ready | State::Waiting | State::Finished(_) => self.hand_back(key),
        }
        true
    }

    /// Takes what came of a request. Once all is over, it changes nothing.
    fn take(&mut self, id: RequestId, reply: Reply, now: Time) {
        let now = self.advance(now);
        if !self.is_over() {
            self.complete(id, reply, now);
        }
    }

    /// Emits the event of a probe, and lets it through.
    fn emit_probe(&mut self, probe: Probe, now: Time) -> bool {
        let is_emitted = match probe {
            Probe::Emitted => true,
            Probe::Listing => {
                self.outbox.emit_listing_due();
                true
            }
            Probe::Job(key, input) => self.step(key, input, now),
        };
        if is_emitted {
            self.throttle.grant_probe();
        }
        is_emitted
    }

    /// Whether all have finished, and nothing more will come. A submit that is out although its job
    /// has finished may still bring an id.
    fn is_over(&self) -> bool {
        self.closed
            && self.sources.is_empty()
            && self.jobs.counters.unfinished() == 0
            && self.outbox.in_flight().submits() == 0
    }

    fn advance(&mut self, now: Time) -> Time {
        self.latest = self.latest.max(now);
        self.latest
    }
}

impl Machine for Batch {
    type Event = BatchEvent;
    type Outcome = BatchOutcome;

    fn next_output(&mut self, now: Time) -> Output<BatchEvent> {
        let now = self.advance(now);
        loop {
            if let Some(output) = self.outbox.pop() {
                return output;
            }
            if self.work(now) {
                continue;
            }
            if self.is_over() {
                return Output::Done;
            }
            let next = if self.shutdown.has_begun() {
                self.outbox.in_flight().next_limit()
            } else {
                self.dispatch(now).next_time()
            };
            return next.map_or(Output::NeedInput, Output::Wait);
        }
    }

    fn handle_response(&mut self, id: RequestId, response: http::Response<Bytes>, now: Time) {
        self.take(id, Reply::Response(response), now);
    }

    fn handle_failure(&mut self, id: RequestId, failure: Failure, now: Time) {
        self.take(id, Reply::Failure(failure), now);
    }

    fn into_outcome(event: BatchEvent) -> Result<BatchOutcome, BatchEvent> {
        BatchOutcome::try_from(event)
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("progress", &self.progress())
            .field("jobs", &self.jobs.len())
            .field("ids", &self.jobs.ids())
            .field("scheduled", &self.jobs.scheduled())
            .finish_non_exhaustive()
    }
}

//! Many jobs, one machine.

mod cohorts;
mod entry;
mod event;
mod fair;
mod fleet;
mod in_flight;
mod launch;
mod moves;
mod options;
mod owners;
mod pace;
mod progress;
mod queue;
mod replies;
mod retry_budget;
mod sources;
mod tally;
mod turns;
mod webhooks;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

pub use event::{BatchEvent, BatchEventKind, BatchOutcome, JobKey, QueueProblem};
pub use options::BatchOptions;
pub use progress::BatchProgress;

use entry::Entry;
use in_flight::InFlight;
use owners::Interner;
use pace::Pace;
use queue::Queue;
use sources::Sources;
use tally::Tally;
use turns::Turns;
use webhooks::Webhooks;

use super::collections::id_index::IdIndex;
use super::collections::schedule::Schedule;
use super::collections::slab::{Key, Slab};
use super::delay::DelayEstimators;
use super::exchange::{Failure, RequestId};
use super::job::JobEventKind;
use super::job::JobOptions;
use super::job::JobState;
use super::job::Snapshot;
use super::job::job_mut::{Pending, Reply};
use super::job::record::{Record, State};
use super::job::response::{Decoded, SubmitResult};
use super::job::{DocumentMeta, Ticket};
use super::notifications::Notifications;
// The modules below name it as `super::Time`, so that the benches can take them in as they are.
use super::job::transition::Input;
use super::time::Time;
use super::{Machine, Output};
use crate::wire::{Api, ConfigError, Document, Notification};

/// Follows many documents at once: submits them within limits, finds out what has finished with as few requests as it can, and hands the results out as they come.
///
/// Made by the application, and given work at any time: documents one by one ([`add`](Self::add)), documents from an iterator that is drawn from as there is room ([`add_all`](Self::feed)), or
/// jobs that were submitted before ([`resume`](Self::resume)). Driven like every machine, but more than one request may be out.
///
/// Each job has the life of a [`Job`](super::Job), told by the same events under its key. A job that has ended is told and forgotten: a batch holds what is under way, in less than 300 bytes
/// for each where no reference is given.
///
/// ```
/// use typless::machine::{Batch, BatchEventKind, BatchOptions, JobEventKind, Machine, Output, Time};
/// use typless::wire::{Api, Document};
/// # fn perform(transmit: &typless::machine::Transmit) -> http::Response<bytes::Bytes> {
/// #     let body: &'static [u8] = match transmit.request.method() {
/// #         &http::Method::POST => br#"{"extraction_id": "0d14338251a6db69"}"#,
/// #         _ => br#"{"status": "SUCCESS", "error": {}, "result": {"object_id": "14a5", "extracted_fields": []}}"#,
/// #     };
/// #     http::Response::new(bytes::Bytes::from_static(body))
/// # }
///
/// let api = Api::new(Api::PRODUCTION, "my-key")?;
/// let mut now = Time::from_unix_seconds(1_700_000_000);
/// let mut batch = Batch::new(&api, BatchOptions::new(), now);
/// for file in ["one.pdf", "two.pdf"] {
///     batch.add(Document::new(file, "line-item-invoice", &b"%PDF"[..])?.with_reference(file)?, now);
/// }
/// batch.close(); // no more will come: it is done when these are
/// let mut results = 0;
/// loop {
///     match batch.next_output(now) {
///         Output::Send(transmit) => batch.handle_response(transmit.id, perform(&transmit), now),
///         Output::Event(event) => {
///             if let BatchEventKind::Job { reference, event: JobEventKind::Finished(outcome), .. } = event.kind {
///                 println!("{reference:?}: {outcome:?}");
///                 results += 1;
///             }
///         }
///         Output::Wait(until) => now = until,
///         Output::NeedInput | Output::Done => break,
///     }
/// }
/// assert_eq!(results, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Limits
///
/// Those of [`BatchOptions`] are never exceeded.
///
/// | | |
/// | --- | --- |
/// | shares | of ten requests one is a submit at least, where both wait; documents of several customers take turns |
/// | a job that fails | waits for its own next try, and delays nobody |
/// | 429, or any refusal with a `Retry-After` | everything pauses, once, and then goes on at half of the rate, which comes back |
/// | an outage: 16 failures in a row | one request each 30 s, once the shared budget of retries is spent, finds out whether the service is back |
/// | a refused key: 401, 403 | everything pauses until [`set_key`](Self::set_key) |
/// | a deadline | holds as for a `Job`. The last poll takes its turn among the others. The job ends without it when the service asks for a pause of more than a minute, does not take the key, or has answered nothing for a minute |
pub struct Batch {
    api: Api,
    options: BatchOptions,
    jobs: Slab<Entry>,
    index: IdIndex,
    schedule: Schedule,
    /// What came out of the schedule and is not seen to yet, the next last.
    due: Vec<u32>,
    turns: Turns,
    in_flight: InFlight,
    pace: Pace,
    sources: Sources,
    queue: Queue,
    webhooks: Webhooks,
    estimators: DelayEstimators,
    owners: Interner,
    /// Notifications of ids that are not known, or not yet.
    early: Notifications,
    tally: Tally,
    outputs: VecDeque<Output<BatchEvent>>,
    next_sequence: u64,
    confirmed: u64,
    /// Counts the keys: an answer to a request with an old one says nothing about the new one.
    key_number: u32,
    /// When the service last answered anything.
    answered_at: Time,
    started_at: Time,
    closed: bool,
    latest: Time,
}

impl Batch {
    /// Begins without a job. It is open: it waits for some until it is [closed](Self::close).
    pub fn new(api: &Api, options: BatchOptions, now: Time) -> Self {
        Self {
            api: api.clone(),
            jobs: Slab::new(),
            index: IdIndex::new(options.jobs.seed),
            schedule: Schedule::new(now),
            due: Vec::new(),
            turns: Turns::new(),
            in_flight: InFlight::default(),
            pace: Pace::new(&options),
            sources: Sources::default(),
            queue: Queue::new(options.queue, options.customer.clone()),
            webhooks: Webhooks::default(),
            estimators: DelayEstimators::new(),
            owners: Interner::default(),
            early: Notifications::default(),
            tally: Tally::default(),
            outputs: VecDeque::new(),
            next_sequence: options.jobs.first_sequence,
            confirmed: 0,
            key_number: 0,
            answered_at: now,
            started_at: now,
            closed: false,
            latest: now,
            options,
        }
    }

    /// Begins with what these estimators know of the time that jobs take, and teaches them. Without this call it begins knowing nothing, and learns all the same.
    #[must_use]
    pub fn with_estimators(mut self, estimators: DelayEstimators) -> Self {
        self.estimators = estimators;
        self
    }

    /// What is known of the time that jobs take: to be stored, and handed to the next batch.
    pub fn estimators(&self) -> &DelayEstimators {
        &self.estimators
    }

    /// Takes a document, to be submitted when its turn comes. `None` if the batch is closed: the document is not taken.
    pub fn add(&mut self, document: Document, now: Time) -> Option<JobKey> {
        let now = self.advance(now);
        (!self.closed).then(|| self.take_document(document, now))
    }

    /// Goes on with a job that was submitted before, as [`Job::resume`](super::Job::resume) does. `None` if the batch is closed.
    ///
    /// Any number of them may be resumed at once: the queue is asked first, and then the oldest is polled first, as fast as the limits allow.
    pub fn resume(&mut self, ticket: &Ticket, now: Time) -> Option<JobKey> {
        let now = self.advance(now);
        if self.closed {
            return None;
        }
        let record = Record::of_ticket(ticket, self.options.jobs.deadline, now);
        let (meta, kind) = (
            self.owners.share(ticket.meta()),
            self.estimators.slot(ticket.document_type()),
        );
        let entry = Entry::of_ticket(record, meta, ticket.extraction_id().clone(), kind, now);
        Some(self.begin(entry, now))
    }

    /// Goes on with a job that had no ticket yet, as [`Job::restore`](super::Job::restore) does. `None` if the batch is closed.
    pub fn restore(
        &mut self,
        snapshot: &Snapshot,
        document: Document,
        now: Time,
    ) -> Option<JobKey> {
        let now = self.advance(now);
        if self.closed {
            return None;
        }
        let record = Record::of_snapshot(snapshot, self.options.jobs.deadline, now);
        let entry = self.entry_of(record, document, now);
        let key = self.begin(entry, now);
        if record.state == State::Submitting {
            // The answer, if there was one, went to a process that is no more.
            self.take(
                key.0,
                Input::Submit(record.exchange, SubmitResult::Unknown),
                Decoded::Restarted,
                now,
            );
        }
        Some(key)
    }

    /// Takes documents from an iterator whenever there is room for another submit soon, so that no more are open than are needed; several iterators one after the other.
    ///
    /// [`next_output`](Machine::next_output) draws from it, so it should not block for long. If the batch is closed already, nothing is drawn.
    pub fn add_all(&mut self, documents: impl Iterator<Item = Document> + Send + 'static) {
        if !self.closed {
            self.sources.push(Box::new(documents));
        }
    }

    /// Draws no more from iterators, and lets them go.
    pub fn close_sources(&mut self) {
        self.sources.clear();
    }

    /// Gives up on a job, as [`Job::abandon`](super::Job::abandon) does. Of a job that has ended, nothing is left to give up on.
    pub fn abandon(&mut self, key: JobKey, now: Time) {
        let now = self.advance(now);
        self.take(key.0, Input::Abandon, Decoded::Nothing, now);
    }

    /// No more documents or tickets will come. Iterators are still drawn from; when they are used up and all jobs have ended, the batch is done.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Says that all events up to this sequence are stored; see [`BatchOptions::with_confirmation`].
    pub fn confirm(&mut self, sequence: u64) {
        self.confirmed = self.confirmed.max(sequence);
    }

    /// Uses another key from the next request on, and ends the pause of one that was refused.
    ///
    /// # Errors
    ///
    /// A key that can't be used; the old one stays.
    pub fn set_key(&mut self, key: &str) -> Result<(), ConfigError> {
        self.api = self.api.with_key(key)?;
        self.key_number = self.key_number.wrapping_add(1);
        self.pace.take_key();
        Ok(())
    }

    /// Takes a webhook's message: the job it names is polled soon, but never within a second of its last poll. It proves nothing and ends nothing.
    ///
    /// One that names no job of the batch is remembered for ten minutes, as it may have come before the answer to its own submit. The newest 8192 are.
    ///
    /// While messages come for nine in ten of the jobs that finished last, all else is a safety net: the queue is asked once a minute.
    pub fn handle_notification(&mut self, notification: &Notification, now: Time) {
        let now = self.advance(now);
        let id = notification.extraction_id();
        if let Some(key) = self.find(id) {
            self.told(key, now);
        } else {
            self.tally.unknown_notifications += 1;
            self.webhooks.came(self.index.hash(id.as_str()));
            self.early.insert(id, now);
        }
    }

    /// The handle by which another process can go on with a job; `None` before the service has named its extraction, and after its end, which brings it along.
    pub fn ticket(&self, key: JobKey) -> Option<Ticket> {
        self.jobs.get(key.0)?.ticket()
    }

    /// What can be kept of a job while it has no ticket; see [`Job::snapshot`](super::Job::snapshot).
    pub fn snapshot(&self, key: JobKey) -> Option<Snapshot> {
        let entry = self.jobs.get(key.0)?;
        Snapshot::of(&entry.record, entry.meta.reference.as_deref())
    }

    /// Where a job stands; `None` once it has ended.
    pub fn state(&self, key: JobKey) -> Option<JobState> {
        self.jobs
            .get(key.0)
            .map(|entry| JobState::of(entry.record.state))
    }

    /// The jobs that have not ended, in no order that means anything. Walks through all of them: for the moment before the process ends.
    pub fn keys(&self) -> impl Iterator<Item = JobKey> {
        self.jobs.iter().map(|(key, _)| key.into())
    }

    /// How far it is.
    pub fn progress(&self) -> BatchProgress {
        let mut progress = self.tally.progress();
        progress.in_flight = self.in_flight.len();
        progress.paused_until = self.pace.paused_until(self.latest);
        progress.key_refused = self.pace.is_key_refused();
        progress.has_source = !self.sources.is_empty();
        progress
    }

    fn take_document(&mut self, document: Document, now: Time) -> JobKey {
        let deadline = now + self.options.jobs.deadline.unwrap_or(JobOptions::DEADLINE);
        let entry = self.entry_of(Record::ready(now, deadline), document, now);
        self.begin(entry, now)
    }

    fn entry_of(&mut self, record: Record, document: Document, now: Time) -> Entry {
        let JobOptions {
            text_blocks,
            response_bytes,
            ..
        } = self.options.jobs;
        let meta = self.owners.share(Arc::new(DocumentMeta::of(&document)));
        let pending = Pending::with_document(document, text_blocks, response_bytes);
        let kind = self.estimators.slot(meta.document_type.as_deref());
        Entry::of_document(record, meta, pending, kind, now)
    }

    fn advance(&mut self, now: Time) -> Time {
        self.latest = self.latest.max(now);
        self.latest
    }

    fn emit(&mut self, kind: BatchEventKind) -> u64 {
        let sequence = self.next_sequence;
        self.next_sequence = sequence.saturating_add(1);
        self.outputs
            .push_back(Output::Event(BatchEvent { sequence, kind }));
        sequence
    }
}

impl Machine for Batch {
    type Event = BatchEvent;
    type Outcome = BatchOutcome;

    fn next_output(&mut self, now: Time) -> Output<BatchEvent> {
        let now = self.advance(now);
        loop {
            if let Some(output) = self.outputs.pop_front() {
                return output;
            }
            if !self.work(now) {
                return self.rest(now);
            }
        }
    }

    fn handle_response(&mut self, id: RequestId, response: http::Response<Bytes>, now: Time) {
        self.replied(id, Reply::Response(response), now);
    }

    fn handle_failure(&mut self, id: RequestId, failure: Failure, now: Time) {
        self.replied(id, Reply::Failure(failure), now);
    }

    fn into_outcome(event: BatchEvent) -> Result<BatchOutcome, BatchEvent> {
        match event.kind {
            BatchEventKind::Job {
                key,
                reference,
                event: JobEventKind::Finished(result),
            } => Ok(BatchOutcome {
                key,
                reference,
                result,
            }),
            kind => Err(BatchEvent {
                sequence: event.sequence,
                kind,
            }),
        }
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("progress", &self.progress())
            .field("jobs", &self.jobs.len())
            .field("ids", &self.index.len())
            .field("scheduled", &self.schedule.len())
            .finish_non_exhaustive()
    }
}

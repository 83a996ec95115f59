//! What happened to one job in a long run.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::super::batch_input::BatchInput;
use super::super::parse::{Step, StepKind, Transcript};
use super::super::replay::Divergence;
use super::story::{Story, id_in};
use crate::machine::{
    Batch, BatchEvent, BatchEventKind, Failure, Inside, JobEventKind, JobKey, Output, Purpose,
    RequestId, Snapshot, Time, Transmit,
};
use crate::wire::{Document, ExtractionId};

/// What happened to one job in a long run.
pub(super) struct Course {
    pub(super) job: JobKey,
    pub(super) id: Option<ExtractionId>,
    pub(super) submits: Vec<Exchange>,
    pub(super) polls: Vec<Exchange>,
    /// Those of the whole run.
    pub(super) listings: Vec<Exchange>,
    /// How long after each `Submitting` event it was confirmed.
    pub(super) confirmed_after: Vec<Option<Duration>>,
    /// Other inputs that concern it, in their order.
    pub(super) inputs: Vec<Given>,
    pub(super) story: Story,
    /// The end of the run.
    pub(super) ends_at: Time,
    /// How and when it came into the batch, and when the first thing happened to it.
    added: Option<(Time, BatchInput)>,
    begins_at: Option<Time>,
}

/// A request and what came of it, if anything did.
pub(super) struct Exchange {
    pub(super) sent_at: Time,
    pub(super) reply: Option<(Duration, Reply)>,
}

/// An input of a run.
pub(super) struct Given {
    pub(super) at: Time,
    /// After so many events of the job.
    pub(super) after: usize,
    pub(super) input: BatchInput,
}

/// What came of a request.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    Response(http::Response<bytes::Bytes>),
    Failure(Failure),
}

/// A job in progress, from where a cut may begin.
struct Mark {
    at: Time,
    snapshot: Snapshot,
    /// There were so many by then.
    events: usize,
    polls: usize,
}

/// The polls that are left of a job that stays in progress for long.
const LAST_POLLS: usize = 6;

/// Follows a job through a run.
struct Follower {
    course: Course,
    batch: Batch,
    /// Documents that were drawn and have no key yet.
    drawn: Vec<Document>,
    /// The requests in flight that matter, and their places.
    open: BTreeMap<RequestId, (Purpose, usize)>,
    notifications: Vec<(ExtractionId, Given)>,
    /// The `Submitting` events: their sequences and times.
    submitting: Vec<(u64, Time)>,
    confirmed: Option<u64>,
    /// The last moments at which it was in progress.
    marks: VecDeque<Mark>,
}

impl Course {
    /// Replays a run with a new batch, and follows this job.
    pub(super) fn follow(
        transcript: &Transcript,
        job: JobKey,
        batch: Batch,
    ) -> Result<Self, Divergence> {
        let course = Self {
            job,
            id: None,
            submits: Vec::new(),
            polls: Vec::new(),
            listings: Vec::new(),
            confirmed_after: Vec::new(),
            inputs: Vec::new(),
            story: Story::default(),
            ends_at: transcript.start(),
            added: None,
            begins_at: None,
        };
        let mut follower = Follower {
            course,
            batch,
            drawn: Vec::new(),
            open: BTreeMap::new(),
            notifications: Vec::new(),
            submitting: Vec::new(),
            confirmed: None,
            marks: VecDeque::new(),
        };
        for step in transcript.steps() {
            follower.take(transcript, step)?;
        }
        Ok(follower.finish())
    }

    /// When it begins, and how it comes into the batch; `None` if there is no such job.
    pub(super) fn beginning(&self) -> Option<(Time, &BatchInput)> {
        let (added_at, added) = self.added.as_ref()?;
        Some((self.begins_at.unwrap_or(*added_at), added))
    }

    /// Leaves out what came before.
    fn begin_with(&mut self, mark: Mark) {
        self.polls.drain(..mark.polls);
        self.story.begin_after(mark.events);
        self.inputs.retain(|given| given.after >= mark.events);
        for given in &mut self.inputs {
            given.after -= mark.events;
        }
        // It is submitted.
        self.submits.clear();
        self.confirmed_after.clear();
        let restored = BatchInput::Restore(Box::new(mark.snapshot), None);
        self.added = Some((mark.at, restored));
        self.begins_at = Some(mark.at);
    }

    /// The listing that was requested last, by this time.
    pub(super) fn listing_at(&self, time: Time) -> Option<&Exchange> {
        let later = self
            .listings
            .partition_point(|listing| listing.sent_at <= time);
        self.listings.get(later.checked_sub(1)?)
    }
}

impl Follower {
    fn take(&mut self, transcript: &Transcript, step: &Step) -> Result<(), Divergence> {
        // Time never goes back for a machine.
        let now = self.course.ends_at.max(step.at);
        self.course.ends_at = now;
        match &step.kind {
            StepKind::Output(_) => {
                let output = transcript.take(step, &mut self.batch)?;
                self.name_drawn(now);
                match output {
                    Some(Output::Send(transmit)) => self.sent(&transmit, now),
                    Some(Output::Event(event)) => self.event(&event, now),
                    _ => {}
                }
                return Ok(());
            }
            StepKind::Response(id, response) => {
                self.replied(*id, || Reply::Response(response.clone()), now);
            }
            StepKind::Failure(id, failure) => {
                self.replied(*id, || Reply::Failure(failure.clone()), now);
            }
            StepKind::Input(input) => {
                if let Some(input) = BatchInput::parse(input) {
                    self.input(input, step.at, now);
                    return Ok(());
                }
            }
        }
        transcript.take(step, &mut self.batch).map(drop)
    }

    /// What was drawn has keys now.
    fn name_drawn(&mut self, now: Time) {
        let keys = Inside(&mut self.batch).take_drawn();
        for (key, document) in keys.into_iter().zip(self.drawn.drain(..)) {
            if key == self.course.job {
                self.course.added = Some((now, BatchInput::Add(document)));
            }
        }
    }

    fn sent(&mut self, transmit: &Transmit, now: Time) {
        let is_own = Inside(&mut self.batch).job_of(transmit.id) == Some(self.course.job);
        let exchanges = match transmit.purpose {
            Purpose::Submit if is_own => &mut self.course.submits,
            Purpose::Poll if is_own => &mut self.course.polls,
            Purpose::Listing => &mut self.course.listings,
            _ => return,
        };
        let place = exchanges.len();
        exchanges.push(Exchange {
            sent_at: now,
            reply: None,
        });
        self.open.insert(transmit.id, (transmit.purpose, place));
    }

    fn replied(&mut self, id: RequestId, reply: impl FnOnce() -> Reply, now: Time) {
        let Some((purpose, place)) = self.open.remove(&id) else {
            return;
        };
        let exchanges = match purpose {
            Purpose::Submit => &mut self.course.submits,
            Purpose::Poll => &mut self.course.polls,
            _ => &mut self.course.listings,
        };
        if let Some(exchange) = exchanges.get_mut(place) {
            exchange.reply = Some((now.saturating_since(exchange.sent_at), reply()));
        }
    }

    fn event(&mut self, event: &BatchEvent, now: Time) {
        let job = self.course.job;
        if !self.course.story.note(&event.kind, job) {
            return;
        }
        self.course.begins_at.get_or_insert(now);
        if let Some(id) = id_in(&event.kind, job) {
            self.course.id = Some(id.clone());
        }
        if let BatchEventKind::Job {
            event: JobEventKind::Submitting { .. },
            ..
        } = event.kind
        {
            let is_confirmed = Some(event.sequence) <= self.confirmed;
            let after = is_confirmed.then_some(Duration::ZERO);
            self.course.confirmed_after.push(after);
            self.submitting.push((event.sequence, now));
        }
        if let BatchEventKind::Job {
            event: JobEventKind::Progressed { .. },
            ..
        } = event.kind
        {
            self.mark(now);
        }
    }

    /// Takes note of a job in progress.
    fn mark(&mut self, now: Time) {
        let Some(snapshot) = self.batch.snapshot(self.course.job) else {
            return;
        };
        // Restored, it would be followed for longer than it was.
        if Inside(&mut self.batch).sets_deadline() {
            return;
        }
        self.marks.push_back(Mark {
            at: now,
            snapshot,
            events: self.course.story.len(),
            polls: self.course.polls.len(),
        });
        if self.marks.len() > LAST_POLLS {
            self.marks.pop_front();
        }
    }

    fn input(&mut self, input: BatchInput, at: Time, now: Time) {
        let is_there = self.batch.state(self.course.job).is_some();
        match &input {
            BatchInput::Draw(Some((document, _))) => self.drawn.push(document.clone()),
            BatchInput::Confirm(sequence) => self.confirm(*sequence, now),
            BatchInput::Notification(notification) => {
                let id = notification.extraction_id().clone();
                let given = self.given(&input, now);
                self.notifications.push((id, given));
            }
            BatchInput::Abandon(key) if *key == self.course.job && is_there => {
                self.concerns(&input, now);
            }
            BatchInput::Shutdown if is_there => self.concerns(&input, now),
            BatchInput::SetKey if self.course.begins_at.is_some() => self.concerns(&input, now),
            _ => {}
        }
        let is_addition = matches!(
            input,
            BatchInput::Add(_) | BatchInput::Resume(_) | BatchInput::Restore(..)
        );
        let kept = is_addition.then(|| input.clone());
        let key = input.apply(&mut self.batch, at);
        if let (Some(kept), Some(key)) = (kept, key) {
            if key == self.course.job {
                self.added(kept, now);
            }
        }
    }

    fn added(&mut self, input: BatchInput, now: Time) {
        self.course.id = match &input {
            BatchInput::Resume(ticket) => Some(ticket.extraction_id().clone()),
            BatchInput::Restore(snapshot, _) => snapshot.extraction_id.clone(),
            _ => None,
        };
        self.course.added = Some((now, input));
    }

    fn concerns(&mut self, input: &BatchInput, now: Time) {
        self.course.begins_at.get_or_insert(now);
        let given = self.given(input, now);
        self.course.inputs.push(given);
    }

    fn given(&self, input: &BatchInput, now: Time) -> Given {
        Given {
            at: now,
            after: self.course.story.len(),
            input: input.clone(),
        }
    }

    fn confirm(&mut self, sequence: u64, now: Time) {
        self.confirmed = self.confirmed.max(Some(sequence));
        let confirmed = self.course.confirmed_after.iter_mut();
        for (after, (emitted, at)) in confirmed.zip(&self.submitting) {
            if *emitted <= sequence {
                after.get_or_insert(now.saturating_since(*at));
            }
        }
    }

    fn finish(mut self) -> Course {
        let mark = self.marks.pop_front();
        let mut course = self.course;
        let own = self.notifications.into_iter();
        let own = own.filter(|(id, _)| course.id.as_ref() == Some(id));
        course.inputs.extend(own.map(|(_, given)| given));
        course.inputs.sort_by_key(|given| (given.at, given.after));
        if let Some(mark) = mark.filter(|mark| mark.polls > LAST_POLLS) {
            course.begin_with(mark);
        }
        course
    }
}

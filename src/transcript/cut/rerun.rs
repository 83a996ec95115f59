//! One job of a long run, alone in a second batch.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::slice;

use bytes::Bytes;
use http::header::{DATE, RETRY_AFTER};

use super::super::batch_input::BatchInput;
use super::super::recorder::Recorder;
use super::course::{Course, Exchange, Given, Reply};
use super::story::Story;
use crate::machine::{
    Batch, BatchEvent, BatchEventKind, JobEventKind, JobKey, Machine, Output, Purpose, RequestId,
    Time, Transmit,
};
use crate::wire::{AwaitingResponse, ExtractionId};

/// Runs the job in a new batch. The transcript, and what happened to the job.
pub(super) fn run(
    course: &Course,
    start: Time,
    added: &BatchInput,
    batch: Batch,
) -> (String, Story) {
    let mut rerun = Rerun {
        course,
        recorder: Recorder::new(batch, start),
        job: None,
        now: start,
        inputs: course.inputs.iter().peekable(),
        due: BTreeMap::new(),
        expected: 0,
        submits: 0,
        polls: 0,
        submitting: 0,
        story: Story::default(),
    };
    rerun.add(added);
    while rerun.step() {}
    (rerun.recorder.into_parts().1, rerun.story)
}

struct Rerun<'c> {
    course: &'c Course,
    recorder: Recorder<Batch>,
    job: Option<JobKey>,
    now: Time,
    inputs: Peekable<slice::Iter<'c, Given>>,
    /// What else comes when, in the order in which it was expected.
    due: BTreeMap<(Time, usize), Due>,
    expected: usize,
    /// So many were sent or emitted.
    submits: usize,
    polls: usize,
    submitting: usize,
    story: Story,
}

enum Due {
    Reply(RequestId, Reply),
    Confirm(u64),
}

impl Rerun<'_> {
    fn add(&mut self, added: &BatchInput) {
        let now = self.now;
        self.job = match added.clone() {
            BatchInput::Add(document) => self.recorder.add(document, now),
            BatchInput::Resume(ticket) => self.recorder.resume(&ticket, now),
            BatchInput::Restore(snapshot, document) => {
                self.recorder.restore(&snapshot, document, now).ok()
            }
            _ => None,
        };
    }

    fn expect(&mut self, at: Time, due: Due) {
        self.due.insert((at, self.expected), due);
        self.expected += 1;
    }

    /// Takes in what is due, and the next output. Returns whether there may be more.
    fn step(&mut self) -> bool {
        self.take_inputs(false);
        while let Some(entry) = self.due.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            let due = entry.remove();
            self.take(due);
        }
        match self.recorder.next_output(self.now) {
            Output::Event(event) => self.event(&event),
            Output::Send(transmit) => self.sent(&transmit),
            Output::Wait(until) => return self.take_inputs(true) || self.advance(Some(until)),
            Output::NeedInput => return self.take_inputs(true) || self.advance(None),
            Output::Done => return false,
        }
        !self.is_over()
    }

    fn take(&mut self, due: Due) {
        let now = self.now;
        match due {
            Due::Reply(id, Reply::Response(response)) => {
                self.recorder.handle_response(id, response, now);
            }
            Due::Reply(id, Reply::Failure(failure)) => {
                self.recorder.handle_failure(id, failure, now);
            }
            Due::Confirm(sequence) => self.recorder.confirm(sequence),
        }
    }

    /// Takes in the inputs of the job that are due, those of this moment as soon as it has had as
    /// many events as then, or there are no more. Returns whether there were any.
    fn take_inputs(&mut self, is_idle: bool) -> bool {
        let (now, events) = (self.now, self.story.len());
        let is_due = |given: &&Given| {
            given.at < now || given.at == now && (is_idle || given.after <= events)
        };
        let mut any = false;
        while let Some(given) = self.inputs.next_if(is_due) {
            any = true;
            match (&given.input, self.job) {
                (BatchInput::Abandon(_), Some(job)) => self.recorder.abandon(job, now),
                (input, _) => drop(self.recorder.handle_input(&input.to_text(), now)),
            }
        }
        any
    }

    /// Goes on to the next moment at which something may happen, if there is one.
    fn advance(&mut self, until: Option<Time>) -> bool {
        let due = self.due.keys().next().map(|(at, _)| *at);
        let input = self.inputs.peek().map(|given| given.at);
        let Some(next) = due.into_iter().chain(input).chain(until).min() else {
            return false;
        };
        // Where it had not ended, nobody knows what came next.
        let has_ended = self.course.story.outcome().is_some();
        if self.is_over() || !has_ended && next > self.course.ends_at {
            return false;
        }
        self.now = self.now.max(next);
        true
    }

    /// Whether it has ended, and nothing more can come of its requests.
    fn is_over(&self) -> bool {
        let is_reply = |due: &Due| matches!(due, Due::Reply(..));
        self.story.outcome().is_some() && !self.due.values().any(is_reply)
    }

    fn event(&mut self, event: &BatchEvent) {
        let Some(job) = self.job else {
            return;
        };
        self.story.note(&event.kind, job);
        if let BatchEventKind::Job {
            event: JobEventKind::Submitting { .. },
            ..
        } = event.kind
        {
            let after = self.course.confirmed_after.get(self.submitting);
            if let Some(after) = after.copied().flatten() {
                self.expect(self.now + after, Due::Confirm(event.sequence));
            }
            self.submitting += 1;
        }
    }

    fn sent(&mut self, transmit: &Transmit) {
        let course = self.course;
        let exchange = match transmit.purpose {
            Purpose::Submit => {
                self.submits += 1;
                course.submits.get(self.submits - 1)
            }
            Purpose::Poll => {
                self.polls += 1;
                let own = course.polls.get(self.polls - 1);
                own.or_else(|| course.polls.last())
            }
            _ => {
                let listing = course.listing_at(self.now);
                return self.list(transmit.id, listing);
            }
        };
        if let Some((after, reply)) = exchange.and_then(|exchange| exchange.reply.clone()) {
            self.expect(self.now + after, Due::Reply(transmit.id, reply));
        }
    }

    /// A listing has no other id than that of the job.
    fn list(&mut self, id: RequestId, listing: Option<&Exchange>) {
        let own = self.course.id.as_ref();
        let (after, reply) = match listing.map(|listing| &listing.reply) {
            None => (Default::default(), Reply::Response(listed(None))),
            Some(None) => return,
            Some(Some((after, Reply::Response(response)))) => {
                (*after, Reply::Response(reduced(response, own)))
            }
            Some(Some((after, failure))) => (*after, failure.clone()),
        };
        self.expect(self.now + after, Due::Reply(id, reply));
    }
}

/// The response to a listing, with no other id than this.
fn reduced(response: &http::Response<Bytes>, own: Option<&ExtractionId>) -> http::Response<Bytes> {
    let mut is_listed = false;
    let read = AwaitingResponse::for_each_id(response, |id| {
        is_listed |= own.is_some_and(|own| own.as_str() == id);
    });
    let mut left = listed(own.filter(|_| is_listed));
    if read.is_err() {
        // What it is instead may quote anything.
        *left.body_mut() = Bytes::from_static(b"not shown");
    }
    *left.status_mut() = response.status();
    for name in [RETRY_AFTER, DATE] {
        for value in response.headers().get_all(&name) {
            left.headers_mut().append(&name, value.clone());
        }
    }
    left
}

/// A listing of one id or none.
fn listed(id: Option<&ExtractionId>) -> http::Response<Bytes> {
    let ids: Vec<&str> = id.into_iter().map(ExtractionId::as_str).collect();
    let body = serde_json::json!({ "extraction_ids": ids }).to_string();
    http::Response::new(body.into())
}

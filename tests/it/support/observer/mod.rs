//! Machines that are watched: what arrives is noted together with the state it arrives in.

mod batch;
mod drain;
mod exchanges;
mod job;

use bytes::Bytes;
use http::Response;
use typless::machine::{
    Failure, FailureKind, JobEventKind, JobState, Machine, Output, RequestId, Time,
};
use typless::wire::{AwaitingResponse, Status, StatusResponse, SubmitResponse, retry_after};

pub(crate) use batch::{BATCH_STATES, BatchObserver};
pub(crate) use drain::{DRAIN_STATES, DrainObserver, EXTRACTION_STATES};
pub(crate) use job::JobObserver;

/// Sees what arrives at a machine before the machine does, and what leaves it afterwards.
pub(crate) trait Observe<M: Machine> {
    /// It is this time.
    fn time(&mut self, machine: &M, now: Time);
    /// A request gets this.
    fn reply(&mut self, machine: &M, id: RequestId, reply: Reply<'_>, now: Time);
    /// This left the machine.
    fn output(&mut self, output: &Output<M::Event>, now: Time);
}

/// A response, or why there is none.
pub(crate) type Reply<'r> = Result<&'r Response<Bytes>, &'r Failure>;

/// A machine that is watched. It does what the machine does.
pub(crate) struct Observed<M, O> {
    pub(crate) machine: M,
    pub(crate) observer: O,
}

impl<M: Machine, O: Observe<M>> Machine for Observed<M, O> {
    type Event = M::Event;
    type Outcome = M::Outcome;

    fn next_output(&mut self, now: Time) -> Output<M::Event> {
        self.observer.time(&self.machine, now);
        let output = self.machine.next_output(now);
        self.observer.output(&output, now);
        output
    }

    fn handle_response(&mut self, id: RequestId, response: Response<Bytes>, now: Time) {
        self.observer.time(&self.machine, now);
        self.observer.reply(&self.machine, id, Ok(&response), now);
        self.machine.handle_response(id, response, now);
    }

    fn handle_failure(&mut self, id: RequestId, failure: Failure, now: Time) {
        self.observer.time(&self.machine, now);
        self.observer.reply(&self.machine, id, Err(&failure), now);
        self.machine.handle_failure(id, failure, now);
    }

    fn into_outcome(event: M::Event) -> Result<M::Outcome, M::Event> {
        M::into_outcome(event)
    }
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whom {
    Submit,
    Poll,
    Listing,
}

impl Whom {
    /// The letter of the table: large while the request is in flight, small once it no longer is.
    pub(crate) fn letter(self, is_in_flight: bool) -> char {
        let letter = match self {
            Self::Submit => 'S',
            Self::Poll => 'P',
            Self::Listing => 'L',
        };
        if is_in_flight {
            letter
        } else {
            letter.to_ascii_lowercase()
        }
    }
}

/// The mark for what is about no request.
pub(crate) const MARK: char = 'x';

/// A request in flight gets no reply within its limit.
pub(crate) const NO_RESPONSE: &str = "no response in time";
pub(crate) const CLOCK_BACK: &str = "the clock goes back";
pub(crate) const CLOCK_JUMP: &str = "an hour passes unseen";
pub(crate) const DEADLINE: &str = "the deadline passes";
pub(crate) const RESTART: &str = "the process restarts";

/// All faults in the order of the table.
pub(crate) const FAULTS: &[&str] = &[
    "accepted",
    "accepted, Retry-After",
    "IN_PROGRESS",
    "IN_PROGRESS, Retry-After",
    "SUCCESS",
    "SUCCESS, unreadable",
    "ERROR",
    "EXPIRED",
    "another status",
    "listing",
    "listing, Retry-After",
    "empty listing",
    "2xx, unreadable",
    "redirect",
    "401, 403",
    "404",
    "408",
    "429",
    "429, Retry-After",
    "503",
    "other 4xx",
    "other 5xx",
    "no known class",
    "an error, Retry-After",
    "NotSent",
    "Interrupted",
    "Source",
    "TooLarge",
    NO_RESPONSE,
    LATE,
    UNKNOWN_ID,
    CLOCK_BACK,
    CLOCK_JUMP,
    DEADLINE,
    RESTART,
    "notification",
    "confirmed",
    "abandoned",
    "another key",
    "add",
    "add from an iterator",
    "close iterators",
    "resume",
    "restore",
    "acknowledged",
    "retry",
    "close",
];

/// Any reply to a poll or a listing that is not in flight any more.
const LATE: &str = "late";
/// Any reply to a request that was never sent.
const UNKNOWN_ID: &str = "never sent";

/// What a reply is called in the table. A late reply to a submit matters by what it is: it may have
/// been accepted.
fn reply_name(reply: Reply<'_>, whom: Option<Whom>, letter: char) -> &'static str {
    let whom = match whom {
        None => return UNKNOWN_ID,
        Some(Whom::Poll | Whom::Listing) if letter.is_lowercase() => return LATE,
        Some(whom) => whom,
    };
    let response = match reply {
        Ok(response) => response,
        Err(failure) => {
            return match failure.kind() {
                FailureKind::NotSent => "NotSent",
                FailureKind::Interrupted => "Interrupted",
                FailureKind::Source => "Source",
                FailureKind::TooLarge => "TooLarge",
            };
        }
    };
    let asks = retry_after(response.headers()).is_some();
    match response.status().as_u16() {
        200..=299 => success_name(response, whom, asks),
        429 if asks => "429, Retry-After",
        _ if asks => "an error, Retry-After",
        300..=399 => "redirect",
        401 | 403 => "401, 403",
        404 => "404",
        408 => "408",
        429 => "429",
        400..=499 => "other 4xx",
        503 => "503",
        500..=599 => "other 5xx",
        _ => "no known class",
    }
}

fn success_name(response: &Response<Bytes>, whom: Whom, asks: bool) -> &'static str {
    let unreadable = "2xx, unreadable";
    match whom {
        Whom::Submit => match SubmitResponse::decode(response) {
            Ok(_) if asks => "accepted, Retry-After",
            Ok(_) => "accepted",
            Err(_) => unreadable,
        },
        Whom::Listing => match AwaitingResponse::decode(response) {
            Ok(listing) if listing.extraction_ids().is_empty() => "empty listing",
            Ok(_) if asks => "listing, Retry-After",
            Ok(_) => "listing",
            Err(_) => unreadable,
        },
        Whom::Poll => {
            let Ok(response) = StatusResponse::decode(response) else {
                return unreadable;
            };
            match response.status() {
                Status::InProgress if asks => "IN_PROGRESS, Retry-After",
                Status::InProgress => "IN_PROGRESS",
                Status::Error => "ERROR",
                Status::Expired => "EXPIRED",
                Status::Success if response.extraction().is_some() => "SUCCESS",
                Status::Success => "SUCCESS, unreadable",
                Status::Other(text) if text.is_empty() => unreadable,
                _ => "another status",
            }
        }
    }
}

/// Whether the request of this event is still to be sent.
fn is_before_request(event: &JobEventKind) -> bool {
    matches!(
        event,
        JobEventKind::Submitting { .. } | JobEventKind::PollDue { .. }
    )
}

/// The states of a job in the table. A `*` is for a request whose event was emitted, and that is
/// not sent yet.
pub(crate) const JOB_STATES: [&str; 9] = [
    "Ready",
    "Submitting*",
    "Submitting",
    "abandoned",
    "Waiting",
    "Polling*",
    "Polling",
    "SubmitUnknown",
    "Finished",
];

/// The column of a job: `abandoned` is for one whose submit is awaited nevertheless.
fn job_column(state: JobState, is_emitted: bool, is_abandoned: bool) -> &'static str {
    match state {
        JobState::Ready => "Ready",
        JobState::Submitting if is_abandoned => "abandoned",
        JobState::Submitting if is_emitted => "Submitting*",
        JobState::Submitting => "Submitting",
        JobState::Waiting => "Waiting",
        JobState::Polling if is_emitted => "Polling*",
        JobState::Polling => "Polling",
        JobState::SubmitUnknown => "SubmitUnknown",
        _ => "Finished",
    }
}

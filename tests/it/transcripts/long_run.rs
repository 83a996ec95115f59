//! A recorded batch of many documents, against a service where much goes wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response};
use typless::machine::{
    Batch, BatchEvent, BatchEventKind, BatchOptions, Failure, FailureKind, JobEventKind, JobKey,
    Machine, Output, RequestId, Snapshot, Ticket, Time, Transmit,
};
use typless::transcript::Recorder;
use typless::wire::{Document, ExtractionId};

use crate::support::service::notification;
use crate::support::{START, api, expired, failed, in_progress, response, response_with};

/// The bytes of each document begin with this.
pub(super) const SECRET: &str = "%PDF-1.7 secret contents";

/// Something that goes wrong with a document, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    None,
    Refused,
    SubmitLost,
    SubmitLate,
    SubmitRetried,
    Failed,
    Expired,
    NotFound,
    Unreadable,
    TooLarge,
    Stuck,
    PollsFail,
    SourceFailed,
    Abandoned,
    AbandonedEarly,
}

impl Trouble {
    pub(super) const ALL: [Self; 14] = [
        Self::Refused,
        Self::SubmitLost,
        Self::SubmitLate,
        Self::SubmitRetried,
        Self::Failed,
        Self::Expired,
        Self::NotFound,
        Self::Unreadable,
        Self::TooLarge,
        Self::Stuck,
        Self::PollsFail,
        Self::SourceFailed,
        Self::Abandoned,
        Self::AbandonedEarly,
    ];

    pub(super) fn for_document(number: usize) -> Self {
        match number % 40 {
            place if place < Self::ALL.len() => Self::ALL[place],
            _ => Self::None,
        }
    }
}

/// A recorded batch in virtual time.
pub(super) struct LongRun {
    pub(super) recorder: Recorder<Batch>,
    pub(super) now: Time,
    /// The number of each job's document.
    pub(super) numbers: BTreeMap<JobKey, usize>,
    /// How each job ended.
    pub(super) outcomes: BTreeMap<JobKey, String>,
    /// Whether events are confirmed, and webhooks come.
    pub(super) confirms: bool,
    pub(super) webhooks: bool,
    /// All requests fail then.
    pub(super) outage: std::ops::Range<u64>,
    /// The key is refused for polls then.
    pub(super) refusal: std::ops::Range<u64>,
    arrivals: BTreeMap<(Time, u64), Arrival>,
    arrived: u64,
    accepted: BTreeMap<usize, Time>,
    polls: BTreeMap<usize, usize>,
    read: Vec<usize>,
}

enum Arrival {
    Reply(RequestId, Result<Response<Bytes>, Failure>),
    Webhook(usize),
    Confirmation(u64),
}

impl LongRun {
    pub(super) fn new(options: BatchOptions) -> Self {
        Self {
            recorder: Recorder::new(Batch::new(&api(), options, START), START),
            now: START,
            numbers: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            confirms: false,
            webhooks: false,
            outage: 0..0,
            refusal: 0..0,
            arrivals: BTreeMap::new(),
            arrived: 0,
            accepted: BTreeMap::new(),
            polls: BTreeMap::new(),
            read: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, number: usize) {
        let key = self.recorder.add(document(number), self.now).unwrap();
        self.numbers.insert(key, number);
    }

    /// A job that was submitted by another process.
    pub(super) fn resume(&mut self, number: usize) {
        let key = self.recorder.resume(&ticket(number, self.now), self.now);
        self.accepted.insert(number, self.now);
        self.numbers.insert(key.unwrap(), number);
    }

    /// A job that another process has left behind, before its submit or after it.
    pub(super) fn restore(&mut self, number: usize) {
        let mut other = Batch::new(&api(), BatchOptions::new(), self.now);
        let is_submitted = number % 2 == 0;
        if is_submitted {
            self.accepted.insert(number, self.now);
            other.resume(&ticket(number, self.now), self.now).unwrap();
        } else {
            other.add(document(number), self.now).unwrap();
        }
        other.shutdown(self.now);
        let Output::Event(BatchEvent {
            kind: BatchEventKind::Unfinished { snapshot, .. },
            ..
        }) = other.next_output(self.now)
        else {
            panic!("a snapshot")
        };
        let snapshot = Snapshot::from_json(&snapshot.to_json()).unwrap();
        let document = (!is_submitted).then(|| document(number));
        let key = self.recorder.restore(&snapshot, document, self.now);
        self.numbers.insert(key.unwrap(), number);
    }

    /// Runs until this time, or until nothing is due and nothing arrives any more.
    pub(super) fn run_until(&mut self, end: Time) {
        loop {
            while let Some(entry) = self.arrivals.first_entry() {
                if entry.key().0 > self.now {
                    break;
                }
                let arrival = entry.remove();
                self.arrive(arrival);
            }
            let next = self.arrivals.keys().next().map(|(at, _)| *at);
            let until = match self.recorder.next_output(self.now) {
                Output::Send(transmit) => {
                    self.transmit(transmit);
                    continue;
                }
                Output::Event(event) => {
                    self.event(event);
                    continue;
                }
                Output::Wait(until) => Some(until),
                Output::NeedInput => None,
                Output::Done => return,
            };
            match next.into_iter().chain(until).min() {
                Some(next) if next <= end => self.now = self.now.max(next),
                _ => {
                    self.now = self.now.max(end.min(self.now + Duration::from_secs(3600)));
                    return;
                }
            }
        }
    }

    fn arrive(&mut self, arrival: Arrival) {
        let now = self.now;
        match arrival {
            Arrival::Reply(id, Ok(response)) => self.recorder.handle_response(id, response, now),
            Arrival::Reply(id, Err(failure)) => self.recorder.handle_failure(id, failure, now),
            Arrival::Webhook(number) => {
                let message = notification(&id(number));
                self.recorder.handle_notification(&message, now);
            }
            Arrival::Confirmation(sequence) => self.recorder.confirm(sequence),
        }
    }

    fn arrive_after(&mut self, milliseconds: u64, arrival: Arrival) {
        self.arrived += 1;
        let at = self.now + Duration::from_millis(milliseconds);
        self.arrivals.insert((at, self.arrived), arrival);
    }

    fn event(&mut self, event: BatchEvent) {
        let sequence = event.sequence;
        match event.kind {
            BatchEventKind::Job {
                key,
                event: JobEventKind::Finished(outcome),
                ..
            } => {
                let outcome = outcome.map_or_else(|error| error.code().to_owned(), |_| "ok".into());
                assert!(self.outcomes.insert(key, outcome).is_none());
            }
            BatchEventKind::Unfinished { key, .. } => {
                assert!(self.outcomes.insert(key, "unfinished".into()).is_none());
            }
            BatchEventKind::Job {
                key,
                event,
                reference,
            } => {
                let number = reference.as_deref().unwrap()[4..].parse().unwrap();
                self.numbers.insert(key, number);
                let is_submitting = matches!(event, JobEventKind::Submitting { .. });
                let abandons = match Trouble::for_document(number) {
                    Trouble::Abandoned => matches!(event, JobEventKind::Progressed { .. }),
                    Trouble::AbandonedEarly => is_submitting,
                    _ => false,
                };
                if abandons {
                    self.recorder.abandon(key, self.now);
                }
                if self.confirms && is_submitting {
                    self.arrive_after(40, Arrival::Confirmation(sequence));
                }
            }
            _ => {}
        }
    }

    fn transmit(&mut self, transmit: Transmit) {
        let id = transmit.id;
        let latency = 60 + id.get() * 37 % 90;
        let query = transmit.request.uri().query();
        let is_poll = query.is_some_and(|query| query.starts_with("extraction_id="));
        let second = self.now.saturating_since(START).as_secs();
        let reply = if self.outage.contains(&second) {
            Ok(response(503, "{\"message\": \"down for maintenance\"}"))
        } else if is_poll && self.refusal.contains(&second) {
            Ok(response(401, "{\"message\": \"no such key\"}"))
        } else if id.get() % 97 == 0 {
            Ok(response_with(429, ("retry-after", "2"), "{}"))
        } else if id.get() % 61 == 0 && transmit.request.method() != Method::POST {
            Err(failure(FailureKind::Interrupted))
        } else {
            match self.serve(transmit) {
                Some((late, reply)) => return self.arrive_after(late, Arrival::Reply(id, reply)),
                None => return,
            }
        };
        self.arrive_after(latency, Arrival::Reply(id, reply));
    }

    /// What the service returns, and after how many milliseconds.
    fn serve(&mut self, transmit: Transmit) -> Option<(u64, Result<Response<Bytes>, Failure>)> {
        let uri = transmit.request.uri().to_string();
        let latency = 60 + transmit.id.get() * 37 % 90;
        if transmit.request.method() == Method::POST {
            return self.submit(transmit);
        }
        let reply = match uri.split_once("extraction_id=") {
            Some((_, id)) => {
                let id = id.split('&').next().unwrap();
                self.poll(usize::from_str_radix(&id[1..], 16).unwrap())
            }
            None => Ok(self.list()),
        };
        Some((latency, reply))
    }

    fn submit(&mut self, transmit: Transmit) -> Option<(u64, Result<Response<Bytes>, Failure>)> {
        let body = transmit.request.into_body().to_bytes().unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let (_, rest) = body.split_once("invoice-").unwrap();
        let number: usize = rest.split('.').next().unwrap().parse().unwrap();
        let trouble = Trouble::for_document(number);
        let attempt = self.polls.entry(number).or_default();
        *attempt += 1;
        match (trouble, *attempt) {
            (Trouble::Refused, _) => {
                let body = format!("{{\"message\": \"invoice-{number}.pdf: no such type\"}}");
                return Some((90, Ok(response(422, &body))));
            }
            (Trouble::SourceFailed, _) => return Some((5, Err(failure(FailureKind::Source)))),
            (Trouble::SubmitLost, _) => {
                return Some((900, Err(failure(FailureKind::Interrupted))));
            }
            (Trouble::SubmitRetried, 1) => return Some((30, Err(failure(FailureKind::NotSent)))),
            _ => {}
        }
        self.polls.remove(&number);
        self.accepted.insert(number, self.now);
        if self.webhooks && number % 3 == 0 {
            let after = self.takes(number).as_millis() + 50;
            self.arrive_after(u64::try_from(after).unwrap(), Arrival::Webhook(number));
        }
        let accepted = response(202, &format!("{{\"extraction_id\": \"{}\"}}", id(number)));
        // Later than the limit of a submit.
        let late = trouble == Trouble::SubmitLate;
        Some((if late { 75_000 } else { 150 }, Ok(accepted)))
    }

    fn takes(&self, number: usize) -> Duration {
        match Trouble::for_document(number) {
            Trouble::Stuck => Duration::from_secs(1_000_000),
            Trouble::Abandoned => Duration::from_secs(100),
            _ => Duration::from_secs(5 + (number as u64 * 7919) % 40),
        }
    }

    fn poll(&mut self, number: usize) -> Result<Response<Bytes>, Failure> {
        let Some(accepted_at) = self.accepted.get(&number) else {
            return Ok(response(404, "{}"));
        };
        if *accepted_at + self.takes(number) > self.now {
            return Ok(in_progress());
        }
        let polls = self.polls.entry(number).or_default();
        *polls += 1;
        let result = format!(
            "{{\"object_id\": \"object {number}\", \"file_name\": \"invoice-{number}.pdf\", \
             \"extracted_fields\": []}}"
        );
        let body = format!("{{\"error\": {{}}, \"result\": {result}, \"status\": \"SUCCESS\"}}");
        match Trouble::for_document(number) {
            Trouble::PollsFail if *polls < 4 => return Ok(response(500, "<html>")),
            Trouble::NotFound => return Ok(response(404, "{\"message\": \"unknown id\"}")),
            Trouble::TooLarge => return Err(failure(FailureKind::TooLarge)),
            _ => {}
        }
        self.read.push(number);
        Ok(match Trouble::for_document(number) {
            Trouble::Failed => failed(),
            Trouble::Expired => expired(),
            Trouble::Unreadable => response(200, &body.replace("_fields\": []", "_fields\": 5")),
            _ => response(200, &body),
        })
    }

    fn list(&self) -> Response<Bytes> {
        let finished = self.accepted.iter().filter(|(number, accepted_at)| {
            **accepted_at + self.takes(**number) <= self.now && !self.read.contains(number)
        });
        let ids: Vec<String> = finished.map(|(number, _)| id(*number)).collect();
        let listing = serde_json::json!({ "extraction_ids": ids });
        response_with(200, ("x-account", "Acme"), &listing.to_string())
    }
}

fn failure(kind: FailureKind) -> Failure {
    Failure::new(kind, "set by the test")
}

/// The id of the extraction of this document.
pub(super) fn id(number: usize) -> String {
    format!("e{number:039x}")
}

/// The document of this number; its length depends on it.
pub(super) fn document(number: usize) -> Document {
    let content = format!("{SECRET} {}", "of a document ".repeat(number % 50));
    let name = format!("invoice-{number}.pdf");
    let document = Document::new(&name, "line-item-invoice", content.into_bytes()).unwrap();
    let document = document.with_reference(&format!("row {number}")).unwrap();
    let document = document.with_digest(&format!("digest {number}")).unwrap();
    let customer = ["Acme", "Žiga & Sons", "Widgets"][number % 3];
    document.with_customer(customer).unwrap()
}

fn ticket(number: usize, now: Time) -> Ticket {
    // Of a job of its own, so that it has the names of its document. Not in whole milliseconds.
    let at = now + Duration::from_nanos(123_456_789);
    let mut batch = Batch::new(&api(), BatchOptions::new(), at);
    let key = batch.add(document(number), at).unwrap();
    loop {
        if let Output::Send(transmit) = batch.next_output(at) {
            let body = format!("{{\"extraction_id\": \"{}\"}}", id(number));
            batch.handle_response(transmit.id, response(202, &body), at);
            break;
        }
    }
    let ticket = batch.ticket(key).unwrap();
    assert_eq!(
        ticket.extraction_id(),
        &ExtractionId::new(&id(number)).unwrap()
    );
    ticket
}

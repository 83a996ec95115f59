//! Our batch, as shipped, driven over the service in virtual time.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use typless::machine::{
    Batch, BatchEventKind, BatchOptions, Failure, FailureKind, JobEventKind, Machine, Output,
    RequestId, Time, Transmit,
};
use typless::wire::{Api, ConfigError, Document, Notification};

use super::load::{Load, START};
use super::rate::Rate;
use super::report::Report;
use super::service::{Asked, Service};
use crate::polling::random::Random;
use crate::polling::ways::duration;

/// What a batch is told to keep to, and is held to.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "made by the benches")]
pub struct Limits {
    /// Requests of all kinds, over time.
    pub rate: Rate,
    /// Requests out at once.
    pub max_out: usize,
    /// Submits out at once.
    pub max_submits: usize,
}

/// How the service and the way to it are.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "made by the bench, from its default"
)]
pub struct World {
    /// Ids of others that every listing begins with.
    pub foreign: usize,
    /// The share of extractions that are never listed.
    pub hidden: f64,
    /// Whether webhooks come, and the share that is lost. The others take 0.7 s on average.
    pub webhooks: Option<f64>,
    /// The longest a request takes, in seconds; each takes a time between a tenth of that and that.
    pub round_trip: f64,
    /// The share of requests that fail, in all ways.
    pub faulty: f64,
}

/// How long a webhook takes, on average.
const WEBHOOK: f64 = 0.7;

/// What a batch costs with these options and limits.
///
/// # Errors
///
/// A document that can't be made.
pub fn follow(
    load: &Load,
    options: BatchOptions,
    limits: Limits,
    world: World,
) -> Result<Report, ConfigError> {
    let api = Api::new(Api::PRODUCTION, "key")?;
    let Limits {
        rate,
        max_out,
        max_submits,
    } = limits;
    let options = options
        .with_rate(rate.requests, rate.per)
        .with_burst(rate.burst)
        .with_max_in_flight(max_out)
        .with_max_submits(max_submits);
    let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF"[..])?;
    let mut fleet = Fleet {
        batch: Batch::new(&api, options, START),
        service: Service::new(load, world.foreign, world.hidden),
        load,
        limits,
        world,
        random: Random::new(5),
        now: START,
        came: 0,
        document,
        coming: BinaryHeap::new(),
        replies: HashMap::new(),
        out: BTreeSet::new(),
        submits_out: BTreeSet::new(),
        report: Report::default(),
    };
    fleet.run();
    Ok(fleet.report)
}

struct Fleet<'a> {
    batch: Batch,
    service: Service<'a>,
    load: &'a Load,
    limits: Limits,
    world: World,
    random: Random,
    now: Time,
    /// How many documents have come.
    came: usize,
    document: Document,
    coming: BinaryHeap<Reverse<(Time, Arrival)>>,
    replies: HashMap<RequestId, Result<Response<Bytes>, Failure>>,
    out: BTreeSet<RequestId>,
    submits_out: BTreeSet<RequestId>,
    report: Report,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Arrival {
    Reply(RequestId),
    /// A webhook about the extraction of this number.
    Webhook(usize),
}

impl Fleet<'_> {
    fn run(&mut self) {
        if !self.load.is_steady {
            let (document, jobs) = (self.document.clone(), self.load.jobs.len());
            self.came = jobs;
            self.batch.add_all(std::iter::repeat_n(document, jobs));
            self.batch.close();
        }
        loop {
            self.arrive();
            match self.batch.next_output(self.now) {
                Output::Send(transmit) => self.send(transmit),
                Output::Event(event) => {
                    if let BatchEventKind::Job {
                        event: JobEventKind::Finished(Err(_)),
                        ..
                    } = event.kind
                    {
                        self.report.abandoned += 1;
                    }
                }
                Output::Wait(until) => self.now = self.next().map_or(until, |next| next.min(until)),
                Output::NeedInput => match self.next() {
                    Some(next) => self.now = next,
                    None => return,
                },
                Output::Done => return,
            }
        }
    }

    /// When the next thing comes.
    fn next(&self) -> Option<Time> {
        let document = self.load.jobs.get(self.came).map(|(came_at, _)| *came_at);
        let arrival = self.coming.peek().map(|Reverse((at, _))| *at);
        [document, arrival].into_iter().flatten().min()
    }

    fn arrive(&mut self) {
        while self
            .load
            .jobs
            .get(self.came)
            .is_some_and(|(came_at, _)| *came_at <= self.now)
        {
            self.batch.add(self.document.clone(), self.now);
            self.came += 1;
            self.report.events += 1;
            if self.came == self.load.jobs.len() {
                self.batch.close();
            }
        }
        while let Some(Reverse((_, arrival))) = self
            .coming
            .peek()
            .copied()
            .filter(|Reverse((at, _))| *at <= self.now)
        {
            self.coming.pop();
            self.report.events += 1;
            match arrival {
                Arrival::Reply(id) => self.reply(id),
                Arrival::Webhook(number) => {
                    let text = format!(
                        r#"{{"data": {{"id": "{}"}}, "type": "extraction.finished"}}"#,
                        Service::id(number)
                    );
                    if let Ok(notification) = Notification::decode(text.as_bytes()) {
                        self.batch.handle_notification(&notification, self.now);
                    }
                }
            }
        }
    }

    fn reply(&mut self, id: RequestId) {
        self.out.remove(&id);
        self.submits_out.remove(&id);
        match self.replies.remove(&id) {
            Some(Ok(response)) => self.batch.handle_response(id, response, self.now),
            Some(Err(failure)) => self.batch.handle_failure(id, failure, self.now),
            None => {}
        }
    }

    fn send(&mut self, transmit: Transmit) {
        let Transmit { id, request, .. } = transmit;
        self.out.insert(id);
        if request.method() == Method::POST {
            self.submits_out.insert(id);
        }
        self.report.events += 1;
        let is_too_soon = !self.limits.rate.take(self.now);
        let is_one_too_many = self.out.len() > self.limits.max_out
            || self.submits_out.len() > self.limits.max_submits;
        self.report.breaches += u64::from(is_too_soon) + u64::from(is_one_too_many);
        let fault = self.fault();
        let reply = match fault {
            Some(Fault::Never(reply)) => reply,
            _ => {
                let (response, asked) = self.service.serve(&request, self.now, &mut self.report);
                if let Asked::Submit(finished_at) = asked {
                    self.call_back(finished_at);
                }
                if fault.is_some() {
                    Err(failure(FailureKind::Interrupted))
                } else {
                    Ok(response)
                }
            }
        };
        let takes = duration(self.world.round_trip * (0.1 + 0.9 * self.random.share()));
        self.replies.insert(id, reply);
        self.coming
            .push(Reverse((self.now + takes, Arrival::Reply(id))));
    }

    /// Sends the webhook of the extraction that was submitted last, once it has finished.
    fn call_back(&mut self, finished_at: Time) {
        let Some(lost) = self.world.webhooks else {
            return;
        };
        if self.random.share() >= lost {
            let at = finished_at + duration(-WEBHOOK * self.random.share().ln());
            self.coming
                .push(Reverse((at, Arrival::Webhook(self.service.last()))));
        }
    }

    fn fault(&mut self) -> Option<Fault> {
        if self.world.faulty == 0.0 || self.random.share() >= self.world.faulty {
            return None;
        }
        Some(match self.random.bits() % 4 {
            0 => Fault::Never(Err(failure(FailureKind::NotSent))),
            1 => Fault::Lost,
            2 => Fault::Never(Ok(refusal(StatusCode::SERVICE_UNAVAILABLE))),
            _ => Fault::Never(Ok(refusal(StatusCode::TOO_MANY_REQUESTS))),
        })
    }
}

/// What becomes of a request that fails.
enum Fault {
    /// It is not processed.
    Never(Result<Response<Bytes>, Failure>),
    /// It is, and the answer is lost.
    Lost,
}

fn failure(kind: FailureKind) -> Failure {
    Failure::new(kind, "simulated")
}

fn refusal(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"{}"));
    *response.status_mut() = status;
    response
}

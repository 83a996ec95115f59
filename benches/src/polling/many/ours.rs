//! Our batch, as shipped, against the simulated service in virtual time.

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
use super::service::{RequestKind, Service};
use crate::polling::random::Random;
use crate::polling::rivals::duration;

/// The limits of a batch, which are also checked.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "made by the benches")]
pub struct Limits {
    /// The rate of all requests.
    pub rate: Rate,
    /// Requests in flight.
    pub max_in_flight: usize,
    /// Submits in flight.
    pub max_submits: usize,
}

/// The behaviour of the service and the network.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "made by the bench, from its default"
)]
pub struct Conditions {
    /// The number of foreign ids at the start of every listing.
    pub foreign: usize,
    /// The fraction of extractions that are never listed.
    pub unlisted: f64,
    /// The fraction of webhooks that is lost; `None` without webhooks. The others take 0.7 s on
    /// average.
    pub webhooks: Option<f64>,
    /// The maximum duration of a request, in seconds; each takes between a tenth of that and that.
    pub max_round_trip: f64,
    /// The fraction of requests that fail, with any kind of fault.
    pub fault_rate: f64,
}

/// The mean delay of a webhook, in seconds.
const MEAN_WEBHOOK_DELAY: f64 = 0.7;

/// The cost of a batch with these options and limits.
///
/// # Errors
///
/// The document is invalid.
pub fn follow(
    load: &Load,
    options: BatchOptions,
    limits: Limits,
    conditions: Conditions,
) -> Result<Report, ConfigError> {
    let api = Api::new(Api::PRODUCTION, "key")?;
    let Limits {
        rate,
        max_in_flight,
        max_submits,
    } = limits;
    let options = options
        .with_rate(rate.requests, rate.per)
        .with_burst(rate.burst)
        .with_max_in_flight(max_in_flight)
        .with_max_submits(max_submits);
    let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF"[..])?;
    let mut simulation = Simulation {
        batch: Batch::new(&api, options, START),
        service: Service::new(load, conditions.foreign, conditions.unlisted),
        load,
        limits,
        conditions,
        random: Random::new(5),
        now: START,
        arrived: 0,
        document,
        arrivals: BinaryHeap::new(),
        responses: HashMap::new(),
        in_flight: BTreeSet::new(),
        submits_in_flight: BTreeSet::new(),
        report: Report::default(),
    };
    simulation.run();
    Ok(simulation.report)
}

struct Simulation<'a> {
    batch: Batch,
    service: Service<'a>,
    load: &'a Load,
    limits: Limits,
    conditions: Conditions,
    random: Random,
    now: Time,
    /// How many documents have arrived.
    arrived: usize,
    document: Document,
    arrivals: BinaryHeap<Reverse<(Time, Arrival)>>,
    responses: HashMap<RequestId, Result<Response<Bytes>, Failure>>,
    in_flight: BTreeSet<RequestId>,
    submits_in_flight: BTreeSet<RequestId>,
    report: Report,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Arrival {
    Response(RequestId),
    /// A webhook about the extraction with this number.
    Webhook(usize),
}

impl Simulation<'_> {
    fn run(&mut self) {
        if !self.load.is_steady {
            let (document, jobs) = (self.document.clone(), self.load.jobs.len());
            self.arrived = jobs;
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

    /// The time of the next arrival.
    fn next(&self) -> Option<Time> {
        let document = self
            .load
            .jobs
            .get(self.arrived)
            .map(|(came_at, _)| *came_at);
        let arrival = self.arrivals.peek().map(|Reverse((at, _))| *at);
        [document, arrival].into_iter().flatten().min()
    }

    fn arrive(&mut self) {
        while self
            .load
            .jobs
            .get(self.arrived)
            .is_some_and(|(came_at, _)| *came_at <= self.now)
        {
            self.batch.add(self.document.clone(), self.now);
            self.arrived += 1;
            self.report.events += 1;
            if self.arrived == self.load.jobs.len() {
                self.batch.close();
            }
        }
        while let Some(Reverse((_, arrival))) = self
            .arrivals
            .peek()
            .copied()
            .filter(|Reverse((at, _))| *at <= self.now)
        {
            self.arrivals.pop();
            self.report.events += 1;
            match arrival {
                Arrival::Response(id) => self.deliver(id),
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

    fn deliver(&mut self, id: RequestId) {
        self.in_flight.remove(&id);
        self.submits_in_flight.remove(&id);
        match self.responses.remove(&id) {
            Some(Ok(response)) => self.batch.handle_response(id, response, self.now),
            Some(Err(failure)) => self.batch.handle_failure(id, failure, self.now),
            None => {}
        }
    }

    fn send(&mut self, transmit: Transmit) {
        let Transmit { id, request, .. } = transmit;
        self.in_flight.insert(id);
        if request.method() == Method::POST {
            self.submits_in_flight.insert(id);
        }
        self.report.events += 1;
        let is_too_early = !self.limits.rate.take(self.now);
        let is_one_too_many = self.in_flight.len() > self.limits.max_in_flight
            || self.submits_in_flight.len() > self.limits.max_submits;
        self.report.breaches += u64::from(is_too_early) + u64::from(is_one_too_many);
        let fault = self.fault();
        let response = match fault {
            Some(Fault::NotProcessed(response)) => response,
            _ => {
                let (response, kind) = self.service.serve(&request, self.now, &mut self.report);
                if let RequestKind::Submit(finished_at) = kind {
                    self.send_webhook(finished_at);
                }
                if fault.is_some() {
                    Err(failure(FailureKind::Interrupted))
                } else {
                    Ok(response)
                }
            }
        };
        let takes = duration(self.conditions.max_round_trip * (0.1 + 0.9 * self.random.share()));
        self.responses.insert(id, response);
        self.arrivals
            .push(Reverse((self.now + takes, Arrival::Response(id))));
    }

    /// Sends the webhook of the last submitted extraction, once it has finished.
    fn send_webhook(&mut self, finished_at: Time) {
        let Some(lost) = self.conditions.webhooks else {
            return;
        };
        if self.random.share() >= lost {
            let at = finished_at + duration(-MEAN_WEBHOOK_DELAY * self.random.share().ln());
            self.arrivals
                .push(Reverse((at, Arrival::Webhook(self.service.last()))));
        }
    }

    fn fault(&mut self) -> Option<Fault> {
        if self.conditions.fault_rate == 0.0 || self.random.share() >= self.conditions.fault_rate {
            return None;
        }
        Some(match self.random.bits() % 4 {
            0 => Fault::NotProcessed(Err(failure(FailureKind::NotSent))),
            1 => Fault::ResponseLost,
            2 => Fault::NotProcessed(Ok(refusal(StatusCode::SERVICE_UNAVAILABLE))),
            _ => Fault::NotProcessed(Ok(refusal(StatusCode::TOO_MANY_REQUESTS))),
        })
    }
}

/// What happens to a request that fails.
enum Fault {
    /// It is not processed, and this is the response.
    NotProcessed(Result<Response<Bytes>, Failure>),
    /// It is processed, and the response is lost.
    ResponseLost,
}

fn failure(kind: FailureKind) -> Failure {
    Failure::new(kind, "simulated")
}

fn refusal(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"{}"));
    *response.status_mut() = status;
    response
}

//! A machine and the service, with a network and a clock between them that the test moves.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use typless::machine::{Failure, FailureKind, Machine, Output, RequestId, Time, Transmit};
use typless_emulator::{Delivery, Fault, Service};

use super::START;

/// How long a request takes to the service, and a response back.
const ONE_WAY: Duration = Duration::from_millis(50);

/// A machine and the service, in virtual time.
pub struct World<M> {
    /// The machine, for what an application does with it.
    pub machine: M,
    /// The service.
    pub service: Service,
    /// The time now.
    pub now: Time,
    /// Submits fail in this way when they arrive before this time.
    pub failing_submits: Option<(Time, Fault)>,
    /// Responds in place of the service, when a request arrives.
    pub instead: Box<Instead>,
    on_the_way: BTreeMap<(Time, u64), OnTheWay>,
    /// Numbers what is on the way, so that it arrives in the order in which it left.
    departures: u64,
    /// The requests without a response so far; whether each is a submit.
    out: BTreeMap<RequestId, bool>,
    /// When each request left.
    requests: Vec<Time>,
}

/// The response to a request in place of the service's, or `None` to leave it to the service.
pub type Instead = dyn FnMut(&mut Service, &Request<Bytes>, Time) -> Option<Response<Bytes>>;

enum OnTheWay {
    /// With the time limit of its exchange.
    Request(RequestId, Request<Bytes>, Duration),
    Reply(RequestId, Result<Response<Bytes>, Failure>),
}

/// What happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step<E> {
    /// The machine reported an event.
    Event(E),
    /// A request left; whether it is a submit.
    Sent(RequestId, bool),
    /// Time has passed.
    Moved,
    /// The time that was named has come.
    Reached,
    /// Nothing more will happen.
    Done,
}

impl<M: fmt::Debug> fmt::Debug for World<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("machine", &self.machine)
            .field("now", &self.now)
            .field("out", &self.out)
            .finish_non_exhaustive()
    }
}

impl<M: Machine> World<M> {
    /// A machine and a service at the start, where nothing fails.
    pub fn new(machine: M, service: Service) -> Self {
        Self {
            machine,
            service,
            now: START,
            failing_submits: None,
            instead: Box::new(|_, _, _| None),
            on_the_way: BTreeMap::new(),
            departures: 0,
            out: BTreeMap::new(),
            requests: Vec::new(),
        }
    }

    /// Does one thing, but nothing after `until`.
    ///
    /// # Panics
    ///
    /// If the machine waits for a time that has come, which breaks law 1.
    pub fn step(&mut self, until: Time) -> Step<M::Event> {
        match self.machine.next_output(self.now) {
            Output::Event(event) => Step::Event(event),
            Output::Send(transmit) => self.send(transmit),
            Output::Wait(time) => {
                assert!(time > self.now, "law 1");
                self.move_on(Some(time), until)
            }
            Output::NeedInput => self.move_on(None, until),
            Output::Done => Step::Done,
        }
    }

    /// The submits that are out.
    pub fn submits_out(&self) -> usize {
        self.out.values().filter(|is_submit| **is_submit).count()
    }

    /// Whether this request is out.
    pub fn is_out(&self, id: RequestId) -> bool {
        self.out.contains_key(&id)
    }

    /// How many requests left from one time until before another.
    pub fn requests_between(&self, from: Time, until: Time) -> usize {
        let is_within = |time: &&Time| (from..until).contains(*time);
        self.requests.iter().filter(is_within).count()
    }

    /// How many requests left.
    pub fn requests(&self) -> usize {
        self.requests.len()
    }

    fn send(&mut self, transmit: Transmit) -> Step<M::Event> {
        let Transmit {
            id,
            request,
            limits,
            ..
        } = transmit;
        let is_submit = request.method() == Method::POST;
        let request = request.map(|body| body.to_bytes().expect("a body"));
        let limit = limits.idle.min(limits.total);
        self.out.insert(id, is_submit);
        self.requests.push(self.now);
        self.depart(self.now + ONE_WAY, OnTheWay::Request(id, request, limit));
        Step::Sent(id, is_submit)
    }

    fn depart(&mut self, arrives_at: Time, what: OnTheWay) {
        self.departures += 1;
        self.on_the_way.insert((arrives_at, self.departures), what);
    }

    fn move_on(&mut self, wait: Option<Time>, until: Time) -> Step<M::Event> {
        let arrival = self
            .on_the_way
            .first_key_value()
            .map(|((time, _), _)| *time);
        let Some(next) = wait.into_iter().chain(arrival).min() else {
            return if until == Time::MAX {
                Step::Done
            } else {
                self.now = until;
                Step::Reached
            };
        };
        if next > until {
            self.now = until;
            return Step::Reached;
        }
        self.now = next;
        while let Some(entry) = self.on_the_way.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            match entry.remove() {
                OnTheWay::Request(id, request, limit) => self.serve(id, request, limit),
                OnTheWay::Reply(id, reply) => {
                    self.out.remove(&id);
                    match reply {
                        Ok(response) => self.machine.handle_response(id, response, self.now),
                        Err(failure) => self.machine.handle_failure(id, failure, self.now),
                    }
                }
            }
        }
        Step::Moved
    }

    /// A request arrives at the service.
    fn serve(&mut self, id: RequestId, request: Request<Bytes>, limit: Duration) {
        if let Some((until, fault)) = self.failing_submits
            && request.method() == Method::POST
            && self.now < until
        {
            self.service.fail_next_submits(1, fault);
        }
        let instead = (self.instead)(&mut self.service, &request, self.now);
        let delivery =
            instead.map_or_else(|| self.service.exchange(request, self.now), Delivery::Whole);
        let broken = |kind| Err(Failure::new(kind, "set by the test"));
        let (takes, reply) = match delivery {
            Delivery::Whole(response) => (ONE_WAY, Ok(response)),
            Delivery::Delayed(response, by) => (ONE_WAY + by, Ok(response)),
            Delivery::Stalled(_, _, by) => (by.min(limit), broken(FailureKind::Interrupted)),
            Delivery::Cut(..) | Delivery::Lost { .. } => {
                (ONE_WAY, broken(FailureKind::Interrupted))
            }
            Delivery::Unreachable => (ONE_WAY, broken(FailureKind::NotSent)),
            other => panic!("{other:?}"),
        };
        self.depart(self.now + takes, OnTheWay::Reply(id, reply));
    }
}

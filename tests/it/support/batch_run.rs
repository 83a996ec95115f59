//! A batch driven against a service in virtual time: a test sees how many requests there were, and
//! how late the results.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response};
use typless::machine::{
    Batch, BatchEvent, BatchEventKind, BatchOptions, Failure, FailureKind, JobEventKind, JobKey,
    Machine, Output, PauseReason, PollReason, RequestId, Time, Transmit,
};
use typless::wire::Notification;

use super::observer::{BatchObserver, Observe};
use super::service::{Fault, Service, notification, numbered};
use super::{START, api, response, response_with};

/// A batch and its service, in virtual time.
pub(crate) struct BatchRun {
    pub(crate) batch: Batch,
    pub(crate) service: Service,
    pub(crate) now: Time,
    pub(crate) round_trip: Duration,
    pub(crate) events: Vec<BatchEvent>,
    /// When each of these was emitted.
    pub(crate) event_times: Vec<Time>,
    /// Whether all events are kept, or only the outcomes.
    pub(crate) keeps_events: bool,
    /// The outcome of each job: a result, or the name of the error.
    pub(crate) outcomes: BTreeMap<JobKey, Result<(), String>>,
    /// Whether the extraction of this number has a webhook, and how long after it finished.
    pub(crate) webhook: Box<dyn FnMut(u64) -> Option<Duration>>,
    /// How many of the next jobs that are polled as a probe are abandoned at once.
    pub(crate) abandons_probes: usize,
    /// Notes what arrives at the batch.
    pub(crate) observer: Option<BatchObserver>,
    pub(crate) max_in_flight_seen: usize,
    pub(crate) max_submits_seen: usize,
    pub(crate) max_in_a_second: usize,
    pending: BTreeMap<(Time, u64), Arrival>,
    arrivals: u64,
    submits_out: BTreeSet<RequestId>,
    out: BTreeMap<RequestId, Time>,
    sent: VecDeque<Time>,
    pub(crate) requests: u64,
}

enum Arrival {
    Reply(RequestId, Result<Response<Bytes>, Failure>),
    Webhook(String),
}

impl BatchRun {
    pub(crate) fn is_paused(&self, reason: PauseReason) -> bool {
        self.batch.pauses().any(|pause| pause.reason == reason)
    }

    pub(crate) fn new(options: BatchOptions) -> Self {
        Self::at(options, START)
    }

    pub(crate) fn at(options: BatchOptions, now: Time) -> Self {
        Self {
            batch: Batch::new(&api(), options, now),
            service: Service::default(),
            now,
            round_trip: Duration::from_millis(100),
            events: Vec::new(),
            event_times: Vec::new(),
            keeps_events: true,
            outcomes: BTreeMap::new(),
            webhook: Box::new(|_| None),
            abandons_probes: 0,
            observer: None,
            max_in_flight_seen: 0,
            max_submits_seen: 0,
            max_in_a_second: 0,
            pending: BTreeMap::new(),
            arrivals: 0,
            submits_out: BTreeSet::new(),
            out: BTreeMap::new(),
            sent: VecDeque::new(),
            requests: 0,
        }
    }

    /// A batch of this many documents, closed.
    pub(crate) fn with_documents(documents: usize, options: BatchOptions) -> Self {
        let mut run = Self::new(options);
        for number in 0..documents {
            run.batch.add(numbered(number), run.now).unwrap();
        }
        run.batch.close();
        run
    }

    /// Runs until nothing is due and nothing arrives any more.
    pub(crate) fn run(&mut self) -> &mut Self {
        self.run_until(Time::MAX)
    }

    /// Runs until this time, or until nothing is due and nothing arrives any more.
    pub(crate) fn run_until(&mut self, end: Time) -> &mut Self {
        loop {
            self.arrive();
            let next = self.pending.first_key_value().map(|((time, _), _)| *time);
            if let Some(observer) = &mut self.observer {
                observer.time(&self.batch, self.now);
            }
            let output = self.batch.next_output(self.now);
            if let Some(observer) = &mut self.observer {
                observer.output(&output, self.now);
            }
            match output {
                Output::Send(transmit) => self.transmit(transmit),
                Output::Event(event) => self.take(event),
                Output::Wait(until) => {
                    assert!(until > self.now);
                    let to = next.map_or(until, |next| next.min(until));
                    if to > end {
                        self.now = end;
                        return self;
                    }
                    self.now = to;
                }
                Output::NeedInput => match next.filter(|next| *next <= end) {
                    Some(next) => self.now = next,
                    None => return self,
                },
                Output::Done => return self,
            }
        }
    }

    fn arrive(&mut self) {
        while let Some(entry) = self
            .pending
            .first_entry()
            .filter(|entry| entry.key().0 <= self.now)
        {
            match entry.remove() {
                Arrival::Reply(id, reply) => {
                    self.out.remove(&id);
                    self.submits_out.remove(&id);
                    if let Some(observer) = &mut self.observer {
                        observer.time(&self.batch, self.now);
                        observer.reply(&self.batch, id, reply.as_ref(), self.now);
                    }
                    match reply {
                        Ok(response) => self.batch.handle_response(id, response, self.now),
                        Err(failure) => self.batch.handle_failure(id, failure, self.now),
                    }
                }
                Arrival::Webhook(id) => self.notify(&notification(&id)),
            }
        }
    }

    /// A notification arrives.
    pub(crate) fn notify(&mut self, notification: &Notification) {
        if let Some(observer) = &mut self.observer {
            observer.notified(&self.batch, notification);
        }
        self.batch.handle_notification(notification, self.now);
    }

    /// The process ends, and another one goes on with this batch. Of what is in flight nobody takes
    /// the responses.
    pub(crate) fn restart(&mut self, batch: Batch) {
        self.batch = batch;
        self.pending
            .retain(|_, arrival| matches!(arrival, Arrival::Webhook(_)));
        self.outcomes.clear();
        self.events.clear();
        self.event_times.clear();
        self.submits_out.clear();
        self.out.clear();
        self.sent.clear();
    }

    /// Notes what the caller is about to do.
    pub(crate) fn observe(&mut self, input: &str, key: Option<JobKey>) {
        if let Some(observer) = &mut self.observer {
            observer.input(&self.batch, input, key);
        }
    }

    fn transmit(&mut self, transmit: Transmit) {
        let (id, limit) = (transmit.id, transmit.limits.total);
        let is_submit = transmit.request.method() == Method::POST;
        self.count(id, is_submit, self.now + limit);
        let text = format!("{} {}", transmit.request.method(), transmit.request.uri());
        let fault = (self.service.fault)(self.requests - 1, &text, self.now);
        let broken = |kind| Err(Failure::new(kind, "set by the test"));
        let reply = match fault {
            None => Ok(self.serve(transmit)),
            Some(Fault::NotSent) => broken(FailureKind::NotSent),
            Some(Fault::ResponseLost) => {
                self.serve(transmit);
                broken(FailureKind::Interrupted)
            }
            Some(Fault::Status(status)) => Ok(response(status, "{}")),
            Some(Fault::RetryAfter(status, seconds)) => Ok(response_with(
                status,
                ("retry-after", &seconds.to_string()),
                "{}",
            )),
            Some(Fault::Hinted(seconds)) => {
                let mut response = self.serve(transmit);
                let headers = response.headers_mut();
                headers.insert("retry-after", seconds.into());
                Ok(response)
            }
            Some(Fault::TooLarge) => broken(FailureKind::TooLarge),
            Some(Fault::NoResponse) => return,
        };
        self.arrive_at(self.now + self.round_trip, Arrival::Reply(id, reply));
    }

    fn serve(&mut self, transmit: Transmit) -> Response<Bytes> {
        let (submits, now) = (self.service.submits, self.now);
        let response = self.service.serve(transmit, now);
        if self.service.submits > submits {
            if let Some(after) = (self.webhook)(submits) {
                let id = Service::id(submits);
                let finished_at = self.service.held[&id].finished_at;
                self.arrive_at(finished_at + after, Arrival::Webhook(id));
            }
        }
        response
    }

    fn arrive_at(&mut self, time: Time, arrival: Arrival) {
        self.arrivals += 1;
        self.pending.insert((time, self.arrivals), arrival);
    }

    /// Counts what is in flight and what was sent within a second, independently of the batch.
    fn count(&mut self, id: RequestId, is_submit: bool, until: Time) {
        self.requests += 1;
        self.out.retain(|_, until| *until > self.now);
        self.submits_out.retain(|id| self.out.contains_key(id));
        self.out.insert(id, until);
        if is_submit {
            self.submits_out.insert(id);
        }
        self.sent.push_back(self.now);
        while self
            .sent
            .front()
            .is_some_and(|time| self.now.saturating_since(*time) >= Duration::from_secs(1))
        {
            self.sent.pop_front();
        }
        self.max_in_flight_seen = self.max_in_flight_seen.max(self.out.len());
        self.max_submits_seen = self.max_submits_seen.max(self.submits_out.len());
        self.max_in_a_second = self.max_in_a_second.max(self.sent.len());
    }

    fn take(&mut self, event: BatchEvent) {
        if let BatchEventKind::Job {
            key,
            event:
                JobEventKind::PollDue {
                    reason: PollReason::Probe,
                    ..
                },
            ..
        } = event.kind
        {
            if self.abandons_probes > 0 {
                self.abandons_probes -= 1;
                self.batch.abandon(key, self.now);
            }
        }
        if let BatchEventKind::Job {
            key,
            event: JobEventKind::Finished(outcome),
            ..
        } = &event.kind
        {
            let outcome = outcome.as_ref().map(|_| ()).map_err(|error| {
                format!("{error:?}")
                    .split([' ', '('])
                    .next()
                    .unwrap()
                    .to_owned()
            });
            assert!(
                self.outcomes.insert(*key, outcome).is_none(),
                "{key} finished twice"
            );
        }
        if self.keeps_events {
            self.events.push(event);
            self.event_times.push(self.now);
        }
    }

    /// How many jobs have a result.
    pub(crate) fn succeeded(&self) -> usize {
        self.outcomes
            .values()
            .filter(|outcome| outcome.is_ok())
            .count()
    }

    /// How many jobs have this error.
    pub(crate) fn count_errors(&self, name: &str) -> usize {
        self.outcomes
            .values()
            .filter(|outcome| outcome.as_ref().is_err_and(|error| error == name))
            .count()
    }

    /// How many events of a kind there were.
    pub(crate) fn count_events(&self, kind: impl Fn(&BatchEventKind) -> bool) -> usize {
        self.events.iter().filter(|event| kind(&event.kind)).count()
    }

    /// How many events of jobs of a kind there were.
    pub(crate) fn count_job_events(&self, kind: impl Fn(&JobEventKind) -> bool) -> usize {
        self.count_events(|event| matches!(event, BatchEventKind::Job { event, .. } if kind(event)))
    }

    /// How late the results were read, the latest first.
    pub(crate) fn lateness(&self) -> Vec<Duration> {
        let read = self
            .service
            .held
            .values()
            .filter_map(|held| Some(held.read_at?.saturating_since(held.finished_at)));
        let mut lateness: Vec<Duration> = read.collect();
        lateness.sort_unstable_by(|one, other| other.cmp(one));
        lateness
    }
}

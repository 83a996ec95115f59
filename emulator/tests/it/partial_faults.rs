//! Faults that are no outage: one exchange in twenty, or all of one document.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use typless::machine::{
    Batch, BatchEventKind, BatchOptions, JobError, JobEventKind, PauseReason, Time,
};
use typless::wire::Document;
use typless_emulator::{Faults, Pace, Service, ServiceOptions};

use crate::support::pauses::Pauses;
use crate::support::world::{Step, World};
use crate::support::{INVOICE, START, api};

const DAY: Duration = Duration::from_hours(24);
const PACE: Duration = Duration::from_secs(20);

/// The longest pause where there is no outage.
const MAX_PAUSE: Duration = Duration::from_secs(60);

fn document(number: usize) -> Document {
    let name = format!("{number}.pdf");
    let document = Document::new(&name, "line-item-invoice", INVOICE).expect("a document");
    document.with_reference(&name).expect("a reference")
}

/// A run, and what became of its documents.
struct Run {
    world: World<Batch>,
    pauses: Pauses,
    outcomes: BTreeMap<String, (Time, Option<JobError>)>,
}

impl Run {
    fn new(options: BatchOptions, service: ServiceOptions) -> Self {
        let batch = Batch::new(&api(), options, START);
        Self {
            world: World::new(batch, Service::new(service)),
            pauses: Pauses::default(),
            outcomes: BTreeMap::new(),
        }
    }

    fn run_until(&mut self, until: Time) {
        loop {
            match self.world.step(until) {
                Step::Event(event) => {
                    self.pauses.event(&event.kind, self.world.now);
                    if let BatchEventKind::Job {
                        reference,
                        event: JobEventKind::Finished(outcome),
                        ..
                    } = event.kind
                    {
                        let name = reference.expect("a reference").to_string();
                        let outcome = (self.world.now, outcome.err());
                        assert!(self.outcomes.insert(name, outcome).is_none());
                    }
                }
                Step::Sent(id, is_submit) => {
                    let out = self.world.out();
                    let now = self.world.now;
                    self.pauses
                        .sent(id, is_submit, |other| out.contains(&other), now);
                }
                Step::Moved => {}
                Step::Reached | Step::Done => break,
            }
        }
    }

    /// Adds so many documents, evenly over a time, and runs to the end.
    fn follow(&mut self, documents: usize, over: Duration) {
        for number in 0..documents {
            let at = START + over * (number as u32) / (documents as u32);
            self.run_until(at);
            self.world.machine.add(document(number), at);
        }
        self.world.machine.close();
        self.run_until(Time::MAX);
        assert_eq!(self.outcomes.len(), documents);
    }

    fn failed(&self) -> impl Iterator<Item = (&str, &JobError)> {
        let outcomes = self.outcomes.iter();
        outcomes.filter_map(|(name, (_, error))| Some((name.as_str(), error.as_ref()?)))
    }
}

#[test]
fn one_fault_in_twenty_costs_hardly_more_than_its_repetitions() {
    fail_one_in_twenty(500, DAY / 10);
}

#[test]
#[ignore = "a whole day, for .ci/deep"]
fn a_day_of_one_fault_in_twenty_costs_hardly_more() {
    fail_one_in_twenty(5000, DAY);
}

fn fail_one_in_twenty(documents: usize, time: Duration) {
    for has_queue in [true, false] {
        let requests = |share| {
            let options = BatchOptions::new();
            let options = if has_queue {
                options
            } else {
                options.without_queue()
            };
            let faults = Faults::new(share);
            let mut run = Run::new(
                options,
                ServiceOptions::new()
                    .with_pace(Pace::lognormal(PACE, 0.5))
                    .with_faults(faults),
            );
            run.follow(documents, time);
            let unknown = run.failed().count();
            let is_unknown =
                |(_, error): (_, &JobError)| matches!(error, JobError::SubmitUnknown { .. });
            assert!(run.failed().all(is_unknown));
            let problems: Vec<_> = run.pauses.problems.iter().take(3).collect();
            assert!(problems.is_empty(), "{problems:#?}");
            assert_eq!(run.world.service.accepted_repeatedly().next(), None);
            let late = run.outcomes.values().map(|(at, _)| *at).max();
            let late = late.map_or(Duration::ZERO, |at| at.saturating_since(START + time));
            let (sent, faults) = (run.world.requests(), run.world.service.counts().faults);
            println!(
                "queue {has_queue}, {share}: {sent} requests, {faults} faults, {unknown} unknown, \
                 pauses {:?}, the last {late:?} after the last",
                run.pauses.begun
            );
            // Two failures in a row may be an outage, but not for long.
            for (reason, longest) in &run.pauses.longest {
                assert!(*longest <= MAX_PAUSE, "{reason:?}: {longest:?}");
            }
            for reason in run.pauses.open() {
                assert_eq!(reason, PauseReason::Submits, "none was submitted since");
            }
            (sent, faults)
        };
        let ((without, _), (with, faults)) = (requests(0.0), requests(0.05));
        let max = (without + faults) * 102 / 100;
        assert!(
            with <= max,
            "queue: {has_queue}, {with} > {max}: {without} and {faults}"
        );
    }
}

fn respond(status: u16) -> Option<Response<Bytes>> {
    let body = r#"{"code": "poison", "message": "not this one", "details": {}}"#;
    let response = Response::builder().status(status).body(Bytes::from(body));
    Some(response.expect("a response"))
}

/// The document 7 of 200 is poison: this is the response to each submit, or each poll.
fn poison(submit: Option<u16>, poll: Option<u16>, has_queue: bool) -> Run {
    let options = BatchOptions::new().with_deadline(Duration::from_hours(2));
    let options = if has_queue {
        options
    } else {
        options.without_queue()
    };
    let mut run = Run::new(options, ServiceOptions::new().with_pace(PACE));
    let mut poisoned: Option<String> = None;
    run.world.instead = Box::new(move |service, request: &Request<Bytes>, now| {
        if request.method() == http::Method::POST {
            let text = String::from_utf8_lossy(request.body());
            if !text.contains("\"7.pdf\"") {
                return None;
            }
            if let Some(status) = submit {
                return respond(status);
            }
            // Its id is known from the response, which passes.
            let response = service.handle(request.clone(), now);
            let body = String::from_utf8_lossy(response.body()).into_owned();
            poisoned = body.split('"').nth(3).map(str::to_owned);
            return Some(response);
        }
        let query = request.uri().query().unwrap_or_default();
        let is_its = poisoned
            .as_ref()
            .is_some_and(|id| query.contains(id.as_str()));
        poll.filter(|_| is_its).and_then(respond)
    });
    run.follow(200, Duration::from_secs(100));
    run
}

#[test]
fn a_poison_document_is_no_outage() {
    for has_queue in [true, false] {
        for (submit, poll) in [
            (Some(500), None),
            (Some(403), None),
            (None, Some(500)),
            (None, Some(403)),
        ] {
            let run = poison(submit, poll, has_queue);
            let text = format!("queue {has_queue}, submit {submit:?}, poll {poll:?}");
            let others = run.outcomes.iter().filter(|(name, _)| *name != "7.pdf");
            let others: Vec<_> = others
                .map(|(_, (at, error))| (*at, error.is_none()))
                .collect();
            let last = others.iter().map(|(at, _)| *at).max().expect("others");
            let (at, error) = &run.outcomes["7.pdf"];
            println!(
                "{text}: the others by {:?}, this one after {:?}: {error:?}; {} requests, {:?}",
                last.saturating_since(START),
                at.saturating_since(START),
                run.world.requests(),
                run.pauses.begun
            );
            assert!(others.iter().all(|(_, is_ok)| *is_ok), "{text}");
            assert!(last <= START + Duration::from_secs(160), "{text}");
            assert!(error.is_some(), "{text}");
            let problems: Vec<_> = run.pauses.problems.iter().take(3).collect();
            assert!(problems.is_empty(), "{problems:#?}");
            assert_eq!(run.pauses.count(PauseReason::Outage), 0, "{text}");
            let longest = run.pauses.longest.values().max();
            assert!(
                longest.is_none_or(|longest| *longest <= MAX_PAUSE),
                "{text}"
            );
            assert_eq!(run.pauses.open().count(), 0, "{text}");
        }
    }
}

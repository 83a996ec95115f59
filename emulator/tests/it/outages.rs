//! What an outage costs: an hour of each fault, in virtual time.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use typless::machine::{
    Batch, BatchEventKind, BatchOptions, JobError, JobEventKind, JobKey, PauseReason, Time,
};
use typless::wire::Document;
use typless_emulator::{Fault, Service, ServiceOptions};

use crate::support::pauses::Pauses;
use crate::support::world::{Step, World};
use crate::support::{INVOICE, START, api};

const HOUR: Duration = Duration::from_hours(1);
const PACE: Duration = Duration::from_secs(20);

/// How soon everything has finished once the service works again.
const MAX_AFTER: Duration = Duration::from_mins(10);

/// How many requests find out in an hour that the service does not work.
const MAX_REQUESTS: usize = 400;

/// How many submits may end unknown beside those that were in flight when it began.
const MAX_UNKNOWN: usize = 24;

/// One outage.
#[derive(Debug, Clone, Copy)]
struct Outage {
    fault: Fault,
    documents: usize,
    has_queue: bool,
    /// Whether the documents are read from an iterator, or added.
    is_read: bool,
    /// Whether some documents are accepted before it begins.
    is_late: bool,
    /// Whether only submits fail.
    only_submits: bool,
}

/// What it cost.
#[derive(Debug)]
struct Cost {
    in_flight: usize,
    requests: usize,
    unknown: usize,
    exhausted: usize,
    after: Duration,
    pauses: Pauses,
    problems: Vec<String>,
}

/// Faults after which it is certain that a submit did not arrive.
fn is_certain(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::Unreachable | Fault::RequestTimeout | Fault::TooManyRequests | Fault::Unauthorized
    )
}

/// All but late responses, which are no outage.
fn faults() -> impl Iterator<Item = Fault> {
    let usual = Fault::USUAL.into_iter();
    usual
        .filter(|fault| *fault != Fault::ResponseDelayed)
        .chain([Fault::Unauthorized])
}

fn documents(count: usize) -> impl Iterator<Item = Document> + Send {
    (0..count).map(|number| {
        Document::new(&format!("{number}.pdf"), "line-item-invoice", INVOICE).expect("a document")
    })
}

fn service() -> Service {
    Service::new(ServiceOptions::new().with_pace(PACE))
}

impl Outage {
    fn run(self) -> Cost {
        let options = BatchOptions::new();
        let options = if self.has_queue {
            options
        } else {
            options.without_queue()
        };
        let mut batch = Batch::new(&api(), options, START);
        if self.is_read {
            batch.add_all(documents(self.documents));
        } else {
            documents(self.documents).for_each(|document| {
                batch.add(document, START);
            });
        }
        batch.close();
        let mut world = World::new(batch, service());
        let mut pauses = Pauses::default();
        let mut outcomes = BTreeMap::new();
        let (mut begin, mut in_flight) = (Time::MAX, 0);
        let least = if self.is_late { self.documents / 4 } else { 0 };
        let mut finished_at = START;
        loop {
            if begin == Time::MAX && world.service.accepted() >= least {
                (begin, in_flight) = (world.now, world.submits_out());
                let end = (begin + HOUR, self.fault);
                if self.only_submits {
                    world.failing_submits = Some(end);
                } else {
                    world.service.fail_until(end.0, end.1);
                }
            }
            match world.step(Time::MAX) {
                Step::Event(event) => {
                    pauses.event(&event.kind, world.now);
                    if let Some((key, error)) = finished(event.kind) {
                        finished_at = world.now;
                        outcomes.insert(key, error);
                    }
                }
                Step::Sent(id, is_submit) => {
                    let out = world.out();
                    pauses.sent(id, is_submit, |other| out.contains(&other), world.now);
                }
                Step::Moved | Step::Reached => {}
                Step::Done => break,
            }
        }
        let count = |is_it: fn(&JobError) -> bool| {
            outcomes
                .values()
                .filter(|outcome| outcome.as_ref().is_some_and(is_it))
                .count()
        };
        let unknown = count(|error| matches!(error, JobError::SubmitUnknown { .. }));
        let failed = count(|_| true);
        let succeeded = outcomes.len() - failed;
        let service = &world.service;
        let mut problems = std::mem::take(&mut pauses.problems);
        // After the outcome nothing is reported. Where the last submits failed, nothing shows that
        // the next would not.
        let is_over = finished_at >= begin + HOUR;
        let is_lasting = |reason: &PauseReason| is_over && *reason != PauseReason::Submits;
        for reason in pauses.open().filter(is_lasting) {
            problems.push(format!("{reason:?} does not end"));
        }
        if outcomes.len() != self.documents {
            problems.push(format!("{} of the documents have finished", outcomes.len()));
        }
        if succeeded + unknown != self.documents {
            let other = outcomes.values().flatten();
            let is_other = |error: &&JobError| !matches!(error, JobError::SubmitUnknown { .. });
            problems.push(format!("{:?}", other.filter(is_other).collect::<Vec<_>>()));
        }
        if service.accepted_repeatedly().next().is_some() {
            problems.push("a document was accepted twice".to_owned());
        }
        if !(succeeded..=succeeded + unknown).contains(&service.accepted()) {
            problems.push(format!("{} were accepted", service.accepted()));
        }
        Cost {
            in_flight,
            requests: world.requests_between(begin, begin + HOUR),
            unknown,
            exhausted: count(|error| matches!(error, JobError::Exhausted { .. })),
            after: finished_at.saturating_since(begin + HOUR),
            pauses,
            problems,
        }
    }

    /// What is not as promised.
    fn breaches(&self, cost: &Cost) -> Vec<String> {
        let mut breaches: Vec<String> = cost.problems.iter().take(3).cloned().collect();
        let mut bound = |what: &str, holds: bool| {
            if !holds {
                breaches.push(what.to_owned());
            }
        };
        bound("none is exhausted", cost.exhausted == 0);
        let max_unknown = if is_certain(self.fault) {
            0
        } else {
            cost.in_flight + MAX_UNKNOWN
        };
        bound("few are unknown", cost.unknown <= max_unknown);
        // Where only submits fail, the others go on as always.
        let max_requests = if self.only_submits {
            MAX_REQUESTS + 3 * self.documents / 2
        } else {
            MAX_REQUESTS
        };
        bound("few requests", cost.requests < max_requests);
        bound("soon after", cost.after <= MAX_AFTER);
        breaches
    }
}

/// Which job has finished, and why without a result.
fn finished(event: BatchEventKind) -> Option<(JobKey, Option<JobError>)> {
    match event {
        BatchEventKind::Job {
            key,
            event: JobEventKind::Finished(outcome),
            ..
        } => Some((key, outcome.err())),
        _ => None,
    }
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [queue, documents, begins, fails] = [
            (self.has_queue, "queue", "-"),
            (self.is_read, "add_all", "add"),
            (self.is_late, "later", "first"),
            (self.only_submits, "POST", "all"),
        ]
        .map(|(is_so, yes, no)| if is_so { yes } else { no });
        let fault = format!("{:?}", self.fault);
        let count = self.documents;
        write!(
            f,
            "{fault:16} {fails:4} {count:5} {queue:5} {documents:7} {begins:5}"
        )
    }
}

/// Runs them all, prints a line for each, and fails if one breaks a promise.
fn check(outages: impl Iterator<Item = Outage>) {
    let mut breaches = Vec::new();
    println!("fault            what  docs  queue by      begins requests unknown exhausted after");
    for outage in outages {
        let cost = outage.run();
        let Cost {
            requests,
            unknown,
            exhausted,
            after,
            ..
        } = cost;
        let after = after.as_secs();
        println!("{outage} {requests:9} {unknown:7} {exhausted:9} {after:4} s");
        let found = outage.breaches(&cost);
        if !found.is_empty() {
            let text = format!(
                "{outage}: {found:#?} {:?} open: {:?}",
                cost.pauses.begun,
                cost.pauses.open().collect::<Vec<_>>()
            );
            println!("{text}");
            breaches.push(text);
        }
    }
    assert!(
        breaches.is_empty(),
        "{} outages break promises",
        breaches.len()
    );
}

/// Every fault in every way: 2^5 of each.
fn all() -> impl Iterator<Item = Outage> {
    faults().flat_map(|fault| {
        (0..32_u32).map(move |bits| {
            let bit = |number: u32| bits & (1 << number) != 0;
            Outage {
                fault,
                documents: if bit(0) { 1000 } else { 20 },
                has_queue: bit(1),
                is_read: bit(2),
                is_late: bit(3),
                only_submits: bit(4),
            }
        })
    })
}

#[test]
#[ignore = "480 outages, for .ci/deep"]
fn every_outage_ends_nothing() {
    check(all());
}

/// Few documents, and of many documents those that cost most.
#[test]
fn an_hour_of_any_fault_ends_nothing() {
    let few = all().filter(|outage| outage.documents == 20 && !outage.is_read);
    let many = [
        (Fault::GatewayTimeout, false),
        (Fault::Unreachable, false),
        (Fault::TooManyRequests, true),
    ];
    let many = many.map(|(fault, only_submits)| Outage {
        fault,
        documents: 1000,
        has_queue: fault != Fault::Unreachable,
        is_read: true,
        is_late: true,
        only_submits,
    });
    check(few.chain(many));
}

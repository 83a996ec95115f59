//! What an outage of an hour costs.

use std::fmt;
use std::time::Duration;

use typless::machine::{JobError, PauseReason, Time};
use typless_emulator::{Fault, ServiceOptions};

use super::pauses::Pauses;
use super::run::Run;
use super::{START, batch_options, invoice};

const HOUR: Duration = Duration::from_hours(1);
const PACE: Duration = Duration::from_secs(20);

/// How soon everything has finished once the service works again.
const MAX_AFTER: Duration = Duration::from_mins(10);

/// How many requests find out in an hour that the service does not work.
const MAX_REQUESTS: usize = 400;

/// How many submits may end unknown beside those that were in flight when it began.
const MAX_UNKNOWN: usize = 24;

/// One outage of an hour.
#[derive(Debug, Clone, Copy)]
pub struct Outage {
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

/// What outages cost at most, and what is not as promised.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Costs {
    /// How many outages there were.
    pub outages: usize,
    /// The most requests within the hour.
    pub max_requests: usize,
    /// The most submits that ended unknown.
    pub max_unknown: usize,
    /// How many jobs ended exhausted.
    pub exhausted: usize,
    /// The longest time from the end of an outage to the last outcome.
    pub max_after: Duration,
    /// How many outages broke a promise.
    pub broken: usize,
}

/// What one cost.
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

fn is_unknown(error: &JobError) -> bool {
    matches!(error, JobError::SubmitUnknown { .. })
}

impl Outage {
    /// Every fault in every way, 32 of each, but late responses, which are no outage.
    pub fn all() -> impl Iterator<Item = Self> {
        let usual = Fault::USUAL.into_iter();
        let faults = usual
            .filter(|fault| *fault != Fault::ResponseDelayed)
            .chain([Fault::Unauthorized]);
        faults.flat_map(|fault| {
            (0..32_u32).map(move |bits| {
                let bit = |number: u32| bits & (1 << number) != 0;
                Self {
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

    /// Those with few documents, and of those with many the ones that cost most.
    pub fn few() -> impl Iterator<Item = Self> {
        let few = Self::all().filter(|outage| outage.documents == 20 && !outage.is_read);
        let many = [
            (Fault::GatewayTimeout, false),
            (Fault::Unreachable, false),
            (Fault::TooManyRequests, true),
        ];
        let many = many.map(|(fault, only_submits)| Self {
            fault,
            documents: 1000,
            has_queue: fault != Fault::Unreachable,
            is_read: true,
            is_late: true,
            only_submits,
        });
        few.chain(many)
    }

    fn run(self) -> Cost {
        let options = batch_options(self.has_queue);
        let mut run = Run::new(options, ServiceOptions::new().with_pace(PACE));
        let documents = (0..self.documents).map(invoice);
        if self.is_read {
            run.world.machine.add_all(documents);
        } else {
            documents.for_each(|document| {
                run.world.machine.add(document, START);
            });
        }
        run.world.machine.close();
        let (mut begin, mut in_flight) = (Time::MAX, 0);
        let least = if self.is_late { self.documents / 4 } else { 0 };
        loop {
            let world = &mut run.world;
            if begin == Time::MAX && world.service.accepted() >= least {
                (begin, in_flight) = (world.now, world.submits_out());
                let (end, fault) = (begin + HOUR, self.fault);
                if self.only_submits {
                    world.failing_submits = Some((end, fault));
                } else {
                    world.service.fail_until(end, fault);
                }
            }
            if !run.step(Time::MAX) {
                break;
            }
        }
        let is_exhausted = |error: &&JobError| matches!(error, JobError::Exhausted { .. });
        Cost {
            in_flight,
            requests: run.world.requests_between(begin, begin + HOUR),
            unknown: run.errors().filter(|error| is_unknown(error)).count(),
            exhausted: run.errors().filter(is_exhausted).count(),
            after: run.finished_at().saturating_since(begin + HOUR),
            problems: self.problems(&run, begin + HOUR),
            pauses: run.pauses,
        }
    }

    /// What went wrong, however much it cost.
    fn problems(&self, run: &Run, end: Time) -> Vec<String> {
        let mut problems = run.pauses.problems.clone();
        // After the outcome nothing is reported. Where the last submits failed, nothing shows that
        // the next would not.
        let is_over = run.finished_at() >= end;
        let is_lasting = |reason: &PauseReason| is_over && *reason != PauseReason::Submits;
        for reason in run.pauses.open().filter(is_lasting) {
            problems.push(format!("{reason:?} does not end"));
        }
        let finished = run.outcomes.len();
        if finished != self.documents {
            problems.push(format!("{finished} of the documents have finished"));
        }
        let (unknown, other): (Vec<_>, Vec<_>) = run.errors().partition(|error| is_unknown(error));
        if !other.is_empty() {
            problems.push(format!("{other:?}"));
        }
        let service = &run.world.service;
        if service.accepted_repeatedly().next().is_some() {
            problems.push("a document was accepted twice".to_owned());
        }
        let succeeded = finished - unknown.len() - other.len();
        if !(succeeded..=succeeded + unknown.len()).contains(&service.accepted()) {
            problems.push(format!("{} were accepted", service.accepted()));
        }
        problems
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

/// Runs them all, and prints a line for each, and every promise that is broken.
pub fn run_all(outages: impl Iterator<Item = Outage>) -> Costs {
    let mut costs = Costs::default();
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
        println!(
            "{outage} {requests:9} {unknown:7} {exhausted:9} {:4} s",
            after.as_secs()
        );
        let breaches = outage.breaches(&cost);
        if !breaches.is_empty() {
            let open: Vec<_> = cost.pauses.open().collect();
            println!("    {breaches:#?} {:?} open: {open:?}", cost.pauses.begun);
        }
        costs.outages += 1;
        costs.max_requests = costs.max_requests.max(requests);
        costs.max_unknown = costs.max_unknown.max(unknown);
        costs.exhausted += exhausted;
        costs.max_after = costs.max_after.max(after);
        costs.broken += usize::from(!breaches.is_empty());
    }
    costs
}

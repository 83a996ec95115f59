//! What it costs that one exchange in twenty fails.

use std::time::Duration;

use typless::machine::{JobError, PauseReason};
use typless_emulator::{Faults, Pace, ServiceOptions};

use super::run::Run;
use super::{START, batch_options};

const PACE: Duration = Duration::from_secs(20);

/// One exchange in twenty.
const SHARE: f64 = 0.05;

/// The longest pause where there is no outage. Two failures in a row may be one, but not for long.
pub const MAX_PAUSE: Duration = Duration::from_secs(60);

/// The most requests, relative to those without faults.
const MAX_RATIO: f64 = 1.02;

/// The requests for the same documents, with faults and without them.
#[derive(Debug)]
#[non_exhaustive]
pub struct Costs {
    /// The requests where nothing fails.
    pub requests_without: usize,
    /// The requests where one in twenty fails.
    pub requests: usize,
    /// How many failed.
    pub faults: usize,
    /// What is not as promised.
    pub breaches: Vec<String>,
}

impl Costs {
    /// The requests, relative to those without faults.
    pub fn ratio(&self) -> f64 {
        self.requests as f64 / self.requests_without as f64
    }
}

/// Documents added evenly over a time, and followed to their end: prints a line for each run.
pub fn run(documents: usize, over: Duration, has_queue: bool) -> Costs {
    let mut breaches = Vec::new();
    let mut requests = |share| {
        let options = ServiceOptions::new()
            .with_pace(Pace::lognormal(PACE, 0.5))
            .with_faults(Faults::new(share));
        let mut run = Run::new(batch_options(has_queue), options);
        run.follow(documents, over);
        let (requests, faults) = (run.world.requests(), run.world.service.counts().faults);
        println!(
            "queue {has_queue}, {share}: {requests} requests, {faults} faults, {} unknown, \
             pauses {:?}, the last {:?} after the last",
            run.errors().count(),
            run.pauses.begun,
            run.finished_at().saturating_since(START + over)
        );
        breaches.extend(problems(&run));
        (requests, faults)
    };
    let (requests_without, _) = requests(0.0);
    let (requests, faults) = requests(SHARE);
    let mut costs = Costs {
        requests_without,
        requests,
        faults,
        breaches,
    };
    if costs.ratio() > MAX_RATIO {
        let text = format!("{requests} requests, {requests_without} without faults");
        costs.breaches.push(text);
    }
    costs
}

/// What went wrong, however much it cost.
fn problems(run: &Run) -> Vec<String> {
    let mut problems: Vec<String> = run.pauses.problems.iter().take(3).cloned().collect();
    let is_unknown = |error: &&JobError| matches!(error, JobError::SubmitUnknown { .. });
    let others = run.errors().filter(|error| !is_unknown(error));
    problems.extend(others.map(|error| format!("{error:?}")).take(3));
    if run.world.service.accepted_repeatedly().next().is_some() {
        problems.push("a document was accepted twice".to_owned());
    }
    for (reason, longest) in &run.pauses.longest {
        if *longest > MAX_PAUSE {
            problems.push(format!("{reason:?} for {longest:?}"));
        }
    }
    // Of failing submits only the next one can show the end.
    let open = run.pauses.open();
    for reason in open.filter(|reason| *reason != PauseReason::Submits) {
        problems.push(format!("{reason:?} does not end"));
    }
    problems
}

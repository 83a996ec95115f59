//! Law 13: a job that is reported as not submitted was not submitted, whenever it is interrupted.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use typless::machine::{
    Batch, BatchEventKind, BatchOptions, Job, JobError, JobEventKind, JobOptions, RetryPolicy, Time,
};
use typless_benches::simulation::{START, Step, World, api, document, file_name};
use typless_emulator::{Fault, Faults, Service, ServiceOptions};

/// How many interruptions there are at least, of either machine and retry policy.
const INTERRUPTIONS: usize = 1000;

const DOCUMENTS: usize = 3;

/// Two in five responses are lost, and of the others some are bad news. No document can be read,
/// which says as much as a result, sooner.
fn service(seed: u64) -> Service {
    static DEFAULT: LazyLock<ServiceOptions> = LazyLock::new(ServiceOptions::new);
    let lost = [Fault::ResponseLost; 16];
    let others = [
        Fault::Unreachable,
        Fault::TooManyRequests,
        Fault::RequestTimeout,
        Fault::Unavailable,
        Fault::Unauthorized,
        Fault::Dropped,
        Fault::ResponseStalled,
        Fault::ResponseHalved,
    ];
    let faults = Faults::new(0.6).with_kinds(lost.into_iter().chain(others));
    let options = DEFAULT
        .clone()
        .with_seed(seed)
        .with_pace(Duration::from_secs(5))
        .with_faults(faults);
    Service::new(options)
}

/// What no service can read.
const CONTENT: &[u8] = b"%PDF";

fn retry(resubmissions: u16) -> RetryPolicy {
    RetryPolicy::new()
        .with_attempts(3)
        .with_resubmissions(resubmissions)
}

/// Whether the caller is shown that the document was not submitted.
fn says_not_submitted(error: &JobError) -> bool {
    match error {
        JobError::Exhausted { .. } | JobError::SourceFailed { .. } => true,
        JobError::Refused { ticket, .. } | JobError::Abandoned { ticket } => ticket.is_none(),
        _ => false,
    }
}

/// Which kinds of outcomes there were.
type Seen = BTreeMap<String, usize>;

fn check(service: &Service, name: &str, outcome: Result<(), &JobError>, seen: &mut Seen) {
    let accepted = service.accepted_named(name);
    let kind = match outcome {
        Ok(()) => "result".to_owned(),
        Err(error) => {
            if says_not_submitted(error) {
                assert_eq!(accepted, 0, "{name}: {error:?}");
            }
            let text = format!("{error:?}");
            let end = text.find([' ', '(']).unwrap_or(text.len());
            let ticket = error.ticket().map_or("", |_| " with a ticket");
            format!("{}{ticket}", &text[..end])
        }
    };
    *seen.entry(kind).or_default() += 1;
}

/// Runs a batch for so many steps, interrupts it, and runs it to its end. Whether it was not over
/// before.
fn interrupt_batch(seed: u64, steps: usize, resubmissions: u16, seen: &mut Seen) -> bool {
    let options = BatchOptions::new()
        .with_seed(seed)
        .with_retry_policy(retry(resubmissions));
    let mut batch = Batch::new(&api(), options, START);
    (0..DOCUMENTS).for_each(|number| {
        batch.add(document(number, CONTENT), START);
    });
    batch.close();
    let mut world = World::new(batch, service(seed));
    let mut finished = 0;
    for step in 0.. {
        if step == steps {
            let (keys, now): (Vec<_>, _) = (world.machine.keys().collect(), world.now);
            for key in keys {
                world.machine.abandon(key, now);
            }
        }
        match world.step(Time::MAX) {
            Step::Event(event) => {
                if let BatchEventKind::Job {
                    reference,
                    event: JobEventKind::Finished(outcome),
                    ..
                } = event.kind
                {
                    finished += 1;
                    let name = reference.expect("a reference");
                    let outcome = outcome.as_ref().map(|_| ());
                    check(&world.service, &name, outcome, seen);
                }
            }
            Step::Done => {
                assert_eq!(finished, DOCUMENTS);
                return step > steps;
            }
            _ => {}
        }
    }
    false
}

/// The same with a job.
fn interrupt_job(seed: u64, steps: usize, resubmissions: u16, seen: &mut Seen) -> bool {
    let options = JobOptions::new()
        .with_seed(seed)
        .with_retry_policy(retry(resubmissions));
    let job = Job::submit(&api(), document(0, CONTENT), options, START);
    let mut world = World::new(job, service(seed));
    let mut is_finished = false;
    for step in 0.. {
        if step == steps {
            let now = world.now;
            world.machine.abandon(now);
        }
        match world.step(Time::MAX) {
            Step::Event(event) => {
                if let JobEventKind::Finished(outcome) = event.kind {
                    is_finished = true;
                    let outcome = outcome.as_ref().map(|_| ());
                    check(&world.service, &file_name(0), outcome, seen);
                }
            }
            Step::Done => {
                assert!(is_finished);
                return step > steps;
            }
            _ => {}
        }
    }
    false
}

/// Interrupts at every step of one run after another.
fn interrupt(run: impl Fn(u64, usize, u16, &mut Seen) -> bool) {
    for resubmissions in [0, 2] {
        let (mut interruptions, mut seen) = (0, Seen::new());
        for seed in 0.. {
            let mut steps = 0;
            while run(seed, steps, resubmissions, &mut seen) {
                steps += 1;
            }
            interruptions += steps;
            if interruptions >= INTERRUPTIONS {
                break;
            }
        }
        println!("{interruptions} interruptions, {resubmissions} resubmissions: {seen:?}");
        for kind in [
            "Failed with a ticket",
            "Abandoned",
            "Abandoned with a ticket",
            "SubmitUnknown",
        ] {
            assert!(seen.contains_key(kind), "{kind}: {seen:?}");
        }
    }
}

#[test]
fn law_13_an_interrupted_batch_says_of_no_accepted_document_that_it_was_not_submitted() {
    interrupt(interrupt_batch);
}

#[test]
fn law_13_nor_does_an_interrupted_job() {
    interrupt(interrupt_job);
}

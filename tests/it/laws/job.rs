//! The laws of machines, checked for jobs with random scripts. Law 7 is measured by the benches;
//! law 12 is in `resume.rs`, for batches in `batch_random.rs`.

use std::time::Duration;

use crate::support;
use crate::support::observer::{JobObserver, Observed};
use crate::support::reached::Reached;
use proptest::prelude::*;
use typless::machine::{
    DelayEstimator, Job, JobEvent, JobEventKind, JobOptions, Output, PollReason, RetryPolicy,
    Snapshot, Ticket, Time,
};
use typless::proptest::{
    Flavour, JobInput, LawChecker, Moment, Script, Violation, job_inputs, scripts_with_inputs,
    snapshots, tickets,
};

const DEADLINE: Duration = Duration::from_secs(3600);

type ObservedJob = Observed<Job, JobObserver>;

proptest! {
    #![proptest_config(super::cases(1024))]

    #[test]
    fn a_job_keeps_the_laws_with_valid_inputs(
        options in options(),
        origin in origins(),
        script in job_scripts(Flavour::WellFormed),
    ) {
        check(options, &origin, &script, &Reached::default())?;
    }

    #[test]
    fn a_job_keeps_the_laws_with_any_inputs(
        options in options(),
        origin in origins(),
        script in job_scripts(Flavour::Hostile),
    ) {
        check(options, &origin, &script, &Reached::default())?;
    }

    #[test]
    fn a_job_keeps_the_laws_when_inputs_turn_hostile(
        options in options(),
        origin in origins(),
        script in job_scripts(Flavour::Mixed),
    ) {
        check(options, &origin, &script, &Reached::default())?;
    }

    #[test]
    fn a_job_keeps_the_laws_in_outages(
        options in options(),
        origin in origins(),
        script in job_scripts(Flavour::Outages),
    ) {
        check(options, &origin, &script, &Reached::default())?;
    }

    #[test]
    fn a_job_that_learns_keeps_the_laws_with_any_inputs(
        options in options(),
        origin in origins(),
        script in job_scripts(Flavour::Mixed),
    ) {
        LawChecker::for_jobs(options, |now| {
            origin.job(options, now).with_estimator(DelayEstimator::new())
        })
        .check(&script)?;
    }
}

fn options() -> impl Strategy<Value = JobOptions> {
    let retry = (0..3_u16, any::<bool>()).prop_map(|(resubmissions, trusts_overload)| {
        let retry = RetryPolicy::new().with_resubmissions(resubmissions);
        if trusts_overload {
            retry.trusting_overload()
        } else {
            retry
        }
    });
    (any::<u64>(), any::<bool>(), retry).prop_map(|(seed, confirmation, retry)| {
        let options = JobOptions::new()
            .with_seed(seed)
            .with_deadline(DEADLINE)
            .with_retry_policy(retry);
        if confirmation {
            options.with_confirmation()
        } else {
            options
        }
    })
}

/// What a job begins with.
#[derive(Debug, Clone)]
enum Origin {
    Document,
    Ticket(Ticket),
    Snapshot(Snapshot),
}

fn origins() -> impl Strategy<Value = Origin> {
    prop_oneof![
        6 => Just(Origin::Document),
        1 => tickets().prop_map(Origin::Ticket),
        1 => snapshots().prop_map(Origin::Snapshot),
    ]
}

impl Origin {
    fn job(&self, options: JobOptions, now: Time) -> Job {
        let (api, document) = (support::api(), support::document());
        match self {
            Self::Document => Job::submit(&api, document, options, now),
            Self::Ticket(ticket) => Job::resume(&api, ticket, options, now),
            Self::Snapshot(snapshot) => {
                let needed = snapshot.needs_document().then(|| document.clone());
                Job::restore(&api, snapshot, needed, options, now)
                    // The snapshot is of another document.
                    .unwrap_or_else(|_| Job::submit(&api, document, options, now))
            }
        }
    }
}

fn job_scripts(flavour: Flavour) -> impl Strategy<Value = Script<JobInput>> {
    scripts_with_inputs(flavour, job_inputs())
}

fn check(
    options: JobOptions,
    origin: &Origin,
    script: &Script<JobInput>,
    reached: &Reached,
) -> Result<(), Violation> {
    let build = |now| Observed {
        machine: origin.job(options, now),
        observer: JobObserver::new(reached, now, now + DEADLINE),
    };
    LawChecker::new(build)
        .with_job_options(options)
        .with_sequence(1, |event| event.sequence)
        .with_inputs(|input: &JobInput, job: &mut ObservedJob, moment| {
            job.observer.input(&job.machine, name(input));
            input.apply(&mut job.machine, moment);
        })
        .with_custom_law(the_last_poll_is_called_so)
        .with_custom_law(super::events_can_be_stored)
        .with_custom_law(neither_key_nor_document_is_shown)
        .check(script)
}

/// What an input is called in the table.
fn name(input: &JobInput) -> &'static str {
    match input {
        JobInput::NotifyItself | JobInput::Notify(_) => "notification",
        JobInput::Confirm | JobInput::ConfirmTo(_) => "confirmed",
        JobInput::Abandon => "abandoned",
        JobInput::SetKey => "another key",
        _ => panic!("{input:?} has no row"),
    }
}

/// The same cases each time, of every flavour.
pub(super) fn run_same_cases(reached: &Reached) {
    for flavour in super::FLAVOURS {
        let case = (options(), origins(), job_scripts(flavour));
        super::same_cases(600, &case, reached, |(options, origin, script)| {
            Ok(check(options, &origin, &script, reached)?)
        });
    }
}

fn the_last_poll_is_called_so(
    _: &ObservedJob,
    output: &Output<JobEvent>,
    moment: &Moment,
) -> Result<(), String> {
    let Output::Event(JobEvent {
        kind: JobEventKind::PollDue { reason, .. },
        ..
    }) = output
    else {
        return Ok(());
    };
    let is_late = moment.latest() >= moment.start() + DEADLINE;
    if (*reason == PollReason::Deadline) == is_late {
        Ok(())
    } else {
        Err(format!(
            "a poll because of {reason:?} at {}",
            moment.latest()
        ))
    }
}

fn neither_key_nor_document_is_shown(
    job: &ObservedJob,
    output: &Output<JobEvent>,
    _: &Moment,
) -> Result<(), String> {
    let job = &job.machine;
    let shown = format!("{output:?} {job:?} {:?} {:?}", job.ticket(), job.snapshot());
    if shown.contains("s3cret") || shown.contains("secret contents") {
        Err(shown)
    } else {
        Ok(())
    }
}

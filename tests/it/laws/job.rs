//! The laws of machines, checked for jobs with random scripts. Law 7 is measured by the benches;
//! law 12 is in `resume.rs`.

use std::time::Duration;

use crate::support;
use proptest::prelude::*;
use typless::machine::{
    DelayEstimator, Job, JobEvent, JobEventKind, JobOptions, Output, PollReason, RetryPolicy,
};
use typless::proptest::{
    Flavour, JobInput, LawChecker, Moment, Script, Violation, job_inputs, scripts_with_inputs,
};

const DEADLINE: Duration = Duration::from_secs(3600);

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1024,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_job_keeps_the_laws_with_valid_inputs(
        options in options(),
        script in job_scripts(Flavour::WellFormed),
    ) {
        check(options, &script)?;
    }

    #[test]
    fn a_job_keeps_the_laws_with_any_inputs(
        options in options(),
        script in job_scripts(Flavour::Hostile),
    ) {
        check(options, &script)?;
    }

    #[test]
    fn a_job_keeps_the_laws_when_inputs_turn_hostile(
        options in options(),
        script in job_scripts(Flavour::Mixed),
    ) {
        check(options, &script)?;
    }

    #[test]
    fn a_job_that_learns_keeps_the_laws_with_any_inputs(
        options in options(),
        script in job_scripts(Flavour::Mixed),
    ) {
        LawChecker::for_jobs(options, |now| {
            Job::submit(&support::api(), support::document(), options, now)
                .with_estimator(DelayEstimator::new())
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

fn job_scripts(flavour: Flavour) -> impl Strategy<Value = Script<JobInput>> {
    scripts_with_inputs(flavour, job_inputs())
}

fn check(options: JobOptions, script: &Script<JobInput>) -> Result<(), Violation> {
    LawChecker::for_jobs(options, |now| {
        Job::submit(&support::api(), support::document(), options, now)
    })
    .with_custom_law(the_last_poll_is_called_so)
    .with_custom_law(neither_key_nor_document_is_shown)
    .check(script)
}

fn the_last_poll_is_called_so(
    _: &Job,
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
    job: &Job,
    output: &Output<JobEvent>,
    _: &Moment,
) -> Result<(), String> {
    let shown = format!("{output:?} {job:?} {:?} {:?}", job.ticket(), job.snapshot());
    if shown.contains("s3cret") || shown.contains("secret contents") {
        Err(shown)
    } else {
        Ok(())
    }
}

//! Submits that the caller no longer wants: S22.

use std::time::Duration;

use super::{retrying, run, since_start};
use crate::support::{ID, Run, accepted};
use typless::machine::{Cause, FailureKind, JobError, JobState, Machine, Output, RetryPolicy};

#[test]
fn s22_abandoning_at_every_step_keeps_the_id_if_there_is_one() {
    for steps in 0..12 {
        let mut run = retrying(RetryPolicy::new().with_resubmissions(1));
        let mut in_flight = None;
        for _ in 0..steps {
            match run.job.next_output(run.now) {
                Output::Send(transmit) if transmit.id.get() == 1 => {
                    run.job.handle_failure(
                        transmit.id,
                        typless::machine::Failure::new(FailureKind::NotSent, ""),
                        run.now,
                    );
                }
                Output::Send(transmit) => in_flight = Some(transmit),
                Output::Event(event) => run.events.push(event),
                Output::Wait(until) if in_flight.is_none() => run.now = until,
                Output::Wait(_) | Output::NeedInput | Output::Done => break,
            }
        }
        let submitting = run.job.state() == JobState::Submitting && in_flight.is_some();
        run.job.abandon(run.now);
        if let Some(transmit) = in_flight.filter(|_| submitting) {
            assert!(
                matches!(run.job.next_output(run.now), Output::Wait(_)),
                "its id is worth waiting for"
            );
            run.job.handle_response(transmit.id, accepted(), run.now);
            let JobError::Abandoned {
                ticket: Some(ticket),
            } = run.error()
            else {
                panic!("step {steps}")
            };
            assert_eq!(ticket.extraction_id().as_str(), ID);
        } else {
            assert!(
                matches!(run.job.state(), JobState::Abandoned),
                "step {steps}"
            );
            let _ = run.next_request();
            assert!(
                matches!(
                    run.outcome(),
                    Some(Err(JobError::Abandoned { ticket: None }))
                ),
                "step {steps}"
            );
        }
    }
    // Without a response it is abandoned only if the submit certainly did not arrive.
    for kind in [FailureKind::NotSent, FailureKind::Interrupted] {
        let mut run = run();
        let transmit = run.next_request().unwrap();
        run.job.abandon(run.now);
        run.job.handle_failure(
            transmit.id,
            typless::machine::Failure::new(kind, ""),
            run.now,
        );
        match kind {
            FailureKind::NotSent => {
                assert!(matches!(run.error(), JobError::Abandoned { ticket: None }));
            }
            _ => assert!(matches!(run.error(), JobError::SubmitUnknown { .. })),
        }
    }
    let mut unanswered = run();
    assert!(unanswered.next_request().is_some());
    unanswered.job.abandon(unanswered.now);
    assert!(matches!(
        unanswered.error(),
        JobError::SubmitUnknown { failed, .. } if matches!(failed.cause(), Cause::TimeLimit)
    ));
    assert_eq!(since_start(unanswered.now), Duration::from_secs(60));
}

#[test]
fn s22_abandoning_a_submitted_job_finishes_at_once_with_its_ticket() {
    let mut waiting = Run::submitted();
    waiting.job.abandon(waiting.now);
    assert!(matches!(
        waiting.error(),
        JobError::Abandoned { ticket: Some(_) }
    ));
    let mut polling = Run::submitted();
    assert!(polling.next_request().is_some());
    polling.job.abandon(polling.now);
    assert!(matches!(
        polling.error(),
        JobError::Abandoned { ticket: Some(_) }
    ));
}

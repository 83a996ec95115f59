//! Faults of a submit, S1 to S23: the call that is billed and has no idempotency key.
//! `docs/faults.md` has the table; tests that need a socket are in the package of the transports.

mod abandoned;
mod responses;
mod retries;

use std::time::Duration;

use crate::support::{Run, START};
use http::Response;
use typless::machine::{JobError, JobOptions, RetryPolicy, Time};

fn run() -> Run {
    Run::with(JobOptions::new())
}

fn retrying(retry: RetryPolicy) -> Run {
    Run::with(JobOptions::new().with_retry_policy(retry))
}

fn since_start(time: Time) -> Duration {
    time.saturating_since(START)
}

#[track_caller]
fn assert_unknown(response: Response<bytes::Bytes>) {
    let shown = format!("{response:?}");
    let mut run = run();
    let error = run.reply(response).error();
    assert!(
        matches!(error, JobError::SubmitUnknown { .. }) && error.ticket().is_none(),
        "{shown}: {error:?}"
    );
}

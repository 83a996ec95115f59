//! Faults of a poll, P1 to P33. `docs/faults.md` has the table; tests that need a socket are in the
//! package of the transports.

mod bodies;
mod repairs;
mod statuses;
mod timing;

use std::time::Duration;

use crate::support::{ID, Run, START, success};
use http::Response;
use typless::machine::{Job, JobError, JobEventKind, Machine, Time};
use typless::wire::{Notification, Status};

fn since_start(time: Time) -> Duration {
    time.saturating_since(START)
}

/// A failed poll changes nothing about the job, and another one follows.
#[track_caller]
fn assert_failed_poll(response: Response<bytes::Bytes>) {
    let shown: String = String::from_utf8_lossy(response.body())
        .chars()
        .take(200)
        .collect();
    let mut run = Run::submitted();
    run.reply(response).reply(success()).succeeded();
    assert_eq!(
        run.count(|kind| matches!(kind, JobEventKind::PollFailed { .. })),
        1,
        "{shown}"
    );
}

/// A poll that finishes the job with an error, which has the ticket.
#[track_caller]
fn ends_as(response: Response<bytes::Bytes>) -> JobError {
    let mut run = Run::submitted();
    run.reply(response).settle();
    let finished = run.events.pop().unwrap();
    let error = Job::into_outcome(finished).unwrap().unwrap_err();
    assert_eq!(error.ticket().unwrap().extraction_id().as_str(), ID);
    error
}

fn statuses(run: &Run) -> Vec<Option<Status>> {
    let statuses = run.events.iter().filter_map(|event| match &event.kind {
        JobEventKind::Progressed { status, .. } => Some(status.clone()),
        _ => None,
    });
    statuses.collect()
}

fn notification() -> Notification {
    Notification::decode(format!(r#"{{"data": {{"id": "{ID}"}}}}"#).as_bytes()).unwrap()
}

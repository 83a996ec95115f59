//! The job at the start of each transcript in `tests/transcripts`; shared with the tests of the
//! transports.

use std::time::Duration;

use typless::machine::{Job, JobOptions, PollPolicy, RetryPolicy, Snapshot, Ticket, Time};
use typless::wire::{Api, Document, ExtractionId};

pub(crate) const START: Time = Time::from_unix_seconds(1_700_000_000);
pub(crate) const ID: &str = "0d14338251a6db69bfec36face27f7edcab7322";

const READY: &str = include_str!("../../golden/snapshot-2-ready.json");
const SUBMITTING: &str = include_str!("../../golden/snapshot-2-submitting.json");

/// The job of the transcript of this name; most have the default options.
pub(crate) fn job(name: &str) -> Job {
    match name {
        "expired" | "resumed" | "not-found" => resume(START + Duration::from_secs(24 * 3600)),
        "resumed-past-its-deadline" => resume(Time::from_unix(
            START.since_epoch() - Duration::from_secs(1),
        )),
        "restored" => restore(READY),
        "submit-unknown-restarted" => restore(SUBMITTING),
        _ => submit(options(name)),
    }
}

fn options(name: &str) -> JobOptions {
    let options = JobOptions::new();
    let seconds = Duration::from_secs;
    match name {
        "deadline" | "deadline-after-a-failed-poll" | "deadline-by-a-hint" => {
            options.with_deadline(seconds(30))
        }
        "exhausted" => options.with_retry_policy(RetryPolicy::new().with_attempts(3)),
        "exhausted-by-a-hint" => options.with_deadline(seconds(60)),
        "confirmed" => options.with_confirmation().with_first_sequence(100),
        "resubmitted" | "submit-unknown-twice" => {
            options.with_retry_policy(RetryPolicy::new().with_resubmissions(1))
        }
        "overloaded" => options
            .with_retry_policy(RetryPolicy::new().trusting_overload())
            .with_seed(u64::MAX),
        "clock-put-forward" | "clock-put-back" => options.with_deadline(seconds(72 * 3600)),
        "eager" => options.with_poll_policy(PollPolicy::eager()),
        "frugal" => {
            options.with_poll_policy(PollPolicy::frugal().with_gaps(seconds(20), seconds(40)))
        }
        "text-blocks" => options.with_text_blocks().with_response_limit(1_000_000),
        "retried" => options.with_seed(7),
        _ => options,
    }
}

fn api() -> Api {
    Api::new(Api::PRODUCTION, "s3cret-k3y").unwrap()
}

fn document() -> Document {
    stored_document().with_customer("Žiga & Sons").unwrap()
}

/// The document of the stored snapshots.
fn stored_document() -> Document {
    let document = Document::new(
        "invoice.pdf",
        "line-item-invoice",
        &b"%PDF-1.7 secret contents"[..],
    )
    .unwrap();
    document.with_reference("row 17").unwrap()
}

fn submit(options: JobOptions) -> Job {
    Job::submit(&api(), document(), options, START)
}

/// A job that was submitted two days before.
fn resume(deadline: Time) -> Job {
    let submitted_at = Time::from_unix(START.since_epoch() - Duration::from_secs(48 * 3600));
    let ticket = Ticket::new(ExtractionId::new(ID).unwrap(), submitted_at, deadline);
    Job::resume(&api(), &ticket, JobOptions::new(), START)
}

fn restore(snapshot: &str) -> Job {
    Job::restore(
        &api(),
        &Snapshot::from_json(snapshot).unwrap(),
        Some(stored_document()),
        JobOptions::new(),
        START,
    )
    .unwrap()
}

//! The job of a transcript, rebuilt from the description at the start of the transcript.

use std::time::Duration;

use typless::machine::{Job, JobOptions, Machine, PollPolicy, RetryPolicy, Snapshot, Ticket, Time};
use typless::transcript::Transcript;
use typless::wire::{Api, Document};

use crate::support::KEY;

/// Rebuilds the job: from its ticket or its snapshot if the transcript has one, otherwise as a new
/// job.
///
/// The transcript of the repeated run starts with the description of this job, so a job that was
/// rebuilt wrongly fails the comparison.
pub(crate) fn recorded_job(transcript: &Transcript) -> Job {
    let api = Api::new(Api::PRODUCTION, KEY).unwrap();
    let line = |start: &str| {
        let mut lines = transcript.origin().lines().map(str::trim);
        lines.find(|line| line.starts_with(start))
    };
    let options = options(line("JobOptions ").expect("a job has options"));
    let start = transcript.start();
    if let Some(ticket) = line(r#"{"typless_ticket""#) {
        Job::resume(&api, &Ticket::from_json(ticket).unwrap(), options, start)
    } else if let Some(snapshot) = line(r#"{"typless_snapshot""#) {
        let snapshot = Snapshot::from_json(snapshot).unwrap();
        let document = snapshot.needs_document().then(stored_document);
        Job::restore(&api, &snapshot, document, options, start).unwrap()
    } else if line("Job, ") == Some("Job, SubmitUnknown") {
        let snapshot = submitting(&api, start);
        Job::restore(&api, &snapshot, None, options, start).unwrap()
    } else {
        Job::submit(&api, document(), options, start)
    }
}

/// A snapshot of a job whose submit is in flight.
fn submitting(api: &Api, now: Time) -> Snapshot {
    let mut job = Job::submit(api, document(), JobOptions::new(), now);
    // The event before the submit, and the submit.
    let _ = (job.next_output(now), job.next_output(now));
    job.snapshot().unwrap()
}

/// The options with this description.
fn options(description: &str) -> JobOptions {
    known_options()
        .into_iter()
        .find(|options| format!("{options:?}") == description)
        .unwrap_or_else(|| panic!("add these options to known_options: {description}"))
}

/// The options of all recorded jobs.
fn known_options() -> Vec<JobOptions> {
    let seconds = Duration::from_secs;
    let (new, retry) = (JobOptions::new, RetryPolicy::new);
    vec![
        new(),
        new().with_confirmation().with_first_sequence(100),
        new().with_deadline(seconds(30)),
        new().with_deadline(seconds(60)),
        new().with_deadline(seconds(72 * 3600)),
        new().with_poll_policy(PollPolicy::eager()),
        new().with_poll_policy(PollPolicy::frugal().with_gaps(seconds(20), seconds(40))),
        new().with_retry_policy(retry().with_attempts(3)),
        new().with_retry_policy(retry().with_resubmissions(1)),
        new()
            .with_retry_policy(retry().trusting_overload())
            .with_seed(u64::MAX),
        new().with_seed(7),
        new().with_text_blocks().with_response_limit(1_000_000),
    ]
}

/// The document of every recorded job that has one.
fn document() -> Document {
    stored_document().with_customer("Žiga & Sons").unwrap()
}

/// The document of the stored snapshots.
fn stored_document() -> Document {
    let content = &b"%PDF-1.7 secret contents"[..];
    Document::new("invoice.pdf", "line-item-invoice", content)
        .and_then(|document| document.with_reference("row 17"))
        .unwrap()
}

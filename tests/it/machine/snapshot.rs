//! What a snapshot holds, and what restoring asks for.

use std::time::Duration;

use crate::support::{
    self, START, accepted, api, document, in_progress, response, submit, success,
};
use typless::machine::{
    DocumentDifference, FailureKind, Job, JobOptions, RestoreError, RetryPolicy, Snapshot, Time,
};
use typless::wire::Document;

#[test]
fn there_is_a_snapshot_until_the_outcome() {
    let mut run = support::Run::new(submit(JobOptions::new()));
    assert!(run.job.snapshot().is_some());
    run.reply(accepted());
    let snapshot = run.job.snapshot().unwrap();
    assert_eq!(snapshot.ticket(), run.job.ticket());
    assert!(!snapshot.needs_document() && !snapshot.may_be_submitted());
    run.reply(success()).settle();
    assert!(run.outcome().is_some() && run.job.snapshot().is_none());
}

#[test]
fn it_says_whether_the_service_may_have_accepted_the_document() {
    let mut run = support::Run::new(submit(JobOptions::new()));
    assert!(!run.job.snapshot().unwrap().may_be_billed());
    // A first attempt that may have arrived, and is to be repeated.
    let retry = RetryPolicy::new().with_resubmissions(1);
    let mut again = support::Run::new(submit(JobOptions::new().with_retry_policy(retry)));
    again.fail(FailureKind::Interrupted);
    let snapshot = again.job.snapshot().unwrap();
    assert!(snapshot.needs_document() && snapshot.may_be_billed());
    run.reply(accepted());
    assert!(run.job.snapshot().unwrap().may_be_billed());
}

#[test]
fn an_id_that_was_young_is_still_young_after_a_restart() {
    let mut run = support::Run::new(submit(JobOptions::new()));
    run.reply(accepted());
    let snapshot = run.job.snapshot().unwrap();
    let job = Job::restore(&api(), &snapshot, None, JobOptions::new(), run.now).unwrap();
    let mut run = support::Run {
        now: run.now,
        ..support::Run::new(job)
    };
    run.reply(response(404, "{}")).reply(success()).succeeded();
}

#[test]
fn a_deadline_that_passed_while_nobody_followed_the_job_leaves_the_time_that_was_left() {
    let hour = Duration::from_secs(3600);
    let later = START + hour * 100;
    for is_submitted in [false, true] {
        let mut run = support::Run::new(submit(JobOptions::new().with_deadline(hour)));
        if is_submitted {
            run.reply(accepted());
        }
        let snapshot = run.job.snapshot().unwrap();
        let document = snapshot.needs_document().then(document);
        let job = Job::restore(&api(), &snapshot, document, JobOptions::new(), later).unwrap();
        let mut run = support::Run {
            now: later,
            ..support::Run::new(job)
        };
        if !is_submitted {
            run.reply(accepted());
        }
        run.reply(in_progress()).reply(success()).succeeded();
        assert!(run.now < later + hour);
    }
}

#[test]
fn a_document_is_asked_for_where_it_is_needed_and_only_there() {
    let job = submit(JobOptions::new());
    let snapshot = job.snapshot().unwrap();
    assert!(snapshot.needs_document());
    assert_eq!(snapshot.document_len(), Some(document().len()));
    let missing = Job::restore(&api(), &snapshot, None, JobOptions::new(), START);
    assert_eq!(missing.err(), Some(RestoreError::DocumentMissing));
}

#[test]
fn another_document_is_refused_and_the_error_names_what_differs() {
    let own = || {
        let own = Document::new("a.pdf", "invoice", &b"%PDF-1"[..]).unwrap();
        own.with_customer("acme").unwrap()
    };
    let digested = |digest| own().with_digest(digest).unwrap();
    let job = Job::submit(&api(), digested("b1946"), JobOptions::new(), START);
    let snapshot = Snapshot::from_json(&job.snapshot().unwrap().to_json()).unwrap();
    assert_eq!(snapshot.document_digest(), Some("b1946"));
    let plain = |document_type, content: &'static [u8]| {
        Document::new("b.pdf", document_type, content).unwrap()
    };
    let others = [
        (
            plain("receipt", b"%PDF-1"),
            DocumentDifference::DocumentType,
        ),
        (plain("invoice", b"%PDF-1"), DocumentDifference::Customer),
        (
            plain("invoice", b"%PDF-11").with_customer("acme").unwrap(),
            DocumentDifference::Length {
                expected: 6,
                given: 7,
            },
        ),
        (digested("591785"), DocumentDifference::Digest),
    ];
    for (other, difference) in others {
        let refused = Job::restore(&api(), &snapshot, Some(other), JobOptions::new(), START);
        assert_eq!(
            refused.err(),
            Some(RestoreError::OtherDocument(difference)),
            "{difference:?}"
        );
    }
    for same in [own(), digested("b1946")] {
        assert!(Job::restore(&api(), &snapshot, Some(same), JobOptions::new(), START).is_ok());
    }
}

#[test]
fn what_no_job_can_have_is_refused() {
    let now = START.as_unix_milliseconds();
    let read = |state: &str, counts: &[(&str, u32)], id: Option<&str>| {
        let mut fields = vec![
            ("typless_snapshot", Snapshot::VERSION.into()),
            ("state", state.into()),
            ("taken_at_ms", now.into()),
            ("due_ms", now.into()),
            ("deadline_ms", now.into()),
        ];
        let counts = counts.iter().map(|(name, count)| (*name, (*count).into()));
        fields.extend(counts);
        fields.push(("reason", "policy".into()));
        fields.extend(id.map(|id| ("extraction_id", id.into())));
        let read = Snapshot::from_json(&support::forged(&fields));
        read.map(drop).map_err(|error| error.to_string())
    };
    let id = Some("0d14338251a6db69");
    assert_eq!(read("submitting", &[("submits", 1)], None), Ok(()));
    assert_eq!(read("polling", &[("polls", 2)], id), Ok(()));
    // The response to the next submit would be taken for that to a poll.
    for (state, counts, id) in [
        ("ready", &[("polls", 2)][..], None),
        ("submitting", &[("submits", 1), ("polls", 2)], None),
        ("submitting", &[], None),
        ("waiting", &[("submits", u32::MAX)], id),
        ("waiting", &[("submits", 1), ("polls", u32::MAX)], id),
    ] {
        let error = read(state, counts, id).unwrap_err();
        let is_said = error.contains("contradict") || error.contains("too large");
        assert!(is_said, "{state} {counts:?}: {error}");
    }
}

#[test]
fn at_both_ends_of_time_it_is_read_as_it_was() {
    for now in [Time::EPOCH, Time::MAX] {
        let job = Job::submit(&api(), document(), JobOptions::new(), now);
        let snapshot = job.snapshot().unwrap();
        assert_eq!(Snapshot::from_json(&snapshot.to_json()).unwrap(), snapshot);
    }
}

#[test]
fn a_snapshot_in_memory_is_the_one_that_is_stored() {
    let mut run = support::Run::new(submit(JobOptions::new()));
    run.now = START + Duration::from_nanos(1_234_567);
    run.reply(accepted()).reply(in_progress());
    let snapshot = run.job.snapshot().unwrap();
    assert_eq!(Snapshot::from_json(&snapshot.to_json()).unwrap(), snapshot);
}

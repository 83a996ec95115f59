//! The end of a batch before its jobs have finished: nothing new is sent, what is out is waited
//! for, and the rest is continued by another process.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::batch_run::BatchRun;
use crate::support::service::{Fault, numbered};
use crate::support::{START, api};
use typless::machine::{
    Batch, BatchEvent, BatchEventKind, BatchOptions, JobEventKind, Machine, Output, Snapshot,
};
use typless::wire::Document;

const DOCUMENTS: usize = 12;

fn options() -> BatchOptions {
    BatchOptions::new()
        .with_max_submits(3)
        .with_max_in_flight(4)
}

fn document(number: usize) -> Document {
    let document = numbered(number);
    document.with_reference(&number.to_string()).unwrap()
}

/// A run of an open batch with these documents.
fn run(options: BatchOptions) -> BatchRun {
    let mut run = BatchRun::new(options);
    for number in 0..DOCUMENTS {
        run.batch.add(document(number), run.now).unwrap();
    }
    run
}

/// What came back of each document, by its number.
type HandedBack = BTreeMap<usize, Snapshot>;

fn handed_back(events: &[BatchEvent]) -> HandedBack {
    let mut jobs = BTreeMap::new();
    for event in events {
        if let BatchEventKind::Unfinished {
            reference,
            snapshot,
            ..
        } = &event.kind
        {
            assert_eq!(reference.as_deref(), snapshot.reference());
            let number = reference.as_deref().unwrap().parse().unwrap();
            let before = jobs.insert(number, snapshot.clone());
            assert!(before.is_none(), "{number} came twice");
        }
    }
    jobs
}

/// Another process goes on with what came back.
fn continued(run: &mut BatchRun, jobs: HandedBack) {
    let mut batch = Batch::new(&api(), options(), run.now);
    for (number, snapshot) in jobs {
        let document = snapshot.needs_document().then(|| document(number));
        batch.restore(&snapshot, document, run.now).unwrap();
    }
    batch.close();
    run.restart(batch);
}

#[test]
fn at_any_moment_nothing_more_is_sent_and_nothing_is_lost_or_sent_twice() {
    for confirmation in [false, true] {
        for moment in 0..150 {
            let mut run = run(if confirmation {
                options().with_confirmation()
            } else {
                options()
            });
            // It is stopped anywhere between two outputs as well.
            let end = START + Duration::from_millis(250) * moment;
            // Until nothing is left to confirm.
            let mut events = usize::MAX;
            while run.events.len() != events {
                events = run.events.len();
                run.run_until(end);
                let last = run.events.last().map_or(0, |event| event.sequence);
                run.batch.confirm(last);
            }
            for _ in 0..moment % 3 {
                let _ = run.batch.next_output(run.now);
            }
            let (requests, finished) = (run.requests, run.outcomes.len());
            run.batch.shutdown(run.now);
            run.batch.shutdown(run.now);
            assert!(run.batch.add(numbered(0), run.now).is_none());
            run.batch.confirm(u64::MAX);
            run.run();
            assert_eq!(run.requests, requests, "at {moment}");
            assert!(matches!(run.batch.next_output(run.now), Output::Done));
            assert_eq!(run.batch.progress().unfinished(), 0);
            assert_eq!(run.batch.progress().known_finished, 0);
            if moment % 3 > 0 {
                // Outputs that the test dropped: their exchanges are lost with them.
                continue;
            }
            let jobs = handed_back(&run.events);
            let all = run.outcomes.len() + jobs.len();
            assert_eq!(all, DOCUMENTS, "at {moment}, {finished} before");
            let succeeded = run.succeeded();
            continued(&mut run, jobs);
            run.run();
            assert_eq!(succeeded + run.succeeded(), DOCUMENTS, "at {moment}");
            assert_eq!(run.service.submits, DOCUMENTS as u64, "at {moment}");
        }
    }
}

#[test]
fn a_job_whose_request_is_out_has_the_events_of_its_response() {
    let mut run = run(options());
    // Three submits are out, and get their responses later.
    run.run_until(START + Duration::from_millis(50));
    assert_eq!(run.batch.progress().in_flight, 3);
    let before = run.events.len();
    run.batch.shutdown(run.now);
    run.run();
    let after = &run.events[before..];
    let is_submitted = |event: &&BatchEvent| {
        let BatchEventKind::Job { event, .. } = &event.kind else {
            return false;
        };
        matches!(event, JobEventKind::Submitted(_))
    };
    assert_eq!(after.iter().filter(is_submitted).count(), 3);
    let jobs = handed_back(after);
    assert_eq!(jobs.len(), DOCUMENTS);
    let submitted = jobs.values().filter(|job| job.ticket().is_some());
    assert_eq!(submitted.count(), 3);
    // Those that are not out came first.
    let first = after.first().map(|event| &event.kind);
    assert!(matches!(first, Some(BatchEventKind::Unfinished { .. })));
    assert_eq!(run.now, START + run.round_trip, "and it was not delayed");
}

#[test]
fn a_submit_without_a_response_is_waited_for_within_its_limit() {
    let mut run = run(options());
    run.service.fault = Box::new(|number, _, _| (number == 0).then_some(Fault::NoResponse));
    run.run_until(START + Duration::from_millis(50));
    run.batch.shutdown(run.now);
    run.run();
    assert_eq!(run.count_errors("SubmitUnknown"), 1);
    assert_eq!(handed_back(&run.events).len(), DOCUMENTS - 1);
    let waited = run.now.saturating_since(START);
    assert!((60..62).contains(&waited.as_secs()), "{waited:?}");
}

#[test]
fn what_was_announced_and_not_sent_is_not_submitted() {
    let mut batch = Batch::new(&api(), options().with_confirmation(), START);
    for number in 0..2 {
        batch.add(document(number), START);
    }
    let mut events = Vec::new();
    while let Output::Event(event) = batch.next_output(START) {
        events.push(event);
    }
    let announced = events.iter().filter(|event| {
        let BatchEventKind::Job { event, .. } = &event.kind else {
            return false;
        };
        matches!(event, JobEventKind::Submitting { attempt: 1 })
    });
    assert_eq!(announced.count(), 2);
    batch.shutdown(START);
    // Its confirmation comes too late.
    batch.confirm(u64::MAX);
    let mut events = Vec::new();
    while let Output::Event(event) = batch.next_output(START) {
        events.push(event);
    }
    assert!(matches!(batch.next_output(START), Output::Done));
    let mut run = BatchRun::new(options());
    continued(&mut run, handed_back(&events));
    run.run();
    assert_eq!((run.succeeded(), run.service.submits), (2, 2));
}

#[test]
fn documents_in_iterators_are_not_read() {
    let mut run = BatchRun::new(options());
    let (sender, drawn) = std::sync::mpsc::channel();
    run.batch.add_all((0..1000).map(move |number| {
        sender.send(number).unwrap();
        document(number)
    }));
    run.run_until(START + Duration::from_millis(50));
    let before = drawn.try_iter().count();
    assert!((3..20).contains(&before), "{before}");
    run.batch.shutdown(run.now);
    assert!(drawn.recv().is_err(), "the iterator is dropped");
    run.run();
    assert_eq!(handed_back(&run.events).len(), before);
}

#[test]
fn an_idle_batch_is_done_at_once() {
    let mut batch = Batch::new(&api(), options(), START);
    batch.shutdown(START);
    assert!(matches!(batch.next_output(START), Output::Done));
}

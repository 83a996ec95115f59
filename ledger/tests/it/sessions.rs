//! How a session and its batch go together.

use typless::machine::{BatchEventKind, JobEventKind, Machine, Output, RetryPolicy};
use typless_ledger::{EntryState, LedgerError};

use crate::support::{Fault, START, World, document, key};

#[test]
fn no_submit_leaves_before_its_commit_and_one_commit_is_for_many() {
    let world = World::new();
    let (mut session, mut batch) = world.start();
    for number in 0..4 {
        batch.add(document(number), START).unwrap();
    }
    let mut events = 0;
    while let Output::Event(event) = batch.next_output(START) {
        session.record(&batch, &event, START);
        events += 1;
    }
    assert_eq!(events, 4);
    assert!(!matches!(batch.next_output(START), Output::Send(_)));
    let stored = session.store(START).unwrap();
    assert!(!matches!(batch.next_output(START), Output::Send(_)));
    assert!(stored.apply(&mut batch, START).refused.is_empty());
    for number in 0..4 {
        let entry = session.ledger().entry(&key(number)).unwrap().unwrap();
        assert_eq!(entry.state(), EntryState::Submitting);
        assert!(matches!(batch.next_output(START), Output::Send(_)));
    }
}

#[test]
fn an_event_that_was_not_recorded_holds_submits_back() {
    let world = World::new();
    let (mut session, mut batch) = world.start();
    for number in 0..3 {
        batch.add(document(number), START).unwrap();
    }
    for number in 0..3 {
        let Output::Event(event) = batch.next_output(START) else {
            panic!("an event for each");
        };
        if number != 1 {
            session.record(&batch, &event, START);
        }
    }
    let error = session.commit(&mut batch, START).unwrap_err();
    assert!(
        matches!(error, LedgerError::EventMissing { sequence: 2 }),
        "{error}"
    );
    assert!(!matches!(batch.next_output(START), Output::Send(_)));
}

#[test]
fn an_event_may_be_recorded_twice() {
    let world = World::new();
    let (mut session, mut batch) = world.start();
    batch.add(document(1), START).unwrap();
    let Output::Event(event) = batch.next_output(START) else {
        panic!("an event");
    };
    session.record(&batch, &event, START);
    session.record(&batch, &event, START);
    let committed = session.commit(&mut batch, START).unwrap();
    assert!(committed.refused.is_empty());
    session.record(&batch, &event, START);
    assert!(
        session
            .commit(&mut batch, START)
            .unwrap()
            .refused
            .is_empty()
    );
    assert!(matches!(batch.next_output(START), Output::Send(_)));
}

#[test]
fn a_shutdown_leaves_what_the_next_process_takes_up() {
    let mut world = World::new();
    world.batch_options = world.batch_options.with_max_submits(1);
    let (mut session, mut batch) = world.start();
    for number in 0..3 {
        batch.add(document(number), world.now).unwrap();
    }
    // One is submitted, one is out or about to be, one waits.
    world.ends_after = Some(10);
    let _ = world.run(&mut session, &mut batch);
    world.ends_after = None;
    batch.shutdown(world.now);
    world.run(&mut session, &mut batch).unwrap();
    drop(session);

    let (mut session, mut batch) = world.start();
    let recovered = session
        .recover(&mut batch, |entry| find(&world, entry), world.now)
        .unwrap();
    for number in 0..3 {
        batch.add(document(number), world.now).unwrap();
    }
    assert!(!recovered.jobs.is_empty());
    world.finish(&mut session, &mut batch);
    let times = world.service.times();
    assert!(
        times.len() == 3 && times.values().all(|times| *times == 1),
        "{times:?}"
    );
}

fn find(_: &World, entry: &typless_ledger::Entry) -> Option<typless::wire::Document> {
    let digest = entry.digest().to_string();
    (0..3)
        .map(document)
        .find(|document| document.digest() == Some(&*digest))
}

#[test]
fn an_id_that_comes_after_the_outcome_is_kept() {
    let mut world = World::new();
    let (mut session, mut batch) = world.start();
    batch.add(document(1), world.now).unwrap();
    let mut late = None;
    loop {
        match batch.next_output(world.now) {
            Output::Event(event) => {
                session.record(&batch, &event, world.now);
                session.commit(&mut batch, world.now).unwrap();
                match event.kind {
                    BatchEventKind::Job {
                        event: JobEventKind::Finished(Err(error)),
                        ..
                    } => {
                        assert_eq!(error.code(), "submit_unknown");
                        let response = world.service.submit(body(&late), world.now).unwrap();
                        let id = late
                            .as_ref()
                            .map(|sent: &typless::machine::Transmit| sent.id);
                        batch.handle_response(id.unwrap(), response, world.now);
                    }
                    BatchEventKind::SubmittedLate { .. } => break,
                    _ => {}
                }
            }
            Output::Send(transmit) => late = Some(transmit),
            Output::Wait(until) => world.now = until,
            Output::NeedInput | Output::Done => panic!("it came to no late id"),
        }
    }
    let entry = session.ledger().entry(&key(1)).unwrap().unwrap();
    assert_eq!(entry.state(), EntryState::Submitted);
    assert_eq!(
        entry.extraction_id().unwrap().as_str(),
        world.service.newest_id()
    );
    drop(session);
    let (mut session, mut batch) = world.start();
    let recovered = session.recover(&mut batch, |_| None, world.now).unwrap();
    assert_eq!(recovered.jobs.len(), 1);
    let seen = world.finish(&mut session, &mut batch);
    assert_eq!(seen.outcomes[0].1, "success");
}

fn body(sent: &Option<typless::machine::Transmit>) -> &typless::wire::Body {
    sent.as_ref().unwrap().request.body()
}

#[test]
fn a_repeated_attempt_of_one_job_needs_no_new_claim() {
    let mut world = World::new();
    let mut failures = 3;
    world.service.fault = Box::new(move || {
        failures -= 1;
        (failures >= 0).then_some(Fault::NotSent)
    });
    let seen = world.submit([document(1)]);
    assert_eq!((seen.code("1.pdf"), world.service.submits), ("success", 4));
    assert!(seen.refused.is_empty());
}

#[test]
fn what_was_refused_does_not_leave_even_if_that_was_not_applied() {
    let mut world = World::new();
    world.submit([document(1)]);
    let (mut session, mut batch) = world.start();
    batch.add(document(1), world.now).unwrap();
    let Output::Event(event) = batch.next_output(world.now) else {
        panic!("an event");
    };
    session.record(&batch, &event, world.now);
    drop(session.store(world.now).unwrap());
    batch.add(document(2), world.now).unwrap();
    let seen = world.finish(&mut session, &mut batch);
    assert_eq!(seen.code("1.pdf"), "abandoned");
    assert_eq!(seen.code("2.pdf"), "success");
    assert_eq!(world.service.accepted(), 2);
}

#[test]
fn a_submit_that_may_have_arrived_is_repeated_where_the_options_say_so() {
    let mut world = World::new();
    let retry = RetryPolicy::new().with_resubmissions(1);
    world.batch_options = world.batch_options.with_retry_policy(retry);
    let mut faults = vec![Fault::ResponseLost];
    world.service.fault = Box::new(move || faults.pop());
    let seen = world.submit([document(1)]);
    assert_eq!((seen.code("1.pdf"), world.service.submits), ("success", 2));
}

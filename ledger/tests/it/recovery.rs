//! What is taken up after a process has ended, and in which order.

use std::time::Duration;

use typless_ledger::{Entry, EntryState, SkippedReason};

use crate::support::{START, World, document, key, named};

/// A world in which documents were submitted a minute apart, and none has finished. The first one
/// was submitted again, as the last.
fn submitted(count: usize) -> World {
    let mut world = World::new();
    for number in (0..count).chain([0]) {
        let (mut session, mut batch) = world.start();
        session.again(key(number));
        batch.add(document(number), world.now).unwrap();
        world.steps = 0;
        world.ends_after = Some(8);
        let _ = world.run(&mut session, &mut batch);
        let entry = session.ledger().entry(&key(number)).unwrap().unwrap();
        assert_eq!(entry.state(), EntryState::Submitted);
        world.now = world.now + Duration::from_secs(60);
    }
    world.ends_after = None;
    world
}

#[test]
fn the_first_to_expire_is_the_first() {
    let mut world = submitted(5);
    let pending: Vec<_> = world
        .open()
        .pending()
        .map(|entry| entry.unwrap().key())
        .collect();
    let expected: Vec<_> = [1, 2, 3, 4, 0].map(key).into();
    assert_eq!(pending, expected);
    let (mut session, mut batch) = world.start();
    let recovered = session.recover(&mut batch, |_| None, world.now).unwrap();
    let keys: Vec<_> = recovered.jobs.iter().map(|(_, key)| *key).collect();
    assert_eq!(keys, expected);
    world.finish(&mut session, &mut batch);
    assert_eq!(world.service.polled[..5], [1, 2, 3, 4, 5]);
    assert_eq!(world.service.submits, 6);
}

#[test]
fn nothing_is_taken_from_a_process_that_lives() {
    let mut world = World::new();
    let (mut session, mut batch) = world.start();
    batch.add(document(1), world.now).unwrap();
    world.ends_after = Some(8);
    let _ = world.run(&mut session, &mut batch);
    world.ends_after = None;
    let (mut other, mut other_batch) = world.start();
    let recovered = other
        .recover(&mut other_batch, |_| None, world.now)
        .unwrap();
    assert!(recovered.jobs.is_empty() && recovered.skipped.is_empty());
    drop(session);
    let recovered = other
        .recover(&mut other_batch, |_| None, world.now)
        .unwrap();
    assert_eq!(recovered.jobs.len(), 1);
    // It is ours, and not taken up twice.
    let recovered = other
        .recover(&mut other_batch, |_| None, world.now)
        .unwrap();
    assert!(recovered.jobs.is_empty() && recovered.skipped.is_empty());
}

#[test]
fn a_submit_that_was_out_is_never_made_again_whatever_document_is_found() {
    let mut world = World::new();
    let (mut session, mut batch) = world.start();
    batch.add(document(1), world.now).unwrap();
    // The process ends when the submit is about to be sent.
    world.ends_after = Some(3);
    let _ = world.run(&mut session, &mut batch);
    world.ends_after = None;
    drop((session, batch));
    for _ in 0..3 {
        world.now = world.now + Duration::from_secs(1_000_000);
        let (mut session, mut batch) = world.start();
        let find = |_: &Entry| -> Option<typless::wire::Document> { panic!("not looked for") };
        session.recover(&mut batch, find, world.now).unwrap();
        batch.add(document(1), world.now).unwrap();
        world.finish(&mut session, &mut batch);
        let outcome = session.ledger().outcome(&key(1)).unwrap().unwrap();
        assert_eq!(outcome.code, "submit_unknown");
    }
    assert_eq!(world.service.submits, 0);
}

/// A process that was shut down before anything was sent.
fn handed_back() -> World {
    let mut world = World::new();
    let (mut session, mut batch) = world.start();
    batch.add(document(1), START).unwrap();
    let typless::machine::Output::Event(event) =
        typless::machine::Machine::next_output(&mut batch, START)
    else {
        panic!("an event");
    };
    session.record(&batch, &event, START);
    session.commit(&mut batch, START).unwrap();
    batch.shutdown(START);
    world.run(&mut session, &mut batch).unwrap();
    let entry = session.ledger().entry(&key(1)).unwrap().unwrap();
    assert_eq!(entry.state(), EntryState::Ready);
    world
}

#[test]
fn a_document_that_is_not_found_stays_and_is_reported() {
    let world = handed_back();
    let recover = |find: &dyn Fn() -> Option<typless::wire::Document>| {
        let (mut session, mut batch) = world.start();
        let recovered = session.recover(&mut batch, |_| find(), START).unwrap();
        (recovered.jobs.len(), recovered.skipped)
    };
    let (jobs, skipped) = recover(&|| None);
    assert!(jobs == 0 && matches!(skipped[0].reason, SkippedReason::NoDocument));
    assert_eq!(skipped[0].key, Some(key(1)));
    let (jobs, skipped) = recover(&|| Some(document(2)));
    assert!(jobs == 0 && matches!(skipped[0].reason, SkippedReason::Restore(_)));
    let bare = || typless::wire::Document::new("1.pdf", "line-item-invoice", &b"%PDF 1"[..]).ok();
    let (jobs, skipped) = recover(&bare);
    assert!(jobs == 0 && matches!(skipped[0].reason, SkippedReason::Digest(_)));
    let (jobs, skipped) = recover(&|| Some(named(1, "moved.pdf")));
    assert!(jobs == 1 && skipped.is_empty(), "{skipped:?}");
}

#[test]
fn what_was_handed_back_is_submitted_by_whoever_adds_it() {
    let mut world = handed_back();
    assert_eq!(
        world.submit([named(1, "moved.pdf")]).code("moved.pdf"),
        "success"
    );
    let entry = world.open().entry(&key(1)).unwrap().unwrap();
    let names: Vec<String> = entry.names().into_iter().map(|name| name.name).collect();
    assert_eq!(names, ["1.pdf", "moved.pdf"]);
}

#[test]
fn what_belongs_to_another_service_or_key_is_left_to_it() {
    let world = submitted(1);
    for (url, key, count) in [
        ("http://localhost:81", "my-key", 0),
        ("http://localhost", "other-key", 0),
        ("http://localhost", "my-key", 1),
    ] {
        let api = typless::wire::Api::new(url, key).unwrap();
        let options = typless::machine::BatchOptions::new();
        let (mut session, mut batch) = world.open().start(&api, options, world.now);
        let recovered = session.recover(&mut batch, |_| None, world.now).unwrap();
        assert_eq!(recovered.jobs.len(), count, "{url} {key}");
        assert!(recovered.skipped.is_empty());
    }
}

//! What is done with a document that is known: each row of the table of `Standing`.

use std::time::Duration;

use typless::machine::BatchOptions;
use typless::wire::Api;
use typless_ledger::{EntryState, Ledger, Outcome, RefusedReason, Standing};

use crate::support::{Fate, Fault, Seen, World, api, document, key, named};

const HOUR: Duration = Duration::from_secs(3600);

/// A world in which document 1 met this fate.
fn after(fate: Fate) -> World {
    let mut world = World::new();
    world.service.fate = fate;
    world.batch_options = world.batch_options.with_deadline(HOUR);
    world.submit([document(1)]);
    assert_eq!(world.service.submits, 1);
    world
}

/// A world in which the submit of document 1 met this fault.
fn after_fault(fault: Fault) -> World {
    let mut world = World::new();
    world.service.fault = Box::new(move || Some(fault));
    world.submit([document(1)]);
    world.service.fault = Box::new(|| None);
    world
}

fn standing(world: &World) -> Standing {
    let lookup = world
        .open()
        .lookup(&api(), &document(1), world.now)
        .unwrap();
    assert_eq!(lookup.key, key(1));
    lookup.standing
}

/// Document 1 once more, under another name: nothing is sent, and this is why.
fn assert_refused(world: &mut World, standing: Standing) {
    let submits = world.service.submits;
    let seen = world.submit([named(1, "renamed.pdf")]);
    assert_eq!(world.service.submits, submits, "{seen:?}");
    assert_eq!(reason(&seen), RefusedReason::Known(standing));
    assert_eq!(seen.code("renamed.pdf"), "abandoned");
    assert!(!reason(&seen).to_string().is_empty());
}

fn reason(seen: &Seen) -> RefusedReason {
    assert_eq!(seen.refused.len(), 1, "{seen:?}");
    seen.refused[0].reason
}

/// Resumes document 1. The code of its outcome.
fn resume(world: &mut World) -> &'static str {
    let submits = world.service.submits;
    let (mut session, mut batch) = world.start();
    let resumed = session.resume(&mut batch, [key(1)], world.now).unwrap();
    assert!(resumed[0].job.is_ok(), "{resumed:?}");
    let seen = world.finish(&mut session, &mut batch);
    assert_eq!(world.service.submits, submits);
    seen.outcomes[0].1
}

fn entry_code(world: &World) -> String {
    world.open().outcome(&key(1)).unwrap().unwrap().code
}

#[test]
fn a_success_is_fetched_again_while_the_service_holds_it() {
    let mut world = after(Fate::Success);
    assert_eq!(standing(&world), Standing::Fetchable);
    assert_refused(&mut world, Standing::Fetchable);
    assert_eq!(resume(&mut world), "success");
    // That it was fetched again does not mean that it is held longer.
    world.now = world.now + HOUR * 47;
    assert_eq!(resume(&mut world), "success");
    world.now = world.now + HOUR;
    assert_eq!(standing(&world), Standing::Gone);
    assert_refused(&mut world, Standing::Gone);
}

#[test]
fn a_success_that_is_gone_is_served_from_the_ledger_where_results_are_kept() {
    let mut world = World::new();
    world.options = world.options.with_results();
    world.submit([document(1)]);
    world.now = world.now + HOUR * 100;
    assert_eq!(standing(&world), Standing::Kept);
    assert_refused(&mut world, Standing::Kept);
    let outcome = world.open().outcome(&key(1)).unwrap().unwrap();
    assert_eq!(outcome.result.unwrap().object_id(), Some("14a5"));

    let world = after(Fate::Success);
    let outcome = world.open().outcome(&key(1)).unwrap().unwrap();
    assert!(outcome.result.is_none() && outcome.code == Outcome::SUCCESS);
}

#[test]
fn a_kept_result_is_served_also_if_the_service_has_forgotten_its_id() {
    let mut world = World::new();
    world.options = world.options.with_results();
    world.submit([document(1)]);
    world.service.fate = Fate::NotFound;
    assert_eq!(resume(&mut world), "not_found");
    assert_eq!(standing(&world), Standing::Kept);
    let outcome = world.open().outcome(&key(1)).unwrap().unwrap();
    assert_eq!(outcome.result.unwrap().object_id(), Some("14a5"));
}

#[test]
fn what_was_to_be_submitted_again_and_was_not_accepted_is_not_free() {
    for is_kept in [false, true] {
        let mut world = World::new();
        if is_kept {
            world.options = world.options.with_results();
        }
        world.submit([document(1)]);
        world.service.fault = Box::new(|| Some(Fault::Refused));
        let (mut session, mut batch) = world.start();
        session.again(key(1));
        batch.add(document(1), world.now).unwrap();
        let seen = world.finish(&mut session, &mut batch);
        assert_eq!(seen.code("1.pdf"), "refused");
        drop(session);
        world.service.fault = Box::new(|| None);
        let expected = if is_kept {
            Standing::Kept
        } else {
            Standing::Unknown
        };
        assert_refused(&mut world, expected);
        let outcome = world.open().outcome(&key(1)).unwrap().unwrap();
        assert_eq!(outcome.result.is_some(), is_kept);
        // Unless somebody says so again.
        let (mut session, mut batch) = world.start();
        session.again(key(1));
        batch.add(document(1), world.now).unwrap();
        let seen = world.finish(&mut session, &mut batch);
        assert_eq!(seen.code("1.pdf"), "success");
    }
}

#[test]
fn what_expired_failed_or_is_not_found_is_not_submitted_again() {
    for (fate, code, standing_then) in [
        (Fate::Expired, "expired", Standing::Gone),
        (Fate::Failed, "failed", Standing::Failed),
        (Fate::NotFound, "not_found", Standing::NotFound),
    ] {
        let mut world = after(fate);
        assert_eq!(entry_code(&world), code);
        assert_refused(&mut world, standing_then);
        let outcome = world.open().outcome(&key(1)).unwrap().unwrap();
        assert_eq!(outcome.error.unwrap().code(), code);
    }
}

#[test]
fn what_was_certainly_not_accepted_is_submitted() {
    let mut world = after_fault(Fault::Refused);
    assert_eq!(entry_code(&world), "refused");
    assert_eq!(standing(&world), Standing::Free);
    assert_eq!(world.submit([document(1)]).code("1.pdf"), "success");

    let mut world = after_fault(Fault::NotSent);
    assert_eq!(entry_code(&world), "exhausted");
    assert_eq!(standing(&world), Standing::Free);
    assert_eq!(world.submit([document(1)]).code("1.pdf"), "success");
    let entry = world.open().entry(&key(1)).unwrap().unwrap();
    assert_eq!(entry.outcome().unwrap().code, "success");
}

#[test]
fn what_is_not_finished_is_joined_and_its_deadline_begins_again() {
    let mut world = after(Fate::InProgress);
    assert_eq!(entry_code(&world), "deadline");
    assert_refused(&mut world, Standing::Resumable);
    world.service.fate = Fate::Success;
    assert_eq!(resume(&mut world), "success");
    assert_eq!(world.service.accepted(), 1);
}

#[test]
fn an_unknown_submit_is_never_made_again_by_itself() {
    for fault in [Fault::ResponseLost, Fault::Dropped] {
        let mut world = after_fault(fault);
        assert_eq!(entry_code(&world), "submit_unknown");
        for _ in 0..3 {
            assert_refused(&mut world, Standing::Unknown);
            world.now = world.now + HOUR * 1000;
        }
        // Unless somebody says so, for good or for once.
        let (mut session, mut batch) = world.start();
        session.again(key(1));
        batch.add(document(1), world.now).unwrap();
        let seen = world.finish(&mut session, &mut batch);
        assert_eq!(seen.code("1.pdf"), "success");
    }
    let mut world = after_fault(Fault::Dropped);
    assert!(world.open().release(&key(1), world.now).unwrap());
    assert_eq!(standing(&world), Standing::Free);
    assert_eq!(world.submit([document(1)]).code("1.pdf"), "success");
}

#[test]
fn an_extraction_that_is_found_is_adopted_and_fetched() {
    let mut world = after_fault(Fault::ResponseLost);
    let id = typless::wire::ExtractionId::new(&world.service.newest_id()).unwrap();
    let ticket = typless::machine::Ticket::new(id, world.now, world.now + HOUR);
    assert!(world.open().adopt(&key(1), &ticket).unwrap());
    assert_eq!(standing(&world), Standing::Resumable);
    let (mut session, mut batch) = world.start();
    let recovered = session.recover(&mut batch, |_| None, world.now).unwrap();
    assert_eq!(recovered.jobs.len(), 1);
    let seen = world.finish(&mut session, &mut batch);
    assert_eq!(seen.outcomes[0].1, "success");
    assert_eq!(
        session.ledger().outcome(&key(1)).unwrap().unwrap().code,
        "success"
    );
    assert!(!session.ledger().adopt(&key(2), &ticket).unwrap());
}

#[test]
fn what_is_submitted_again_keeps_the_id_that_it_had() {
    let mut world = after(Fate::Success);
    let (mut session, mut batch) = world.start();
    let first = session.ledger().entry(&key(1)).unwrap().unwrap();
    session.again(key(1));
    batch.add(document(1), world.now).unwrap();
    world.finish(&mut session, &mut batch);
    let entry = session.ledger().entry(&key(1)).unwrap().unwrap();
    assert_eq!(entry.other_ids(), vec![first.extraction_id().unwrap()]);
    assert_ne!(entry.extraction_id(), first.extraction_id());
    // It was said once.
    drop(session);
    assert_refused(&mut world, Standing::Fetchable);
}

#[test]
fn what_another_key_submitted_is_left_to_it_unless_it_is_the_same_account() {
    let mut world = after(Fate::Success);
    let other = Api::new("http://localhost", "other-key").unwrap();
    let lookup = |world: &World| {
        let lookup = world.open().lookup(&other, &document(1), world.now);
        lookup.unwrap().standing
    };
    assert_eq!(lookup(&world), Standing::OtherKey);
    let (mut session, mut batch) = world.open().start(&other, BatchOptions::new(), world.now);
    let resumed = session.resume(&mut batch, [key(1)], world.now).unwrap();
    assert_eq!(resumed[0].job, Err(Standing::OtherKey));
    batch.add(document(1), world.now).unwrap();
    let seen = world.finish(&mut session, &mut batch);
    assert_eq!(reason(&seen), RefusedReason::Known(Standing::OtherKey));
    drop(session);

    world.options = world.options.with_same_account();
    assert_eq!(lookup(&world), Standing::Fetchable);
}

#[test]
fn another_type_customer_or_service_is_another_document() {
    let mut world = after(Fate::Success);
    let customer = document(1).with_customer("ACME").unwrap();
    assert_eq!(world.submit([customer]).code("1.pdf"), "success");
    assert_eq!(world.service.accepted(), 2);
}

#[test]
fn equal_documents_of_one_batch_are_submitted_once() {
    let mut world = World::new();
    let seen = world.submit([document(1), named(1, "copy.pdf"), document(2)]);
    assert_eq!(world.service.accepted(), 2);
    assert!(matches!(reason(&seen), RefusedReason::SameDocument(_)));
    assert_eq!(
        (seen.code("1.pdf"), seen.code("copy.pdf")),
        ("success", "abandoned")
    );
    assert_eq!(standing(&world), Standing::Fetchable);
}

#[test]
fn a_document_without_a_digest_is_not_submitted_and_the_reason_names_the_remedy() {
    let mut world = World::new();
    let document = typless::wire::Document::new("a.pdf", "type", &b"%PDF"[..]).unwrap();
    let seen = world.submit([document.with_reference("a.pdf").unwrap()]);
    assert_eq!(world.service.submits, 0);
    assert!(
        reason(&seen).to_string().contains("with_digest"),
        "{seen:?}"
    );
    assert_eq!(world.open().entries().count(), 0);
}

#[test]
fn a_rerun_over_many_with_files_renamed_and_moved_submits_nothing() {
    let mut world = World::new();
    world.submit((0..300).map(document));
    assert_eq!(world.service.submits, 300);
    let seen = world.submit((0..300).map(|number| named(number, &format!("b/{number}"))));
    assert_eq!((world.service.submits, seen.refused.len()), (300, 300));
}

#[test]
fn an_error_is_stored_without_what_the_service_sent_unless_results_are() {
    let world = after(Fate::Unreadable);
    assert_eq!(entry_code(&world), "unreadable");
    assert_eq!(standing(&world), Standing::Resumable);
    drop(world.open());
    let file = std::fs::read(world.path()).unwrap();
    // `"SECRET"` in base64, wherever it begins.
    let secrets: [&[u8]; 4] = [b"SECRET", b"U0VDUkVU", b"NFQ1JF", b"TRUNSRV"];
    let holds = |secret: &[u8]| file.windows(secret.len()).any(|bytes| bytes == secret);
    assert!(!secrets.into_iter().any(holds));
    let outcome = world.open().outcome(&key(1)).unwrap().unwrap();
    assert_eq!(outcome.error.unwrap().code(), "unreadable");

    let mut world = World::new();
    world.options = world.options.with_results();
    world.service.fate = Fate::Unreadable;
    world.submit([document(1)]);
    let error = world.open().outcome(&key(1)).unwrap().unwrap().error;
    let Some(typless::machine::JobError::Unreadable { error, .. }) = error else {
        panic!("{error:?}");
    };
    assert!(String::from_utf8_lossy(error.raw()).contains("SECRET"));
}

#[test]
fn what_is_under_way_is_waited_for() {
    let mut world = World::new();
    let (mut session, mut batch) = world.start();
    batch.add(document(1), world.now).unwrap();
    world.ends_after = Some(12);
    let _ = world.run(&mut session, &mut batch);
    world.ends_after = None;
    // By this session, and for another one.
    let lookup = session.lookup(&document(1), world.now).unwrap();
    assert_eq!(lookup.standing, Standing::Followed);
    assert_eq!(lookup.entry.unwrap().state(), EntryState::Submitted);
    assert_refused(&mut world, Standing::Followed);
    let other = Ledger::open(world.path(), world.options).unwrap();
    for ledger in [&other, session.ledger()] {
        assert!(ledger.forget(&key(1)).is_err() && ledger.release(&key(1), world.now).is_err());
    }
    drop(session);
    assert_eq!(standing(&world), Standing::Resumable);
}

//! Results that nobody had claimed: by their marks they are those of unknown submits, or not.

use typless::wire::{Extraction, ExtractionId, NameToken};
use typless_ledger::{EntryState, Outcome, Reconciled, Standing};

use crate::support::{Fault, World, api, document, key};

fn id(text: &str) -> ExtractionId {
    ExtractionId::new(text).unwrap()
}

/// A result of a document with this mark.
fn result(token: Option<NameToken>) -> Extraction {
    let name = token.map_or_else(|| "0.pdf".to_owned(), |token| format!("0.{token}.pdf"));
    let json = format!(r#"{{"object_id": "1", "file_name": "{name}", "extracted_fields": []}}"#);
    Extraction::from_json(json).unwrap()
}

/// The submit of document 0 is unknown.
fn unknown() -> World {
    let mut world = World::new();
    world.service.fault = Box::new(|| Some(Fault::ResponseLost));
    let seen = world.submit([document(0)]);
    assert_eq!(seen.outcomes, [("0.pdf".to_owned(), "submit_unknown")]);
    world
}

#[test]
fn a_result_with_the_mark_of_an_unknown_submit_is_its_result() {
    let mut world = unknown();
    world.options = world.options.with_results();
    let ledger = world.open();
    assert!(ledger.is_unclaimed(&id("a1")).unwrap());
    let found = result(Some(key(0).name_token()));
    let reconciled = ledger.reconcile(&id("a1"), &found, world.now).unwrap();
    assert_eq!(reconciled, Reconciled::Adopted(key(0)));
    assert!(!ledger.is_unclaimed(&id("a1")).unwrap());
    let lookup = ledger.lookup(&api(), &document(0), world.now).unwrap();
    assert_eq!(lookup.standing, Standing::Fetchable);
    let entry = lookup.entry.unwrap();
    assert_eq!(entry.extraction_id(), Some(id("a1")));
    let outcome = entry.outcome().unwrap();
    assert_eq!(outcome.code, Outcome::SUCCESS);
    assert_eq!(outcome.result.unwrap().file_name(), Some("0.pdf"));
    // It was accepted twice: by hand, perhaps. The first one stays.
    let reconciled = ledger.reconcile(&id("b2"), &found, world.now).unwrap();
    assert_eq!(reconciled, Reconciled::Another(key(0)));
    let entry = ledger.entry(&key(0)).unwrap().unwrap();
    assert_eq!(entry.extraction_id(), Some(id("a1")));
    assert_eq!(entry.other_ids(), [id("b2")]);
    assert!(!ledger.is_unclaimed(&id("b2")).unwrap());
}

#[test]
fn a_name_alone_or_another_mark_adopts_nothing_and_is_looked_at_once() {
    let world = unknown();
    let ledger = world.open();
    for (text, token) in [("a1", None), ("b2", Some(key(7).name_token()))] {
        assert!(ledger.is_unclaimed(&id(text)).unwrap());
        let reconciled = ledger.reconcile(&id(text), &result(token), world.now);
        assert_eq!(reconciled.unwrap(), Reconciled::NotOurs);
        assert!(!ledger.is_unclaimed(&id(text)).unwrap());
    }
    ledger.note_foreign(&id("c3"), world.now).unwrap();
    assert!(!ledger.is_unclaimed(&id("c3")).unwrap());
    let entry = ledger.entry(&key(0)).unwrap().unwrap();
    assert_eq!(entry.outcome().unwrap().code, "submit_unknown");
    assert_eq!(
        (entry.state(), entry.extraction_id()),
        (EntryState::Finished, None)
    );
}

#[test]
fn an_entry_that_a_process_follows_is_left_to_it() {
    let mut world = World::new();
    let (mut session, mut batch) = world.start();
    batch.add(document(0), world.now).unwrap();
    // Its submit is announced and stored, and not out yet.
    world.ends_after = Some(3);
    let _ = world.run(&mut session, &mut batch);
    let other = world.open();
    let found = result(Some(key(0).name_token()));
    let reconciled = other.reconcile(&id("a1"), &found, world.now).unwrap();
    assert_eq!(reconciled, Reconciled::Followed(key(0)));
    // Its process ends: now it is unknown, and found.
    drop((session, batch));
    let reconciled = other.reconcile(&id("a1"), &found, world.now).unwrap();
    assert_eq!(reconciled, Reconciled::Adopted(key(0)));
}

/// The service lists an extraction no more once its result was read, and the process that read it
/// may end before it has stored whose it is.
#[test]
fn a_fetch_that_was_begun_is_known_to_the_next_process() {
    let world = unknown();
    let ledger = world.open();
    ledger.begin_fetch(&id("a1"), world.now).unwrap();
    drop(ledger);
    let ledger = world.open();
    assert_eq!(ledger.begun_fetches().unwrap(), [id("a1")]);
    assert!(ledger.is_unclaimed(&id("a1")).unwrap());
    let found = result(Some(key(0).name_token()));
    let reconciled = ledger.reconcile(&id("a1"), &found, world.now).unwrap();
    assert_eq!(reconciled, Reconciled::Adopted(key(0)));
    assert_eq!(ledger.begun_fetches().unwrap(), []);
    assert!(!ledger.is_unclaimed(&id("a1")).unwrap());
}

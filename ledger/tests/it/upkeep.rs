//! What is forgotten and pruned, listed and exported.

use std::fs;
use std::time::Duration;

use typless::machine::Time;
use typless_ledger::{Entry, Standing};

use crate::support::{Fate, Fault, World, api, document, key, named};

const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn what_has_not_finished_or_is_unknown_is_never_pruned() {
    let mut world = World::new();
    world.submit([document(1)]);
    world.service.fault = Box::new(|| Some(Fault::Dropped));
    world.submit([document(2)]);
    world.service.fault = Box::new(|| None);
    let (mut session, mut batch) = world.start();
    batch.add(document(3), world.now).unwrap();
    world.ends_after = Some(world.steps + 8);
    let _ = world.run(&mut session, &mut batch);
    drop(session);
    world.now = world.now + DAY * 1000;
    world.ends_after = None;
    let kept = world.submit([document(4)]);
    assert_eq!(kept.code("4.pdf"), "success");

    let ledger = world.open();
    let day_ago = Time::from_unix(world.now.since_epoch() - DAY);
    let pruned = ledger.prune(day_ago).unwrap();
    assert_eq!((pruned.removed, pruned.kept), (1, 2));
    let standing = |number| {
        let lookup = ledger.lookup(&api(), &document(number), world.now);
        lookup.unwrap().standing
    };
    assert_eq!(
        [1, 2, 3, 4].map(standing),
        [
            Standing::New,
            Standing::Unknown,
            Standing::Resumable,
            Standing::Fetchable
        ]
    );
}

#[test]
fn what_was_accepted_and_left_is_not_pruned_while_the_service_may_hold_it() {
    let mut world = World::new();
    world.service.fate = Fate::InProgress;
    world.submit([document(1)]);
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let entry = world.open().entry(&key(1)).unwrap().unwrap();
    assert_eq!(entry.outcome().unwrap().code, "deadline");
    let submitted_at = entry.submitted_at().unwrap();
    for (age, removed) in [(hours(25), 0), (hours(30), 0), (hours(73), 1)] {
        // Whatever finished an hour ago.
        world.now = (submitted_at + age).max(entry.finished_at().unwrap() + hours(2));
        let hour_ago = Time::from_unix(world.now.since_epoch() - hours(1));
        assert_eq!(
            world.open().prune(hour_ago).unwrap().removed,
            removed,
            "{age:?}"
        );
    }
}

#[test]
fn forgetting_removes_names_from_the_disk() {
    let mut world = World::new();
    world.submit([named(1, "/home/jane-doe/4711.pdf"), document(2)]);
    let holds = || {
        let folder = world.path().parent().unwrap().to_path_buf();
        fs::read_dir(folder).unwrap().any(|entry| {
            let path = entry.unwrap().path();
            let bytes = fs::read(path).unwrap_or_default();
            bytes.windows(8).any(|window| window == b"jane-doe")
        })
    };
    assert!(holds());
    let ledger = world.open();
    assert!(ledger.forget(&key(1)).unwrap());
    assert!(!holds());
    assert!(!ledger.forget(&key(1)).unwrap());
    assert!(ledger.entry(&key(1)).unwrap().is_none());
    assert!(ledger.entry(&key(2)).unwrap().is_some());
}

#[test]
fn the_newest_names_are_kept_with_when_they_were_seen() {
    let mut world = World::new();
    world.submit([document(1)]);
    let ledger = world.open();
    for number in 0..100 {
        world.now = world.now + DAY;
        let name = format!("copy {number}.pdf");
        assert!(ledger.add_name(&key(1), &name, world.now).unwrap());
    }
    ledger
        .add_name(&key(1), "copy 90.pdf", world.now + DAY)
        .unwrap();
    let names = ledger.entry(&key(1)).unwrap().unwrap().names();
    assert_eq!(names.len(), Entry::MAX_NAMES);
    assert_eq!(names[Entry::MAX_NAMES - 2].name, "copy 99.pdf");
    assert_eq!(names[Entry::MAX_NAMES - 1].name, "copy 90.pdf");
    assert_eq!(names[Entry::MAX_NAMES - 1].seen_at, world.now + DAY);
}

#[test]
fn all_entries_are_listed_and_exported_without_a_document_or_a_key() {
    let mut world = World::new();
    world.submit((0..600).map(document));
    let ledger = world.open();
    assert_eq!(ledger.entries().filter(Result::is_ok).count(), 600);
    assert_eq!(ledger.pending().count(), 0);
    let mut exported = Vec::new();
    assert!(ledger.export(&mut exported).unwrap().is_empty());
    let text = String::from_utf8(exported).unwrap();
    assert_eq!(text.lines().count(), 600);
    let line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(line["key"], key(0).to_string());
    assert_eq!(line["outcome"], "success");
    assert_eq!(line["names"][0]["name"], "0.pdf");
    assert!(!text.contains("my-key") && !text.contains("%PDF"));
    assert!(!format!("{ledger:?} {:?}", ledger.entry(&key(0))).contains("my-key"));
}

#[test]
fn an_entry_is_found_by_its_extraction() {
    let mut world = World::new();
    world.submit([document(1)]);
    let id = typless::wire::ExtractionId::new(&world.service.newest_id()).unwrap();
    let ledger = world.open();
    assert_eq!(ledger.extraction(&id).unwrap().unwrap().key(), key(1));
    let other = typless::wire::ExtractionId::new("0d15").unwrap();
    assert!(ledger.extraction(&other).unwrap().is_none());
}

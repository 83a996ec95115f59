//! Files that are no ledger, are damaged, or have damaged entries.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use typless_ledger::{Ledger, LedgerError, LedgerOptions, RefusedReason, SkippedReason, Standing};

use crate::support::{Random, World, api, document, key};

fn open(path: &Path) -> Result<Ledger, LedgerError> {
    Ledger::open(path, LedgerOptions::new())
}

/// The error names the file, and nothing was changed.
fn assert_left_alone(path: &Path, is_expected: impl Fn(&LedgerError) -> bool) {
    let before = fs::read(path).unwrap();
    for error in [
        open(path).unwrap_err(),
        Ledger::open_read_only(path, LedgerOptions::new()).unwrap_err(),
    ] {
        assert!(is_expected(&error), "{error:?}");
        let text = error.to_string();
        assert!(
            text.contains(path.file_name().unwrap().to_str().unwrap()),
            "{text}"
        );
    }
    assert_eq!(fs::read(path).unwrap(), before);
}

#[test]
fn what_is_no_ledger_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    fs::write(&text, "notes ".repeat(1000)).unwrap();
    assert_left_alone(&text, |error| {
        matches!(error, LedgerError::NotALedger { .. })
    });

    let other = folder.path().join("other.db");
    let connection = Connection::open(&other).unwrap();
    connection.execute_batch("CREATE TABLE t (a)").unwrap();
    drop(connection);
    assert_left_alone(&other, |error| {
        matches!(error, LedgerError::NotALedger { .. })
    });
}

#[test]
fn a_newer_ledger_is_left_alone() {
    let mut world = World::new();
    world.submit([document(1)]);
    let connection = Connection::open(world.path()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert_left_alone(&world.path(), |error| {
        matches!(error, LedgerError::Newer { version: 99, .. })
    });
}

#[test]
fn a_file_that_is_cut_is_reported_wherever_it_is_cut() {
    let mut world = World::new();
    world.submit((0..40).map(document));
    let whole = fs::read(world.path()).unwrap();
    for length in (1..whole.len()).step_by(1531) {
        let cut = world.path().with_extension("cut");
        fs::write(&cut, &whole[..length]).unwrap();
        let error = open(&cut).unwrap_err();
        let is_expected = matches!(
            error,
            LedgerError::Damaged { .. } | LedgerError::NotALedger { .. }
        );
        assert!(is_expected, "{length}: {error:?}");
        assert!(error.to_string().contains("ledger.cut"));
        assert_eq!(fs::read(&cut).unwrap().len(), length);
    }
}

/// Damages a column of document 1.
fn damage(world: &World, set: &str) {
    let connection = Connection::open(world.path()).unwrap();
    let row = world.open().entry(&key(1)).unwrap().unwrap();
    let digest = row.digest().to_string();
    let sql = format!("UPDATE entries SET {set} WHERE digest = x'{digest}'");
    assert_eq!(connection.execute(&sql, []).unwrap(), 1);
}

#[test]
fn a_damaged_entry_is_reported_and_the_others_work() {
    for set in [
        "origin = 'http://elsewhere'",
        "customer = ''",
        "length = length + 1",
        "names = NULL",
        "state = 'ready'",
        "state = 'what'",
        "process = 7",
        "api_key = x'00'",
        "outcome = 'refused'",
        "ticket = NULL",
        "first_seen_at = first_seen_at + 1",
        "expires_at = 0",
        "row_check = x'0000000000000000'",
    ] {
        let mut world = World::new();
        world.submit((0..3).map(document));
        damage(&world, set);
        let ledger = world.open();
        let error = ledger.entry(&key(1)).unwrap_err();
        let LedgerError::DamagedEntry(damage) = &error else {
            panic!("{set}: {error:?}");
        };
        assert_eq!(damage.key(), Some(key(1)), "{set}");
        let read: Vec<bool> = ledger.entries().map(|entry| entry.is_ok()).collect();
        assert_eq!(read.iter().filter(|is_ok| **is_ok).count(), 2, "{set}");
        let checked = ledger.check().unwrap();
        assert_eq!((checked.sound, checked.damaged.len()), (2, 1), "{set}");
        let mut exported = Vec::new();
        assert_eq!(ledger.export(&mut exported).unwrap().len(), 1);
        assert_eq!(exported.iter().filter(|byte| **byte == b'\n').count(), 2);
        drop(ledger);

        // Its document is not submitted, and others are.
        let submits = world.service.submits;
        let seen = world.submit([document(1), document(7)]);
        assert_eq!(world.service.submits, submits + 1, "{set}");
        assert_eq!(
            seen.refused[0].reason,
            RefusedReason::Known(Standing::Damaged)
        );
        assert!(world.open().forget(&key(1)).unwrap());
        assert_eq!(world.submit([document(1)]).code("1.pdf"), "success");
    }
}

#[test]
fn a_damaged_entry_that_has_not_finished_is_skipped_and_the_others_are_taken_up() {
    let mut world = World::new();
    let (mut session, mut batch) = world.start();
    for number in 0..3 {
        batch.add(document(number), world.now).unwrap();
    }
    world.ends_after = Some(20);
    let _ = world.run(&mut session, &mut batch);
    world.ends_after = None;
    drop((session, batch));
    damage(&world, "snapshot = NULL");
    let (mut session, mut batch) = world.start();
    let recovered = session.recover(&mut batch, |_| None, world.now).unwrap();
    assert_eq!((recovered.jobs.len(), recovered.skipped.len()), (2, 1));
    assert!(matches!(
        recovered.skipped[0].reason,
        SkippedReason::Damaged(_)
    ));
    assert_eq!(recovered.skipped[0].key, Some(key(1)));
}

#[test]
fn a_changed_bit_is_noticed_or_changes_nothing() {
    let mut world = World::new();
    world.submit((0..12).map(document));
    let entries: Vec<_> = world.open().entries().map(Result::unwrap).collect();
    let whole = fs::read(world.path()).unwrap();
    let flipped = world.path().with_extension("flipped");
    let mut random = Random(1);
    let mut noticed = 0;
    for _ in 0..250 {
        let mut bytes = whole.clone();
        let place = random.below(bytes.len() as u64) as usize;
        bytes[place] ^= 1 << random.below(8);
        let _ = fs::remove_file(flipped.with_extension("flipped-wal"));
        fs::write(&flipped, &bytes).unwrap();
        let Ok(ledger) = open(&flipped) else {
            noticed += 1;
            continue;
        };
        for read in ledger.entries() {
            match read {
                Ok(read) => assert!(entries.contains(&read), "{place}: {read:?}"),
                Err(_) => noticed += 1,
            }
        }
        for number in 0..12 {
            // It never looks new.
            if let Ok(lookup) = ledger.lookup(&api(), &document(number), world.now) {
                assert!(!lookup.standing.may_submit(), "{place}: {lookup:?}");
            }
        }
    }
    assert!(noticed > 30, "{noticed}");
}

#[test]
fn an_entry_that_an_index_lost_is_not_new_and_found_again_after_a_rebuild() {
    let mut world = World::new();
    world.submit((0..3).map(document));
    // A key in the index of keys is another one, in the table it is not.
    let bytes = fs::read(world.path()).unwrap();
    let hex = key(1).to_string();
    let needle: Vec<u8> = (3..19)
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect();
    let places: Vec<usize> = (0..bytes.len() - 8)
        .filter(|at| bytes[*at..at + 8] == needle[..])
        .collect();
    assert_eq!(places.len(), 3);
    let mut lost = 0;
    for place in places {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1;
        fs::write(world.path(), bytes).unwrap();
        let lookup = world
            .open()
            .lookup(&api(), &document(1), world.now)
            .unwrap();
        assert!(!lookup.standing.may_submit());
        lost += usize::from(world.open().entries().all(|entry| entry.is_ok()));
        let checked = world.open().check().unwrap();
        assert!(!checked.is_sound());
        if checked.damaged.is_empty() {
            world.open().rebuild().unwrap();
            let lookup = world
                .open()
                .lookup(&api(), &document(1), world.now)
                .unwrap();
            assert_eq!(lookup.standing, Standing::Fetchable);
            assert!(world.open().check().unwrap().is_sound());
        }
    }
    assert_eq!(lost, 2);
}

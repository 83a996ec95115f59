//! The files of a ledger: who may read them, where they are, and what is written when.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use typless_ledger::{Ledger, LedgerError, LedgerOptions, Standing};

use crate::support::{START, World, api, document, key};

/// All files in a folder, with their contents.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(contents(&path));
            files.insert(path, Vec::new());
        } else {
            let bytes = fs::read(&path).unwrap();
            files.insert(path, bytes);
        }
    }
    files
}

fn assert_unchanged(folder: &Path, before: &BTreeMap<PathBuf, Vec<u8>>, has_writer: bool) {
    let after = contents(folder);
    assert_eq!(
        after.keys().collect::<Vec<_>>(),
        before.keys().collect::<Vec<_>>()
    );
    for (path, bytes) in after {
        // Within one process, SQLite shares the mapping of who writes.
        let is_shared = has_writer && path.to_string_lossy().ends_with("-shm");
        assert!(
            is_shared || bytes == before[&path],
            "{} has changed",
            path.display()
        );
    }
}

#[cfg(unix)]
#[test]
fn what_is_made_can_be_read_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("a/state");
    let ledger = Ledger::open(state.join("ledger.db"), LedgerOptions::new()).unwrap();
    let (mut session, mut batch) = ledger.start(&api(), Default::default(), START);
    batch.add(document(1), START).unwrap();
    let output = typless::machine::Machine::next_output(&mut batch, START);
    if let typless::machine::Output::Event(event) = output {
        session.record(&batch, &event, START);
    }
    session.commit(&mut batch, START).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    let files = contents(&state);
    assert_eq!(files.len(), 5, "{:?}", files.keys());
    for path in files.keys() {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(path), expected, "{}", path.display());
    }
}

#[test]
fn to_read_writes_nothing_whether_nobody_has_it_open_or_somebody_does() {
    let mut world = World::new();
    world.submit([document(1)]);
    let folder = world.path().parent().unwrap().to_path_buf();
    let read = |has_writer| {
        let before = contents(&folder);
        let ledger = Ledger::open_read_only(world.path(), LedgerOptions::new()).unwrap();
        let standing = |number| {
            let lookup = ledger.lookup(&api(), &document(number), world.now);
            lookup.unwrap().standing
        };
        let found = [1, 2].map(standing);
        assert_eq!(
            ledger.entries().filter(Result::is_ok).count(),
            ledger.entries().count()
        );
        assert!(ledger.check().unwrap().is_sound());
        let error = ledger.release(&key(1), world.now).unwrap_err();
        assert!(matches!(error, LedgerError::ReadOnly { .. }), "{error:?}");
        drop(ledger);
        assert_unchanged(&folder, &before, has_writer);
        found
    };
    assert_eq!(read(false), [Standing::Fetchable, Standing::New]);
    // Another process has it open, and what it wrote is in the log only.
    let (mut session, mut batch) = world.start();
    batch.add(document(2), START).unwrap();
    if let typless::machine::Output::Event(event) =
        typless::machine::Machine::next_output(&mut batch, START)
    {
        session.record(&batch, &event, START);
    }
    session.commit(&mut batch, START).unwrap();
    assert_eq!(read(true), [Standing::Fetchable, Standing::Followed]);
    // That process was killed: its files stay.
    let copy = tempfile::tempdir().unwrap();
    for (path, bytes) in contents(&folder) {
        let place = copy.path().join(path.strip_prefix(&folder).unwrap());
        if path.is_dir() {
            fs::create_dir_all(place).unwrap();
        } else {
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, bytes).unwrap();
        }
    }
    drop((session, batch));
    let before = contents(copy.path());
    let ledger = Ledger::open_read_only(copy.path().join("ledger.db"), LedgerOptions::new());
    let lookup = ledger.unwrap().lookup(&api(), &document(2), START).unwrap();
    assert_eq!(lookup.standing, Standing::Unknown);
    assert_unchanged(copy.path(), &before, false);
}

#[test]
fn what_does_not_exist_is_not_made_to_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no/ledger.db");
    let error = Ledger::open_read_only(&path, LedgerOptions::new()).unwrap_err();
    assert!(matches!(error, LedgerError::NotFound { .. }), "{error:?}");
    assert!(contents(folder.path()).is_empty());
}

#[test]
fn a_path_may_have_any_characters() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a b?c#d%20é&x=1/led ger?.db");
    drop(Ledger::open(&path, LedgerOptions::new()).unwrap());
    assert!(path.exists());
    let ledger = Ledger::open_read_only(&path, LedgerOptions::new()).unwrap();
    assert_eq!(ledger.entries().count(), 0);
}

#[test]
fn a_folder_that_can_not_be_made_or_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Ledger::open(file.join("ledger.db"), LedgerOptions::new()).unwrap_err();
    assert!(error.to_string().contains("file"), "{error}");
    assert!(matches!(error, LedgerError::Io { .. }), "{error:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let locked = folder.path().join("locked");
        fs::create_dir(&locked).unwrap();
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o500)).unwrap();
        // Who may do everything can write there.
        if fs::write(locked.join("try"), "").is_err() {
            let error = Ledger::open(locked.join("ledger.db"), LedgerOptions::new()).unwrap_err();
            assert!(matches!(error, LedgerError::ReadOnly { .. }), "{error:?}");
        }
    }
}

/// `golden/ledger-1.db` was written by version 1, with the test below, and so on.
#[test]
fn a_ledger_of_each_version_is_read() {
    let exports = [
        include_str!("../golden/ledger-1.jsonl"),
        include_str!("../golden/ledger-2.jsonl"),
    ];
    for (export, version) in exports.into_iter().zip(1..) {
        is_read(version, export);
    }
}

fn is_read(version: u32, golden: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let golden_path = format!("tests/golden/ledger-{version}.db");
    fs::copy(
        Path::new(env!("CARGO_MANIFEST_DIR")).join(golden_path),
        &path,
    )
    .unwrap();
    // Also where nothing may be written.
    let unchanged = Ledger::open_read_only(&path, LedgerOptions::new()).unwrap();
    assert_eq!(unchanged.entries().filter(Result::is_ok).count(), 5);
    drop(unchanged);
    let ledger = Ledger::open(&path, LedgerOptions::new()).unwrap();
    assert!(ledger.check().unwrap().is_sound());
    let mut exported = Vec::new();
    assert!(ledger.export(&mut exported).unwrap().is_empty());
    assert_eq!(String::from_utf8(exported).unwrap(), golden);
    // What had not finished is taken up.
    let (mut session, mut batch) = ledger.start(&api(), Default::default(), START);
    let recovered = session
        .recover(&mut batch, |_| Some(document(3)), START)
        .unwrap();
    assert_eq!(recovered.jobs.len(), 3, "{recovered:?}");
}

/// One entry of each kind, as the golden files have them. For a new version `TYPLESS_GOLDEN` says
/// where the file is written.
#[test]
fn what_is_written_is_what_the_golden_file_of_this_version_has() {
    let mut world = World::new();
    world.options = world.options.with_results();
    world.submit([document(0)]);
    world.service.fate = crate::support::Fate::Failed;
    world.submit([document(1).with_customer("ACME").unwrap()]);
    // One is ready, one accepted, one out.
    for (number, steps) in [(2, 8), (3, 2), (4, 2)] {
        let (mut session, mut batch) = world.start();
        batch.add(document(number), world.now).unwrap();
        (world.steps, world.ends_after) = (0, Some(steps));
        let _ = world.run(&mut session, &mut batch);
        world.ends_after = None;
        if number == 3 {
            batch.shutdown(world.now);
            let _ = world.run(&mut session, &mut batch);
        }
    }
    let ledger = world.open();
    let mut exported = Vec::new();
    ledger.export(&mut exported).unwrap();
    drop(ledger);
    if let Some(path) = std::env::var_os("TYPLESS_GOLDEN") {
        fs::copy(world.path(), &path).unwrap();
        fs::write(Path::new(&path).with_extension("jsonl"), &exported).unwrap();
    }
    let golden = include_str!("../golden/ledger-2.jsonl");
    assert_eq!(String::from_utf8(exported).unwrap(), golden);
}

#[cfg(unix)]
#[test]
fn through_a_symbolic_link_it_is_the_same_ledger() {
    let mut world = World::new();
    world.ends_after = Some(8);
    let (mut session, mut batch) = world.start();
    batch.add(document(1), world.now).unwrap();
    let _ = world.run(&mut session, &mut batch);
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link.db");
    std::os::unix::fs::symlink(world.path(), &link).unwrap();
    // What is in the log is read, and who follows an entry is known.
    let linked = [
        Ledger::open_read_only(&link, LedgerOptions::new()),
        Ledger::open(&link, LedgerOptions::new()),
    ];
    for ledger in linked {
        let ledger = ledger.unwrap();
        let lookup = ledger.lookup(&api(), &document(1), world.now).unwrap();
        assert_eq!(lookup.standing, Standing::Followed);
    }
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
}

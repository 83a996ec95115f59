//! Several processes with one ledger, one of which is killed.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Response;
use typless::machine::{Batch, BatchOptions, Machine, Output, Purpose, Transmit};
use typless_ledger::{Entry, Ledger, LedgerOptions, RefusedReason, Session, Standing};

use crate::support::{START, World, api, document};

const DOCUMENTS: usize = 120;

const TEST: &str = "processes::two_processes_with_the_same_documents_of_which_one_is_killed_submit_\
                    none_twice";

/// The folder that a child process works in.
const FOLDER: &str = "TYPLESS_LEDGER_TEST";

/// Submits all documents, and writes each that the service accepts to a log that all processes
/// share. Nothing else is shared.
fn work(folder: &Path, who: &str) {
    let ledger = Ledger::open(folder.join("ledger.db"), LedgerOptions::new()).unwrap();
    let options = BatchOptions::new().without_rate().without_queue();
    let (mut session, mut batch) = ledger.start(&api(), options, START);
    let recovered = session.recover(&mut batch, find, START).unwrap();
    assert!(recovered.skipped.is_empty(), "{recovered:?}");
    for number in 0..DOCUMENTS {
        batch.add(document(number), START).unwrap();
    }
    batch.close();
    run(&mut session, &mut batch, |transmit| {
        serve(folder, who, transmit)
    });
}

fn find(entry: &Entry) -> Option<typless::wire::Document> {
    let digest = entry.digest().to_string();
    let mut documents = (0..DOCUMENTS).map(document);
    documents.find(|document| document.digest() == Some(&*digest))
}

fn run(
    session: &mut Session,
    batch: &mut Batch,
    mut serve: impl FnMut(&Transmit) -> Response<Bytes>,
) {
    let mut now = START;
    loop {
        let mut output = batch.next_output(now);
        let mut has_events = false;
        while let Output::Event(event) = output {
            session.record(batch, &event, now);
            has_events = true;
            output = batch.next_output(now);
        }
        if has_events {
            for refused in session.commit(batch, now).unwrap().refused {
                match refused.reason {
                    RefusedReason::Known(standing) => assert!(!standing.may_submit()),
                    // It was taken up.
                    RefusedReason::SameDocument(_) => {}
                    _ => panic!("{refused:?}"),
                }
            }
        }
        match output {
            Output::Send(transmit) => {
                let response = serve(&transmit);
                batch.handle_response(transmit.id, response, now);
            }
            _ if has_events => {}
            Output::Wait(until) => now = until,
            Output::NeedInput | Output::Done => return,
            Output::Event(_) => unreachable!("taken above"),
        }
    }
}

/// A service that every process has for itself, but for its log.
fn serve(folder: &Path, who: &str, transmit: &Transmit) -> Response<Bytes> {
    let body = match transmit.purpose {
        Purpose::Submit => {
            let mut text = String::new();
            let body = transmit.request.body();
            body.reader().unwrap().read_to_string(&mut text).unwrap();
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            let document = json["file"].as_str().unwrap();
            let mut log = OpenOptions::new();
            let mut log = log.append(true).open(folder.join("log")).unwrap();
            // One write, so that lines of processes do not mix.
            log.write_all(format!("{who} {document}\n").as_bytes())
                .unwrap();
            format!(
                r#"{{"extraction_id": "{who}-{}"}}"#,
                document.replace('=', "")
            )
        }
        _ => concat!(
            r#"{"status": "SUCCESS", "error": {}, "#,
            r#""result": {"object_id": "1", "extracted_fields": []}}"#,
        )
        .to_owned(),
    };
    Response::new(Bytes::from(body))
}

/// The child process is this test as well, with the folder in its environment.
#[test]
fn two_processes_with_the_same_documents_of_which_one_is_killed_submit_none_twice() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return work(Path::new(&folder), "child");
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("log"), "").unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([TEST, "--exact"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let submitted = |who: &str| {
        let log = fs::read_to_string(folder.join("log")).unwrap();
        log.lines().filter(|line| line.starts_with(who)).count()
    };
    while submitted("child") < 5 && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    // At once, while the child goes on; and when it is killed.
    std::thread::scope(|scope| {
        let parent = scope.spawn(|| work(folder, "parent"));
        while submitted("child") < 20 && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        parent.join().unwrap();
    });
    // What the child had is taken up.
    work(folder, "heir");

    let log = fs::read_to_string(folder.join("log")).unwrap();
    let mut times = BTreeMap::<&str, usize>::new();
    for line in log.lines() {
        *times.entry(line.split_once(' ').unwrap().1).or_default() += 1;
    }
    assert!(times.values().all(|times| *times == 1), "{log}");
    assert!(submitted("child") >= 5 && submitted("parent") > 0, "{log}");
    let ledger = Ledger::open(folder.join("ledger.db"), LedgerOptions::new()).unwrap();
    let codes: Vec<String> = ledger
        .entries()
        .map(|entry| entry.unwrap().outcome().unwrap().code)
        .collect();
    assert_eq!(codes.len(), DOCUMENTS);
    // At most those that were out when it was killed.
    let unknown = codes
        .iter()
        .filter(|code| *code == "submit_unknown")
        .count();
    assert!(unknown <= 16, "{codes:?}");
    assert!(times.len() >= DOCUMENTS - unknown);
}

#[test]
fn only_one_of_two_that_want_the_same_document_at_once_gets_it() {
    let mut world = World::new();
    let (mut one, mut first) = world.start();
    let (mut two, mut second) = world.start();
    first.add(document(1), START).unwrap();
    second.add(document(1), START).unwrap();
    for (session, batch) in [(&mut one, &mut first), (&mut two, &mut second)] {
        let Output::Event(event) = batch.next_output(START) else {
            panic!("an event");
        };
        session.record(batch, &event, START);
    }
    assert!(one.commit(&mut first, START).unwrap().refused.is_empty());
    let refused = two.commit(&mut second, START).unwrap().refused;
    assert_eq!(refused[0].reason, RefusedReason::Known(Standing::Followed));
    let seen = world.finish(&mut two, &mut second);
    assert_eq!(seen.code("1.pdf"), "abandoned");
    assert_eq!(world.service.submits, 0);
    assert_eq!(world.finish(&mut one, &mut first).code("1.pdf"), "success");
    let lookup = two.lookup(&document(1), world.now).unwrap();
    assert_eq!(lookup.standing, Standing::Fetchable);
}

#[test]
fn what_ended_processes_leave_is_removed_and_a_file_alone_says_nothing() {
    let world = World::new();
    let first = world.open();
    let folder = world.path().with_file_name("ledger.db-processes");
    let count = || fs::read_dir(&folder).unwrap().count();
    assert_eq!(count(), 1);
    // As a process leaves it that was killed.
    let stale = "0123456789abcdef0123456789abcdef";
    fs::write(folder.join(stale), "").unwrap();
    fs::write(folder.join("notes.txt"), "not ours").unwrap();
    let second = world.open();
    assert!(!folder.join(stale).exists());
    assert_eq!(count(), 3);
    drop((first, second));
    assert_eq!(count(), 1);
}

#[test]
fn many_at_once_open_a_new_ledger() {
    let world = World::new();
    std::thread::scope(|scope| {
        let (path, options) = (world.path(), world.options);
        let open = move || drop(Ledger::open(&path, options).unwrap());
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open.clone())).collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
    assert_eq!(world.open().entries().count(), 0);
}

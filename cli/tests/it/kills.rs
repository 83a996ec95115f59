//! SIGKILL, again and again, in one run over a folder: what is on the disk afterwards is complete.
//!
//! `TYPLESS_KILLS` says how often; .ci/deep kills a hundred times in a run of 500 documents.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::{INVOICE, at, distinct_folder, lines, run, service, typless};
use serde_json::Value;
use typless_emulator::ServiceOptions;

const DEFAULT_KILLS: usize = 4;
const DOCUMENTS_PER_KILL: usize = 5;

/// After the last kill the command is called so often at most.
const MAX_LAST_CALLS: usize = 10;

fn kills() -> usize {
    let named = std::env::var("TYPLESS_KILLS");
    named.map_or(DEFAULT_KILLS, |text| text.parse().unwrap())
}

/// The documents that have a line, by name, and how many lines each has.
fn written(path: &Path) -> BTreeMap<String, usize> {
    let mut written = BTreeMap::new();
    for line in lines(&fs::read_to_string(path).unwrap_or_default()) {
        let name = line["file"].as_str().unwrap().to_owned();
        *written.entry(name).or_default() += 1;
    }
    written
}

fn unknown(ledger: &Path) -> usize {
    let mut list = typless();
    list.args([
        "ledger",
        "list",
        "--unknown",
        "--format",
        "json",
        "--ledger",
    ]);
    let (code, out, err) = run(list.arg(ledger));
    assert_eq!(code, 0, "{err}");
    out.lines().count()
}

#[test]
fn nothing_is_lost_or_submitted_twice_however_often_the_command_is_killed() {
    let kills = kills();
    let documents = kills * DOCUMENTS_PER_KILL;
    let options = ServiceOptions::new().with_pace(Duration::from_millis(50));
    let listener = service(options);
    let folder = distinct_folder(documents);
    let place = tempfile::tempdir().unwrap();
    let (ledger, results) = (
        place.path().join("ledger"),
        place.path().join("results.jsonl"),
    );
    let command = || {
        let mut command = at("extract", &listener.base_url(), &INVOICE);
        command
            .args(["--rate", "1000", "--quiet", "--exclusive-key", "--ledger"])
            .arg(&ledger)
            .arg("--output")
            .arg(&results)
            .arg(folder.path())
            .stderr(Stdio::null());
        command
    };
    for kill in 0..kills {
        let mut process = command().spawn().unwrap();
        // At any moment: before the first submit, in the middle, or when it is almost done.
        let before = listener.with_service(|service| service.accepted());
        for _ in 0..kill % 5 {
            wait_for_more(&listener, before, &mut process);
        }
        thread::sleep(Duration::from_millis(kill as u64 % 7 * 3));
        process.kill().unwrap();
        process.wait().unwrap();
    }
    // The last one that was killed may have left a document that is not finished yet.
    let mut err = String::new();
    for _ in 0..MAX_LAST_CALLS {
        err += &run(command().stderr(Stdio::piped())).2;
        let accepted = listener.with_service(|service| service.accepted());
        if written(&results).len() == accepted {
            break;
        }
    }
    let twice: Vec<String> =
        listener.with_service(|service| service.accepted_repeatedly().map(str::to_owned).collect());
    assert_eq!(twice, Vec::<String>::new(), "{err}");
    let written = written(&results);
    assert!(written.values().all(|lines| *lines == 1), "{written:?}");
    let unknown = unknown(&ledger);
    let accepted = listener.with_service(|service| service.accepted());
    println!(
        "{kills} kills, {documents} documents: {} have their line, {unknown} are unknown, {} of \
         which were accepted",
        written.len(),
        accepted - written.len()
    );
    assert_eq!(written.len() + unknown, documents, "{err}");
    // Half of eight requests in flight are submits. What was accepted is found by its mark.
    assert!(unknown <= kills * 4);
    assert!((accepted - written.len()) * 100 <= documents, "{err}");
    let named: BTreeSet<&String> = written.keys().collect();
    assert_eq!(named.len(), written.len());
    assert!(
        lines(&fs::read_to_string(&results).unwrap())
            .iter()
            .all(|line: &Value| line["status"] == "SUCCESS")
    );
}

/// Waits until the service has accepted one more, or the process has ended.
fn wait_for_more(listener: &typless_emulator::Listener, before: usize, process: &mut Child) {
    let accepted = || listener.with_service(|service| service.accepted());
    while accepted() <= before && process.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(1));
    }
}

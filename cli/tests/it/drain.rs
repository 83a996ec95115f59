//! `typless drain`, run as a user runs it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::time::Duration;

use crate::support::{
    at, lines, read, run, run_with_stdout_closed, scripted, service, start, submitted,
};
use serde_json::Value;
use typless::drive::Clock;
use typless_emulator::{Fault, Listener, QueueAfterReading, QueueOptions, ServiceOptions};
use typless_transports::SystemClock;

fn quick() -> ServiceOptions {
    ServiceOptions::new().with_pace(Duration::ZERO)
}

fn submit(listener: &Listener, arguments: &[&str]) -> String {
    lines(&submitted(&listener.base_url(), arguments))[0]["extraction_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn polls(listener: &Listener) -> usize {
    listener.with_service(|service| service.counts().polls)
}

/// The files in a folder and their content, by name.
fn files(folder: &Path) -> Vec<(String, Value)> {
    let mut files: Vec<(String, Value)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let content = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                content,
            )
        })
        .collect();
    files.sort_by(|(one, _), (other, _)| one.cmp(other));
    files
}

#[test]
fn queued_results_are_printed_and_then_the_queue_is_empty() {
    let listener = service(quick());
    let url = listener.base_url();
    let ids = BTreeSet::from([submit(&listener, &[]), submit(&listener, &[])]);
    let (code, out, err) = run(&mut at("drain", &url, &["--format", "json"]));
    assert!(
        code == 0 && err.starts_with("typless: 2 results: 2 ok, 0 failed, in "),
        "{err}"
    );
    let results = lines(&out);
    assert_eq!(
        results
            .iter()
            .map(|line| line["extraction_id"].as_str().unwrap().to_owned())
            .collect::<BTreeSet<_>>(),
        ids
    );
    assert!(
        results
            .iter()
            .all(|line| line["status"] == "SUCCESS" && line["file"] == "invoice.pdf"),
        "{out}"
    );
    assert_eq!(
        run(&mut at("drain", &url, &["--quiet"])),
        (0, String::new(), String::new())
    );
}

#[test]
fn when_stdout_is_closed_unread_results_are_reported_by_id() {
    let listener = service(quick());
    let ids = [(); 4].map(|()| submit(&listener, &[]));
    let (code, err) = run_with_stdout_closed(&mut at("drain", &listener.base_url(), &[]));
    let left = run(&mut at("awaiting", &listener.base_url(), &[])).1;
    assert_eq!(code, 0, "{err}");
    assert!(polls(&listener) > 0);
    for id in ids {
        assert!(
            left.contains(&id) || err.contains(&format!("typless get {id}")),
            "{id} {err}"
        );
    }
}

#[test]
fn each_customer_has_its_own_queue_and_an_unknown_one_is_suspected() {
    let listener = service(quick());
    let url = listener.base_url();
    submit(&listener, &["--customer", "Acme"]);
    let (code, out, err) = run(&mut at("drain", &url, &["--customer", "ACME"]));
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(err.contains("check the spelling of --customer"), "{err}");
    let (code, out, _) = run(&mut at("drain", &url, &["--customer", "Acme"]));
    assert!(code == 0 && out.contains("LPW-2026-0417"), "{out}");
    let (code, _, err) = run(&mut at("drain", &url, &["--customer", ""]));
    assert!(code == 2 && err.contains("--customer is empty"), "{err}");
}

#[test]
fn files_appear_whole_and_existing_ones_are_not_fetched_again() {
    let listener = service(quick().with_queue_after_reading(QueueAfterReading::Kept));
    let url = listener.base_url();
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("new/results");
    let drain = || {
        run(&mut at(
            "drain",
            &url,
            &["--quiet", "--out", folder.to_str().unwrap()],
        ))
    };
    let first = submit(&listener, &[]);
    assert_eq!(drain(), (0, String::new(), String::new()));
    assert_eq!(polls(&listener), 1);
    let second = submit(&listener, &[]);
    assert_eq!(drain(), (0, String::new(), String::new()));
    assert_eq!(polls(&listener), 2, "the first is there");
    let files = files(&folder);
    assert_eq!(files.len(), 2);
    for (id, (name, content)) in [&first, &second]
        .into_iter()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .zip(&files)
    {
        assert_eq!(
            (name, &content["extraction_id"]),
            (&format!("{id}.json"), &Value::from(id.as_str()))
        );
        assert_eq!(content["result"]["file_name"], "invoice.pdf");
    }
}

#[test]
fn a_fetch_cut_off_by_a_kill_is_repeated_though_no_longer_listed() {
    let listener = service(quick());
    let url = listener.base_url();
    let id = submit(&listener, &[]);
    // The service removed it from the list when it responded, and the response was lost.
    assert_eq!(run(&mut at("get", &url, &[&id])).0, 0);
    assert_eq!(run(&mut at("awaiting", &url, &[])).1, "");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(format!("{id}.fetching")), r#"{"half": "#).unwrap();
    assert_eq!(
        run(&mut at(
            "drain",
            &url,
            &["--out", folder.path().to_str().unwrap()]
        ))
        .0,
        0
    );
    let files = files(folder.path());
    assert_eq!(
        (files.len(), &files[0].0, &files[0].1["status"]),
        (1, &format!("{id}.json"), &Value::from("SUCCESS"))
    );
}

#[test]
fn one_bad_extraction_is_reported_and_does_not_stop_the_rest() {
    let listener = service(quick().with_queue(QueueOptions::new().with_unknown_ids(1)));
    let url = listener.base_url();
    let id = submit(&listener, &[]);
    let broken = tempfile::NamedTempFile::with_suffix(".pdf").unwrap();
    std::fs::write(broken.path(), "this is no PDF").unwrap();
    run(at("submit", &url, &["--document-type", "line-item-invoice"]).arg(broken.path()));
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = run(&mut at(
        "drain",
        &url,
        &["--out", folder.path().to_str().unwrap()],
    ));
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.contains("fix the document") && err.contains("does not know it"),
        "{err}"
    );
    let files = files(folder.path());
    let statuses: BTreeSet<&str> = files
        .iter()
        .map(|(_, content)| content["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, BTreeSet::from(["ERROR", "SUCCESS"]));
    assert!(files.iter().any(|(name, _)| *name == format!("{id}.json")));
}

#[test]
fn a_result_that_cannot_be_stored_stays_in_the_queue() {
    let listener = service(quick().with_queue_after_reading(QueueAfterReading::Kept));
    let id = submit(&listener, &[]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(format!("{id}.fetching"))).unwrap();
    let (code, _, err) = run(&mut at(
        "drain",
        &listener.base_url(),
        &["--out", folder.path().to_str().unwrap()],
    ));
    assert!(
        code == 2 && err.contains("can't be written") && err.contains("--out"),
        "{err}"
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    let (code, _, err) = run(&mut at(
        "drain",
        &listener.base_url(),
        &["--out", file.path().to_str().unwrap()],
    ));
    assert!(code == 2 && err.contains("can't be used"), "{err}");
}

#[test]
fn a_service_that_refuses_or_is_unreachable_is_reported() {
    let locked = service(ServiceOptions::new().with_key("another"));
    let (code, out, err) = run(&mut at("drain", &locked.base_url(), &[]));
    assert!(
        code == 3 && out.is_empty() && err.contains("check the key"),
        "{err}"
    );
    let (code, _, err) = run(&mut at(
        "drain",
        &scripted("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
        &[],
    ));
    assert!(code == 3 && err.contains("check the base URL"), "{err}");
}

#[cfg(unix)]
#[test]
fn watching_pauses_while_a_key_that_was_accepted_is_refused() {
    let listener = service(quick());
    let mut process = start(&mut at("drain", &listener.base_url(), &["--watch", "1s"]));
    while listener.with_service(|service| service.counts().listings) == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let in_an_hour = SystemClock::new().now() + Duration::from_secs(3600);
    listener.with_service(|service| service.fail_until(in_an_hour, Fault::Unauthorized));
    let mut err = String::new();
    let mut reader = BufReader::new(process.stderr.take().unwrap());
    reader.read_line(&mut err).unwrap();
    assert!(
        err.starts_with("typless: paused since ") && err.contains("the service refuses the key"),
        "{err}"
    );
    let killed = std::process::Command::new("kill")
        .args(["-INT", &process.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    reader.read_to_string(&mut err).unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(130), "{err}");
}

#[test]
fn watching_continues_until_interrupted() {
    let listener = service(quick());
    let url = listener.base_url();
    let id = submit(&listener, &[]);
    listener.with_service(|service| service.fail_next(1, Fault::BadGateway));
    let arguments = ["--watch", "1s", "--format", "json"];
    let process = start(&mut at("drain", &url, &arguments));
    while polls(&listener) == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed = std::process::Command::new("kill")
        .args(["-INT", &process.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let (code, out, err) = read(process.wait_with_output().unwrap());
    assert_eq!(
        (code, &lines(&out)[0]["extraction_id"]),
        (130, &Value::from(id)),
        "{err}"
    );
    assert!(err.contains("interrupted"), "{err}");
}

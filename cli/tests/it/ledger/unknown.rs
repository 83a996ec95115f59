//! Submits of which it is not known whether they were made, and processes that were killed.

use std::path::Path;
use std::time::Duration;

use super::{Setting, statuses};
use crate::support::{INVOICE, at, distinct_folder, lines, run, service, start, wait_for};
use typless_emulator::{Fault, ServiceOptions};

#[test]
fn an_unknown_submit_is_not_made_again_until_somebody_says_so() {
    let setting = Setting::new(ServiceOptions::new());
    let one = setting.document(1);
    setting
        .listener
        .with_service(|service| service.fail_next_submits(1, Fault::ResponseLost));
    let (code, _, err) = setting.extract(&[&one], &[]);
    assert_eq!((code, setting.accepted()), (1, 1), "{err}");
    for _ in 0..2 {
        let (code, out, err) = setting.extract(&[&one], &[]);
        assert_eq!((code, setting.accepted()), (1, 1), "{err}");
        assert_eq!(statuses(&out), ["SUBMIT_UNKNOWN"]);
        assert_eq!(lines(&out)[0]["error"]["code"], "submit_unknown");
    }
    let (code, _, _) = setting.extract(&[&one], &["--again"]);
    assert_eq!((code, setting.accepted()), (0, 2));
}

/// Two processes over one folder at once, and one of them is killed.
#[test]
fn two_processes_over_one_folder_submit_each_document_once() {
    let setting = Setting {
        listener: service(ServiceOptions::new().with_pace(Duration::from_millis(200))),
        place: tempfile::tempdir().unwrap(),
    };
    let folder = distinct_folder(40);
    let process = || {
        let mut command = setting.command("extract", &INVOICE);
        start(
            command
                .args(["--format", "json", "--rate", "200"])
                .arg(folder.path()),
        )
    };
    let (mut killed, other) = (process(), process());
    wait_for(&setting.listener, 15);
    killed.kill().unwrap();
    killed.wait().unwrap();
    other.wait_with_output().unwrap();
    let twice = || {
        setting
            .listener
            .with_service(|service| service.accepted_repeatedly().count())
    };
    assert_eq!(twice(), 0);
    let (_, out, err) = setting.extract(&[folder.path()], &[]);
    assert_eq!(twice(), 0, "{err}");
    let unknown = statuses(&out)
        .iter()
        .filter(|status| *status == "SUBMIT_UNKNOWN")
        .count();
    let done = statuses(&out)
        .iter()
        .filter(|status| *status == "SUCCESS")
        .count();
    assert_eq!(done + unknown, 40, "{out} {err}");
    assert!(unknown <= 8, "at most what was in flight: {unknown}");
    assert!(setting.accepted() >= done);
}

#[test]
fn with_an_exclusive_key_an_unknown_submit_is_found_by_its_mark() {
    let setting = Setting::new(ServiceOptions::new());
    let (one, two) = (setting.document(1), setting.document(2));
    let lose = || {
        setting
            .listener
            .with_service(|service| service.fail_next_submits(1, Fault::ResponseLost));
    };
    // Within the call: the others take a while, and then it is in the queue.
    lose();
    let (code, out, err) = setting.extract(&[&one, &two], &["--exclusive-key"]);
    assert_eq!((code, setting.accepted()), (0, 2), "{err}");
    assert_eq!(statuses(&out), ["SUCCESS", "SUCCESS"], "{err}");
    // In the next call: its process was killed, or had nothing else to wait for.
    let three = setting.document(3);
    lose();
    setting.extract(&[&three], &["--exclusive-key"]);
    let (code, out, err) = setting.extract(&[&three], &["--exclusive-key"]);
    assert_eq!((code, setting.accepted()), (0, 3), "{err}");
    let line = &lines(&out)[0];
    assert_eq!(line["status"], "SUCCESS");
    // Nobody sees the mark.
    assert_eq!(line["result"]["file_name"], "3.pdf");
    assert!(!out.contains(".tl"), "{out}");
}

#[test]
fn results_of_others_are_fetched_once_and_never_taken_for_ours() {
    let setting = Setting::new(ServiceOptions::new());
    let (ours, theirs) = (setting.document(1), setting.document(2));
    // Somebody else submits the same file name and the same content, without a ledger.
    let submit = |path: &Path| {
        let mut submit = at("submit", &setting.listener.base_url(), &INVOICE);
        let (code, _, err) = run(submit.arg(path));
        assert_eq!(code, 0, "{err}");
    };
    setting
        .listener
        .with_service(|service| service.fail_next_submits(1, Fault::Dropped));
    setting.extract(&[&ours], &["--exclusive-key"]);
    submit(&ours);
    submit(&theirs);
    std::thread::sleep(Duration::from_millis(5));
    let polls = || {
        setting
            .listener
            .with_service(|service| service.counts().polls)
    };
    let before = polls();
    let (code, out, err) = setting.extract(&[&ours], &["--exclusive-key"]);
    assert_eq!(
        (code, statuses(&out)),
        (1, vec!["SUBMIT_UNKNOWN".to_owned()]),
        "{err}"
    );
    let after = polls();
    assert_eq!(after - before, 2, "one for each that nobody has claimed");
    setting.extract(&[&ours], &["--exclusive-key"]);
    assert_eq!(polls(), after);
}

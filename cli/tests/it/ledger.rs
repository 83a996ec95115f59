//! What the command remembers: reruns, equal documents, several processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::{
    INVOICE, KEY, at, distinct_folder, in_order, lines, numbered_invoice, run, service, start,
    wait_for,
};
use tempfile::TempDir;
use typless::drive::Clock;
use typless::machine::{BatchOptions, Time};
use typless::wire::Api;
use typless_emulator::{Fault, InProcess, Listener, Service, ServiceOptions};
use typless_ledger::{Ledger, LedgerOptions, with_digest};
use typless_transports::blocking::Driver;
use typless_transports::{ManualClock, SystemClock, document_from_path};

/// A service, a ledger, and a place for files.
struct Setting {
    listener: Listener,
    place: TempDir,
}

impl Setting {
    fn new(options: ServiceOptions) -> Self {
        Self {
            listener: service(options.with_pace(Duration::from_millis(1))),
            place: tempfile::tempdir().unwrap(),
        }
    }

    fn ledger(&self) -> PathBuf {
        self.place.path().join("ledger.sqlite")
    }

    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = at(name, &self.listener.base_url(), arguments);
        command.arg("--ledger").arg(self.ledger());
        command
    }

    fn extract(&self, paths: &[&Path], arguments: &[&str]) -> (i32, String, String) {
        let mut command = self.command("extract", &INVOICE);
        run(command
            .args(["--format", "json", "--rate", "1000"])
            .args(arguments)
            .args(paths))
    }

    /// A document with this number.
    fn document(&self, number: usize) -> PathBuf {
        let path = self.place.path().join(format!("{number}.pdf"));
        fs::write(&path, numbered_invoice(number)).unwrap();
        path
    }

    /// Lets a process of some time ago extract a document of this service, and remember it.
    fn remember(&self, path: &Path, is_kept: bool, ago: Duration) {
        let clock = ManualClock::new(Time::EPOCH + (SystemClock::new().now().since_epoch() - ago));
        let api = Api::new(&self.listener.base_url(), KEY).unwrap();
        let options = if is_kept {
            LedgerOptions::new().with_results()
        } else {
            LedgerOptions::new()
        };
        let ledger = Ledger::open(self.ledger(), options).unwrap();
        let (mut session, mut batch) = ledger.start(&api, BatchOptions::new(), clock.now());
        let document = document_from_path(path, "line-item-invoice").unwrap();
        batch
            .add(with_digest(document).unwrap(), clock.now())
            .unwrap();
        batch.close();
        let service = InProcess::new(Service::new(ServiceOptions::new()), clock.clone());
        let mut driver = Driver::new(batch, service, clock.clone());
        while let Some(event) = driver.next_event().unwrap() {
            session.record(driver.machine(), &event, clock.now());
            session.commit(driver.machine_mut(), clock.now()).unwrap();
        }
    }

    fn accepted(&self) -> usize {
        self.listener.with_service(|service| service.accepted())
    }
}

/// The statuses in the order of the command line.
fn statuses(out: &str) -> Vec<String> {
    in_order(out)
        .iter()
        .map(|line| line["status"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_rerun_of_a_folder_is_free_also_when_files_are_renamed_and_moved() {
    let setting = Setting::new(ServiceOptions::new());
    let folder = distinct_folder(30);
    let (code, first, err) = setting.extract(&[folder.path()], &[]);
    assert_eq!(
        (code, lines(&first).len(), setting.accepted()),
        (0, 30, 30),
        "{err}"
    );

    let (code, again, err) = setting.extract(&[folder.path()], &[]);
    assert_eq!(
        (code, lines(&again).len(), setting.accepted()),
        (0, 30, 30),
        "{err}"
    );
    assert!(err.contains("30 documents were submitted before"), "{err}");
    assert!(err.contains("--again"), "{err}");
    for (first, again) in in_order(&first).iter().zip(in_order(&again)) {
        assert_eq!(first["extraction_id"], again["extraction_id"]);
        assert_eq!(first["result"], again["result"]);
        assert_eq!(first["key"], again["key"]);
    }

    let moved = folder.path().join("archive");
    fs::create_dir(&moved).unwrap();
    for index in 0..30 {
        let from = folder.path().join(format!("{index}.pdf"));
        fs::rename(from, moved.join(format!("invoice-{index}.PDF"))).unwrap();
    }
    let (code, out, err) = setting.extract(&[folder.path()], &[]);
    assert_eq!(
        (code, lines(&out).len(), setting.accepted()),
        (0, 30, 30),
        "{err}"
    );
    assert!(lines(&out)[0]["file"].as_str().unwrap().contains("archive"));
}

#[test]
fn equal_files_in_one_call_are_submitted_once_and_printed_twice() {
    let setting = Setting::new(ServiceOptions::new());
    let (one, two) = (setting.document(1), setting.document(2));
    let copy = setting.place.path().join("copy.pdf");
    fs::copy(&one, &copy).unwrap();
    let (code, out, err) = setting.extract(&[&one, &two, &copy], &[]);
    assert_eq!((code, setting.accepted()), (0, 2), "{err}");
    let rows = in_order(&out);
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0]["extraction_id"], rows[2]["extraction_id"]);
    assert_eq!(rows[2]["file"], copy.to_str().unwrap());
    assert_ne!(rows[0]["key"], rows[1]["key"]);
    assert!(err.contains("3 documents: 3 ok"), "{err}");
    // Once their outcome is known, too.
    let broken = setting.place.path().join("broken.pdf");
    fs::write(&broken, b"no PDF").unwrap();
    for _ in 0..2 {
        let (code, out, _) = setting.extract(&[&broken, &broken], &[]);
        assert_eq!((code, setting.accepted()), (1, 3));
        assert_eq!(statuses(&out), ["ERROR", "ERROR"]);
    }
}

#[test]
fn again_submits_what_is_known_and_says_so() {
    let setting = Setting::new(ServiceOptions::new());
    let (one, two) = (setting.document(1), setting.document(2));
    setting.extract(&[&one], &[]);
    let (code, out, err) = setting.extract(&[&one, &two], &["--again"]);
    assert_eq!((code, setting.accepted()), (0, 3), "{err}");
    assert_eq!(statuses(&out), ["SUCCESS", "SUCCESS"]);
    assert!(err.contains("1 document was submitted before"), "{err}");
    assert!(err.contains("submitted again"), "{err}");
    // From now on the new extraction is the one that is known.
    let (_, third, _) = setting.extract(&[&one], &[]);
    assert_eq!(
        lines(&third)[0]["extraction_id"],
        in_order(&out)[0]["extraction_id"]
    );
    assert_eq!(setting.accepted(), 3);
}

#[test]
fn an_error_of_the_service_is_remembered_and_is_not_billed_again() {
    let setting = Setting::new(ServiceOptions::new());
    let broken = setting.place.path().join("broken.pdf");
    fs::write(&broken, b"no PDF").unwrap();
    let (code, first, _) = setting.extract(&[&broken], &[]);
    assert_eq!((code, setting.accepted()), (1, 1));
    let (code, second, err) = setting.extract(&[&broken], &[]);
    assert_eq!((code, setting.accepted()), (1, 1), "{err}");
    assert_eq!(lines(&first)[0]["error"], lines(&second)[0]["error"]);
    assert!(err.contains("--retry-failed"), "{err}");
    for option in ["--retry-failed", "--again"] {
        let before = setting.accepted();
        setting.extract(&[&broken], &[option]);
        assert_eq!(setting.accepted(), before + 1, "{option}");
    }
}

#[test]
fn what_was_refused_is_submitted_by_the_next_call() {
    let setting = Setting::new(ServiceOptions::new());
    let one = setting.document(1);
    setting
        .listener
        .with_service(|service| service.fail_next_submits(1, Fault::Unauthorized));
    let (code, out, err) = setting.extract(&[&one], &[]);
    assert_ne!(code, 0, "{out} {err}");
    assert_eq!(setting.accepted(), 0);
    let (code, _, err) = setting.extract(&[&one], &[]);
    assert_eq!((code, setting.accepted()), (0, 1), "{err}");
}

#[test]
fn what_did_not_finish_before_a_deadline_is_joined() {
    let setting = Setting {
        listener: service(ServiceOptions::new().with_pace(Duration::from_secs(2))),
        place: tempfile::tempdir().unwrap(),
    };
    let one = setting.document(1);
    let (code, _, err) = setting.extract(&[&one], &["--deadline", "50ms"]);
    assert_eq!((code, setting.accepted()), (1, 1), "{err}");
    let (code, out, err) = setting.extract(&[&one], &[]);
    assert_eq!((code, setting.accepted()), (0, 1), "{err}");
    assert_eq!(statuses(&out), ["SUCCESS"]);
}

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

#[test]
fn what_the_service_has_deleted_is_told_or_served_from_the_ledger() {
    for is_kept in [false, true] {
        let setting = Setting::new(ServiceOptions::new());
        let one = setting.document(1);
        setting.remember(&one, is_kept, Duration::from_secs(50 * 3600));
        let (code, out, err) = setting.extract(&[&one], &[]);
        assert_eq!(
            setting
                .listener
                .with_service(|service| service.counts().polls),
            0
        );
        if is_kept {
            assert_eq!(
                (code, statuses(&out)),
                (0, vec!["SUCCESS".to_owned()]),
                "{err}"
            );
            assert_eq!(lines(&out)[0]["result"]["file_name"], "1.pdf");
        } else {
            assert_eq!(
                (code, statuses(&out)),
                (1, vec!["EXPIRED".to_owned()]),
                "{err}"
            );
            assert!(
                err.contains("--again") && err.contains("submitted before on 20"),
                "{err}"
            );
        }
        assert_eq!(setting.accepted(), 0);
    }
}

#[test]
fn an_id_that_the_service_does_not_know_is_never_submitted_again() {
    let setting = Setting::new(ServiceOptions::new());
    let one = setting.document(1);
    setting.remember(&one, false, Duration::from_secs(3600));
    // The service at this address does not hold it.
    let (code, out, _) = setting.extract(&[&one], &["--deadline", "1m"]);
    assert_eq!((code, statuses(&out)), (1, vec!["NOT_FOUND".to_owned()]));
    let polls = || {
        setting
            .listener
            .with_service(|service| service.counts().polls)
    };
    let before = polls();
    let (code, out, err) = setting.extract(&[&one], &[]);
    assert_eq!((code, statuses(&out)), (1, vec!["NOT_FOUND".to_owned()]));
    assert!(err.contains("--again"), "{err}");
    assert_eq!((polls(), setting.accepted()), (before, 0));
}

#[test]
fn a_document_of_another_key_is_not_submitted_unless_it_is_the_same_account() {
    let setting = Setting::new(ServiceOptions::new());
    let one = setting.document(1);
    setting.extract(&[&one], &[]);
    let other_key = |arguments: &[&str]| {
        let mut command = setting.command("extract", &INVOICE);
        command.env("TYPLESS_API_KEY", "another-key");
        run(command.args(["--format", "json"]).args(arguments).arg(&one))
    };
    let (code, out, err) = other_key(&[]);
    assert_eq!((code, setting.accepted()), (1, 1), "{err}");
    assert_eq!(statuses(&out), ["OTHER_KEY"]);
    assert!(err.contains("--same-account"), "{err}");
    let (code, out, err) = other_key(&["--same-account"]);
    assert_eq!((code, setting.accepted()), (0, 1), "{err}");
    assert_eq!(statuses(&out), ["SUCCESS"]);
}

#[test]
fn another_type_or_customer_is_another_document() {
    let setting = Setting::new(ServiceOptions::new());
    let one = setting.document(1);
    setting.extract(&[&one], &[]);
    setting.extract(&[&one], &["--customer", "acme"]);
    assert_eq!(setting.accepted(), 2);
}

#[test]
fn a_dry_run_counts_and_writes_nothing() {
    let setting = Setting::new(ServiceOptions::new());
    let (one, two) = (setting.document(1), setting.document(2));
    let (code, out, _) = setting.extract(&[&one, &two], &["--dry-run"]);
    assert_eq!((code, out.as_str()), (0, "2 new, 0 known, 0 unknown\n"));
    assert!(!setting.ledger().exists());
    setting.extract(&[&one], &[]);
    let before = fs::read(setting.ledger()).unwrap();
    let (code, out, _) = setting.extract(&[&one, &two], &["--dry-run"]);
    assert_eq!((code, out.as_str()), (0, "1 new, 1 known, 0 unknown\n"));
    assert_eq!(fs::read(setting.ledger()).unwrap(), before);
    assert_eq!(setting.accepted(), 1);
}

#[test]
fn more_new_documents_than_allowed_are_not_submitted() {
    let setting = Setting::new(ServiceOptions::new());
    let folder = distinct_folder(5);
    let (code, _, err) = setting.extract(&[folder.path()], &["--max-documents", "4"]);
    assert_eq!((code, setting.accepted()), (2, 0));
    assert!(err.contains("--max-documents"), "{err}");
    setting.extract(&[&folder.path().join("0.pdf")], &[]);
    let (code, _, err) = setting.extract(&[folder.path()], &["--max-documents", "4"]);
    assert_eq!((code, setting.accepted()), (0, 5), "{err}");
}

#[test]
fn a_ledger_that_was_asked_for_and_does_not_work_ends_the_call() {
    let setting = Setting::new(ServiceOptions::new());
    let one = setting.document(1);
    fs::write(
        setting.ledger(),
        "this is no database, and long enough to be read as one",
    )
    .unwrap();
    let (code, _, err) = setting.extract(&[&one], &[]);
    assert_eq!((code, setting.accepted()), (2, 0), "{err}");
    assert!(err.contains("--no-ledger"), "{err}");
    // So does one that the environment names.
    let mut command = at("extract", &setting.listener.base_url(), &INVOICE);
    let (code, _, _) = run(command.env("TYPLESS_LEDGER", setting.ledger()).arg(&one));
    assert_eq!((code, setting.accepted()), (2, 0));
    let (code, _, _) = run(command.arg("--no-ledger"));
    assert_eq!((code, setting.accepted()), (0, 1));
}

#[test]
fn submit_prints_the_ticket_of_what_was_submitted_before() {
    let setting = Setting::new(ServiceOptions::new());
    let one = setting.document(1);
    let submit = || run(setting.command("submit", &INVOICE).arg(&one));
    let (code, first, err) = submit();
    assert_eq!(code, 0, "{err}");
    let (code, second, err) = submit();
    assert_eq!((code, setting.accepted()), (0, 1), "{err}");
    assert_eq!(
        lines(&first)[0]["extraction_id"],
        lines(&second)[0]["extraction_id"]
    );
    let (code, out, err) = setting.extract(&[&one], &[]);
    assert_eq!(
        (code, statuses(&out)),
        (0, vec!["SUCCESS".to_owned()]),
        "{err}"
    );
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
fn what_a_drain_fetched_is_known_to_have_succeeded() {
    let setting = Setting::new(ServiceOptions::new());
    let (one, broken) = (setting.document(1), setting.place.path().join("broken.pdf"));
    fs::write(&broken, b"no PDF").unwrap();
    let (code, _, err) = run(setting.command("submit", &INVOICE).args([&one, &broken]));
    assert_eq!(code, 0, "{err}");
    let states = || {
        let mut list = crate::support::typless();
        list.args(["ledger", "list", "--ledger"])
            .arg(setting.ledger());
        let (_, out, _) = run(&mut list);
        ["submitted", "success", "failed"].map(|state| {
            out.lines()
                .filter(|line| line.starts_with(&format!("{state} ")))
                .count()
        })
    };
    assert_eq!(states(), [2, 0, 0]);
    let expiring = |within: &str| {
        let mut list = crate::support::typless();
        list.args(["ledger", "list", "--expiring", within, "--ledger"]);
        run(list.arg(setting.ledger())).1.lines().count()
    };
    assert_eq!((expiring("47h"), expiring("49h")), (0, 2));
    let (code, out, err) = run(setting
        .command("drain", &["--format", "json"])
        .arg("--quiet"));
    assert_eq!((code, lines(&out).len()), (1, 2), "{err}");
    assert_eq!(states(), [0, 1, 1]);
    let (_, out, _) = setting.extract(&[&broken], &[]);
    assert_eq!(
        (statuses(&out), setting.accepted()),
        (vec!["ERROR".to_owned()], 2)
    );
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

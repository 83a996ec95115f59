//! What a call says and does besides: counts, limits, other commands, a ledger that does not work.

use std::fs;

use super::{Setting, statuses};
use crate::support::{INVOICE, at, distinct_folder, lines, run};
use typless_emulator::ServiceOptions;

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
    let (_, _, err) = run(setting.command("submit", &INVOICE).arg("--again").arg(&one));
    assert!(err.contains("1 document was submitted before"), "{err}");
    assert_eq!(setting.accepted(), 2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_known_ticket_that_cannot_be_printed_is_told_and_nothing_is_submitted() {
    let setting = Setting::new(ServiceOptions::new());
    let (one, two) = (setting.document(1), setting.document(2));
    run(setting.command("submit", &INVOICE).arg(&one));
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for paths in [vec![&one], vec![&one, &two]] {
        let mut command = setting.command("submit", &INVOICE);
        let output = command.args(paths).stdout(full()).output().unwrap();
        assert_eq!((output.status.code(), setting.accepted()), (Some(2), 1));
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(err.contains("extraction_id"), "{err}");
    }
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

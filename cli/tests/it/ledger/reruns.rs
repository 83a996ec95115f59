//! The same documents again: what is known of each, and what a call then does.

use std::fs;
use std::time::Duration;

use super::{Setting, statuses};
use crate::support::{INVOICE, distinct_folder, in_order, lines, run, service};
use typless_emulator::{Fault, ServiceOptions};

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
fn a_result_that_only_the_ledger_has_goes_to_a_file_too() {
    let setting = Setting::new(ServiceOptions::new());
    let one = setting.document(1);
    setting.remember(&one, true, Duration::from_secs(50 * 3600));
    let (file, folder) = (
        setting.place.path().join("out.jsonl"),
        setting.place.path().join("out"),
    );
    let (code, _, err) = setting.extract_to(&one, "--output", &file);
    assert_eq!(code, 0, "{err}");
    let lines_of_file = lines(&fs::read_to_string(&file).unwrap());
    assert_eq!(lines_of_file[0]["result"]["file_name"], "1.pdf");
    let (code, _, err) = setting.extract_to(&one, "--out", &folder);
    assert_eq!(code, 0, "{err}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn a_result_that_was_written_is_not_told_as_gone_nor_written_over() {
    let setting = Setting::new(ServiceOptions::new());
    let one = setting.document(1);
    setting.remember(&one, false, Duration::from_secs(50 * 3600));
    let id = setting.id_of_first();
    for (option, name) in [("--out", "out"), ("--output", "out.jsonl")] {
        let place = setting.place.path().join(name);
        let line = format!("{{\"extraction_id\":\"{id}\",\"status\":\"SUCCESS\"}}\n");
        let file = if option == "--out" {
            fs::create_dir(&place).unwrap();
            place.join(format!("{id}.json"))
        } else {
            place.clone()
        };
        fs::write(&file, &line).unwrap();
        let (code, _, err) = setting.extract_to(&one, option, &place);
        assert_eq!(code, 0, "{err}");
        assert!(!err.contains("--again"), "{err}");
        assert_eq!(fs::read_to_string(&file).unwrap(), line);
    }
}

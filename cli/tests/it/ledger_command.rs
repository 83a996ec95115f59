//! `typless ledger`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{INVOICE, at, lines, numbered_invoice, run, service, typless};
use serde_json::Value;
use tempfile::TempDir;
use typless_emulator::{Fault, Listener, ServiceOptions};

/// A ledger with one document that succeeded, one that failed, and one that is unknown.
struct Setting {
    listener: Listener,
    place: TempDir,
}

impl Setting {
    fn new() -> Self {
        let listener =
            service(ServiceOptions::new().with_pace(std::time::Duration::from_millis(1)));
        let setting = Self {
            listener,
            place: tempfile::tempdir().unwrap(),
        };
        setting.write("good.pdf", &numbered_invoice(1));
        setting.write("broken.pdf", b"no PDF");
        setting.extract(&["good.pdf", "broken.pdf"]);
        setting.write("lost.pdf", &numbered_invoice(2));
        setting
            .listener
            .with_service(|service| service.fail_next_submits(1, Fault::ResponseLost));
        setting.extract(&["lost.pdf"]);
        setting
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    fn extract(&self, names: &[&str]) -> (i32, String, String) {
        let mut command = at("extract", &self.listener.base_url(), &INVOICE);
        run(command
            .args(["--format", "json"])
            .arg("--ledger")
            .arg(self.path("ledger"))
            .args(names.iter().map(|name| self.path(name))))
    }

    fn ledger(&self, arguments: &[&str]) -> (i32, String, String) {
        run(typless()
            .arg("ledger")
            .args(arguments)
            .arg("--ledger")
            .arg(self.path("ledger")))
    }

    fn accepted(&self) -> usize {
        self.listener.with_service(|service| service.accepted())
    }

    /// The key of the document in this file.
    fn key(&self, name: &str) -> String {
        let (code, out, err) = self.ledger(&["show", self.path(name).to_str().unwrap()]);
        assert_eq!(code, 0, "{err}");
        lines(&out)[0]["key"].as_str().unwrap().to_owned()
    }
}

fn names(out: &str) -> Vec<String> {
    let name = |line: &Value| {
        let path = line["names"][0]["name"].as_str().unwrap().to_owned();
        Path::new(&path)
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    let mut names: Vec<String> = lines(out).iter().map(name).collect();
    names.sort();
    names
}

#[test]
fn entries_are_listed_shown_and_exported_and_nothing_is_written() {
    let setting = Setting::new();
    let content = || fs::read(setting.path("ledger")).unwrap();
    let before = content();
    let (code, out, err) = setting.ledger(&["list"]);
    assert_eq!((code, out.lines().count()), (0, 3), "{err}");
    for state in ["success", "failed", "submit_unknown"] {
        assert!(out.contains(state), "{out}");
    }
    let (_, out, _) = setting.ledger(&["list", "--unknown", "--format", "json"]);
    assert_eq!(names(&out), ["lost.pdf"]);
    let (_, out, _) = setting.ledger(&["export"]);
    assert_eq!(names(&out), ["broken.pdf", "good.pdf", "lost.pdf"]);
    let (code, out, err) = setting.ledger(&["check"]);
    assert_eq!((code, out.as_str()), (0, "3 entries sound\n"), "{err}");
    // By its key, by a beginning of it, and by a file with the same content.
    let key = setting.key("good.pdf");
    setting.write("renamed.pdf", &numbered_invoice(1));
    for name in [
        &key,
        &key[..20],
        setting.path("renamed.pdf").to_str().unwrap(),
    ] {
        let (code, out, err) = setting.ledger(&["show", name]);
        assert_eq!(
            (code, lines(&out)[0]["key"].as_str()),
            (0, Some(&*key)),
            "{err}"
        );
    }
    let (code, _, err) = setting.ledger(&["show", "nothing.pdf"]);
    assert_eq!(code, 1, "{err}");
    assert_eq!(content(), before);
    assert!(!setting.path("ledger-wal").exists());
}

#[test]
fn an_unknown_document_is_submitted_after_a_retry() {
    let setting = Setting::new();
    let before = setting.accepted();
    let (code, _, err) = setting.ledger(&["retry", "--unknown"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        err.contains("1 document may be submitted again, and then be billed twice"),
        "{err}"
    );
    let (code, out, err) = setting.extract(&["lost.pdf"]);
    assert_eq!(
        (code, lines(&out).len(), setting.accepted()),
        (0, 1, before + 1),
        "{err}"
    );
}

#[test]
fn an_unknown_document_is_given_its_extraction() {
    let setting = Setting::new();
    let before = setting.accepted();
    // Somebody has found it at the service: here another submit of the same document has its id.
    let (_, out, _) =
        run(at("submit", &setting.listener.base_url(), &INVOICE).arg(setting.path("lost.pdf")));
    let id = lines(&out)[0]["extraction_id"].as_str().unwrap().to_owned();
    let (code, _, err) =
        setting.ledger(&["adopt", &id, setting.path("lost.pdf").to_str().unwrap()]);
    assert_eq!(code, 0, "{err}");
    let (code, out, err) = setting.extract(&["lost.pdf"]);
    assert_eq!(
        (code, lines(&out)[0]["extraction_id"].as_str()),
        (0, Some(&*id)),
        "{err}"
    );
    assert_eq!(
        setting.accepted(),
        before + 1,
        "the one that was made by hand"
    );
}

#[test]
fn an_extraction_is_that_of_one_document() {
    let setting = Setting::new();
    let (_, out, _) = setting.ledger(&["show", &setting.key("good.pdf")]);
    let id = lines(&out)[0]["extraction_id"].as_str().unwrap().to_owned();
    let lost = setting.path("lost.pdf");
    let (code, _, err) = setting.ledger(&["adopt", &id, lost.to_str().unwrap()]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains(&setting.key("good.pdf")), "{err}");
}

#[test]
fn what_is_forgotten_is_submitted_like_a_new_document() {
    let setting = Setting::new();
    let before = setting.accepted();
    let key = setting.key("good.pdf");
    let (code, _, err) = setting.ledger(&["forget", &key]);
    assert_eq!(code, 0, "{err}");
    let (_, out, _) = setting.ledger(&["export"]);
    assert_eq!(names(&out), ["broken.pdf", "lost.pdf"]);
    setting.extract(&["good.pdf"]);
    assert_eq!(setting.accepted(), before + 1);
    let (code, _, _) = setting.ledger(&["forget", "k1-0000000"]);
    assert_eq!(code, 1);
}

#[test]
fn what_finished_is_pruned_and_what_is_unknown_is_not() {
    let setting = Setting::new();
    let (code, _, err) = setting.ledger(&["prune"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("0 entries forgotten"), "{err}");
    let (code, _, err) = setting.ledger(&["prune", "--older-than", "0s"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("2 entries forgotten; 1 as old kept"), "{err}");
    let (_, out, _) = setting.ledger(&["export"]);
    assert_eq!(names(&out), ["lost.pdf"]);
}

#[test]
fn a_command_about_no_ledger_makes_none() {
    let place = tempfile::tempdir().unwrap();
    for arguments in [&["list"][..], &["prune"], &["retry", "--unknown"]] {
        let path = place.path().join("ledger");
        let (code, _, err) = run(typless()
            .arg("ledger")
            .args(arguments)
            .arg("--ledger")
            .arg(&path));
        assert_eq!(code, 2, "{err}");
        assert!(
            err.contains(path.to_str().unwrap()) && !path.exists(),
            "{err}"
        );
    }
}

#[test]
fn what_can_be_read_is_written_into_a_new_ledger() {
    let setting = Setting::new();
    let new = setting.path("new");
    let (code, _, err) = setting.ledger(&["rebuild", new.to_str().unwrap()]);
    assert_eq!(code, 0, "{err}");
    let (_, before, _) = setting.ledger(&["export"]);
    fs::rename(&new, setting.path("ledger")).unwrap();
    let (code, after, err) = setting.ledger(&["export"]);
    assert_eq!((code, names(&after)), (0, names(&before)), "{err}");
    let accepted = setting.accepted();
    setting.extract(&["good.pdf", "broken.pdf", "lost.pdf"]);
    assert_eq!(setting.accepted(), accepted);
    let (code, out, err) = setting.ledger(&["rebuild"]);
    assert_eq!((code, out.as_str()), (0, "3 entries sound\n"), "{err}");
    // Nothing is written over.
    let (code, _, _) = setting.ledger(&["rebuild", setting.path("ledger").to_str().unwrap()]);
    assert_eq!(code, 2);
}

#[cfg(target_os = "linux")]
#[test]
fn the_default_ledger_is_in_the_state_folder_of_the_user() {
    let home = tempfile::tempdir().unwrap();
    let list = |variable: &str, path: &Path| {
        let mut command = typless();
        command
            .env_remove("XDG_STATE_HOME")
            .env_remove("TYPLESS_LEDGER")
            .env(variable, path);
        run(command.args(["ledger", "list"])).2
    };
    let in_home = home.path().join(".local/state/typless/ledger.sqlite");
    assert!(list("HOME", home.path()).contains(in_home.to_str().unwrap()));
    let in_state = home.path().join("typless/ledger.sqlite");
    assert!(list("XDG_STATE_HOME", home.path()).contains(in_state.to_str().unwrap()));
}

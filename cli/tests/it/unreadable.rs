//! A result that can't be read is kept as it came, since the service may have forgotten it.

use std::path::Path;

use crate::support::{at, lines, run, scripted, typless};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BODY: &str = r#"{"status": "SUCCESS", "extraction_ids": ["0d14"], "result": [5]}"#;

/// A service with one extraction, of which each request says all there is.
fn service() -> String {
    scripted(
        "HTTP/1.1 200 OK\r\ncontent-length: 64\r\nconnection: close\r\n\r\n\
         {\"status\": \"SUCCESS\", \"extraction_ids\": [\"0d14\"], \"result\": [5]}",
    )
}

/// The only file in the folder.
fn only_file(folder: &Path) -> (String, Vec<u8>) {
    let mut entries = std::fs::read_dir(folder).unwrap();
    let path = entries.next().expect("a file").unwrap().path();
    assert!(entries.next().is_none(), "one file");
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    (name, std::fs::read(&path).unwrap())
}

#[test]
fn drain_keeps_it_in_the_folder_or_in_the_json() {
    assert_eq!(BODY.len(), 64);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    for _ in 0..2 {
        let (code, _, err) = run(&mut at("drain", &service(), &["--out", out]));
        assert!(code == 1 && err.contains("0d14.raw"), "{err}");
        let kept = only_file(folder.path());
        assert_eq!(kept, ("0d14.raw".to_owned(), BODY.as_bytes().to_vec()));
    }
    let (code, out, err) = run(&mut at("drain", &service(), &["--format", "json"]));
    let line = &lines(&out)[0];
    assert_eq!(
        (code, line["status"].as_str()),
        (1, Some("UNREADABLE")),
        "{err}"
    );
    let raw = STANDARD.decode(line["error"]["raw_base64"].as_str().unwrap());
    assert_eq!(raw.unwrap(), BODY.as_bytes());
}

#[test]
fn other_formats_keep_it_in_a_file_whose_name_they_print() {
    for command in ["drain", "get", "resume"] {
        for format in ["table", "csv"] {
            let folder = tempfile::tempdir().unwrap();
            let work = tempfile::tempdir().unwrap();
            let tickets = folder.path().join("tickets");
            std::fs::write(&tickets, ticket()).unwrap();
            let argument = match command {
                "get" => Some("0d14"),
                "resume" => tickets.to_str(),
                _ => None,
            };
            let mut call = at(command, &service(), &["--format", format]);
            let (code, _, err) = run(call.args(argument).current_dir(work.path()));
            assert_eq!(code, 1, "{command} {err}");
            assert!(err.contains("0d14.raw"), "{command} {format}: {err}");
            let kept = only_file(work.path());
            assert_eq!(kept, ("0d14.raw".to_owned(), BODY.as_bytes().to_vec()));
        }
    }
    let (_, help, _) = run(typless().args(["drain", "--help"]));
    assert!(help.contains(".raw"), "{help}");
}

#[cfg(unix)]
#[test]
fn what_is_there_already_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    std::fs::create_dir(folder.path().join("0d14.raw")).unwrap();
    let (code, _, err) = run(&mut at("drain", &service(), &["--out", out]));
    // Another response of this id is not overwritten.
    assert!(code == 1 && err.contains("0d14.2.raw"), "{err}");
}

fn ticket() -> String {
    use typless::machine::{Ticket, Time};
    use typless::wire::ExtractionId;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let now = Time::from_unix_seconds(now.as_secs());
    let id = ExtractionId::new("0d14").unwrap();
    let deadline = now + std::time::Duration::from_secs(3600);
    format!("{}\n", Ticket::new(id, now, deadline).to_json())
}

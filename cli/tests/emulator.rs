//! `typless emulator`, run as a user runs it.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};

use support::{KEY, at, extract, run, sample, typless};

#[test]
fn the_emulator_says_where_it_listens_and_serves() {
    let (mut emulator, url) = start(&[]);
    let (code, out, _) = run(extract(&["--base-url", &url]).arg(sample()).env("TYPLESS_API_KEY", KEY));
    let taken = run(typless().args(["emulator", "--listen", url.trim_start_matches("http://")]));
    emulator.kill().unwrap();
    emulator.wait().unwrap();
    assert!(code == 0 && out.contains("LPW-2026-0417"), "{out}");
    assert!(taken.0 == 2 && taken.2.contains("--listen"), "{}", taken.2);
}

/// An emulator and its base URL.
fn start(arguments: &[&str]) -> (Child, String) {
    let mut command = typless();
    command.args(["emulator", "--listen", "127.0.0.1:0", "--pace", "1ms"]).args(arguments);
    let mut emulator = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(emulator.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let url = said.split_whitespace().find(|word| word.starts_with("http://")).unwrap().trim_end_matches(';').to_owned();
    (emulator, url)
}

#[test]
fn it_takes_document_types_from_files() {
    let files = ["slip", "note"].map(|name| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, r#"{{"name": "{name}", "fields": []}}"#).unwrap();
        file
    });
    let arguments: Vec<&str> = files.iter().flat_map(|file| ["--document-type-file", file.path().to_str().unwrap()]).collect();
    let (mut emulator, url) = start(&arguments);
    let codes = ["slip", "note", "poem"].map(|name| run(at("submit", &url, &["--document-type", name]).arg(sample())).0);
    emulator.kill().unwrap();
    emulator.wait().unwrap();
    assert_eq!(codes, [0, 0, 2]);
    let (code, _, err) = run(typless().args(["emulator", "--document-type-file", "no such file"]));
    assert!(code == 2 && err.contains("no such file can't be read"), "{err}");
}

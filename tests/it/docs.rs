//! The tables in `docs` name the tests that show what they say: each test exists, and each has a
//! row.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The pages whose tables name tests.
fn tables() -> [String; 2] {
    ["docs/wire.md", "docs/faults.md"].map(read)
}

/// The text of a file of the workspace. Not `include_str`: a change of a page builds nothing.
fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The Rust files in this folder of the workspace and in the folders below it, with their text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    fn add(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                add(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    let mut files = Vec::new();
    add(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
        &mut files,
    );
    files
}

/// Whether this is the name of a row's test: a letter, two digits, and a description.
fn is_row(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() > 4
        && b"abdhpqstwxy".contains(&bytes[0])
        && bytes[1].is_ascii_digit()
        && bytes[2].is_ascii_digit()
}

#[test]
fn each_row_names_its_test_and_each_test_has_its_row() {
    let files = [sources("tests"), sources("transports/tests")].concat();
    let written = files
        .iter()
        .flat_map(|(_, text)| text.split("fn ").skip(1))
        .filter_map(|rest| rest.split('(').next());
    let tables = tables();
    let named = tables.iter().flat_map(|table| table.split('`'));
    let (written, named): (BTreeSet<&str>, BTreeSet<&str>) = (
        written.filter(|name| is_row(name)).collect(),
        named.filter(|name| is_row(name)).collect(),
    );
    assert!(written.len() > 100, "{}", written.len());
    let missing: Vec<_> = named.difference(&written).collect();
    let unnamed: Vec<_> = written.difference(&named).collect();
    assert!(
        missing.is_empty() && unnamed.is_empty(),
        "no such test: {missing:?}\nin no table: {unnamed:?}"
    );
}

/// The errors that have variants, and the source of each.
const ERRORS: [(&str, &str); 10] = [
    ("JobError", "src/machine/job/error.rs"),
    ("CallError", "src/machine/call/error.rs"),
    ("DrainError", "src/machine/drain/error.rs"),
    ("Cause", "src/machine/cause.rs"),
    ("FailureKind", "src/machine/exchange.rs"),
    ("QueueProblem", "src/machine/batch/event.rs"),
    ("TicketError", "src/machine/stored_json.rs"),
    ("ResponseError", "src/wire/response_error.rs"),
    ("FinishError", "transports/src/stopped.rs"),
    ("LedgerError", "ledger/src/error.rs"),
];

#[test]
fn the_page_of_errors_has_every_variant() {
    let page = read("docs/errors.md");
    for (name, path) in ERRORS {
        let source = read(path);
        let body = source
            .split(&format!("pub enum {name} {{\n"))
            .nth(1)
            .unwrap()
            .split("\n}")
            .next()
            .unwrap();
        let variants = body
            .lines()
            .filter_map(|line| line.strip_prefix("    "))
            .filter(|line| line.starts_with(char::is_uppercase));
        let names: Vec<&str> = variants
            .filter_map(|line| line.split([' ', '(', ',', '{']).next())
            .collect();
        assert!(names.len() > 1, "{name}");
        for variant in names {
            let is_listed = page.contains(&format!("`{variant}`"))
                || page.contains(&format!("`{name}::{variant}`"));
            assert!(is_listed, "{name}::{variant}");
        }
    }
}

#[test]
fn every_row_is_there() {
    let tables = tables();
    let rows: BTreeSet<&str> = tables
        .iter()
        .flat_map(|table| table.lines())
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .collect();
    for (letter, last) in [
        ('A', 26),
        ('S', 23),
        ('P', 33),
        ('H', 5),
        ('T', 12),
        ('X', 9),
        ('Q', 9),
        ('B', 8),
        ('Y', 6),
        ('W', 13),
        ('D', 21),
    ] {
        for number in 1..=last {
            assert!(
                rows.contains(format!("{letter}{number}").as_str()),
                "{letter}{number}"
            );
        }
    }
}

/// A file that no module names is not compiled, and its tests do not run.
#[test]
fn every_file_of_the_tests_is_a_module() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders: Vec<String> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|package| format!("{package}/tests/it"))
        .chain(["tests/it".to_owned()])
        .filter(|folder| root.join(folder).join("main.rs").exists())
        .collect();
    assert!(folders.len() >= 5, "{folders:?}");
    for folder in &folders {
        let files = sources(folder);
        let mut declared: Vec<&str> = files
            .iter()
            .flat_map(|(_, text)| text.lines())
            .filter_map(|line| {
                let line = line.trim_start();
                let line = line.strip_prefix("pub(crate) ").unwrap_or(line);
                line.strip_prefix("mod ")?.strip_suffix(';')
            })
            .collect();
        let mut present: Vec<&str> = files
            .iter()
            .map(|(path, _)| path)
            .filter(|path| !path.ends_with("it/main.rs"))
            .filter_map(|path| {
                let is_folder = path.ends_with("mod.rs");
                let module = if is_folder { path.parent()? } else { path };
                module.file_stem()?.to_str()
            })
            .collect();
        declared.sort_unstable();
        present.sort_unstable();
        assert_eq!(declared, present, "{folder}");
    }
}

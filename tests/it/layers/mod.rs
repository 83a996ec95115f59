//! Calls between the files of a machine go one way, and only one file reads a status.

mod calls;
mod source;

use std::collections::BTreeSet;

use calls::{calls, circle, describe};
use source::{Source, code, files, impl_of, read};

/// The folders of `src/machine` in which calls go one way.
const FOLDERS: [&str; 3] = ["batch", "drain", "job"];

/// The files of `src/machine` that read a status or the kind of a failure, and why.
const READS_STATUS: [(&str, &str); 4] = [
    ("interpret.rs", "it decides what they mean"),
    ("exchange.rs", "it defines the kinds of failures"),
    (
        "cause.rs",
        "two causes are alike by their status; nothing is decided",
    ),
    (
        "throttle/health.rs",
        "one that was not sent is common to all at once",
    ),
];

#[test]
fn calls_between_the_files_of_a_machine_go_one_way() {
    let mut circles = String::new();
    for folder in FOLDERS {
        let files = files(folder);
        let sources: Vec<Source> = files.iter().map(|(name, text)| read(name, text)).collect();
        let calls = calls(&sources);
        let names: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
        println!("{folder}:\n{}", describe(&calls, &names));
        assert!(
            calls.len() > 5,
            "{folder}: only {} files call another",
            calls.len()
        );
        if let Some(circle) = circle(&calls) {
            circles += &format!("a circle in {folder}:\n{}", describe(&calls, &circle));
        }
    }
    assert!(circles.is_empty(), "{circles}");
}

#[test]
fn at_most_three_files_implement_a_batch() {
    let files = files("batch");
    let is_impl =
        |line: &str| line.starts_with("impl") && impl_of(line).as_deref() == Some("Batch");
    let with_impl = files.iter().filter(|(_, text)| text.lines().any(is_impl));
    let names: Vec<&str> = with_impl.map(|(name, _)| name.as_str()).collect();
    assert!(!names.is_empty() && names.len() <= 3, "{names:?}");
}

#[test]
fn one_file_decides_what_a_status_means() {
    let reads = |text: &str| {
        let code = code(text).join("\n");
        [
            "StatusCode",
            ".http_status()",
            "FailureKind::",
            ".status().is_",
            ".status() ==",
        ]
        .iter()
        .any(|word| code.contains(word))
    };
    let files = files("");
    assert!(files.len() > 50, "{}", files.len());
    let found: BTreeSet<&str> = files
        .iter()
        .filter(|(_, text)| reads(text))
        .map(|(path, _)| path.as_str())
        .collect();
    let expected: BTreeSet<&str> = READS_STATUS.iter().map(|(path, _)| *path).collect();
    assert_eq!(found, expected, "{READS_STATUS:?}");
}

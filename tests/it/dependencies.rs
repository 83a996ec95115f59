//! What the core depends on: few crates, and none that does I/O.
//!
//! The feature `proptest` is not counted: only tests that turn it on have proptest in their tree.

/// Every crate in the core's tree, build-time ones included. Adding one is a decision: list it
/// here, and give the reason in the commit.
const TREE: [&str; 17] = [
    "base64",
    "bytes",
    "http",
    "httpdate",
    "itoa",
    "memchr",
    "percent-encoding",
    "proc-macro2",
    "quote",
    "serde",
    "serde_core",
    "serde_derive",
    "serde_json",
    "serde_path_to_error",
    "syn",
    "unicode-ident",
    "zmij",
];

#[test]
#[expect(clippy::disallowed_types, reason = "a test may ask Cargo")]
fn the_core_depends_on_these_crates_only() {
    let cargo = std::process::Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--package",
            "typless",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        cargo.status.success(),
        "{}",
        String::from_utf8_lossy(&cargo.stderr)
    );
    let listing = String::from_utf8(cargo.stdout).unwrap();
    let mut found: Vec<&str> = listing
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|name| *name != "typless")
        .collect();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, TREE);
    assert!(TREE.len() <= 18);
}

//! What the core stands on: few crates, and none that does I/O.
//!
//! Without the feature `proptest`, which is for tests: who turns it on has proptest in the tree of those tests, and nobody else has.

/// Every crate in the core's tree, build-time ones included. Adding one is a decision: write it down here, with a reason in the change.
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

//! Everything that a fuzzer has found worth keeping, read again.

use std::fs;
use std::path::Path;

use typless_fuzz::TARGETS;

#[test]
fn every_input_of_the_corpora_keeps_the_promises() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in TARGETS {
        let mut inputs = 0;
        for entry in fs::read_dir(corpora.join(name)).expect("a corpus") {
            let path = entry.expect("an entry").path();
            // Shown where it fails.
            println!("{}", path.display());
            target(&fs::read(path).expect("an input"));
            inputs += 1;
        }
        assert!(inputs > 0, "the corpus {name} is empty");
    }
}

#[test]
fn every_corpus_and_every_target_is_one_of_the_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["corpus", "fuzz_targets"] {
        let mut names: Vec<String> = fs::read_dir(root.join(folder))
            .expect("a folder")
            .map(|entry| {
                let path = entry.expect("an entry").path();
                let name = path.file_stem().expect("a name");
                name.to_str().expect("text").to_owned()
            })
            .collect();
        names.sort();
        let mut listed = TARGETS.map(|(name, _)| name.to_owned());
        listed.sort();
        assert_eq!(names, listed, "{folder}");
    }
}

//! The files of a call, checked before anything is sent.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use typless::wire::{Document, printable};
use typless_transports::FileSource;

use crate::arguments::DocumentArguments;
use crate::failure::Failure;
use crate::output::say;
use crate::work::{Start, Task};

/// What the files of a folder must end in to be taken for documents.
const SUFFIXES: [&str; 6] = ["pdf", "jpg", "jpeg", "png", "tif", "tiff"];

/// Opens every file; if any of them can't be used, none is.
pub(crate) fn open(arguments: &DocumentArguments) -> Result<Vec<Task>, Failure> {
    let mut tasks = Vec::new();
    // What is wrong with the call, and not with a file, is told once.
    let (mut wrong, mut known) = (Vec::new(), HashSet::new());
    for path in paths(arguments)? {
        let file = path.to_string_lossy().into_owned();
        match document(&path, arguments) {
            Ok(document) => tasks.push(Task {
                file: Some(file),
                start: Start::Submit(document),
            }),
            Err(problem) => {
                if known.insert(problem.clone()) {
                    wrong.push(problem);
                }
            }
        }
    }
    if wrong.is_empty() {
        Ok(tasks)
    } else {
        Err(Failure::wrong_calls(wrong))
    }
}

/// The files in the order of the call, those of a folder in its place.
fn paths(arguments: &DocumentArguments) -> Result<Vec<PathBuf>, Failure> {
    let mut chosen = Chosen::default();
    let mut wrong = Vec::new();
    for path in &arguments.files {
        if !path.is_dir() {
            chosen.add_named(path);
            continue;
        }
        let mut found = Vec::new();
        match add_folder(path, &mut found) {
            Err(problem) => wrong.push(problem),
            Ok(()) if found.is_empty() => {
                wrong.push(format!(
                    "{} holds no documents: their names end in {}",
                    path.display(),
                    SUFFIXES.join(", ")
                ));
            }
            Ok(()) => found.into_iter().for_each(|path| chosen.add_found(path)),
        }
    }
    if wrong.is_empty() {
        Ok(chosen.paths)
    } else {
        Err(Failure::wrong_calls(wrong))
    }
}

/// The files that are taken. Folders may overlap, with each other and with files that are named beside them, and hold links to files; what they stand for together is taken once, as each submit is billed.
/// Who names one file twice wants it twice.
#[derive(Default)]
struct Chosen {
    paths: Vec<PathBuf>,
    /// Where they really are.
    known: HashSet<PathBuf>,
    /// Those of them that a folder stands for.
    found: HashSet<PathBuf>,
}

impl Chosen {
    fn add_named(&mut self, path: &Path) {
        let real = real(path);
        if self.found.contains(&real) {
            return tell_twice(path);
        }
        self.known.insert(real);
        self.paths.push(path.to_path_buf());
    }

    fn add_found(&mut self, path: PathBuf) {
        let real = real(&path);
        self.found.insert(real.clone());
        if self.known.insert(real) {
            self.paths.push(path);
        } else {
            tell_twice(&path);
        }
    }
}

/// Where a file really is. What is wrong with one that is not there is told once it is opened.
fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

fn tell_twice(path: &Path) {
    say(&format!(
        "{} is there already, and is taken once",
        printable(&path.to_string_lossy(), 300)
    ));
}

/// The documents of a folder and its folders, in the order of their names. Links to folders are not followed: they may lead back. What is hidden is none that somebody put there to be read: the bin
/// of a desktop, or the `._invoice.pdf` that macOS leaves beside `invoice.pdf` on other file systems; each would be billed.
fn add_folder(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), String> {
    let unreadable = |error: io::Error| {
        format!(
            "{} can't be read: {error}: name a readable folder (nothing was submitted)",
            folder.display()
        )
    };
    let entries: Result<Vec<fs::DirEntry>, io::Error> =
        fs::read_dir(folder).map_err(unreadable)?.collect();
    let mut entries = entries.map_err(unreadable)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if is_hidden(&entry) {
            continue;
        }
        if entry.file_type().map_err(unreadable)?.is_dir() {
            add_folder(&path, paths)?;
        } else if is_document(&path) && !path.is_dir() {
            paths.push(path);
        }
    }
    Ok(())
}

fn is_hidden(entry: &fs::DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn is_document(path: &Path) -> bool {
    path.extension().is_some_and(|suffix| {
        SUFFIXES
            .iter()
            .any(|known| suffix.eq_ignore_ascii_case(known))
    })
}

fn document(path: &Path, arguments: &DocumentArguments) -> Result<Document, String> {
    let shown = path.display();
    let source = FileSource::new(path).map_err(|error| {
        format!("{shown} can't be read: {error}: name a readable file (nothing was submitted)")
    })?;
    let name = path
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy();
    let document = Document::from_source(&name, &arguments.document_type, source);
    let document = match &arguments.customer {
        Some(customer) => document.and_then(|document| document.with_customer(customer)),
        None => document,
    };
    // The ticket names the file, so that who finds it knows what it stands for; a path that is too long for that is left out.
    let document = document.map(|document| {
        document
            .clone()
            .with_reference(&path.to_string_lossy())
            .unwrap_or(document)
    });
    document.map_err(|error| match error.field() {
        "document_type" => error
            .to_string()
            .replacen("document_type", "--document-type", 1),
        "customer" => error.to_string().replacen("customer", "--customer", 1),
        _ => format!("{shown} can't be submitted: its {error}"),
    })
}

//! The files on the command line, checked before anything is sent.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use typless::wire::{Document, printable};
use typless_transports::FileSource;

use crate::arguments::DocumentArguments;
use crate::failure::Failure;
use crate::output::eprint_message;
use crate::work::{Place, Start, Task};

/// The suffixes by which files of a folder are taken for documents.
const SUFFIXES: [&str; 6] = ["pdf", "jpg", "jpeg", "png", "tif", "tiff"];

/// Opens every file; fails with every problem found.
pub(crate) fn open(arguments: &DocumentArguments) -> Result<Vec<Task>, Failure> {
    let mut tasks = Vec::new();
    // A problem with the usage, not with a file, is reported once.
    let (mut wrong, mut known) = (Vec::new(), HashSet::new());
    for path in paths(arguments)? {
        let file = path.to_string_lossy().into_owned();
        match document(&path, arguments) {
            Ok(document) => {
                let place = Place {
                    position: tasks.len(),
                    file: Some(file),
                };
                tasks.push(Task::new(place, Start::Submit(document)));
            }
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
        Err(Failure::invalid_usages(wrong))
    }
}

/// The files in the order of the command line, those of a folder in its place.
fn paths(arguments: &DocumentArguments) -> Result<Vec<PathBuf>, Failure> {
    let mut list = FileList::default();
    let mut wrong = Vec::new();
    for path in &arguments.files {
        if !path.is_dir() {
            list.add_named(path);
            continue;
        }
        let mut found = Vec::new();
        match add_folder(path, &mut found) {
            Err(problem) => wrong.push(problem),
            Ok(()) if found.is_empty() => {
                wrong.push(format!(
                    "{} contains no documents: their names end in {}",
                    path.display(),
                    SUFFIXES.join(", ")
                ));
            }
            Ok(()) => found.into_iter().for_each(|path| list.add_found(path)),
        }
    }
    if wrong.is_empty() {
        Ok(list.paths)
    } else {
        Err(Failure::invalid_usages(wrong))
    }
}

/// The files to submit. Folders may overlap with each other and with named files, and contain links
/// to files. Such a file is submitted once, as each submit is billed. A file that is named twice on
/// the command line is submitted twice.
#[derive(Default)]
struct FileList {
    paths: Vec<PathBuf>,
    /// Their canonical paths.
    known: HashSet<PathBuf>,
    /// Those of them that were found in a folder.
    found: HashSet<PathBuf>,
}

impl FileList {
    fn add_named(&mut self, path: &Path) {
        let real = real(path);
        if self.found.contains(&real) {
            return print_duplicate(path);
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
            print_duplicate(&path);
        }
    }
}

/// The canonical path. If there is none, opening the file reports the problem.
fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

fn print_duplicate(path: &Path) {
    eprint_message(&format!(
        "{} was given twice, and is submitted once",
        printable(&path.to_string_lossy(), 300)
    ));
}

/// Adds the documents of a folder and its subfolders, sorted by name. Links to folders are not
/// followed: they may lead back. Hidden files are left out, such as a desktop's trash, or the
/// `._invoice.pdf` that macOS leaves beside `invoice.pdf` on other file systems: each would be
/// billed.
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
    // The ticket carries the file's path, so that people see what it stands for; a path that is too
    // long is left out.
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

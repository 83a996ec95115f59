//! The folder with the documents, the log and a lock.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use typless::wire::{ConfigError, Document, DocumentSource};

use crate::row::StoredDocument;

#[derive(Clone)]
pub(crate) struct Folder {
    documents: PathBuf,
    log: PathBuf,
}

/// Keeps other processes out. The system releases it when the process ends, however it ends.
pub(crate) struct Lock(#[expect(dead_code, reason = "it is released when it is closed")] File);

impl Folder {
    /// Opens the folder for this process alone: two would submit each document twice.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Lock)> {
        let documents = path.join("documents");
        fs::create_dir_all(&documents)?;
        let lock = File::create(path.join("lock"))?;
        #[expect(clippy::incompatible_msrv, reason = "examples need the current Rust")]
        lock.try_lock()
            .map_err(|error| io::Error::other(format!("the folder is in use: {error}")))?;
        for entry in fs::read_dir(&documents)? {
            // Its process ended while it was written. Nobody was given a response.
            let path = entry?.path();
            if path.extension().is_some_and(|suffix| suffix == PART) {
                fs::remove_file(path)?;
            }
        }
        sync_folder(path)?;
        let log = path.join("log.jsonl");
        Ok((Self { documents, log }, Lock(lock)))
    }

    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Writes a document, and returns when it is on the disk. `attempt` is never the same.
    pub(crate) fn write(&self, id: &str, attempt: u64, content: &[u8]) -> io::Result<()> {
        let path = self.documents.join(id);
        // One with that name is whole, because it was renamed after it was synced.
        if !path.exists() {
            let part = self.documents.join(format!("{id}-{attempt}.{PART}"));
            let mut file = File::create(&part)?;
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(&part, &path)?;
        }
        sync_folder(&self.documents)
    }

    /// A document to submit. Its file is opened when it is sent.
    pub(crate) fn document(&self, stored: &StoredDocument) -> Result<Document, ConfigError> {
        let file = LazyFile {
            path: self.documents.join(&stored.id),
            len: stored.len,
        };
        Document::from_source(&stored.name, &stored.document_type, file)?
            .with_reference(&stored.id)?
            .with_digest(&stored.id)
    }
}

/// The suffix of what is not whole yet.
const PART: &str = "part";

/// A file that is opened for each attempt, as `FileSource`, but not before: if it is missing, its
/// own job fails, and not the start of the service.
struct LazyFile {
    path: PathBuf,
    len: u64,
}

impl DocumentSource for LazyFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(File::open(&self.path)?))
    }
}

/// Returns when the names in a folder are on the disk: a synced file can still lose its name.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    // Elsewhere a folder can't be opened as a file.
    if cfg!(unix) {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}

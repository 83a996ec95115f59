//! A file to which groups of entries are appended, each group as one line of JSON.
//!
//! A line is synced before the next one is written. So only the last line can be torn by a crash,
//! and nothing was done yet because of its entries: it is left out.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::folder::sync_folder;

pub(crate) struct Log {
    file: File,
}

impl Log {
    /// Reads all entries, oldest first.
    pub(crate) fn read<E: DeserializeOwned>(path: &Path) -> io::Result<Vec<E>> {
        let content = match fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            content => content?,
        };
        let mut entries = Vec::new();
        let lines = content.split_inclusive(|byte| *byte == b'\n').enumerate();
        let mut lines = lines.peekable();
        while let Some((index, line)) = lines.next() {
            let is_ended = line.ends_with(b"\n");
            match serde_json::from_slice::<Vec<E>>(line) {
                Ok(group) if is_ended => entries.extend(group),
                // JSON that is whole was written so, perhaps by a newer version.
                Err(error) if is_ended && error.is_data() => return Err(unreadable(index)),
                _ if lines.peek().is_none() => eprintln!("the last line of the log is torn"),
                _ => return Err(unreadable(index)),
            }
        }
        Ok(entries)
    }

    /// Replaces the log by these entries, as one step, and goes on after them.
    pub(crate) fn replace(path: &Path, entries: &[impl Serialize]) -> io::Result<Self> {
        let new = path.with_extension("new");
        let mut file = BufWriter::new(File::create(&new)?);
        for entry in entries {
            file.write_all(&line(&[entry])?)?;
        }
        let file = file.into_inner()?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        sync_folder(path.parent().unwrap_or_else(|| Path::new(".")))?;
        Ok(Self { file })
    }

    /// Appends a group, and returns when it is on the disk. After an error nothing may be appended
    /// any more: how much of the line is there is not known.
    pub(crate) fn append(&mut self, group: &[impl Serialize]) -> io::Result<()> {
        self.file.write_all(&line(group)?)?;
        self.file.sync_data()
    }
}

/// Not the work of a crash. If the line was left out, a document may be submitted twice.
fn unreadable(index: usize) -> io::Error {
    let problem = format!("line {} of the log can't be read", index + 1);
    io::Error::new(ErrorKind::InvalidData, problem)
}

fn line(group: &[impl Serialize]) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(group)?;
    line.push(b'\n');
    Ok(line)
}

//! A file of results: one line of JSON per extraction.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use typless::wire::ExtractionId;

use crate::failure::Failure;

/// A file with one line of JSON per extraction, whatever ended the calls that wrote it. Lines are
/// appended; one that was torn is cut off when the file is opened.
pub(crate) struct ResultsFile {
    path: PathBuf,
    file: File,
    ids: HashSet<ExtractionId>,
    /// The length of the lines that are whole, once a line could not be written.
    whole: Option<u64>,
}

/// What a line begins with.
const LINE_BEGINS: [&[u8]; 2] = [b"{\"index\":", b"{\"file\":"];

/// What a line is recognised by.
#[derive(Deserialize)]
struct Line {
    extraction_id: Option<ExtractionId>,
}

impl ResultsFile {
    /// Opens the file for this process alone, and makes it if it does not exist.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        Self::read(path).map_err(|error| {
            Failure::invalid_usage(format!(
                "{} can't be used: {error}: name another file with --output",
                path.display()
            ))
        })
    }

    fn read(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        file.try_lock()
            .map_err(|error| io::Error::other(format!("another process writes it: {error}")))?;
        let (mut ids, mut whole) = (HashSet::new(), 0);
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        loop {
            line.clear();
            reader.read_until(b'\n', &mut line)?;
            if !line.ends_with(b"\n") && is_outcome(&line) {
                // An editor has taken its end: that may be the only copy of a result.
                (&file).write_all(b"\n")?;
                line.push(b'\n');
            }
            if !line.ends_with(b"\n") {
                if !is_torn(&line) {
                    return Err(io::Error::other("its last line is none of this command"));
                }
                break;
            }
            // Anything else than a line of ours is the user's, and stays.
            if let Ok(Line {
                extraction_id: Some(id),
            }) = serde_json::from_slice(&line)
            {
                ids.insert(id);
            }
            whole += line.len() as u64;
        }
        let mut results = Self {
            path: path.to_path_buf(),
            file,
            ids,
            whole: Some(whole),
        };
        results.cut_off()?;
        Ok(results)
    }

    /// Whether there is a line of this extraction.
    pub(crate) fn contains(&self, id: &ExtractionId) -> bool {
        self.ids.contains(id)
    }

    /// The folder that it is in.
    pub(crate) fn folder(&self) -> &Path {
        self.path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or_else(|| Path::new("."))
    }

    /// Appends the line of an extraction, unless there is one.
    pub(crate) fn append(&mut self, id: &ExtractionId, line: &str) -> io::Result<()> {
        if self.contains(id) {
            return Ok(());
        }
        self.cut_off()?;
        let before = self.file.stream_position()?;
        let written = self
            .file
            .write_all(format!("{line}\n").as_bytes())
            .and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => {
                self.ids.insert(id.clone());
                Ok(())
            }
            Err(error) => {
                self.whole = Some(before);
                Err(error)
            }
        }
    }

    /// Cuts off what is no whole line.
    fn cut_off(&mut self) -> io::Result<()> {
        if let Some(whole) = self.whole {
            self.file.set_len(whole)?;
            self.file.seek(SeekFrom::Start(whole))?;
            self.whole = None;
        }
        Ok(())
    }
}

/// Whether this end of a file may be what a call was writing when it was ended: nothing, a part of
/// a line, or a place on the disk that nothing was written to. Anything else is somebody else's.
fn is_torn(line: &[u8]) -> bool {
    let is_begin = |begin: &&[u8]| begin.iter().zip(line).all(|(one, other)| one == other);
    LINE_BEGINS.iter().any(is_begin) || line.iter().all(|byte| *byte == 0)
}

fn is_outcome(line: &[u8]) -> bool {
    serde_json::from_slice(line).is_ok_and(|line: Line| line.extraction_id.is_some())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn each_extraction_has_one_line_and_a_torn_one_is_written_again() {
        let place = tempfile::tempdir().expect("a place");
        let path = place.path().join("results.jsonl");
        let id = |text: &str| ExtractionId::new(text).expect("an id");
        let line = |text: &str| format!("{{\"file\":\"\",\"extraction_id\":\"{text}\"}}");
        let mut file = ResultsFile::open(&path).expect("a file");
        for text in ["a1", "b2", "a1"] {
            file.append(&id(text), &line(text)).expect("to append");
        }
        drop(file);
        let whole = format!("{}\n{}\n", line("a1"), line("b2"));
        assert_eq!(fs::read_to_string(&path).expect("a file"), whole);
        let torn = line("c3");
        fs::write(&path, format!("{whole}{}", &torn[..torn.len() - 3])).expect("to write");
        let mut file = ResultsFile::open(&path).expect("a file");
        assert!(file.contains(&id("a1")) && !file.contains(&id("c3")));
        file.append(&id("c3"), &torn).expect("to append");
        assert_eq!(
            fs::read_to_string(&path).expect("a file"),
            format!("{whole}{torn}\n")
        );
        assert!(ResultsFile::open(&path).is_err(), "it is in use");
    }

    #[test]
    fn a_file_of_somebody_else_is_not_cut_off() {
        let place = tempfile::tempdir().expect("a place");
        let path = place.path().join("notes.txt");
        for text in ["my notes", "a line\n%%EOF", "{\"a\": 1}"] {
            fs::write(&path, text).expect("to write");
            assert!(ResultsFile::open(&path).is_err(), "{text}");
            assert_eq!(fs::read_to_string(&path).expect("a file"), text);
        }
        let whole = "{\"file\":\"a.pdf\",\"extraction_id\":\"a1\"}";
        fs::write(&path, whole).expect("to write");
        ResultsFile::open(&path).expect("a file");
        let kept = fs::read_to_string(&path).expect("a file");
        assert_eq!(kept, format!("{whole}\n"));
    }
}

//! A folder of results, a file of JSON for each extraction.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use typless::wire::ExtractionId;

use crate::failure::Failure;

/// Results, a file of JSON for each extraction: `<id>.json`. What is being fetched has an `<id>.fetching` there, into which the result is written before it gets its name; so a result is there
/// whole or not at all, and which ones a process that is no more had begun to fetch is known.
pub(crate) struct Folder {
    path: PathBuf,
}

/// The characters of an id that its file has, too. Upper-case letters are not among them: some file systems take them for lower-case ones.
const KEPT: AsciiSet = upper_case(NON_ALPHANUMERIC.remove(b'-').remove(b'_'));

const WRITTEN: &str = "json";
const FETCHING: &str = "fetching";

impl Folder {
    /// Opens the folder, and makes it if it is not there.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(path).map_err(|error| unusable(path, &error))?;
        Ok(Self {
            path: path.to_path_buf(),
        })
    }

    /// The results that are there.
    pub(crate) fn written(&self) -> Result<Vec<ExtractionId>, Failure> {
        self.ids(WRITTEN)
    }

    /// The results that a process which is no more had begun to fetch.
    pub(crate) fn begun(&self) -> Result<Vec<ExtractionId>, Failure> {
        self.ids(FETCHING)
    }

    /// Notes that a result is about to be fetched.
    pub(crate) fn begin(&self, id: &ExtractionId) -> io::Result<()> {
        File::create(self.file(id, FETCHING)).map(drop)
    }

    /// Writes a result.
    pub(crate) fn write(&self, id: &ExtractionId, line: &str) -> io::Result<()> {
        let fetching = self.file(id, FETCHING);
        let mut file = File::create(&fetching)?;
        file.write_all(line.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(fetching, self.file(id, WRITTEN))
    }

    /// Forgets that a result was about to be fetched.
    pub(crate) fn give_up(&self, id: &ExtractionId) {
        // One that stays is fetched again by the next call, which finds out once more.
        let _ = fs::remove_file(self.file(id, FETCHING));
    }

    fn file(&self, id: &ExtractionId, suffix: &str) -> PathBuf {
        self.path.join(format!(
            "{}.{suffix}",
            utf8_percent_encode(id.as_str(), &KEPT)
        ))
    }

    fn ids(&self, suffix: &str) -> Result<Vec<ExtractionId>, Failure> {
        let entries: io::Result<Vec<fs::DirEntry>> =
            fs::read_dir(&self.path).and_then(Iterator::collect);
        let mut names: Vec<PathBuf> = entries
            .map_err(|error| unusable(&self.path, &error))?
            .iter()
            .map(fs::DirEntry::path)
            .collect();
        names.retain(|name| name.extension().is_some_and(|is| is == suffix));
        names.sort();
        Ok(names.iter().filter_map(|name| id_of(name)).collect())
    }
}

/// The id that a file is named after, if it is one.
fn id_of(name: &Path) -> Option<ExtractionId> {
    let id = percent_decode_str(name.file_stem()?.to_str()?)
        .decode_utf8()
        .ok()?;
    ExtractionId::new(&id).ok()
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::wrong_call(format!(
        "{} can't be used: {error}: name a folder with --out",
        path.display()
    ))
}

const fn upper_case(mut set: AsciiSet) -> AsciiSet {
    let mut letter = b'A';
    while letter <= b'Z' {
        set = set.add(letter);
        letter += 1;
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ExtractionId {
        ExtractionId::new(text).expect("an id")
    }

    #[test]
    fn a_result_is_there_whole_or_not_at_all() {
        let place = tempfile::tempdir().expect("a place");
        let folder = Folder::open(&place.path().join("new/folder")).expect("a folder");
        folder.begin(&id("0d14")).expect("to begin");
        assert_eq!(
            (folder.written().expect("ids"), folder.begun().expect("ids")),
            (vec![], vec![id("0d14")])
        );
        folder.write(&id("0d14"), "{}").expect("to write");
        assert_eq!(
            (folder.written().expect("ids"), folder.begun().expect("ids")),
            (vec![id("0d14")], vec![])
        );
        folder.begin(&id("0e89")).expect("to begin");
        folder.give_up(&id("0e89"));
        assert_eq!(folder.begun().expect("ids"), []);
    }

    #[test]
    fn hostile_ids_stay_in_the_folder_and_apart() {
        let place = tempfile::tempdir().expect("a place");
        let folder = Folder::open(place.path()).expect("a folder");
        let mut ids: Vec<ExtractionId> = [
            "..",
            "../../x",
            "/etc/passwd",
            "a",
            "A",
            "é %41",
            "nul.json",
        ]
        .map(id)
        .into();
        for id in &ids {
            folder.write(id, "{}").expect("to write");
        }
        let mut written = folder.written().expect("ids");
        ids.sort();
        written.sort();
        assert_eq!(written, ids);
        assert_eq!(
            fs::read_dir(place.path()).expect("a folder").count(),
            ids.len()
        );
    }
}

//! A folder of results: one JSON file per extraction.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use typless::wire::ExtractionId;

use crate::failure::Failure;
use crate::raw_file;

/// A folder with one JSON file per result: `<id>.json`. A result that is being fetched has an
/// `<id>.fetching` file, into which it is written before the rename. So a result is complete or
/// absent, and an unfinished fetch of a process that died is known.
pub(crate) struct Folder {
    path: PathBuf,
}

/// The characters of an id that are percent-encoded in its file name. Upper-case letters are: some
/// file systems do not tell them from lower-case ones.
const ENCODED: AsciiSet = upper_case(NON_ALPHANUMERIC.remove(b'-').remove(b'_'));

const WRITTEN_SUFFIX: &str = "json";
const FETCHING_SUFFIX: &str = "fetching";

impl Folder {
    /// Opens the folder, and creates it if it does not exist.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(path).map_err(|error| unusable(path, &error))?;
        Ok(Self {
            path: path.to_path_buf(),
        })
    }

    /// The ids of the results that were written.
    pub(crate) fn written(&self) -> Result<Vec<ExtractionId>, Failure> {
        self.ids(WRITTEN_SUFFIX)
    }

    /// The ids whose fetch was started by an earlier process and did not finish.
    pub(crate) fn fetching(&self) -> Result<Vec<ExtractionId>, Failure> {
        self.ids(FETCHING_SUFFIX)
    }

    /// Records that a result is about to be fetched.
    pub(crate) fn mark_fetching(&self, id: &ExtractionId) -> io::Result<()> {
        File::create(self.file(id, FETCHING_SUFFIX)).map(drop)
    }

    /// Writes a result.
    pub(crate) fn write(&self, id: &ExtractionId, line: &str) -> io::Result<()> {
        let fetching = self.file(id, FETCHING_SUFFIX);
        let mut file = File::create(&fetching)?;
        file.write_all(line.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(fetching, self.file(id, WRITTEN_SUFFIX))
    }

    /// Removes the record of a fetch that brought no result.
    pub(crate) fn clear_fetching(&self, id: &ExtractionId) {
        // If the file stays, the next run fetches the result again.
        let _ = fs::remove_file(self.file(id, FETCHING_SUFFIX));
    }

    /// Keeps a response that can't be read as `<id>.raw`.
    pub(crate) fn keep(&self, id: &ExtractionId, bytes: &[u8]) -> io::Result<PathBuf> {
        raw_file::write(&self.path, id, bytes)
    }

    fn file(&self, id: &ExtractionId, suffix: &str) -> PathBuf {
        self.path.join(file_name(id, suffix))
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
        Ok(names.iter().filter_map(|name| id_from_name(name)).collect())
    }
}

/// The name of an id's file.
pub(crate) fn file_name(id: &ExtractionId, suffix: &str) -> String {
    format!("{}.{suffix}", utf8_percent_encode(id.as_str(), &ENCODED))
}

/// The id in a file's name, if there is one.
fn id_from_name(name: &Path) -> Option<ExtractionId> {
    let id = percent_decode_str(name.file_stem()?.to_str()?)
        .decode_utf8()
        .ok()?;
    ExtractionId::new(&id).ok()
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::invalid_usage(format!(
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
        folder.mark_fetching(&id("0d14")).expect("a mark");
        assert_eq!(
            (
                folder.written().expect("ids"),
                folder.fetching().expect("ids")
            ),
            (vec![], vec![id("0d14")])
        );
        folder.write(&id("0d14"), "{}").expect("to write");
        assert_eq!(
            (
                folder.written().expect("ids"),
                folder.fetching().expect("ids")
            ),
            (vec![id("0d14")], vec![])
        );
        folder.mark_fetching(&id("0e89")).expect("a mark");
        folder.clear_fetching(&id("0e89"));
        assert_eq!(folder.fetching().expect("ids"), []);
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

//! Responses that can't be read, kept as files: the service may have forgotten them.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use typless::wire::ExtractionId;

use crate::folder::file_name;

/// After so many files of one id with different contents, something else is wrong.
const MAX_FILES: u32 = 100;

/// Writes a response as received to `<id>.raw` in a folder, and returns the file's name. What is
/// there already is not overwritten: another response of the same id goes to `<id>.2.raw`.
pub(crate) fn write(folder: &Path, id: &ExtractionId, bytes: &[u8]) -> io::Result<PathBuf> {
    for number in 1..MAX_FILES {
        let suffix = match number {
            1 => "raw".to_owned(),
            number => format!("{number}.raw"),
        };
        let path = folder.join(file_name(id, &suffix));
        match File::create_new(&path) {
            Ok(mut file) => {
                return file
                    .write_all(bytes)
                    .and_then(|()| file.sync_all())
                    .map(|()| path);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if fs::read(&path).is_ok_and(|there| there == bytes) {
                    return Ok(path);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_response_is_kept_once_and_none_is_overwritten() {
        let place = tempfile::tempdir().expect("a place");
        let id = ExtractionId::new("../a").expect("an id");
        let write = |bytes: &[u8]| write(place.path(), &id, bytes).expect("to write");
        let first = write(b"\xff one");
        assert_eq!(write(b"\xff one"), first);
        let second = write(b"two");
        assert_ne!(second, first);
        assert_eq!(fs::read(&first).expect("a file"), b"\xff one");
        assert_eq!(fs::read(&second).expect("a file"), b"two");
        assert_eq!(fs::read_dir(place.path()).expect("a folder").count(), 2);
        let nowhere = place.path().join("nowhere");
        super::write(&nowhere, &id, b"").expect_err("no such folder");
    }
}

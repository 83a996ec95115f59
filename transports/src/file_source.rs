//! A document read from a file while it is sent.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use typless::wire::DocumentSource;

/// A document read from a file while it is sent, so that a large file is never held in memory.
///
/// For [`Document::from_source`](typless::wire::Document::from_source). The file is opened for each
/// attempt. If its length has changed since [`new`](Self::new), the attempt fails before the
/// service has received the whole body.
#[derive(Debug, Clone)]
pub struct FileSource {
    path: PathBuf,
    len: u64,
}

impl FileSource {
    /// A source that reads this file. Reads the length of the file, not its content.
    ///
    /// # Errors
    ///
    /// The file does not exist, can't be opened for reading, or is not a regular file.
    pub fn new(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_path_buf();
        // Checked before it is opened: opening a named pipe blocks until another process writes.
        let metadata = std::fs::metadata(&path)?;
        if !metadata.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is not a regular file",
            ));
        }
        // Opened, so that a file that can't be read fails here, before anything is sent.
        let metadata = File::open(&path)?.metadata()?;
        Ok(Self {
            path,
            len: metadata.len(),
        })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl DocumentSource for FileSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        // The body is read in large blocks, so a buffered reader would only add a copy.
        Ok(Box::new(File::open(&self.path)?))
    }
}

//! A document read from a file while it is sent.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use typless::wire::DocumentSource;

/// A document read from a file while it is sent, so that a large one never sits in memory.
///
/// Made by the application, consumed by [`Document::from_source`](typless::wire::Document::from_source). The file is opened for each attempt; if it was changed in between so that its length differs, the attempt
/// fails before the service has all of it.
#[derive(Debug, Clone)]
pub struct FileSource {
    path: PathBuf,
    len: u64,
}

impl FileSource {
    /// Polls up the file's length.
    ///
    /// # Errors
    ///
    /// The file is not there, can't be opened for reading, or is not a file.
    pub fn new(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_path_buf();
        // Looked at before it is opened: to open a named pipe is to wait for somebody who writes into it.
        let metadata = std::fs::metadata(&path)?;
        if !metadata.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is not a file",
            ));
        }
        // Opened, not only polled: what can't be read should be known before anything is sent.
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
        // The body is read in blocks of its own; a buffer in between would only copy.
        Ok(Box::new(File::open(&self.path)?))
    }
}

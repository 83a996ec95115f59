//! A document read from a file while it is sent.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use typless::wire::{Document, DocumentSource};

/// The document in a file, read while it is sent, so that a large file is never held in memory.
///
/// ```no_run
/// use typless_transports::document_from_path;
///
/// let path = "2024/11/invoice.pdf";
/// let document = document_from_path(path, "line-item-invoice")?.with_reference(path)?;
///
/// assert_eq!(document.file_name(), "invoice.pdf");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Its file name is the last part of the path, with U+FFFD for what is not Unicode; the service
/// needs the suffix. To give it another name, use [`FileSource`].
///
/// # Errors
///
/// Like [`FileSource::new`], and [`InvalidInput`](io::ErrorKind::InvalidInput) with a
/// [`ConfigError`](typless::wire::ConfigError) inside if the file is empty or a name can't be used.
pub fn document_from_path(path: impl AsRef<Path>, document_type: &str) -> io::Result<Document> {
    let path = path.as_ref();
    let source = FileSource::new(path)?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    Document::from_source(&name.to_string_lossy(), document_type, source)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}

/// A document read from a file while it is sent, so that a large file is never held in memory.
///
/// For [`Document::from_source`]; [`document_from_path`] is shorter. The file is opened for each
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

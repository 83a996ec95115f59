//! Which processes live: each holds a lock on a file of its own.
//!
//! A file says nothing by being there. It is the lock that counts, and the system takes it away
//! with the process. Files are made and removed only by who writes to the database at that time, so
//! that none is removed before it is locked.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use crate::file_system;

/// The lock of this process.
#[derive(Debug)]
pub(crate) struct ProcessLock {
    name: String,
    path: PathBuf,
    /// Holds the lock as long as it is open.
    _file: File,
}

/// The folder of the locks of a ledger.
pub(crate) fn folder(ledger: &Path) -> PathBuf {
    let mut name = OsString::from(ledger);
    name.push("-processes");
    PathBuf::from(name)
}

impl ProcessLock {
    /// Makes a file and locks it. To be called while the database is written.
    pub(crate) fn create(folder: &Path) -> io::Result<Self> {
        let name = format!("{:016x}{:016x}", random(), random());
        let path = folder.join(&name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        let file = file_system::for_owner_only(&mut options).open(&path)?;
        if let Err(error) = file.try_lock() {
            let _ = fs::remove_file(&path);
            return Err(match error {
                TryLockError::Error(error) => error,
                TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
            });
        }
        Ok(Self {
            name,
            path,
            _file: file,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for ProcessLock {
    fn drop(&mut self) {
        // What stays behind is not locked, and is removed by the next process.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether the process that made this file lives.
pub(crate) fn is_alive(folder: &Path, name: &str) -> io::Result<bool> {
    if !is_name(name) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let file = match File::open(folder.join(name)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    // Shared, so that others can find out at the same time.
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Removes files of processes that are gone. To be called while the database is written.
pub(crate) fn remove_stale(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if !name.to_str().is_some_and(is_name) {
            continue;
        }
        let Ok(file) = OpenOptions::new().read(true).write(true).open(entry.path()) else {
            continue;
        };
        if file.try_lock().is_ok() {
            // Under its lock. It is only litter.
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// Whether it is the name of such a file: no path leads elsewhere.
fn is_name(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A number that no other process has.
fn random() -> u64 {
    // The keys of std come from the system's randomness.
    RandomState::new().hash_one(std::process::id())
}

//! Why a ledger can't be opened, read or written.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ffi;
use rusqlite::{Error as SqliteError, ErrorCode};

use crate::damage::Damage;
use crate::key::EntryKey;

/// Why a ledger can't be opened, read or written. It names the file, and what to do.
///
/// Nothing that was stored is lost by an error, nor what was recorded and is not stored yet: call
/// again. Until then no new submit leaves, and everything else goes on.
#[derive(Debug)]
#[non_exhaustive]
pub enum LedgerError {
    /// There is no such file, and it was opened only to be read.
    NotFound {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    NotALedger {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version of this library.
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its tables.
        version: i64,
    },
    /// The file is cut off, or damaged where no entry is.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// An entry is damaged. The others can be read.
    DamagedEntry(Damage),
    /// The file or its folder can't be written.
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The disk is full, or a quota is used up.
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Another process has been writing for longer than the busy timeout.
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The file system can't lock files.
    NoLocks {
        /// The file.
        path: PathBuf,
    },
    /// The file is on a network share or in a file system of a program.
    NetworkShare {
        /// The file.
        path: PathBuf,
        /// The kind of file system.
        kind: &'static str,
    },
    /// The system reports another problem.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it reports.
        source: io::Error,
    },
    /// The database reports another problem.
    Database {
        /// The file.
        path: PathBuf,
        /// What it reports.
        source: Box<dyn Error + Send + Sync>,
    },
    /// An event of the batch was not recorded: invalid usage.
    EventMissing {
        /// The sequence of the first event that is missing.
        sequence: u64,
    },
    /// The entry is followed by another process, or its document is under way in this one.
    InUse {
        /// The entry.
        key: EntryKey,
    },
}

impl LedgerError {
    pub(crate) fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io { path, source },
        }
    }

    pub(crate) fn from_sqlite(path: &Path, error: SqliteError) -> Self {
        let SqliteError::SqliteFailure(failure, _) = &error else {
            return Self::Database {
                path: path.to_path_buf(),
                source: error.into(),
            };
        };
        let path = path.to_path_buf();
        match (failure.code, failure.extended_code) {
            (_, ffi::SQLITE_IOERR_SHMSIZE) | (ErrorCode::DiskFull, _) => Self::Full { path },
            (
                _,
                ffi::SQLITE_IOERR_LOCK
                | ffi::SQLITE_IOERR_RDLOCK
                | ffi::SQLITE_IOERR_SHMLOCK
                | ffi::SQLITE_IOERR_SHMMAP,
            )
            | (ErrorCode::FileLockingProtocolFailed, _) => Self::NoLocks { path },
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Self::Busy { path },
            (ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied, _) => {
                Self::ReadOnly { path }
            }
            (ErrorCode::NotADatabase, _) => Self::NotALedger { path },
            (ErrorCode::DatabaseCorrupt, _) => Self::Damaged {
                path,
                problem: error.to_string(),
            },
            _ => Self::Database {
                path,
                source: error.into(),
            },
        }
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { path } => write!(f, "there is no ledger at {}", path.display()),
            Self::NotALedger { path } => write!(
                f,
                "{} is no ledger: name another file, it was left as it is",
                path.display()
            ),
            Self::Newer { path, version } => write!(
                f,
                "{} has version {version}, written by a newer typless: update this program",
                path.display()
            ),
            Self::Damaged { path, problem } => write!(
                f,
                "{} is damaged ({problem}): take it from a backup, or move it away, and what it \
                 knew may be submitted again",
                path.display()
            ),
            Self::DamagedEntry(damage) => damage.fmt(f),
            Self::ReadOnly { path } => write!(
                f,
                "{} or its folder can't be written: allow it, or name another file",
                path.display()
            ),
            Self::Full { path } => write!(
                f,
                "{} can't grow, the disk is full: make room, then store again",
                path.display()
            ),
            Self::Busy { path } => write!(
                f,
                "{} is being written by another process: try again, or wait longer",
                path.display()
            ),
            Self::NoLocks { path } => write!(
                f,
                "{} is in a file system that can't lock files: put it on a local disk",
                path.display()
            ),
            Self::NetworkShare { path, kind } => write!(
                f,
                "{} is on {kind}, where processes can't share it safely: put it on a local disk",
                path.display()
            ),
            Self::Io { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Database { path, source } => write!(f, "{}: {source}", path.display()),
            Self::EventMissing { sequence } => write!(
                f,
                "event {sequence} of the batch was not recorded: pass each event to \
                 Session::record, in order"
            ),
            Self::InUse { key } => write!(
                f,
                "{key} is being followed: end the process that does, or wait for it"
            ),
        }
    }
}

impl Error for LedgerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => source.source(),
            Self::Database { source, .. } => source.source(),
            _ => None,
        }
    }
}

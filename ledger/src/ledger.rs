//! The ledger: a file, and who has it open.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use typless::machine::{Batch, BatchOptions, Ticket, Time};
use typless::wire::{Api, ExtractionId};

use crate::account::Account;
use crate::entry::{Entry, EntryState, Outcome};
use crate::error::LedgerError;
use crate::file_system;
use crate::holders::Holder;
use crate::key::EntryKey;
use crate::options::LedgerOptions;
use crate::process::{self, ProcessLock};
use crate::row;
use crate::schema;
use crate::session::Session;

/// A file that knows which documents were submitted, and how far they came.
///
/// Any number of processes may have it open, and share it. Each open ledger counts as one of them,
/// even within one process. To submit and follow documents, [`start`](Self::start) a batch with it.
///
/// The file is an SQLite database. Beside it are `-wal` and `-shm`, and a folder `-processes` with
/// a locked file for each process. Copy or move them together, while nobody has it open. On Unix
/// what is made can be read by its owner alone.
pub struct Ledger {
    pub(crate) connection: Connection,
    pub(crate) path: PathBuf,
    pub(crate) options: LedgerOptions,
    /// `None` if it is only read.
    pub(crate) lock: Option<ProcessLock>,
}

impl Ledger {
    /// Opens a ledger. A file that does not exist is made, with its folder.
    ///
    /// # Errors
    ///
    /// The file is no ledger or a newer one, it can't be read or written, or processes can't share
    /// it where it is.
    pub fn open(path: impl AsRef<Path>, options: LedgerOptions) -> Result<Self, LedgerError> {
        let path = &file_system::resolved(path.as_ref());
        let locks = process::folder(path);
        let folder = file_system::parent(path);
        file_system::create_folder(&folder)
            .map_err(|error| LedgerError::from_io(&folder, error))?;
        if let Some(kind) = file_system::network_kind(&folder)
            && !options.any_file_system
        {
            return Err(LedgerError::NetworkShare {
                path: path.to_path_buf(),
                kind,
            });
        }
        file_system::create_file(path).map_err(|error| LedgerError::from_io(path, error))?;
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, path)?;
        schema::prepare(&connection, path, &options)?;
        file_system::create_folder(&locks).map_err(|error| LedgerError::from_io(&locks, error))?;
        let mut ledger = Self {
            connection,
            path: path.to_path_buf(),
            options,
            lock: None,
        };
        ledger.lock = Some(ledger.write(Self::register)?);
        Ok(ledger)
    }

    /// Opens a ledger to read it. Nothing is written, not even beside it; whatever would write
    /// fails.
    ///
    /// # Errors
    ///
    /// There is no such file, it is no ledger or a newer one, or it can't be read.
    pub fn open_read_only(
        path: impl AsRef<Path>,
        options: LedgerOptions,
    ) -> Result<Self, LedgerError> {
        let path = &file_system::resolved(path.as_ref());
        let uri = read_only_uri(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let connection = connect(Path::new(&uri), flags, path)?;
        connection
            .busy_timeout(options.busy_timeout)
            .map_err(|error| LedgerError::from_sqlite(path, error))?;
        schema::check(&connection, path)?;
        Ok(Self {
            connection,
            path: path.to_path_buf(),
            options,
            lock: None,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Starts a batch whose jobs are stored here, and the session that stores them.
    ///
    /// The batch holds each submit back until it is stored
    /// ([`BatchOptions::with_confirmation`]). Begin with [`Session::recover`].
    pub fn start(self, api: &Api, options: BatchOptions, now: Time) -> (Session, Batch) {
        let batch = Batch::new(api, options.with_confirmation(), now);
        (Session::new(self, Account::new(api)), batch)
    }

    /// The entry with this key.
    ///
    /// # Errors
    ///
    /// It is damaged, or the file can't be read.
    pub fn entry(&self, key: &EntryKey) -> Result<Option<Entry>, LedgerError> {
        let read = row::find(&self.connection, &self.path, key)?;
        read.transpose().map_err(LedgerError::DamagedEntry)
    }

    /// The entry of this extraction.
    ///
    /// # Errors
    ///
    /// As for [`entry`](Self::entry).
    pub fn extraction(&self, id: &ExtractionId) -> Result<Option<Entry>, LedgerError> {
        let read = row::find_extraction(&self.connection, &self.path, id.as_str())?;
        read.transpose().map_err(LedgerError::DamagedEntry)
    }

    /// The outcome of the entry with this key, if it has one.
    ///
    /// # Errors
    ///
    /// As for [`entry`](Self::entry).
    pub fn outcome(&self, key: &EntryKey) -> Result<Option<Outcome>, LedgerError> {
        Ok(self.entry(key)?.and_then(|entry| entry.outcome()))
    }

    /// Lets the document of an entry be submitted again, whatever became of it: **it may then be
    /// billed twice**. `false` if there is no such entry.
    ///
    /// # Errors
    ///
    /// A process follows it, or it can't be read or written.
    pub fn release(&self, key: &EntryKey, now: Time) -> Result<bool, LedgerError> {
        self.change(key, |entry| {
            entry.start_over();
            entry.state = EntryState::Finished;
            entry.outcome = Some(Outcome::RELEASED.to_owned());
            entry.finished_at = Some(now);
        })
    }

    /// Gives an entry the extraction that its document has at the service, such as one whose submit
    /// was unknown: it can then be [resumed](Session::resume), and [`Session::recover`] does. An id
    /// that it had is kept beside it. `false` if there is no such entry.
    ///
    /// # Errors
    ///
    /// A process follows it, or it can't be read or written.
    pub fn adopt(&self, key: &EntryKey, ticket: &Ticket) -> Result<bool, LedgerError> {
        let Some(entry) = self.entry(key)? else {
            return Ok(false);
        };
        let account = Account {
            origin: entry.origin,
            api_key: entry.api_key,
        };
        self.write(|ledger| {
            let process = ledger.add_process(&account)?;
            ledger.change_in(key, |entry| {
                entry.accept(ticket);
                entry.process = Some(process);
            })
        })
    }

    /// Forgets an entry, with its names: its document may then be submitted again. Damaged ones,
    /// too. `false` if there is no such entry.
    ///
    /// # Errors
    ///
    /// A process follows it, or it can't be written.
    pub fn forget(&self, key: &EntryKey) -> Result<bool, LedgerError> {
        let is_forgotten = self.write(|ledger| {
            if let Some(Ok(entry)) = row::find(&ledger.connection, &ledger.path, key)?
                && matches!(ledger.holder(&entry)?, Holder::Alive | Holder::Ours)
            {
                return Err(LedgerError::InUse { key: *key });
            }
            let delete = || {
                ledger
                    .connection
                    .prepare_cached("DELETE FROM entries WHERE key = ?1")?
                    .execute([row::encode_key(key)])
            };
            delete().map_err(|error| ledger.failed(error))
        })? > 0;
        self.empty_log();
        Ok(is_forgotten)
    }

    /// Keeps a name under which the document of an entry was seen.
    ///
    /// # Errors
    ///
    /// It can't be read or written.
    pub fn add_name(&self, key: &EntryKey, name: &str, now: Time) -> Result<bool, LedgerError> {
        self.write(|ledger| ledger.edit(key, |entry| entry.add_name(name, now)))
    }

    /// Makes room: what was deleted leaves the log as well. It is tried.
    pub(crate) fn empty_log(&self) {
        let _ = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }

    /// Changes an entry that nobody follows.
    fn change(&self, key: &EntryKey, change: impl FnOnce(&mut Entry)) -> Result<bool, LedgerError> {
        self.write(|ledger| ledger.change_in(key, change))
    }

    /// As [`change`](Self::change), within a transaction.
    fn change_in(
        &self,
        key: &EntryKey,
        change: impl FnOnce(&mut Entry),
    ) -> Result<bool, LedgerError> {
        if let Some(entry) = self.entry(key)? {
            self.check_unused(&entry)?;
        }
        self.edit(key, change)
    }

    /// Changes an entry, within a transaction.
    pub(crate) fn edit(
        &self,
        key: &EntryKey,
        change: impl FnOnce(&mut Entry),
    ) -> Result<bool, LedgerError> {
        let Some(mut entry) = self.entry(key)? else {
            return Ok(false);
        };
        change(&mut entry);
        self.put(&entry)?;
        Ok(true)
    }

    /// Writes an entry, within a transaction.
    pub(crate) fn put(&self, entry: &Entry) -> Result<(), LedgerError> {
        row::write(&self.connection, entry).map_err(|error| self.failed(error))
    }

    /// That no process follows this entry, this one included: a session may.
    fn check_unused(&self, entry: &Entry) -> Result<(), LedgerError> {
        match self.holder(entry)? {
            Holder::Alive | Holder::Ours | Holder::Damaged => {
                Err(LedgerError::InUse { key: entry.key })
            }
            Holder::Nobody | Holder::Gone => Ok(()),
        }
    }

    /// Does something in one transaction, in which no other process writes.
    pub(crate) fn write<T>(
        &self,
        action: impl FnOnce(&Self) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let transaction =
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)
                .map_err(|error| self.failed(error))?;
        let done = action(self)?;
        transaction.commit().map_err(|error| self.failed(error))?;
        Ok(done)
    }

    pub(crate) fn failed(&self, error: rusqlite::Error) -> LedgerError {
        LedgerError::from_sqlite(&self.path, error)
    }
}

/// Opens the database at `place`, a path or a URI. Errors name `path`.
fn connect(place: &Path, flags: OpenFlags, path: &Path) -> Result<Connection, LedgerError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(place, flags)
        .map_err(|error| LedgerError::from_sqlite(path, error))?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// How to open this file without writing beside it.
fn read_only_uri(path: &Path) -> Result<String, LedgerError> {
    let beside = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name).exists()
    };
    if !path.exists() {
        return Err(LedgerError::NotFound {
            path: path.to_path_buf(),
        });
    }
    let Some(text) = path.to_str() else {
        let problem = io::Error::new(io::ErrorKind::InvalidInput, "its name is not UTF-8");
        return Err(LedgerError::from_io(path, problem));
    };
    let mut name = String::new();
    if cfg!(windows) && path.is_absolute() {
        // `file:///C:/..`
        name.push_str("///");
    }
    for character in text.chars() {
        match character {
            '%' => name.push_str("%25"),
            '?' => name.push_str("%3f"),
            '#' => name.push_str("%23"),
            '\\' if cfg!(windows) => name.push('/'),
            character => name.push(character),
        }
    }
    match (beside("-wal"), beside("-shm")) {
        // Nobody has it open: it is whole, and needs no locks.
        (false, _) => Ok(format!("file:{name}?immutable=1")),
        (true, true) => Ok(format!("file:{name}?mode=ro&readonly_shm=1")),
        (true, false) => Err(LedgerError::Damaged {
            path: path.to_path_buf(),
            problem: "its -shm is missing: open it once to write".to_owned(),
        }),
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

//! The tables of a ledger, and how older ones become today's.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use crate::error::LedgerError;
use crate::options::LedgerOptions;

/// What the header of each ledger says: `TYLG`.
const APPLICATION_ID: i64 = 0x5459_4C47;

/// What makes each version of the one before it. One that was released never changes: a file
/// in `tests/golden` has the tables of each.
const MIGRATIONS: [&str; 2] = [
    "
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        origin TEXT NOT NULL,
        document_type TEXT NOT NULL,
        customer TEXT,
        length INTEGER NOT NULL,
        digest BLOB NOT NULL,
        names TEXT,
        state TEXT NOT NULL,
        process INTEGER,
        api_key BLOB NOT NULL,
        snapshot TEXT,
        ticket TEXT,
        extraction_id TEXT,
        outcome TEXT,
        error TEXT,
        result TEXT,
        other_ids TEXT,
        first_seen_at INTEGER NOT NULL,
        submitted_at INTEGER,
        finished_at INTEGER,
        expires_at INTEGER NOT NULL,
        row_check BLOB NOT NULL
    ) STRICT;
    CREATE INDEX key_twins ON entries (substr(key, 2, 8));
    CREATE INDEX unfinished ON entries (expires_at) WHERE process IS NOT NULL;
    CREATE INDEX extractions ON entries (extraction_id) WHERE extraction_id IS NOT NULL;
    CREATE TABLE processes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        lock TEXT NOT NULL,
        origin TEXT NOT NULL,
        api_key BLOB NOT NULL,
        row_check BLOB NOT NULL
    ) STRICT;
    ",
    "
    CREATE TABLE foreign_ids (
        id TEXT PRIMARY KEY,
        is_fetched INTEGER NOT NULL,
        seen_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    ",
];

/// The version of the tables that is written.
pub(crate) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Prepares a connection: checks what the file is, and makes or migrates its tables.
pub(crate) fn prepare(
    connection: &Connection,
    path: &Path,
    options: &LedgerOptions,
) -> Result<(), LedgerError> {
    let failed = |error| LedgerError::from_sqlite(path, error);
    connection
        .busy_timeout(options.busy_timeout)
        .map_err(failed)?;
    // Before anything is changed.
    check(connection, path)?;
    // The busy timeout does not apply to this one.
    let mode = retry(options.busy_timeout, || {
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| {
            row.get::<_, String>(0)
        })
    });
    if mode.map_err(failed)? != "wal" {
        return Err(LedgerError::NoLocks {
            path: path.to_path_buf(),
        });
    }
    let synchronous = if options.sync { "FULL" } else { "OFF" };
    for (name, value) in [
        ("synchronous", synchronous),
        // What is forgotten is overwritten.
        ("secure_delete", "ON"),
        ("cell_size_check", "ON"),
        ("trusted_schema", "OFF"),
    ] {
        connection
            .pragma_update(None, name, value)
            .map_err(failed)?;
    }
    migrate(connection, path)
}

/// Checks that a file is a ledger that this version can read, or empty.
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let failed = |error| LedgerError::from_sqlite(path, error);
    // All at one moment: another process may be making the tables.
    let connection =
        Transaction::new_unchecked(connection, TransactionBehavior::Deferred).map_err(failed)?;
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let path = path.to_path_buf();
    let (id, version) = (
        number("application_id").map_err(failed)?,
        number("user_version").map_err(failed)?,
    );
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(failed)?;
    // SQLite finds out if whole pages are missing.
    let page_size = number("page_size").map_err(failed)?;
    let length = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
    if !length.is_multiple_of(page_size.unsigned_abs().max(1)) {
        return Err(LedgerError::Damaged {
            path,
            problem: "it is cut off".to_owned(),
        });
    }
    match (id, version) {
        (0, 0) if tables == 0 => Ok(()),
        (APPLICATION_ID, version) if version > VERSION => Err(LedgerError::Newer { path, version }),
        (APPLICATION_ID, 1..) => Ok(()),
        _ => Err(LedgerError::NotALedger { path }),
    }
}

/// Brings the tables to today's version, in one transaction.
fn migrate(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let migrate = || -> rusqlite::Result<()> {
        let version = |connection: &Connection| {
            connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
        };
        if version(connection)? == VERSION {
            return Ok(());
        }
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        // Another process may have been first.
        let first = usize::try_from(version(&transaction)?).unwrap_or_default();
        for migration in MIGRATIONS.iter().skip(first) {
            transaction.execute_batch(migration)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()
    };
    migrate().map_err(|error| LedgerError::from_sqlite(path, error))
}

/// Tries again while another process has the file, at most this long.
fn retry<T>(
    timeout: Duration,
    mut action: impl FnMut() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let start = Instant::now();
    loop {
        match action() {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && start.elapsed() < timeout =>
            {
                std::thread::sleep(Duration::from_millis(2));
            }
            result => return result,
        }
    }
}

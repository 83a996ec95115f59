//! Who follows an entry: the process, and whether it lives.

use rusqlite::{OptionalExtension as _, params};

use crate::account::{Account, ApiKeyDigest};
use crate::canonical::Canonical;
use crate::entry::Entry;
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::process::{self, ProcessLock};

/// Who follows an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// It has finished.
    Nobody,
    /// This ledger.
    Ours,
    /// Another one that is open.
    Alive,
    /// One whose process has ended.
    Gone,
    /// It can't be read.
    Damaged,
}

/// A row of the table of processes.
struct ProcessRow {
    id: i64,
    lock: String,
    account: Account,
    is_damaged: bool,
}

impl Ledger {
    /// Makes the lock of this process, and removes what those that are gone have left.
    pub(crate) fn register(&self) -> Result<ProcessLock, LedgerError> {
        let folder = process::folder(&self.path);
        process::remove_stale(&folder).map_err(|error| LedgerError::from_io(&folder, error))?;
        let delete = "DELETE FROM processes WHERE id NOT IN \
            (SELECT process FROM entries WHERE process IS NOT NULL)";
        self.connection
            .execute(delete, [])
            .map_err(|error| self.failed(error))?;
        ProcessLock::create(&folder).map_err(|error| match error.kind() {
            // Nobody else knows the file.
            std::io::ErrorKind::Unsupported | std::io::ErrorKind::WouldBlock => {
                LedgerError::NoLocks {
                    path: self.path.clone(),
                }
            }
            _ => LedgerError::from_io(&folder, error),
        })
    }

    /// Adds a row for this process and account. Its number.
    pub(crate) fn add_process(&self, account: &Account) -> Result<i64, LedgerError> {
        let lock = self.own_lock()?;
        let insert = || {
            let sql = "INSERT INTO processes (lock, origin, api_key, row_check) \
                VALUES (?1, ?2, ?3, ?4)";
            let check = check(lock, account);
            self.connection.prepare_cached(sql)?.insert(params![
                lock,
                account.origin,
                account.api_key.0,
                check
            ])
        };
        insert().map_err(|error| self.failed(error))
    }

    /// Who follows this entry.
    pub(crate) fn holder(&self, entry: &Entry) -> Result<Holder, LedgerError> {
        let Some(id) = entry.process else {
            return Ok(Holder::Nobody);
        };
        let sql = "SELECT id, lock, origin, api_key, row_check FROM processes WHERE id = ?1";
        let find = || {
            self.connection
                .prepare_cached(sql)?
                .query_row([id], read)
                .optional()
        };
        match find().map_err(|error| self.failed(error))? {
            Some(row) => self.holder_of(&row),
            None => Ok(Holder::Damaged),
        }
    }

    fn holder_of(&self, row: &ProcessRow) -> Result<Holder, LedgerError> {
        if row.is_damaged {
            return Ok(Holder::Damaged);
        }
        if self
            .lock
            .as_ref()
            .is_some_and(|lock| lock.name() == row.lock)
        {
            return Ok(Holder::Ours);
        }
        let folder = process::folder(&self.path);
        let is_alive = process::is_alive(&folder, &row.lock)
            .map_err(|error| LedgerError::from_io(&folder, error))?;
        Ok(if is_alive {
            Holder::Alive
        } else {
            Holder::Gone
        })
    }

    /// Takes over what processes of this account have left that are gone. The numbers of all that
    /// are ours then.
    pub(crate) fn take_over(&self, account: &Account) -> Result<Vec<i64>, LedgerError> {
        let lock = self.own_lock()?;
        self.write(|ledger| {
            let mut ours = Vec::new();
            for row in ledger.processes()? {
                let is_account = row.account.origin == account.origin
                    && (row.account.api_key == account.api_key || ledger.options.same_account);
                if !is_account {
                    continue;
                }
                match ledger.holder_of(&row)? {
                    Holder::Ours => {}
                    Holder::Gone => {
                        let sql = "UPDATE processes SET lock = ?2, row_check = ?3 WHERE id = ?1";
                        ledger
                            .connection
                            .execute(sql, params![row.id, lock, check(lock, &row.account)])
                            .map_err(|error| ledger.failed(error))?;
                    }
                    Holder::Nobody | Holder::Alive | Holder::Damaged => continue,
                }
                ours.push(row.id);
            }
            Ok(ours)
        })
    }

    fn processes(&self) -> Result<Vec<ProcessRow>, LedgerError> {
        let read_all = || -> rusqlite::Result<Vec<ProcessRow>> {
            let sql = "SELECT id, lock, origin, api_key, row_check FROM processes";
            let mut statement = self.connection.prepare(sql)?;
            statement.query_map([], read)?.collect()
        };
        read_all().map_err(|error| self.failed(error))
    }

    fn own_lock(&self) -> Result<&str, LedgerError> {
        let lock = self.lock.as_ref().ok_or_else(|| LedgerError::ReadOnly {
            path: self.path.clone(),
        })?;
        Ok(lock.name())
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<ProcessRow> {
    let id = row.get(0)?;
    let read = || -> rusqlite::Result<(String, Account, [u8; 8])> {
        let account = Account {
            origin: row.get(2)?,
            api_key: ApiKeyDigest(row.get(3)?),
        };
        Ok((row.get(1)?, account, row.get(4)?))
    };
    Ok(match read() {
        Ok((lock, account, written)) => ProcessRow {
            id,
            is_damaged: written != check(&lock, &account),
            lock,
            account,
        },
        Err(_) => ProcessRow {
            id,
            lock: String::new(),
            account: Account {
                origin: String::new(),
                api_key: ApiKeyDigest([0; 16]),
            },
            is_damaged: true,
        },
    })
}

/// A part of a SHA-256 over all columns.
fn check(lock: &str, account: &Account) -> [u8; 8] {
    let digest = Canonical::new("typless-ledger process 1")
        .text(lock)
        .text(&account.origin)
        .bytes(&account.api_key.0)
        .finish();
    let mut check = [0; 8];
    check.copy_from_slice(&digest[..8]);
    check
}

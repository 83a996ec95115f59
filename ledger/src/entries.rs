//! All entries, page by page.

use std::collections::VecDeque;
use std::fmt;

use rusqlite::params;

use crate::entry::Entry;
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::row::{self, Read};

/// How many entries are in memory at once.
const PAGE: i64 = 512;

/// Entries of a ledger, one by one. A damaged one is an error, after which the next one follows.
///
/// They are read some hundred at a time. What is written meanwhile may be among them or not.
pub struct Entries<'l> {
    ledger: &'l Ledger,
    page: Page,
    read: VecDeque<Read>,
    is_over: bool,
}

/// Where to read on.
#[derive(Debug)]
pub(crate) enum Page {
    /// By row, after this one.
    All(i64),
    /// What has not finished, the first to expire first, after this time and row.
    Unfinished(i64, i64),
}

impl Ledger {
    /// All entries, the oldest first.
    pub fn entries(&self) -> Entries<'_> {
        Entries::new(self, Page::All(0))
    }

    /// The entries that have not finished, whoever follows them: the first to expire first, those
    /// without an id last.
    pub fn pending(&self) -> Entries<'_> {
        Entries::new(self, Page::unfinished())
    }
}

impl<'l> Entries<'l> {
    fn new(ledger: &'l Ledger, page: Page) -> Self {
        Self {
            ledger,
            page,
            read: VecDeque::new(),
            is_over: false,
        }
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.read.is_empty() && !self.is_over {
            match self.page.next(self.ledger) {
                Ok(Some(read)) => self.read = read.into(),
                Ok(None) => self.is_over = true,
                Err(error) => {
                    self.is_over = true;
                    return Some(Err(error));
                }
            }
        }
        let read = self.read.pop_front()?;
        Some(read.map_err(LedgerError::DamagedEntry))
    }
}

impl fmt::Debug for Entries<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries")
            .field("page", &self.page)
            .finish_non_exhaustive()
    }
}

const ALL: &str = " WHERE id > ?1 ORDER BY id LIMIT ?2";
const UNFINISHED: &str = " WHERE process IS NOT NULL AND (expires_at, id) > (?1, ?2) \
    ORDER BY expires_at, id LIMIT ?3";

impl Page {
    pub(crate) fn unfinished() -> Self {
        Self::Unfinished(i64::MIN, 0)
    }

    /// The next entries; `None` after the last.
    pub(crate) fn next(&mut self, ledger: &Ledger) -> Result<Option<Vec<Read>>, LedgerError> {
        let connection = &ledger.connection;
        let mut read = || -> rusqlite::Result<Vec<Read>> {
            let (mut statement, mut rows);
            let sql = |rest| format!("{}{rest}", row::SELECT);
            match *self {
                Self::All(id) => {
                    statement = connection.prepare_cached(&sql(ALL))?;
                    rows = statement.query(params![id, PAGE])?;
                }
                Self::Unfinished(expires_at, id) => {
                    statement = connection.prepare_cached(&sql(UNFINISHED))?;
                    rows = statement.query(params![expires_at, id, PAGE])?;
                }
            }
            let mut entries = Vec::new();
            while let Some(row) = rows.next()? {
                match self {
                    Self::All(id) => *id = row.get("id")?,
                    Self::Unfinished(expires_at, id) => {
                        (*expires_at, *id) = (row.get("expires_at")?, row.get("id")?);
                    }
                }
                entries.push(row::read(row, &ledger.path)?);
            }
            Ok(entries)
        };
        let entries = read().map_err(|error| ledger.failed(error))?;
        Ok((!entries.is_empty()).then_some(entries))
    }
}

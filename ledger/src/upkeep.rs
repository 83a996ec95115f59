//! What keeps a ledger small and sound.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use rusqlite::params;
use typless::machine::Time;

use crate::damage::Damage;
use crate::entries::Page;
use crate::entry::{Entry, EntryState};
use crate::error::LedgerError;
use crate::holders::Holder;
use crate::ledger::Ledger;
use crate::standing::{self, Standing};

/// What [`Ledger::prune`] has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pruned {
    /// Entries that were removed.
    pub removed: usize,
    /// Entries as old that stay: unfinished, unknown, or damaged.
    pub kept: usize,
}

/// What [`Ledger::check`] has found.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Checked {
    /// Entries that are as they were written.
    pub sound: usize,
    /// Entries that are not.
    pub damaged: Vec<Damage>,
    /// What SQLite finds wrong with the file, at most 100 sentences.
    pub problems: Vec<String>,
}

impl Checked {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.damaged.is_empty() && self.problems.is_empty()
    }
}

impl Ledger {
    /// Removes entries that finished before this time, with their names. What has not finished
    /// stays, and what may have been submitted: its document would be submitted again. What was
    /// left without a result stays until 48 hours after its submit are before this time, too.
    ///
    /// # Errors
    ///
    /// The file can't be read or written. What was removed before that is removed.
    pub fn prune(&self, older_than: Time) -> Result<Pruned, LedgerError> {
        let mut pruned = Pruned::default();
        let mut page = Page::All(0);
        // A page at a time, so that others can write in between.
        while self.write(|ledger| ledger.prune_page(&mut page, older_than, &mut pruned))? {}
        self.empty_log();
        Ok(pruned)
    }

    fn prune_page(
        &self,
        page: &mut Page,
        older_than: Time,
        pruned: &mut Pruned,
    ) -> Result<bool, LedgerError> {
        let Some(entries) = page.next(self)? else {
            return Ok(false);
        };
        for read in entries {
            match read {
                Ok(entry) if entry.last_change() >= older_than => {}
                Ok(entry) if entry.may_be_forgotten(older_than) => {
                    self.connection
                        .prepare_cached("DELETE FROM entries WHERE id = ?1")
                        .and_then(|mut statement| statement.execute(params![entry.row]))
                        .map_err(|error| self.failed(error))?;
                    pruned.removed += 1;
                }
                Ok(_) | Err(_) => pruned.kept += 1,
            }
        }
        Ok(true)
    }

    /// Reads all there is, and finds out whether it is as it was written.
    ///
    /// # Errors
    ///
    /// The file can't be read at all.
    pub fn check(&self) -> Result<Checked, LedgerError> {
        let mut checked = Checked::default();
        for entry in self.entries() {
            match entry {
                Ok(_) => checked.sound += 1,
                Err(LedgerError::DamagedEntry(damage)) => checked.damaged.push(damage),
                Err(LedgerError::Damaged { problem, .. }) => checked.problems.push(problem),
                Err(error) => return Err(error),
            }
        }
        let find = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.connection.prepare("PRAGMA integrity_check(100)")?;
            statement.query_map([], |row| row.get(0))?.collect()
        };
        let found = find().map_err(|error| self.failed(error))?;
        checked
            .problems
            .extend(found.into_iter().filter(|line| line != "ok"));
        Ok(checked)
    }

    /// Makes the indexes again, from the entries as they are.
    ///
    /// # Errors
    ///
    /// The file can't be read or written, or two entries have one key.
    pub fn rebuild(&self) -> Result<(), LedgerError> {
        self.connection
            .execute_batch("REINDEX")
            .map_err(|error| self.failed(error))
    }

    /// Writes all entries that can be read into a new ledger at this path, for the place of this
    /// one if it is damaged. Damaged ones are left out, and returned: their documents are then new.
    ///
    /// What is under way becomes what it is when a process has ended: an unknown submit stays one.
    ///
    /// # Errors
    ///
    /// There is such a file, a process follows an entry, or a file can't be read or written. Then
    /// there is no new file.
    pub fn write_sound_to(&self, path: impl AsRef<Path>) -> Result<Vec<Damage>, LedgerError> {
        let path = path.as_ref();
        if path.exists() {
            let exists = io::Error::from(io::ErrorKind::AlreadyExists);
            return Err(LedgerError::from_io(path, exists));
        }
        let rebuilt = Self::open(path, self.options).and_then(|new| {
            let damaged = new.write(|new| self.copy_to(new))?;
            new.empty_log();
            Ok(damaged)
        });
        if rebuilt.is_err() {
            // Half of it would be mistaken for all of it.
            let _ = fs::remove_file(path);
        }
        rebuilt
    }

    fn copy_to(&self, new: &Self) -> Result<Vec<Damage>, LedgerError> {
        let mut damaged = Vec::new();
        for entry in self.entries() {
            match entry {
                Ok(mut entry) => {
                    if self.holder(&entry)? == Holder::Alive {
                        return Err(LedgerError::InUse { key: entry.key });
                    }
                    entry.row = 0;
                    entry.process = None;
                    new.put(&entry)?;
                }
                Err(LedgerError::DamagedEntry(damage)) => damaged.push(damage),
                Err(error) => return Err(error),
            }
        }
        Ok(damaged)
    }

    /// Writes all entries, each a line of JSON. Damaged ones are left out, and returned.
    ///
    /// # Errors
    ///
    /// The file can't be read, or `output` can't be written.
    pub fn export(&self, mut output: impl Write) -> Result<Vec<Damage>, LedgerError> {
        let failed = |error: io::Error| LedgerError::from_io(&self.path, error);
        let mut damaged = Vec::new();
        for entry in self.entries() {
            match entry {
                Ok(entry) => {
                    serde_json::to_writer(&mut output, &entry)
                        .map_err(|error| failed(error.into()))?;
                    output.write_all(b"\n").map_err(failed)?;
                }
                Err(LedgerError::DamagedEntry(damage)) => damaged.push(damage),
                Err(error) => return Err(error),
            }
        }
        output.flush().map_err(failed)?;
        Ok(damaged)
    }
}

impl Entry {
    fn last_change(&self) -> Time {
        let times = [self.submitted_at, self.finished_at];
        times
            .into_iter()
            .flatten()
            .fold(self.first_seen_at, Time::max)
    }

    /// Whether nothing is left to be done for it. What was accepted and left without a result can
    /// be fetched until the service has deleted it.
    fn may_be_forgotten(&self, older_than: Time) -> bool {
        let is_held = || self.expires_at.is_none_or(|at| at >= older_than);
        self.state == EntryState::Finished
            && match standing::finished(self, Time::EPOCH) {
                Standing::Unknown => false,
                Standing::Resumable => !is_held(),
                _ => true,
            }
    }
}

//! Results that nobody claims, and the submits that are unknown.

use std::time::Duration;

use rusqlite::params;
use typless::machine::{Ticket, Time};
use typless::wire::{Extraction, ExtractionId, NameToken};

use crate::changes::{Finish, RETENTION};
use crate::entry::{Entry, EntryState};
use crate::error::LedgerError;
use crate::holders::Holder;
use crate::key::EntryKey;
use crate::ledger::Ledger;
use crate::row;

/// How long it is remembered that an extraction is not ours: longer than the service lists it.
const FOREIGN_RETENTION: Duration = Duration::from_secs(7 * 24 * 3600);

/// Whose a result is that no entry had claimed; see [`Ledger::reconcile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reconciled {
    /// Of this entry, whose submit was unknown. It has its extraction and its outcome now.
    Adopted(EntryKey),
    /// Of this entry, which has another extraction: its document was accepted twice. The id is kept
    /// beside the other.
    Another(EntryKey),
    /// Of this entry, which a process follows at this moment.
    Followed(EntryKey),
    /// Of nobody who submitted with this ledger. It is remembered, so that it is not fetched again.
    NotOurs,
}

impl EntryKey {
    /// The mark for the name of this document: with
    /// [`Document::with_name_token`](typless::wire::Document::with_name_token), a result is found
    /// again whose id was lost.
    pub fn name_token(&self) -> NameToken {
        let mut id = [0; NameToken::ID_BYTES];
        id.copy_from_slice(&self.0[..NameToken::ID_BYTES]);
        NameToken::new(id)
    }
}

impl Ledger {
    /// Whether nobody has claimed an extraction: no entry has it, and it was not found to be
    /// somebody else's. Only such a one is worth a fetch to find out whose it is.
    ///
    /// # Errors
    ///
    /// The file can't be read.
    pub fn is_unclaimed(&self, id: &ExtractionId) -> Result<bool, LedgerError> {
        let is_of_entry =
            row::find_extraction(&self.connection, &self.path, id.as_str())?.is_some();
        let is_foreign = || {
            self.connection
                .prepare_cached("SELECT 1 FROM foreign_ids WHERE id = ?1 AND is_fetched")?
                .exists([id.as_str()])
        };
        Ok(!is_of_entry && !is_foreign().map_err(|error| self.failed(error))?)
    }

    /// Stores that an unclaimed extraction is about to be fetched. The service may list it no more
    /// once it has sent the result: a process that ends before it has [reconciled](Self::reconcile)
    /// it leaves it among the [begun](Self::begun_fetches).
    ///
    /// # Errors
    ///
    /// It can't be written. Then it should not be fetched.
    pub fn begin_fetch(&self, id: &ExtractionId, now: Time) -> Result<(), LedgerError> {
        self.write(|ledger| ledger.add_foreign(id, false, now))
    }

    /// The extractions whose fetch an earlier process has begun, and of which nothing is known: to
    /// be fetched again, listed or not.
    ///
    /// # Errors
    ///
    /// The file can't be read.
    pub fn begun_fetches(&self) -> Result<Vec<ExtractionId>, LedgerError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            self.connection
                .prepare_cached("SELECT id FROM foreign_ids WHERE NOT is_fetched")?
                .query_map([], |row| row.get(0))?
                .collect()
        };
        let ids = read().map_err(|error| self.failed(error))?;
        Ok(ids
            .iter()
            .filter_map(|id| ExtractionId::new(id).ok())
            .collect())
    }

    /// Takes a result that was fetched from the queue although nobody had claimed it. If it has the
    /// [mark](EntryKey::name_token) of an entry whose submit is unknown, that entry gets it.
    ///
    /// Only the mark counts, never a name or that nothing else is left. It is meant for an API key
    /// that nobody else uses: the fetch may take the extraction off the queue of others.
    ///
    /// # Errors
    ///
    /// It can't be read or written.
    pub fn reconcile(
        &self,
        id: &ExtractionId,
        extraction: &Extraction,
        now: Time,
    ) -> Result<Reconciled, LedgerError> {
        let finish = Finish::new(&Ok(extraction.clone()), self.options.results);
        self.write(|ledger| {
            let entry = match extraction.name_token() {
                Some(token) => row::find_token(&ledger.connection, &ledger.path, token)?,
                None => None,
            };
            let Some(mut entry) = entry else {
                ledger.add_foreign(id, true, now)?;
                return Ok(Reconciled::NotOurs);
            };
            let key = entry.key;
            if matches!(ledger.holder(&entry)?, Holder::Alive | Holder::Damaged) {
                return Ok(Reconciled::Followed(key));
            }
            let reconciled = if entry.is_without_extraction() {
                let submitted_at = entry.submitted_at.unwrap_or(now);
                entry.accept(&Ticket::new(
                    id.clone(),
                    submitted_at,
                    submitted_at + RETENTION,
                ));
                entry.finish(&finish, now);
                // Its fetch was begun, and it is an entry's now.
                ledger.add_foreign(id, true, now)?;
                Reconciled::Adopted(key)
            } else {
                entry.add_other_id(id);
                ledger.add_foreign(id, true, now)?;
                Reconciled::Another(key)
            };
            ledger.put(&entry)?;
            Ok(reconciled)
        })
    }

    /// Remembers that an extraction is not ours, as one that failed: it names no document.
    ///
    /// # Errors
    ///
    /// It can't be written.
    pub fn note_foreign(&self, id: &ExtractionId, now: Time) -> Result<(), LedgerError> {
        self.write(|ledger| ledger.add_foreign(id, true, now))
    }

    fn add_foreign(
        &self,
        id: &ExtractionId,
        is_fetched: bool,
        now: Time,
    ) -> Result<(), LedgerError> {
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let since = now.since_epoch();
        let add = || {
            self.connection
                .prepare_cached("DELETE FROM foreign_ids WHERE seen_at < ?1")?
                .execute([seconds(since.saturating_sub(FOREIGN_RETENTION))])?;
            self.connection
                .prepare_cached("INSERT OR REPLACE INTO foreign_ids VALUES (?1, ?2, ?3)")?
                .execute(params![id.as_str(), is_fetched, seconds(since)])
        };
        add().map(drop).map_err(|error| self.failed(error))
    }
}

impl Entry {
    /// Whether its document may have been accepted, and its extraction is not known.
    fn is_without_extraction(&self) -> bool {
        self.ticket.is_none() && matches!(self.state, EntryState::Submitting | EntryState::Finished)
    }
}

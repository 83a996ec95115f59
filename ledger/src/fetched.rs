//! Results that were fetched outside of a session.

use typless::machine::{JobError, Time};
use typless::wire::{Extraction, ExtractionId, ServiceError};

use crate::changes::Finish;
use crate::entry::{EntryState, Outcome};
use crate::error::LedgerError;
use crate::holders::Holder;
use crate::ledger::Ledger;

impl Ledger {
    /// Stores what the service said of an extraction that was fetched outside of a session, as a
    /// [`Drain`](typless::machine::Drain) does: its result, or why it has none.
    ///
    /// `false` if nothing is to be stored: no entry has this extraction, its result is known, or a
    /// process follows it, which finds out by itself.
    ///
    /// # Errors
    ///
    /// The entry is damaged, or it can't be read or written.
    pub fn note_fetched(
        &self,
        id: &ExtractionId,
        fetched: Result<&Extraction, &ServiceError>,
        now: Time,
    ) -> Result<bool, LedgerError> {
        // Most of what a drain fetches is known or somebody else's: found out without a lock.
        let Some(entry) = self.extraction(id)? else {
            return Ok(false);
        };
        let is_known = entry.state == EntryState::Finished
            && entry.outcome.as_deref() == Some(Outcome::SUCCESS);
        let Ok(Some(ticket)) = entry.ticket() else {
            return Ok(false);
        };
        if is_known {
            return Ok(false);
        }
        let outcome = match fetched {
            Ok(extraction) => Ok(extraction.clone()),
            Err(error) => Err(JobError::Failed {
                ticket,
                error: error.clone(),
            }),
        };
        let finish = Finish::new(&outcome, self.options.results);
        self.write(|ledger| {
            let Some(entry) = ledger.entry(&entry.key)? else {
                return Ok(false);
            };
            let is_same = entry.extraction_id.as_deref() == Some(id.as_str());
            if !is_same || matches!(ledger.holder(&entry)?, Holder::Alive | Holder::Damaged) {
                return Ok(false);
            }
            ledger.edit(&entry.key, |entry| entry.finish(&finish, now))
        })
    }
}

//! What was recorded, and is not stored yet.

use std::collections::HashMap;
use std::sync::Arc;

use typless::machine::{JobKey, Snapshot, Ticket, Time};
use typless::wire::ExtractionId;

use crate::changes::Finish;
use crate::error::LedgerError;
use crate::key::EntryKey;
use crate::refused::Refused;

/// What was recorded, and is not stored yet: one change for each entry.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub(crate) changes: Vec<Change>,
    /// The newest change of each entry.
    newest: HashMap<EntryKey, usize>,
    /// Jobs that are refused without a look at the file.
    pub(crate) refused: Vec<Refused>,
    /// The sequence of the last event.
    last: Option<u64>,
    /// The first event that was not recorded.
    missing: Option<u64>,
}

/// What changes an entry.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) key: EntryKey,
    /// The document is to be submitted.
    pub(crate) claim: Option<Claim>,
    /// The newest that is known.
    pub(crate) update: Option<Update>,
    pub(crate) ticket: Option<Ticket>,
    pub(crate) other_ids: Vec<ExtractionId>,
    pub(crate) at: Time,
}

/// A document that is to be submitted.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) job: JobKey,
    pub(crate) reference: Option<Arc<str>>,
    /// At its submit.
    pub(crate) snapshot: Snapshot,
}

/// What takes the place of what an entry had.
#[derive(Debug)]
pub(crate) enum Update {
    Snapshot(Snapshot),
    Finished(Finish),
    /// The id came after the outcome.
    Late,
}

impl Pending {
    /// Takes the sequence of an event. `false` if it was recorded before.
    pub(crate) fn advance(&mut self, sequence: u64) -> bool {
        match self.last {
            Some(last) if sequence <= last => return false,
            Some(last) if sequence > last + 1 => {
                self.missing.get_or_insert(last + 1);
            }
            _ => {}
        }
        self.last = Some(sequence);
        true
    }

    /// The sequence of the last event, if none before it is missing.
    pub(crate) fn sequence(&self) -> Result<Option<u64>, LedgerError> {
        match self.missing {
            Some(sequence) => Err(LedgerError::EventMissing { sequence }),
            None => Ok(self.last),
        }
    }

    /// Claims an entry for a job.
    pub(crate) fn claim(&mut self, key: EntryKey, claim: Claim, at: Time) {
        let index = match self.newest.get(&key) {
            // The next attempt of the same job.
            Some(index) if self.is_of(*index, claim.job) => *index,
            _ => self.push(key, at),
        };
        if let Some(change) = self.changes.get_mut(index) {
            change.claim = Some(claim);
            change.update = None;
            change.at = at;
        }
    }

    /// The newest change of this entry.
    pub(crate) fn change(&mut self, key: EntryKey, at: Time) -> Option<&mut Change> {
        let index = match self.newest.get(&key) {
            Some(index) => *index,
            None => self.push(key, at),
        };
        let change = self.changes.get_mut(index)?;
        change.at = at;
        Some(change)
    }

    /// What was recorded is stored.
    pub(crate) fn clear(&mut self) {
        self.changes.clear();
        self.newest.clear();
        self.refused.clear();
    }

    fn is_of(&self, index: usize, job: JobKey) -> bool {
        let change = self.changes.get(index);
        let claim = change.and_then(|change| change.claim.as_ref());
        claim.is_none_or(|claim| claim.job == job)
    }

    fn push(&mut self, key: EntryKey, at: Time) -> usize {
        let index = self.changes.len();
        self.changes.push(Change {
            key,
            claim: None,
            update: None,
            ticket: None,
            other_ids: Vec::new(),
            at,
        });
        self.newest.insert(key, index);
        index
    }
}

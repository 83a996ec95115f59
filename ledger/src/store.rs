//! One transaction for all that was recorded: who may submit, and what each entry has then.

use typless::machine::{Snapshot, Time};

use crate::entry::{Entry, EntryState, Outcome};
use crate::error::LedgerError;
use crate::holders::Holder;
use crate::key::KeyParts;
use crate::pending::{Change, Claim, Update};
use crate::refused::{Refused, RefusedReason};
use crate::row;
use crate::session::{Committed, Session};
use crate::standing::Standing;

impl Session {
    /// Writes what was recorded. What is found on the way.
    pub(crate) fn write_pending(&mut self, now: Time) -> Result<Committed, LedgerError> {
        if self.pending.changes.is_empty() {
            return Ok(Committed::default());
        }
        let mut committed = Committed::default();
        let process = self.ledger.write(|ledger| {
            let process = match self.process {
                Some(process) => process,
                None => ledger.add_process(&self.account)?,
            };
            for change in &self.pending.changes {
                self.write_change(change, process, now, &mut committed)?;
            }
            Ok(process)
        })?;
        // Only now: a transaction that failed has left no row.
        self.process = Some(process);
        Ok(committed)
    }

    /// Writes one change, within the transaction.
    fn write_change(
        &self,
        change: &Change,
        process: i64,
        now: Time,
        committed: &mut Committed,
    ) -> Result<(), LedgerError> {
        let ledger = &self.ledger;
        let entry = row::find(&ledger.connection, &ledger.path, &change.key)?;
        let entry = match (&change.claim, entry) {
            (Some(claim), entry) => match self.claim(claim, entry, change, process, now)? {
                Ok(entry) => entry,
                Err(standing) => {
                    committed.refused.push(Refused {
                        job: claim.job,
                        reference: claim.reference.clone(),
                        key: Some(change.key),
                        reason: RefusedReason::Known(standing),
                    });
                    return Ok(());
                }
            },
            (None, Some(Ok(entry))) => entry,
            (None, Some(Err(damage))) => {
                committed.damaged.push(damage);
                return Ok(());
            }
            // Somebody has removed the row: there is no place for it.
            (None, None) => return Ok(()),
        };
        let mut entry = entry;
        self.update(&mut entry, change, process);
        ledger.put(&entry)
    }

    /// The entry of a document that may be submitted; otherwise, what it is known as.
    fn claim(
        &self,
        claim: &Claim,
        entry: Option<row::Read>,
        change: &Change,
        process: i64,
        now: Time,
    ) -> Result<Result<Entry, Standing>, LedgerError> {
        let mut entry = match entry {
            Some(Err(_)) => return Ok(Err(Standing::Damaged)),
            Some(Ok(mut entry)) => {
                let is_next_attempt = self.has_claimed(claim, &entry)?;
                let standing = self.ledger.standing_of(&entry, &self.account, now)?;
                let is_allowed = is_next_attempt
                    || standing.may_submit()
                    || standing.may_submit_again() && self.again.contains(&change.key);
                if !is_allowed {
                    return Ok(Err(standing));
                }
                if !is_next_attempt {
                    entry.start_over();
                }
                entry
            }
            None => self.new_entry(&claim.snapshot, change.at),
        };
        entry.follow(process, &self.account);
        entry.submitted_at = None;
        entry.advance(&claim.snapshot);
        if let Some(name) = &claim.reference {
            entry.add_name(name, change.at);
        }
        Ok(Ok(entry))
    }

    /// Whether the job has claimed the entry before: it makes another attempt, or its claim was
    /// stored by a commit that failed afterwards.
    fn has_claimed(&self, claim: &Claim, entry: &Entry) -> Result<bool, LedgerError> {
        let is_submit = matches!(entry.state, EntryState::Ready | EntryState::Submitting);
        if !is_submit || self.ledger.holder(entry)? != Holder::Ours {
            return Ok(false);
        }
        let followed = self.jobs.get(&claim.job);
        let is_claimed = followed.is_some_and(|followed| followed.is_claimed);
        Ok(is_claimed || entry.snapshot.as_ref() == Some(&claim.snapshot.to_json()))
    }

    fn new_entry(&self, snapshot: &Snapshot, now: Time) -> Entry {
        // It was read when it was recorded.
        let digest = snapshot
            .document_digest()
            .and_then(|digest| digest.parse().ok());
        let digest = digest.unwrap_or(crate::digest::ContentDigest([0; 32]));
        let parts = KeyParts {
            origin: &self.account.origin,
            document_type: snapshot.document_type().unwrap_or_default(),
            customer: snapshot.customer(),
            digest: &digest,
        };
        let len = snapshot.document_len().unwrap_or_default();
        Entry::new(parts, len, self.account.api_key, now)
    }

    /// Gives an entry what is known newest.
    fn update(&self, entry: &mut Entry, change: &Change, process: i64) {
        for id in &change.other_ids {
            entry.add_other_id(id);
        }
        match &change.update {
            Some(Update::Snapshot(snapshot)) => {
                entry.follow(process, &self.account);
                entry.advance(snapshot);
            }
            Some(Update::Finished(finish)) => {
                if let Some(ticket) = &change.ticket {
                    entry.set_ticket(Some(ticket));
                }
                entry.finish(finish, change.at);
            }
            Some(Update::Late) => {
                if let Some(ticket) = &change.ticket {
                    entry.accept(ticket);
                    entry.follow(process, &self.account);
                }
            }
            None => {
                if let Some(ticket) = &change.ticket {
                    entry.set_ticket(Some(ticket));
                }
            }
        }
        // A submit that ended without an id and is not known to be unknown was none.
        if entry.state == EntryState::Finished
            && entry.ticket.is_none()
            && entry.outcome.as_deref() != Some(Outcome::SUCCESS)
            && entry.outcome.as_deref() != Some("submit_unknown")
        {
            entry.submitted_at = None;
        }
    }
}

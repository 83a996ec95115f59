//! Entries that are followed again: after their process has ended, or because somebody wants to.

use std::collections::HashSet;

use typless::machine::{Batch, JobKey, RestoreError, TicketError, Time};
use typless::wire::Document;

use crate::damage::Damage;
use crate::digest::{ContentDigest, DigestError};
use crate::entries::Page;
use crate::entry::Entry;
use crate::error::LedgerError;
use crate::key::EntryKey;
use crate::session::Session;
use crate::standing::Standing;

/// What was taken up again.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Recovered {
    /// The jobs, with their entries: the first to expire first, those without an id last.
    pub jobs: Vec<(JobKey, EntryKey)>,
    /// What stays as it is.
    pub skipped: Vec<Skipped>,
}

/// An entry that was to be followed again.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Resumed {
    /// Its key.
    pub key: EntryKey,
    /// Its job, or what it is known as; [`Resumable`](Standing::Resumable) if the batch is closed.
    pub job: Result<JobKey, Standing>,
}

/// An entry that stays as it is.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Skipped {
    /// Its key; `None` if it can't be read.
    pub key: Option<EntryKey>,
    /// Why.
    pub reason: SkippedReason,
}

/// Why an entry stays as it is.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SkippedReason {
    /// It is still to be submitted, and its document was not found.
    NoDocument,
    /// The document that was found is not known by its digest.
    Digest(DigestError),
    /// Another document was found, or the batch is closed.
    Restore(RestoreError),
    /// It was written by a newer version.
    Unreadable(TicketError),
    /// It is damaged.
    Damaged(Damage),
}

impl From<TicketError> for SkippedReason {
    fn from(error: TicketError) -> Self {
        Self::Unreadable(error)
    }
}

impl From<RestoreError> for SkippedReason {
    fn from(error: RestoreError) -> Self {
        Self::Restore(error)
    }
}

impl Session {
    /// Takes up what has not finished and nobody follows: what this ledger has left, and processes
    /// of this account that have ended. The first to expire comes first.
    ///
    /// `find_document` returns the document of an entry that is still to be submitted, with its
    /// digest; it is not called for others. An entry whose document is not found stays as it is.
    ///
    /// A submit that was out when its process ended is not made again. Its job finishes as
    /// [`SubmitUnknown`](typless::machine::JobError::SubmitUnknown).
    ///
    /// # Errors
    ///
    /// The file can't be read or written. What was taken up before that is in the batch.
    pub fn recover(
        &mut self,
        batch: &mut Batch,
        mut find_document: impl FnMut(&Entry) -> Option<Document>,
        now: Time,
    ) -> Result<Recovered, LedgerError> {
        let ours: HashSet<i64> = self.ledger.take_over(&self.account)?.into_iter().collect();
        let mut recovered = Recovered::default();
        let mut page = Page::unfinished();
        while let Some(entries) = page.next(&self.ledger)? {
            for read in entries {
                let (key, restored) = match read {
                    Ok(entry) if self.followed.contains_key(&entry.key) => continue,
                    Ok(entry) if entry.process.is_none_or(|id| !ours.contains(&id)) => continue,
                    Ok(entry) => (
                        Some(entry.key),
                        restore(batch, &entry, &mut find_document, now),
                    ),
                    Err(damage) => (damage.key, Err(SkippedReason::Damaged(damage))),
                };
                match (key, restored) {
                    (Some(key), Ok(job)) => {
                        self.follow(job, key, true);
                        recovered.jobs.push((job, key));
                    }
                    (key, Err(reason)) => recovered.skipped.push(Skipped { key, reason }),
                    (None, Ok(_)) => {}
                }
            }
        }
        Ok(recovered)
    }

    /// Follows entries again that were accepted, from their tickets: to fetch their results. That
    /// is not billed.
    ///
    /// Their standing is [`Resumable`](Standing::Resumable) or [`Fetchable`](Standing::Fetchable).
    /// They have the deadline of the options of the batch, or else that of the ticket.
    ///
    /// # Errors
    ///
    /// The file can't be read or written. Nothing was resumed.
    pub fn resume(
        &mut self,
        batch: &mut Batch,
        keys: impl IntoIterator<Item = EntryKey>,
        now: Time,
    ) -> Result<Vec<Resumed>, LedgerError> {
        let mut tickets = Vec::new();
        let process = self.ledger.write(|ledger| {
            let process = match self.process {
                Some(process) => process,
                None => ledger.add_process(&self.account)?,
            };
            for key in keys {
                tickets.push((key, self.reopen(&key, process, now)?));
            }
            Ok(process)
        })?;
        self.process = Some(process);
        let resumed = tickets.into_iter().map(|(key, ticket)| {
            let job = ticket.and_then(|ticket| {
                // None if the batch is closed.
                batch.resume(&ticket, now).ok_or(Standing::Resumable)
            });
            if let Ok(job) = job {
                self.follow(job, key, true);
            }
            Resumed { key, job }
        });
        Ok(resumed.collect())
    }

    /// Makes an entry ours, within a transaction. Its ticket, or what it is known as.
    fn reopen(
        &self,
        key: &EntryKey,
        process: i64,
        now: Time,
    ) -> Result<Result<typless::machine::Ticket, Standing>, LedgerError> {
        if self.followed.contains_key(key) {
            return Ok(Err(Standing::Followed));
        }
        let lookup = self.ledger.standing(key, &self.account, now)?;
        let Some(mut entry) = lookup.entry.filter(|_| lookup.standing.may_resume()) else {
            return Ok(Err(lookup.standing));
        };
        let Ok(Some(ticket)) = entry.ticket() else {
            return Ok(Err(Standing::Damaged));
        };
        entry.reopen();
        entry.follow(process, &self.account);
        self.ledger.put(&entry)?;
        Ok(Ok(ticket))
    }
}

/// Takes one entry into the batch.
fn restore(
    batch: &mut Batch,
    entry: &Entry,
    find_document: &mut impl FnMut(&Entry) -> Option<Document>,
    now: Time,
) -> Result<JobKey, SkippedReason> {
    let Some(snapshot) = entry.snapshot()? else {
        let ticket = entry.ticket()?.ok_or(SkippedReason::NoDocument)?;
        return batch
            .resume(&ticket, now)
            .ok_or(SkippedReason::Restore(RestoreError::Closed));
    };
    // Only then: a submit that may have been made is never made again.
    if !snapshot.needs_document() {
        return Ok(batch.restore(&snapshot, None, now)?);
    }
    let document = find_document(entry).ok_or(SkippedReason::NoDocument)?;
    let digest = document.digest().ok_or(DigestError::Missing);
    let digest = digest.and_then(str::parse::<ContentDigest>);
    match digest {
        Ok(_) => Ok(batch.restore(&snapshot, Some(document), now)?),
        Err(error) => Err(SkippedReason::Digest(error)),
    }
}

//! A batch and its ledger: what is recorded, and stored together.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use typless::machine::{
    Batch, BatchEvent, BatchEventKind, JobError, JobEventKind, JobKey, Snapshot, Time,
};
use typless::wire::{Api, Document};

use crate::account::Account;
use crate::changes::Finish;
use crate::damage::Damage;
use crate::digest::{ContentDigest, DigestError};
use crate::error::LedgerError;
use crate::key::{EntryKey, KeyParts};
use crate::ledger::Ledger;
use crate::pending::{Claim, Pending, Update};
use crate::refused::{Refused, RefusedReason};
use crate::standing::{Lookup, LookupError, Standing};

/// Stores what the jobs of one batch must not lose.
///
/// [`Ledger::start`] makes it, with its batch. Pass each event to [`record`](Self::record), which
/// does no I/O, and [`commit`](Self::commit) when there is none without waiting: one sync of the
/// disk for all of them. No submit leaves before its commit.
///
/// A commit decides for each new submit whether it may be made. If the document is known, or
/// another process was first, its job is abandoned before anything is sent, and
/// [reported](Committed::refused).
///
/// | a commit that fails | |
/// | --- | --- |
/// | what was recorded | stays recorded: commit again |
/// | submits that wait for it | wait |
/// | polls and everything else | goes on |
pub struct Session {
    pub(crate) ledger: Ledger,
    pub(crate) account: Account,
    /// The row of this process, once there is one.
    pub(crate) process: Option<i64>,
    /// Unfinished jobs and their entries, both ways.
    pub(crate) jobs: HashMap<JobKey, Followed>,
    pub(crate) followed: HashMap<EntryKey, JobKey>,
    /// The entries of jobs that finished without an id, which may come late.
    without_id: HashMap<JobKey, EntryKey>,
    pub(crate) pending: Pending,
    /// Entries whose documents may be submitted again.
    pub(crate) again: HashSet<EntryKey>,
    to_abandon: ToAbandon,
}

/// What a job follows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Followed {
    pub(crate) key: EntryKey,
    /// Whether the entry is ours, in the file as well.
    pub(crate) is_claimed: bool,
}

/// What a commit has found.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Committed {
    /// Jobs whose documents are not submitted. They are abandoned: their outcomes follow.
    pub refused: Vec<Refused>,
    /// Entries that were to be changed and are damaged. Their jobs go on, and are not stored.
    pub damaged: Vec<Damage>,
}

/// What was stored, for the batch to know: see [`Session::store`].
#[must_use = "the batch waits for it"]
#[derive(Debug)]
pub struct Stored {
    sequence: Option<u64>,
    committed: Committed,
    to_abandon: ToAbandon,
}

/// Jobs that were refused and are not abandoned yet. All that was stored shares them: what is
/// applied later confirms what was stored before, and abandons it first.
type ToAbandon = Arc<Mutex<Vec<JobKey>>>;

impl Stored {
    /// Abandons what was refused, and lets all other submits leave that were stored.
    pub fn apply(self, batch: &mut Batch, now: Time) -> Committed {
        // First, so that none of them leaves.
        let mut to_abandon = self
            .to_abandon
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for job in to_abandon.drain(..) {
            batch.abandon(job, now);
        }
        drop(to_abandon);
        if let Some(sequence) = self.sequence {
            batch.confirm(sequence);
        }
        self.committed
    }
}

impl Session {
    pub(crate) fn new(ledger: Ledger, account: Account) -> Self {
        Self {
            ledger,
            account,
            process: None,
            jobs: HashMap::new(),
            followed: HashMap::new(),
            without_id: HashMap::new(),
            pending: Pending::default(),
            again: HashSet::new(),
            to_abandon: ToAbandon::default(),
        }
    }

    /// Takes an event of the batch, right after the batch has emitted it. It is stored with the
    /// next [`commit`](Self::commit).
    ///
    /// Pass each event, in order, before the batch is driven further. Jobs that the ledger does not
    /// know, such as those that were [resumed](Batch::resume) from a ticket, are passed over.
    pub fn record(&mut self, batch: &Batch, event: &BatchEvent, now: Time) {
        if !self.pending.advance(event.sequence) || !event.must_be_stored() {
            return;
        }
        match &event.kind {
            BatchEventKind::Job {
                key: job,
                reference,
                event,
            } => match event {
                JobEventKind::Submitting { .. } => {
                    // If there is none, it has finished, and nothing will be sent.
                    if let Some(snapshot) = batch.snapshot(*job) {
                        self.record_submit(*job, reference.clone(), snapshot, now);
                    }
                }
                JobEventKind::Finished(outcome) => {
                    self.record_outcome(*job, outcome, now);
                }
                event => self.record_progress(*job, event, batch.snapshot(*job), now),
            },
            BatchEventKind::Unfinished {
                key: job, snapshot, ..
            } => {
                if let Some(key) = self.release_job(*job)
                    && let Some(change) = self.pending.change(*job, key, now)
                {
                    change.ticket = snapshot.ticket().or_else(|| change.ticket.take());
                    change.update = Some(Update::Snapshot(snapshot.clone()));
                }
            }
            BatchEventKind::SubmittedLate { key: job, ticket } => {
                if let Some(key) = self.without_id.remove(job)
                    && let Some(change) = self.pending.change(*job, key, now)
                {
                    change.ticket = Some(ticket.clone());
                    change.update = Some(Update::Late);
                }
            }
            _ => {}
        }
    }

    /// Whether anything was recorded that is not stored yet.
    pub fn has_recorded(&self) -> bool {
        !self.pending.changes.is_empty() || !self.pending.refused.is_empty()
    }

    /// Stores what was recorded, and lets the batch go on with it: [`store`](Self::store) and
    /// [`Stored::apply`] in one. Nothing recorded, nothing written.
    ///
    /// With a driver, `batch` is `driver.machine_mut()`. It waits for the disk, some milliseconds.
    ///
    /// # Errors
    ///
    /// Nothing was stored, and no new submit leaves. Call again, when what the error names is
    /// fixed, or at the next event.
    pub fn commit(&mut self, batch: &mut Batch, now: Time) -> Result<Committed, LedgerError> {
        Ok(self.store(now)?.apply(batch, now))
    }

    /// Stores what was recorded, where the batch is out of reach: such as on another thread, from
    /// which a `Handle` takes what it returns to the batch:
    /// `handle.push(move |batch, now| drop(stored.apply(batch, now)))`.
    ///
    /// # Errors
    ///
    /// As for [`commit`](Self::commit).
    pub fn store(&mut self, now: Time) -> Result<Stored, LedgerError> {
        let sequence = self.pending.sequence()?;
        let mut committed = self.write_pending(now)?;
        for refused in &committed.refused {
            self.release_job(refused.job);
        }
        for change in &self.pending.changes {
            if let Some(claim) = &change.claim {
                self.again.remove(&change.key);
                if let Some(followed) = self.jobs.get_mut(&claim.job) {
                    followed.is_claimed = true;
                }
            }
        }
        committed.refused.append(&mut self.pending.refused);
        self.pending.clear();
        let mut to_abandon = self
            .to_abandon
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        to_abandon.extend(committed.refused.iter().map(|refused| refused.job));
        drop(to_abandon);
        Ok(Stored {
            sequence,
            committed,
            to_abandon: self.to_abandon.clone(),
        })
    }

    /// What is known of a document. It reads only.
    ///
    /// Not needed before a document is added, since a commit finds out as well; this finds out
    /// before the document waits in the batch, and returns the entry.
    ///
    /// # Errors
    ///
    /// The document has no SHA-256 as its digest, or the file can't be read.
    pub fn lookup(&self, document: &Document, now: Time) -> Result<Lookup, LookupError> {
        let key = self.key(document)?;
        let mut lookup = self.ledger.standing(&key, &self.account, now)?;
        if self.followed.contains_key(&key) {
            lookup.standing = Standing::Followed;
        }
        Ok(lookup)
    }

    /// The key of a document's entry.
    ///
    /// # Errors
    ///
    /// It has no SHA-256 as its digest.
    pub fn key(&self, document: &Document) -> Result<EntryKey, DigestError> {
        let digest = document.digest().ok_or(DigestError::Missing)?.parse()?;
        Ok(EntryKey::from_parts(KeyParts {
            origin: &self.account.origin,
            document_type: document.document_type(),
            customer: document.customer(),
            digest: &digest,
        }))
    }

    /// The entry of a job that has not finished.
    pub fn key_of(&self, job: JobKey) -> Option<EntryKey> {
        Some(self.jobs.get(&job)?.key)
    }

    /// Lets the document of an entry be submitted once more in this session, whatever is known of
    /// it: **it may then be billed twice**. No effect while it is followed.
    pub fn again(&mut self, key: EntryKey) {
        self.again.insert(key);
    }

    /// Uses the API key of another `Api` for what is stored from here on; after
    /// [`Batch::set_key`].
    pub fn set_api(&mut self, api: &Api) {
        self.account = Account {
            origin: self.account.origin.clone(),
            ..Account::new(api)
        };
        self.process = None;
    }

    /// The ledger, to read it and to change entries that nobody follows.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Ends the session. What was recorded and not stored is dropped.
    pub fn into_ledger(self) -> Ledger {
        self.ledger
    }

    /// Records that a document is to be submitted.
    fn record_submit(
        &mut self,
        job: JobKey,
        reference: Option<Arc<str>>,
        snapshot: Snapshot,
        now: Time,
    ) {
        let known = self.key_of(job);
        let (key, reason) = match known.map_or_else(|| self.key_of_snapshot(&snapshot), Ok) {
            Ok(key) => match self.followed.get(&key) {
                Some(other) if *other != job => {
                    (Some(key), Some(RefusedReason::SameDocument(*other)))
                }
                _ => (Some(key), None),
            },
            Err(error) => (None, Some(RefusedReason::Digest(error))),
        };
        match (key, reason) {
            (Some(key), None) => {
                self.follow(job, key, false);
                let claim = Claim {
                    job,
                    reference,
                    snapshot,
                };
                self.pending.claim(key, claim, now);
            }
            (key, reason) => self.pending.refused.extend(reason.map(|reason| Refused {
                job,
                reference,
                key,
                reason,
            })),
        }
    }

    /// Records how far a job is.
    fn record_progress(
        &mut self,
        job: JobKey,
        event: &JobEventKind,
        snapshot: Option<Snapshot>,
        now: Time,
    ) {
        let Some(key) = self.key_of(job) else {
            return;
        };
        let Some(change) = self.pending.change(job, key, now) else {
            return;
        };
        match event {
            JobEventKind::Submitted(ticket) => change.ticket = Some(ticket.clone()),
            JobEventKind::SubmittedAgain(id) => change.other_ids.push(id.clone()),
            _ => {}
        }
        if let Some(snapshot) = snapshot {
            change.update = Some(Update::Snapshot(snapshot));
        }
    }

    /// Records the outcome of a job.
    fn record_outcome(
        &mut self,
        job: JobKey,
        outcome: &Result<typless::wire::Extraction, JobError>,
        now: Time,
    ) {
        let Some(key) = self.release_job(job) else {
            return;
        };
        let ticket = outcome.as_ref().err().and_then(JobError::ticket).cloned();
        if outcome.is_err() && ticket.is_none() {
            self.without_id.insert(job, key);
        }
        let finish = Finish::new(outcome, self.ledger.options.results);
        if let Some(change) = self.pending.change(job, key, now) {
            change.ticket = ticket.or_else(|| change.ticket.take());
            change.update = Some(Update::Finished(finish));
        }
    }

    /// The key of the document of a job that is to be submitted.
    fn key_of_snapshot(&self, snapshot: &Snapshot) -> Result<EntryKey, DigestError> {
        let digest: ContentDigest = snapshot
            .document_digest()
            .ok_or(DigestError::Missing)?
            .parse()?;
        Ok(EntryKey::from_parts(KeyParts {
            origin: &self.account.origin,
            document_type: snapshot.document_type().unwrap_or_default(),
            customer: snapshot.customer(),
            digest: &digest,
        }))
    }

    /// A job follows an entry.
    pub(crate) fn follow(&mut self, job: JobKey, key: EntryKey, is_claimed: bool) {
        let followed = self.jobs.entry(job).or_insert(Followed { key, is_claimed });
        followed.is_claimed |= is_claimed;
        self.followed.insert(key, job);
    }

    /// The job follows its entry no longer. The entry.
    fn release_job(&mut self, job: JobKey) -> Option<EntryKey> {
        let key = self.jobs.remove(&job)?.key;
        self.followed.remove(&key);
        Some(key)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("ledger", &self.ledger)
            .field("jobs", &self.jobs.len())
            .field("pending", &self.pending.changes.len())
            .finish_non_exhaustive()
    }
}

//! What may be done with a document that is known.

use typless::machine::Time;
use typless::wire::{Api, Document};

use crate::account::Account;
use crate::changes::RETENTION;
use crate::digest::DigestError;
use crate::entry::{Entry, EntryState, Outcome};
use crate::error::LedgerError;
use crate::holders::Holder;
use crate::key::EntryKey;
use crate::ledger::Ledger;
use crate::row;

/// What may be done with a document, as far as a ledger knows it.
///
/// | standing | what is known | what may be done |
/// | --- | --- | --- |
/// | `New` | nothing | submit |
/// | `Free` | nothing was accepted: refused, exhausted, abandoned, never sent | submit |
/// | `Followed` | it is under way, in another process or in this session | wait |
/// | `Resumable` | it was accepted, and its outcome is not known | resume |
/// | `Fetchable` | it succeeded, and the service holds the result | resume: polls are not billed |
/// | `Kept` | it succeeded, the service has deleted the result, and it is stored here | use it |
/// | `Gone` | it succeeded or expired, and the result is nowhere | |
/// | `Failed` | the service could not process it | read the error |
/// | `NotFound` | the service does not know its id | |
/// | `Unknown` | it is not known whether it was submitted | find out, then adopt or release |
/// | `OtherKey` | it was submitted with another API key | open with `with_same_account` |
/// | `Damaged` | its entry can't be read | find out, then forget |
///
/// Only `New` and `Free` are submitted. All others but `Followed` and `Damaged` are, too, where
/// somebody said so: with [`Session::again`](crate::Session::again) or
/// [`Ledger::release`]. They may then be billed twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// There is no entry.
    New,
    /// Nothing was accepted.
    Free,
    /// A process that lives follows it, or this session does.
    Followed,
    /// It was accepted, and nobody follows it.
    Resumable,
    /// It succeeded less than 48 hours ago.
    Fetchable,
    /// It succeeded, and only the ledger has the result.
    Kept,
    /// It succeeded or expired, and nobody has the result.
    Gone,
    /// The service could not process it.
    Failed,
    /// The service does not know its id.
    NotFound,
    /// Whether it was submitted is not known.
    Unknown,
    /// It was submitted with another API key.
    OtherKey,
    /// Its entry is damaged.
    Damaged,
}

impl Standing {
    /// Whether its document is submitted without anybody having said so: nothing of it was
    /// accepted.
    pub fn may_submit(self) -> bool {
        matches!(self, Self::New | Self::Free)
    }

    /// Whether [`Session::resume`](crate::Session::resume) takes it up, which is not billed.
    pub fn may_resume(self) -> bool {
        matches!(self, Self::Resumable | Self::Fetchable)
    }

    /// Whether its document may be submitted where somebody said so.
    pub(crate) fn may_submit_again(self) -> bool {
        !matches!(self, Self::Followed | Self::Damaged)
    }
}

/// What a ledger knows of a document.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Lookup {
    /// The key of its entry.
    pub key: EntryKey,
    /// What may be done with it.
    pub standing: Standing,
    /// The entry, if there is one that can be read.
    pub entry: Option<Entry>,
}

/// Why a document can't be looked up.
#[derive(Debug)]
#[non_exhaustive]
pub enum LookupError {
    /// The document has no usable digest.
    Digest(DigestError),
    /// The ledger can't be read.
    Ledger(LedgerError),
}

impl std::fmt::Display for LookupError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Digest(error) => error.fmt(f),
            Self::Ledger(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LookupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Digest(_) => None,
            Self::Ledger(error) => error.source(),
        }
    }
}

impl From<DigestError> for LookupError {
    fn from(error: DigestError) -> Self {
        Self::Digest(error)
    }
}

impl From<LedgerError> for LookupError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl Ledger {
    /// What is known of a document that is to be submitted to this service. It reads only.
    ///
    /// # Errors
    ///
    /// The document has no SHA-256 as its digest, or the file can't be read.
    pub fn lookup(&self, api: &Api, document: &Document, now: Time) -> Result<Lookup, LookupError> {
        let key = EntryKey::for_document(api, document)?;
        Ok(self.standing(&key, &Account::new(api), now)?)
    }

    /// What is known of the document with this key.
    pub(crate) fn standing(
        &self,
        key: &EntryKey,
        account: &Account,
        now: Time,
    ) -> Result<Lookup, LedgerError> {
        let (standing, entry) = match row::find(&self.connection, &self.path, key)? {
            None => (Standing::New, None),
            Some(Err(_)) => (Standing::Damaged, None),
            Some(Ok(entry)) => (self.standing_of(&entry, account, now)?, Some(entry)),
        };
        Ok(Lookup {
            key: *key,
            standing,
            entry,
        })
    }

    /// What may be done with this entry. What is ours and under way, the session knows.
    pub(crate) fn standing_of(
        &self,
        entry: &Entry,
        account: &Account,
        now: Time,
    ) -> Result<Standing, LedgerError> {
        let is_followed = match self.holder(entry)? {
            Holder::Alive => true,
            Holder::Damaged => return Ok(Standing::Damaged),
            Holder::Nobody | Holder::Ours | Holder::Gone => false,
        };
        let standing = match entry.state {
            _ if is_followed => Standing::Followed,
            EntryState::Ready => not_accepted(entry),
            EntryState::Submitting => Standing::Unknown,
            EntryState::Submitted => Standing::Resumable,
            EntryState::Finished => finished(entry, now),
        };
        let is_other = entry.api_key != account.api_key && !self.options.same_account;
        let is_ours = matches!(standing, Standing::Free | Standing::Followed);
        Ok(if is_other && !is_ours {
            Standing::OtherKey
        } else {
            standing
        })
    }
}

/// What may be done with an entry whose last submit was not accepted. An earlier one may have been,
/// and that somebody wanted another one was said once.
fn not_accepted(entry: &Entry) -> Standing {
    if entry.result.is_some() {
        Standing::Kept
    } else if entry.other_ids.is_some() {
        Standing::Unknown
    } else {
        Standing::Free
    }
}

impl Entry {
    /// Whether it may have been submitted, and its extraction is not known: somebody has to find
    /// out. One whose submit is out at this moment is one, too.
    pub fn is_unknown(&self) -> bool {
        match self.state {
            EntryState::Submitting => true,
            EntryState::Finished => finished(self, Time::EPOCH) == Standing::Unknown,
            EntryState::Ready | EntryState::Submitted => false,
        }
    }

    /// Whether it was accepted, and its outcome is not known: a process follows it, or was the last
    /// to do so.
    pub fn is_open(&self) -> bool {
        match self.state {
            EntryState::Submitted => true,
            EntryState::Finished => finished(self, Time::EPOCH) == Standing::Resumable,
            EntryState::Ready | EntryState::Submitting => false,
        }
    }
}

/// What may be done with an entry that has an outcome.
pub(crate) fn finished(entry: &Entry, now: Time) -> Standing {
    let code = entry.outcome.as_deref().unwrap_or_default();
    let expired = || match &entry.result {
        Some(_) => Standing::Kept,
        None => Standing::Gone,
    };
    match code {
        Outcome::SUCCESS => match entry.finished_at {
            Some(at) if now < at + RETENTION && entry.ticket.is_some() => Standing::Fetchable,
            _ => expired(),
        },
        Outcome::RELEASED => Standing::Free,
        "expired" => expired(),
        "failed" => Standing::Failed,
        // It may have succeeded before.
        "not_found" if entry.result.is_some() => Standing::Kept,
        "not_found" => Standing::NotFound,
        "refused" | "exhausted" | "source_failed" | "abandoned" if entry.ticket.is_none() => {
            not_accepted(entry)
        }
        "refused" | "abandoned" | "deadline" | "too_large" | "unreadable" => Standing::Resumable,
        // Of a newer version, perhaps.
        _ => Standing::Unknown,
    }
}

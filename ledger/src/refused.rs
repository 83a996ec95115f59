//! Jobs that are not submitted.

use std::fmt;
use std::sync::Arc;

use typless::machine::JobKey;

use crate::digest::DigestError;
use crate::key::EntryKey;
use crate::standing::Standing;

/// A job whose document is not submitted: the session has abandoned it, and nothing was sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Refused {
    /// The job. Its outcome, `Abandoned`, follows.
    pub job: JobKey,
    /// The caller's reference of its document.
    pub reference: Option<Arc<str>>,
    /// Its entry; `None` if it has no digest.
    pub key: Option<EntryKey>,
    /// Why.
    pub reason: RefusedReason,
}

/// Why a document is not submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusedReason {
    /// It can't be known by its digest.
    Digest(DigestError),
    /// Another job of this batch has the same document.
    SameDocument(JobKey),
    /// It is known, or another process was first: see [`Standing`].
    Known(Standing),
}

impl fmt::Display for RefusedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self {
            Self::Digest(error) => return error.fmt(f),
            Self::SameDocument(_) => "the same document is submitted by another job",
            Self::Known(standing) => match standing {
                Standing::Followed => "another process submits it: wait for it",
                Standing::Resumable => "it was submitted, and is not finished: resume it",
                Standing::Fetchable => "it succeeded, and its result can be fetched: resume it",
                Standing::Kept => "it succeeded, and its result is in the ledger",
                Standing::Gone => "it succeeded, and its result is deleted",
                Standing::Failed => "the service could not process it",
                Standing::NotFound => "it was submitted, and the service does not know its id",
                Standing::Unknown => {
                    "it is unknown whether it was submitted: find out, then adopt or release it"
                }
                Standing::OtherKey => "it was submitted with another API key",
                Standing::Damaged => {
                    "its entry is damaged: find out whether it was submitted, then forget it"
                }
                Standing::New | Standing::Free => "it was not submitted",
            },
        };
        f.write_str(reason)
    }
}

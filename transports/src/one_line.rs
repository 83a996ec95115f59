//! What the one-liners of the adapters have in common.

use std::hash::{BuildHasher, RandomState};

use typless::machine::{JobError, JobOptions};
use typless::wire::{Document, Extraction};

/// Options with a seed of their own: clients that fail together should not come back together.
pub(crate) fn options(document: &Document) -> JobOptions {
    JobOptions::new().with_seed(RandomState::new().hash_one(document.file_name()))
}

/// The end of a job that nobody was there to confirm anything to.
pub(crate) fn end(outcome: Option<Result<Extraction, JobError>>) -> Result<Extraction, JobError> {
    outcome.unwrap_or(Err(JobError::Abandoned { ticket: None }))
}

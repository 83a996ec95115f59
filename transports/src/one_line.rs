//! What `Ureq::extract` and `Hyper::extract` share.

use std::hash::{BuildHasher, RandomState};

use typless::machine::{JobError, JobOptions};
use typless::wire::{Document, Extraction};

use crate::stopped::FinishError;

/// Options with a random seed: clients that fail at the same time should not retry at the same
/// time.
pub(crate) fn options(document: &Document) -> JobOptions {
    JobOptions::new().with_seed(RandomState::new().hash_one(document.file_name()))
}

/// The outcome of a job. One that stopped to wait for a confirmation counts as abandoned.
pub(crate) fn or_abandoned(
    outcome: Result<Result<Extraction, JobError>, FinishError>,
) -> Result<Extraction, JobError> {
    outcome.unwrap_or(Err(JobError::Abandoned { ticket: None }))
}

//! The outcomes of documents, as the client reports them.

use std::collections::BTreeMap;

use typless::machine::{
    BatchEvent, BatchEventKind, Cause, JobError, JobEventKind, Pause, PauseReason,
};
use typless::wire::Extraction;

use super::scenario;

/// The client's record: the outcomes of each document, by its name.
#[derive(Debug, Default)]
pub(super) struct OutcomeLog {
    outcomes: BTreeMap<String, Vec<DocumentOutcome>>,
    /// Events that should not happen.
    pub(super) unexpected: Vec<String>,
}

/// The outcome of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DocumentOutcome {
    /// A result, with this file name and customer; whether its values are those of the invoice.
    Extracted {
        file_name: Option<String>,
        customer: Option<String>,
        is_right: bool,
    },
    /// The service could not process it.
    Failed,
    /// It is unknown whether it was submitted.
    Unknown(Acceptance),
    /// An outcome that no fault explains.
    Other(String),
}

/// Whether a submit with an unknown outcome was accepted, as its response shows to somebody who
/// knows the emulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acceptance {
    Accepted,
    NotAccepted,
    Unknown,
}

/// How many documents had which outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct OutcomeCounts {
    /// Documents with a result.
    pub extracted: usize,
    /// Documents that the service could not process.
    pub failed: usize,
    /// Documents that may have been submitted.
    pub unknown: usize,
    /// Documents with an outcome that no fault explains.
    pub other: usize,
}

impl OutcomeLog {
    pub(super) fn take(&mut self, event: BatchEvent) {
        match event.kind {
            BatchEventKind::Job {
                reference,
                event: JobEventKind::Finished(outcome),
                ..
            } => {
                let name = reference.as_deref().unwrap_or_default().to_owned();
                self.outcomes
                    .entry(name)
                    .or_default()
                    .push(DocumentOutcome::from_result(outcome));
            }
            BatchEventKind::Job {
                reference,
                event: JobEventKind::SubmittedAgain(id),
                ..
            } => {
                self.unexpected
                    .push(format!("{reference:?} was submitted again, as {id:?}"));
            }
            BatchEventKind::SubmittedLate { ticket, .. } => self
                .unexpected
                .push(format!("submitted late: {:?}", ticket.reference())),
            BatchEventKind::Paused(Pause {
                reason: PauseReason::KeyRefused,
                cause,
                ..
            }) => self
                .unexpected
                .push(format!("the key was refused: {cause}")),
            _ => {}
        }
    }

    /// The outcomes of a document.
    pub(super) fn outcomes(&self, name: &str) -> &[DocumentOutcome] {
        self.outcomes.get(name).map_or(&[], Vec::as_slice)
    }

    /// The number of documents.
    pub(super) fn len(&self) -> usize {
        self.outcomes.len()
    }

    pub(super) fn counts(&self) -> OutcomeCounts {
        let mut counts = OutcomeCounts::default();
        for outcome in self.outcomes.values().flatten() {
            *match outcome {
                DocumentOutcome::Extracted { .. } => &mut counts.extracted,
                DocumentOutcome::Failed => &mut counts.failed,
                DocumentOutcome::Unknown(_) => &mut counts.unknown,
                DocumentOutcome::Other(_) => &mut counts.other,
            } += 1;
        }
        counts
    }
}

impl DocumentOutcome {
    fn from_result(outcome: Result<Extraction, JobError>) -> Self {
        match outcome {
            Ok(extraction) => Self::Extracted {
                file_name: extraction.file_name().map(Into::into),
                customer: extraction.customer().map(Into::into),
                is_right: scenario::VALUES
                    .iter()
                    .all(|(field, value)| extraction.text(field) == Some(value)),
            },
            Err(JobError::Failed { .. }) => Self::Failed,
            Err(JobError::SubmitUnknown { failed, .. }) => {
                Self::Unknown(Acceptance::from_cause(failed.cause()))
            }
            Err(other) => Self::Other(other.to_string()),
        }
    }
}

impl Acceptance {
    /// A gateway that timed out has passed the submit on. Other errors, and HTML pages instead of a
    /// response, are sent without that.
    fn from_cause(cause: &Cause) -> Self {
        let is_accepted = match cause {
            Cause::Service(error) => error.http_status().is_some_and(|status| status == 504),
            Cause::Decode(error) => !error.raw().starts_with(b"<html>"),
            _ => return Self::Unknown,
        };
        if is_accepted {
            Self::Accepted
        } else {
            Self::NotAccepted
        }
    }
}

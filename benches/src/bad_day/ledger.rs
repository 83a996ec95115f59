//! How documents ended, as the client is told.

use std::collections::BTreeMap;

use typless::machine::{BatchEvent, BatchEventKind, Cause, JobError, JobEventKind};
use typless::wire::Extraction;

use super::scene;

/// The client's ledger: the ends of each document, by its name.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    ends: BTreeMap<String, Vec<Ending>>,
    /// What should not have been told.
    pub(super) oddities: Vec<String>,
}

/// How a document ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// With a result, which has this file name and customer, and the values of the invoice or others.
    Read {
        file_name: Option<String>,
        customer: Option<String>,
        is_right: bool,
    },
    /// The service could not read it.
    Failed,
    /// It is unknown whether it was submitted.
    Unknown(Told),
    /// In a way that no fault explains.
    Other(String),
}

/// What the answer to a submit whose end is unknown tells those who know the emulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Taken,
    NotTaken,
    Nothing,
}

/// How many documents ended in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Tally {
    /// With a result.
    pub read: usize,
    /// As the service could not read them.
    pub failed: usize,
    /// As it is unknown whether they were submitted.
    pub unknown: usize,
    /// In a way that no fault explains.
    pub other: usize,
}

impl Ledger {
    pub(super) fn take(&mut self, event: BatchEvent) {
        match event.kind {
            BatchEventKind::Job {
                reference,
                event: JobEventKind::Finished(outcome),
                ..
            } => {
                let name = reference.as_deref().unwrap_or_default().to_owned();
                self.ends.entry(name).or_default().push(Ending::of(outcome));
            }
            BatchEventKind::Job {
                reference,
                event: JobEventKind::SubmittedAgain(id),
                ..
            } => {
                self.oddities
                    .push(format!("{reference:?} was submitted again, as {id:?}"));
            }
            BatchEventKind::SubmittedLate { ticket, .. } => self
                .oddities
                .push(format!("submitted late: {:?}", ticket.reference())),
            BatchEventKind::KeyRefused(error) => {
                self.oddities.push(format!("the key was refused: {error}"))
            }
            _ => {}
        }
    }

    /// The ends of a document.
    pub(super) fn ends(&self, name: &str) -> &[Ending] {
        self.ends.get(name).map_or(&[], Vec::as_slice)
    }

    /// How many documents there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for end in self.ends.values().flatten() {
            *match end {
                Ending::Read { .. } => &mut tally.read,
                Ending::Failed => &mut tally.failed,
                Ending::Unknown(_) => &mut tally.unknown,
                Ending::Other(_) => &mut tally.other,
            } += 1;
        }
        tally
    }
}

impl Ending {
    fn of(outcome: Result<Extraction, JobError>) -> Self {
        match outcome {
            Ok(extraction) => Self::Read {
                file_name: extraction.file_name().map(Into::into),
                customer: extraction.customer().map(Into::into),
                is_right: scene::VALUES
                    .iter()
                    .all(|(field, value)| extraction.text(field) == Some(value)),
            },
            Err(JobError::Failed { .. }) => Self::Failed,
            Err(JobError::SubmitUnknown { cause }) => Self::Unknown(Told::by(&cause)),
            Err(other) => Self::Other(other.to_string()),
        }
    }
}

impl Told {
    /// A gateway that lost patience has passed the submit on; other errors, and pages in place of an answer, come from who did not.
    fn by(cause: &Cause) -> Self {
        let is_taken = match cause {
            Cause::Service(error) => error.http_status().is_some_and(|status| status == 504),
            Cause::Decode(error) => !error.raw().starts_with(b"<html>"),
            _ => return Self::Nothing,
        };
        if is_taken {
            Self::Taken
        } else {
            Self::NotTaken
        }
    }
}

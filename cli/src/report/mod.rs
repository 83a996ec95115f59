//! The outcome of one document, printed for people and for programs.

mod csv;
mod json;
mod known;
mod printer;
mod problem;
mod review;
mod table;

use std::borrow::Cow;
use std::io;

use typless::wire::{Extraction, ExtractionId, Status, printable};
use typless_ledger::EntryKey;

use crate::exit::Exit;
use crate::output::eprint_message;
pub(crate) use printer::{Printer, print_kept};
pub(crate) use problem::{CHECK_SUBMIT, Problem};

/// The outcome of one document.
pub(crate) struct Report {
    /// Its position on the command line, from 0, if it has one.
    index: Option<usize>,
    /// The document's name: the file as on the command line, else the name the service knows, else
    /// the id.
    file: String,
    extraction_id: Option<ExtractionId>,
    /// Its entry, if the call has a ledger.
    key: Option<EntryKey>,
    outcome: Outcome,
}

/// What happened to the document.
#[derive(Clone)]
pub(crate) enum Outcome {
    /// It has a result.
    Success(Extraction),
    /// It has no result yet.
    Pending(Status),
    /// It has no result.
    Failed(Box<Problem>),
}

impl Outcome {
    /// Whether it is unknown whether the document was submitted.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Failed(problem) if problem.is_unknown_submit())
    }
}

impl Report {
    pub(crate) fn new(
        file: Option<&str>,
        extraction_id: Option<ExtractionId>,
        outcome: Outcome,
    ) -> Self {
        let known = match &outcome {
            Outcome::Success(extraction) => extraction.file_name(),
            Outcome::Pending(_) | Outcome::Failed(_) => None,
        };
        let file = file
            .or(known)
            .or_else(|| extraction_id.as_ref().map(ExtractionId::as_str))
            .unwrap_or_default()
            .to_owned();
        Self {
            index: None,
            file,
            extraction_id,
            key: None,
            outcome,
        }
    }

    /// Sets its entry.
    pub(crate) fn with_key(mut self, key: Option<EntryKey>) -> Self {
        self.key = key;
        self
    }

    /// Sets its position on the command line.
    pub(crate) fn at(mut self, index: usize) -> Self {
        self.index = Some(index);
        self
    }

    /// The report as one line of JSON.
    pub(crate) fn to_json(&self, min_confidence: Option<f64>) -> String {
        json::line(self, min_confidence)
    }

    /// The extraction that this is the outcome of; `None` if there is none, or it goes on.
    pub(crate) fn outcome_of(&self) -> Option<&ExtractionId> {
        let is_outcome = match &self.outcome {
            Outcome::Success(_) => true,
            Outcome::Pending(_) => false,
            Outcome::Failed(problem) => problem.is_final(),
        };
        self.extraction_id.as_ref().filter(|_| is_outcome)
    }

    /// The response as it came and its id, where it may be a result that can't be read.
    pub(crate) fn raw(&self) -> Option<(&ExtractionId, &[u8])> {
        let Outcome::Failed(problem) = &self.outcome else {
            return None;
        };
        Some((self.extraction_id.as_ref()?, problem.raw.as_deref()?))
    }

    /// The service's status, or a name in the same style for an outcome of our own.
    fn status(&self) -> Cow<'_, str> {
        match &self.outcome {
            Outcome::Success(_) => "SUCCESS".into(),
            Outcome::Pending(status) => status.to_string().into(),
            Outcome::Failed(problem) => problem.status.into(),
        }
    }

    /// Reports on standard error that there is a result and that it could not be written.
    pub(crate) fn print_write_error(&self, error: &io::Error) {
        if let (Outcome::Success(_), Some(id)) = (&self.outcome, &self.extraction_id) {
            let file = printable(&self.file, 300);
            eprint_message(&format!(
                "{file}: the result can't be written: {error}; fetch it again: typless get {}",
                printable(id.as_str(), 300)
            ));
        }
    }

    /// Prints the error to standard error, if there is one, or what was repaired in the result.
    pub(crate) fn print_error(&self) -> Exit {
        match &self.outcome {
            Outcome::Success(extraction) => {
                if let Some(sentence) = repairs(extraction) {
                    eprint_message(&format!("{}: {sentence}", printable(&self.file, 300)));
                }
                Exit::Success
            }
            Outcome::Pending(_) => Exit::Success,
            Outcome::Failed(problem) => {
                let (file, sentence, advice) = (
                    printable(&self.file, 300),
                    printable(&problem.sentence, 2000),
                    printable(&problem.advice, 500),
                );
                eprint_message(&format!("{file}: {sentence}; {advice}"));
                problem.exit
            }
        }
    }
}

/// What was repaired in a result, in a sentence; `None` if nothing was.
fn repairs(extraction: &Extraction) -> Option<String> {
    const MAX_SHOWN: usize = 5;
    let count = extraction.repair_count();
    let shown: Vec<String> = extraction
        .repairs()
        .iter()
        .take(MAX_SHOWN)
        .map(ToString::to_string)
        .collect();
    if count == 0 {
        return None;
    }
    let places = if count == 1 { "place" } else { "places" };
    let more = match count - shown.len() {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let shown = shown.join("; ");
    Some(format!("repaired {count} {places}: {shown}{more}"))
}

//! How one document came out, for people and for programs.

mod csv;
mod json;
mod printer;
mod problem;
mod review;
mod table;

use std::borrow::Cow;
use std::io;

use typless::wire::{Extraction, ExtractionId, Status, printable};

use crate::exit::Exit;
use crate::output::say;
pub(crate) use printer::Printer;
pub(crate) use problem::Problem;

/// How one document came out.
pub(crate) struct Report {
    /// Its place in the call, from 0, where it has one.
    index: Option<usize>,
    /// What the document is called: the file as it was named on the command line, else the name the service knows, else the id.
    file: String,
    extraction_id: Option<ExtractionId>,
    outcome: Outcome,
}

/// What came of it.
pub(crate) enum Outcome {
    /// There is a result.
    Success(Extraction),
    /// There is none yet.
    Unfinished(Status),
    /// There is none.
    Failed(Box<Problem>),
}

impl Report {
    pub(crate) fn new(
        file: Option<&str>,
        extraction_id: Option<ExtractionId>,
        outcome: Outcome,
    ) -> Self {
        let known = match &outcome {
            Outcome::Success(extraction) => extraction.file_name(),
            Outcome::Unfinished(_) | Outcome::Failed(_) => None,
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
            outcome,
        }
    }

    /// Names its place in the call.
    pub(crate) fn at(mut self, index: usize) -> Self {
        self.index = Some(index);
        self
    }

    /// The report as one line of JSON.
    pub(crate) fn to_json(&self, floor: Option<f64>) -> String {
        json::line(self, floor)
    }

    /// The service's status, or for an end that is ours its name in the same style.
    fn status(&self) -> Cow<'_, str> {
        match &self.outcome {
            Outcome::Success(_) => "SUCCESS".into(),
            Outcome::Unfinished(status) => status.to_string().into(),
            Outcome::Failed(problem) => problem.status.into(),
        }
    }

    /// Says to the standard error that there is a result and it could not be printed.
    pub(crate) fn tell_unwritten(&self, error: &io::Error) {
        if let (Outcome::Success(_), Some(id)) = (&self.outcome, &self.extraction_id) {
            let file = printable(&self.file, 300);
            say(&format!(
                "{file}: the result can't be written: {error}; fetch it again: typless get {}",
                printable(id.as_str(), 300)
            ));
        }
    }

    /// Prints what is wrong to the standard error, if anything is.
    pub(crate) fn complain(&self) -> Exit {
        match &self.outcome {
            Outcome::Success(_) | Outcome::Unfinished(_) => Exit::Success,
            Outcome::Failed(problem) => {
                let (file, sentence, advice) = (
                    printable(&self.file, 300),
                    printable(&problem.sentence, 2000),
                    printable(&problem.advice, 500),
                );
                say(&format!("{file}: {sentence}; {advice}"));
                problem.exit
            }
        }
    }
}

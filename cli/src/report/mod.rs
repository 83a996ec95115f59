//! How one document came out, for people and for programs.

mod json;
mod problem;
mod review;
mod table;

use typless::wire::{Extraction, ExtractionId, Status, printable};

use crate::arguments::{Format, OutputArguments};
use crate::failure::Exit;
use crate::output;
pub(crate) use problem::Problem;

/// How one document came out.
pub(crate) struct Report {
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
    pub(crate) fn new(file: Option<&str>, extraction_id: Option<ExtractionId>, outcome: Outcome) -> Self {
        let known = match &outcome {
            Outcome::Success(extraction) => extraction.file_name(),
            Outcome::Unfinished(_) | Outcome::Failed(_) => None,
        };
        let file = file.or(known).or_else(|| extraction_id.as_ref().map(ExtractionId::as_str)).unwrap_or_default().to_owned();
        Self { file, extraction_id, outcome }
    }

    /// Prints a result to the standard output, and what is wrong with it to the standard error.
    pub(crate) fn tell(&self, arguments: &OutputArguments) -> Exit {
        let floor = arguments.min_confidence;
        let text = match (arguments.format, &self.outcome) {
            (Format::Json, _) => Some(json::line(self, floor)),
            (Format::Table, Outcome::Success(extraction)) => Some(table::render(&self.file, extraction, floor)),
            (Format::Table, Outcome::Unfinished(status)) => Some(status.to_string()),
            (Format::Table, Outcome::Failed(_)) => None,
        };
        let printed = text.map_or(Exit::Success, |text| output::print(&text));
        printed.max(self.complain())
    }

    /// Prints what is wrong to the standard error, if anything is.
    pub(crate) fn complain(&self) -> Exit {
        match &self.outcome {
            Outcome::Success(_) | Outcome::Unfinished(_) => Exit::Success,
            Outcome::Failed(problem) => {
                eprintln!(
                    "typless: {}: {}; {}",
                    printable(&self.file, 300),
                    printable(&problem.sentence, 2000),
                    printable(&problem.advice, 500)
                );
                problem.exit
            }
        }
    }
}

//! `typless extract`: documents in, results out.

mod documents;
mod json;
mod progress;
mod table;
mod work;

use std::io::{self, Write};

use typless::machine::JobError;
use typless::wire::{Extraction, ExtractionId, printable};

use crate::arguments::{ExtractArguments, Format};
use crate::failure::{Exit, Failure, advice, exit_of};
use crate::service::Connection;
use progress::Progress;
use work::Update;

/// How one document came out.
pub(crate) struct Report {
    /// The file as it was named on the command line.
    pub(crate) file: String,
    pub(crate) extraction_id: Option<ExtractionId>,
    pub(crate) outcome: Result<Extraction, JobError>,
}

/// Extracts all documents at the same time, and prints each result as soon as those before it are printed.
pub(crate) fn run(arguments: &ExtractArguments) -> Result<Exit, Failure> {
    // Everything that can be wrong with the call is found before anything is submitted, and billed.
    let documents = documents::open(arguments)?;
    let connection = Connection::open(&arguments.service)?;
    connection.check_document_type(&arguments.document_type)?;

    let mut progress = Progress::new(documents.len());
    let mut waiting: Vec<Option<Report>> = Vec::new();
    waiting.resize_with(documents.len(), || None);
    let mut next = 0;
    let mut exit = Exit::Success;
    work::extract_all(&connection, &documents, arguments.deadline, |update| match update {
        Update::Event { file, kind } => progress.event(&file, &kind),
        Update::Finished { index, report } => {
            progress.finished();
            if let Some(place) = waiting.get_mut(index) {
                *place = Some(report);
            }
            while let Some(report) = waiting.get_mut(next).and_then(Option::take) {
                next += 1;
                exit = exit.max(progress.suspend(|| tell(&report, arguments.format)));
            }
        }
    });
    progress.end();
    Ok(exit)
}

/// Prints one result to the standard output, and what is wrong with it to the standard error.
fn tell(report: &Report, format: Format) -> Exit {
    let text = match format {
        Format::Json => Some(json::line(report)),
        Format::Table => report.outcome.as_ref().ok().map(|extraction| table::render(&report.file, extraction)),
    };
    if let Some(text) = text
        && let Err(error) = writeln!(io::stdout().lock(), "{text}")
    {
        // Whoever read our output has gone: they have what they wanted.
        if error.kind() == io::ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        eprintln!("typless: the result can't be written: {error}");
        return Exit::WrongCall;
    }
    match &report.outcome {
        Ok(_) => Exit::Success,
        Err(error) => {
            eprintln!("typless: {}: {error}; {}", printable(&report.file, 300), advice(error));
            exit_of(error)
        }
    }
}

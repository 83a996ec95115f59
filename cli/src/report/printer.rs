//! Prints reports to standard output.

use std::io;
use std::path::{Path, PathBuf};

use typless::wire::{ExtractionId, printable};

use super::{Outcome, Report, csv, table};
use crate::arguments::{Format, OutputArguments};
use crate::exit::Exit;
use crate::output::{self, eprint_message};
use crate::raw_file;

/// Prints reports in the chosen format.
pub(crate) struct Printer {
    format: Format,
    min_confidence: Option<f64>,
    /// Whether anything was printed: the header precedes the first report only.
    has_begun: bool,
}

impl Printer {
    pub(crate) fn new(arguments: &OutputArguments) -> Self {
        Self {
            format: arguments.format,
            min_confidence: arguments.min_confidence,
            has_begun: false,
        }
    }

    /// Prints a report to standard output, and its error to standard error.
    pub(crate) fn print_with_error(&mut self, report: &Report) -> Exit {
        let is_kept = self.keep_raw(report).is_ok();
        let printed = if is_kept {
            Exit::Success
        } else {
            Exit::InvalidUsage
        };
        let printed = printed.max(self.print(report));
        printed.max(report.print_error())
    }

    /// Prints a report to standard output, and returns the error if that fails.
    pub(crate) fn write(&mut self, report: &Report) -> io::Result<()> {
        let kept = self.keep_raw(report);
        let written = self
            .render(report)
            .map_or(Ok(()), |text| output::write(&text));
        kept.and(written)
    }

    /// Keeps a response that can't be read in a file of the current folder. In JSON it is a field.
    fn keep_raw(&self, report: &Report) -> io::Result<()> {
        let Some((id, bytes)) = report.raw().filter(|_| self.format != Format::Json) else {
            return Ok(());
        };
        let kept = raw_file::write(Path::new("."), id, bytes);
        print_kept(id, &kept);
        kept.map(drop)
    }

    /// Prints a report to standard output; anything but success means that it could not be printed.
    pub(crate) fn print(&mut self, report: &Report) -> Exit {
        self.render(report)
            .map_or(Exit::Success, |text| output::print(&text))
    }

    fn render(&mut self, report: &Report) -> Option<String> {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        match (self.format, &report.outcome) {
            (Format::Json, _) => Some(report.to_json(self.min_confidence)),
            (Format::Csv, _) => Some(csv::lines(report, self.min_confidence, is_first)),
            (Format::Table, Outcome::Success(extraction)) => {
                Some(table::render(&report.file, extraction, self.min_confidence))
            }
            (Format::Table, Outcome::Pending(status)) => Some(status.to_string()),
            (Format::Table, Outcome::Failed(_)) => None,
        }
    }
}

/// Says where a response that can't be read is, or that it could not be kept.
pub(crate) fn print_kept(id: &ExtractionId, kept: &io::Result<PathBuf>) {
    let id = printable(id.as_str(), 300);
    eprint_message(&match kept {
        Ok(path) => format!(
            "{id}: the response is in {}",
            printable(&path.to_string_lossy(), 500)
        ),
        Err(error) => format!(
            "{id}: the response can't be kept: {error}: fetch it again where a file can be written"
        ),
    });
}

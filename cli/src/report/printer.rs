//! Prints reports to standard output.

use std::io;

use super::{Outcome, Report, csv, table};
use crate::arguments::{Format, OutputArguments};
use crate::exit::Exit;
use crate::output;

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
        self.print(report).max(report.print_error())
    }

    /// Prints a report to standard output, and returns the error if that fails.
    pub(crate) fn write(&mut self, report: &Report) -> io::Result<()> {
        self.render(report)
            .map_or(Ok(()), |text| output::write(&text))
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

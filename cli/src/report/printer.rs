//! Prints reports, one after the other.

use std::io;

use super::{Outcome, Report, csv, table};
use crate::arguments::{Format, OutputArguments};
use crate::exit::Exit;
use crate::output;

/// Prints reports as they come.
pub(crate) struct Printer {
    format: Format,
    floor: Option<f64>,
    /// Whether anything was printed: a header comes before the first line only.
    has_begun: bool,
}

impl Printer {
    pub(crate) fn new(arguments: &OutputArguments) -> Self {
        Self {
            format: arguments.format,
            floor: arguments.min_confidence,
            has_begun: false,
        }
    }

    /// Prints a report to the standard output, and what is wrong to the standard error.
    pub(crate) fn tell(&mut self, report: &Report) -> Exit {
        self.print(report).max(report.complain())
    }

    /// Prints a report to the standard output, where more than this one depends on whether that can be done.
    pub(crate) fn write(&mut self, report: &Report) -> io::Result<()> {
        self.render(report)
            .map_or(Ok(()), |text| output::write(&text))
    }

    /// Prints a report to the standard output; anything but success means that it could not be printed.
    pub(crate) fn print(&mut self, report: &Report) -> Exit {
        self.render(report)
            .map_or(Exit::Success, |text| output::print(&text))
    }

    fn render(&mut self, report: &Report) -> Option<String> {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        match (self.format, &report.outcome) {
            (Format::Json, _) => Some(report.to_json(self.floor)),
            (Format::Csv, _) => Some(csv::lines(report, self.floor, is_first)),
            (Format::Table, Outcome::Success(extraction)) => {
                Some(table::render(&report.file, extraction, self.floor))
            }
            (Format::Table, Outcome::Unfinished(status)) => Some(status.to_string()),
            (Format::Table, Outcome::Failed(_)) => None,
        }
    }
}

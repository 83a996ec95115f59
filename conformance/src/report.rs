//! What the suite found.

use std::fmt;

use crate::Row;

/// What the suite found, row by row; printed, it is a table.
///
/// Made by [`Suite::run`](crate::Suite::run), read by tests and by people.
#[derive(Debug)]
#[must_use = "a report says nothing unless it is asserted or read"]
pub struct Report {
    rows: Vec<RowReport>,
}

/// What the suite found about one row; printed, it is a line of the table.
#[derive(Debug)]
pub struct RowReport {
    row: &'static Row,
    verdict: Verdict,
    observed: String,
}

/// How a row came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// As it should be.
    Passed,
    /// Not as it should be: a transport that fails a row is not to be trusted with what the row is
    /// about.
    Failed,
    /// The caller left it out, for a reason of theirs.
    Skipped,
    /// It can't be asked of this transport, or not on this system.
    NotApplicable,
}

impl Report {
    pub(crate) fn new(rows: Vec<RowReport>) -> Self {
        Self { rows }
    }

    /// The rows, in the order they were run in.
    pub fn rows(&self) -> &[RowReport] {
        &self.rows
    }

    /// The rows that failed.
    pub fn failures(&self) -> impl Iterator<Item = &RowReport> {
        self.rows
            .iter()
            .filter(|row| row.verdict == Verdict::Failed)
    }

    /// Whether no row failed.
    pub fn is_passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// Ends the test if a row failed.
    ///
    /// # Panics
    ///
    /// A row failed; the message is the table of those that did.
    #[track_caller]
    pub fn assert(&self) {
        if !self.is_passed() {
            let failed: Vec<String> = self.failures().map(ToString::to_string).collect();
            panic!(
                "{} of {} rows of the conformance suite failed:\n{}",
                failed.len(),
                self.rows.len(),
                failed.join("\n")
            );
        }
    }
}

impl RowReport {
    pub(crate) fn new(row: &'static Row, verdict: Verdict, observed: String) -> Self {
        Self {
            row,
            verdict,
            observed,
        }
    }

    /// The row's name.
    pub fn id(&self) -> &'static str {
        self.row.id()
    }

    /// What was asked, in a sentence.
    pub fn asks(&self) -> &'static str {
        self.row.asks()
    }

    /// How it came out.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// What was seen, or why nothing was polled.
    pub fn observed(&self) -> &str {
        &self.observed
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::Skipped => "skipped",
            Self::NotApplicable => "not applicable",
        })
    }
}

impl fmt::Display for RowReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<26} {:<14} {} => {}",
            self.id(),
            self.verdict,
            self.asks(),
            self.observed
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            writeln!(f, "{row}")?;
        }
        let count = |verdict| {
            self.rows
                .iter()
                .filter(|row| row.verdict == verdict)
                .count()
        };
        let (passed, failed) = (count(Verdict::Passed), count(Verdict::Failed));
        write!(
            f,
            "{passed} passed, {failed} failed, {} skipped, ",
            count(Verdict::Skipped)
        )?;
        write!(f, "{} not applicable", count(Verdict::NotApplicable))
    }
}

//! The results of a suite.

use std::fmt;

use crate::Row;

/// The results of [`Suite::run`](crate::Suite::run), one for each row. It displays as a table.
#[derive(Debug)]
#[must_use = "call `assert`, or read the rows"]
pub struct Report {
    rows: Vec<RowReport>,
}

/// The result of one row. It displays as a line of the table.
#[derive(Debug)]
pub struct RowReport {
    row: &'static Row,
    outcome: RowOutcome,
    observed: String,
}

/// The outcome of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RowOutcome {
    /// The transport meets the requirement.
    Passed,
    /// The transport does not meet the requirement.
    Failed,
    /// The caller skipped the row.
    Skipped,
    /// The row does not apply to this transport, or cannot run on this system.
    NotApplicable,
}

impl Report {
    pub(crate) fn new(rows: Vec<RowReport>) -> Self {
        Self { rows }
    }

    /// The rows, in the order in which they were run.
    pub fn rows(&self) -> &[RowReport] {
        &self.rows
    }

    /// The rows that failed.
    pub fn failures(&self) -> impl Iterator<Item = &RowReport> {
        self.rows
            .iter()
            .filter(|row| row.outcome == RowOutcome::Failed)
    }

    /// Whether no row failed.
    pub fn is_passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// Panics if a row failed.
    ///
    /// # Panics
    ///
    /// A row failed. The message is the table of the failed rows.
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
    pub(crate) fn new(row: &'static Row, outcome: RowOutcome, observed: String) -> Self {
        Self {
            row,
            outcome,
            observed,
        }
    }

    /// The name of the row.
    pub fn id(&self) -> &'static str {
        self.row.id()
    }

    /// What the row requires, in a sentence.
    pub fn requirement(&self) -> &'static str {
        self.row.requirement()
    }

    /// The outcome of the row.
    pub fn outcome(&self) -> RowOutcome {
        self.outcome
    }

    /// What was observed, or why the row was not run.
    pub fn observed(&self) -> &str {
        &self.observed
    }
}

impl fmt::Display for RowOutcome {
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
            self.outcome,
            self.requirement(),
            self.observed
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            writeln!(f, "{row}")?;
        }
        let count = |outcome| {
            self.rows
                .iter()
                .filter(|row| row.outcome == outcome)
                .count()
        };
        let (passed, failed) = (count(RowOutcome::Passed), count(RowOutcome::Failed));
        write!(
            f,
            "{passed} passed, {failed} failed, {} skipped, ",
            count(RowOutcome::Skipped)
        )?;
        write!(f, "{} not applicable", count(RowOutcome::NotApplicable))
    }
}

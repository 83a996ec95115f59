//! The summary line.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use typless::machine::BatchProgress;

use crate::output::eprint_message;

/// Counts documents, and prints one line of summary at the end.
pub(crate) struct Summary {
    started: Instant,
    is_quiet: bool,
    pub(crate) succeeded: usize,
    pub(crate) failed: usize,
}

impl Summary {
    /// Starts the clock.
    pub(crate) fn new(is_quiet: bool) -> Self {
        Self {
            started: Instant::now(),
            is_quiet,
            succeeded: 0,
            failed: 0,
        }
    }

    /// Counts a finished document.
    pub(crate) fn count(&mut self, succeeded: bool) {
        *if succeeded {
            &mut self.succeeded
        } else {
            &mut self.failed
        } += 1;
    }

    pub(crate) fn done(&self) -> usize {
        self.succeeded + self.failed
    }

    /// Prints the summary of submitted or resumed documents to standard error. For a single
    /// document it is printed on a terminal only: the result says the same.
    pub(crate) fn print_documents(&self, documents: usize, batch: &BatchProgress) {
        if documents == 1 && !io::stderr().is_terminal() {
            return;
        }
        let requests = batch.submits + batch.polls + batch.listings;
        self.print(&self.documents_line(documents, requests, self.started.elapsed()));
    }

    /// Prints the summary of fetched results, whose number was not known, to standard error.
    pub(crate) fn print_results(&self) {
        self.print(&self.results_line(self.started.elapsed()));
    }

    fn documents_line(&self, documents: usize, requests: u64, time: Duration) -> String {
        let Self {
            succeeded, failed, ..
        } = self;
        let left = documents.saturating_sub(self.done());
        let left = if left > 0 {
            format!(", {left} left")
        } else {
            String::new()
        };
        let (documents, requests) = (
            pluralize(documents as u64, "document"),
            pluralize(requests, "request"),
        );
        format!(
            "{documents}: {succeeded} ok, {failed} failed{left}; {requests} in {}",
            format_elapsed(time)
        )
    }

    fn results_line(&self, time: Duration) -> String {
        let Self {
            succeeded, failed, ..
        } = self;
        format!(
            "{}: {succeeded} ok, {failed} failed, in {}",
            pluralize(self.done() as u64, "result"),
            format_elapsed(time)
        )
    }

    fn print(&self, line: &str) {
        if !self.is_quiet {
            eprint_message(line);
        }
    }
}

pub(crate) fn pluralize(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

pub(crate) fn format_elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!(
            "{}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_documents_and_results() {
        let summary = Summary {
            started: Instant::now(),
            is_quiet: false,
            succeeded: 7,
            failed: 1,
        };
        assert_eq!(
            summary.documents_line(8, 20, Duration::from_millis(1234)),
            "8 documents: 7 ok, 1 failed; 20 requests in 1.2 s"
        );
        assert_eq!(
            summary.documents_line(9, 20, Duration::from_secs(3723)),
            "9 documents: 7 ok, 1 failed, 1 left; 20 requests in 1:02:03"
        );
        assert_eq!(
            summary.results_line(Duration::from_millis(1234)),
            "8 results: 7 ok, 1 failed, in 1.2 s"
        );
        let summary = Summary {
            succeeded: 1,
            failed: 0,
            ..summary
        };
        assert_eq!(
            summary.documents_line(1, 1, Duration::ZERO),
            "1 document: 1 ok, 0 failed; 1 request in 0.0 s"
        );
    }
}

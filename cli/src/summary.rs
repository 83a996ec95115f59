//! How it went, in one line.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use typless::machine::BatchProgress;

use crate::output::say;

/// Counts documents, and says at the end how it went.
pub(crate) struct Summary {
    started: Instant,
    is_quiet: bool,
    pub(crate) succeeded: usize,
    pub(crate) failed: usize,
}

impl Summary {
    /// Begins to count.
    pub(crate) fn new(is_quiet: bool) -> Self {
        Self {
            started: Instant::now(),
            is_quiet,
            succeeded: 0,
            failed: 0,
        }
    }

    /// Counts a document that has come to its end.
    pub(crate) fn ended(&mut self, well: bool) {
        *if well {
            &mut self.succeeded
        } else {
            &mut self.failed
        } += 1;
    }

    pub(crate) fn done(&self) -> usize {
        self.succeeded + self.failed
    }

    /// Prints the line to the standard error, for documents that were followed. A single one says by itself how it went, to scripts at least.
    pub(crate) fn tell_documents(&self, documents: usize, batch: &BatchProgress) {
        if documents == 1 && !io::stderr().is_terminal() {
            return;
        }
        let requests = batch.submits + batch.polls + batch.listings;
        self.say(&self.of_documents(documents, requests, self.started.elapsed()));
    }

    /// Prints the line to the standard error, for results that were fetched without knowing how many there are.
    pub(crate) fn tell_results(&self) {
        self.say(&self.of_results(self.started.elapsed()));
    }

    fn of_documents(&self, documents: usize, requests: u64, time: Duration) -> String {
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
            counted(documents as u64, "document"),
            counted(requests, "request"),
        );
        format!(
            "{documents}: {succeeded} ok, {failed} failed{left}; {requests} in {}",
            shown(time)
        )
    }

    fn of_results(&self, time: Duration) -> String {
        let Self {
            succeeded, failed, ..
        } = self;
        format!(
            "{}: {succeeded} ok, {failed} failed, in {}",
            counted(self.done() as u64, "result"),
            shown(time)
        )
    }

    fn say(&self, line: &str) {
        if !self.is_quiet {
            say(line);
        }
    }
}

fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn shown(time: Duration) -> String {
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
    fn a_line_says_how_it_went() {
        let summary = Summary {
            started: Instant::now(),
            is_quiet: false,
            succeeded: 7,
            failed: 1,
        };
        assert_eq!(
            summary.of_documents(8, 20, Duration::from_millis(1234)),
            "8 documents: 7 ok, 1 failed; 20 requests in 1.2 s"
        );
        assert_eq!(
            summary.of_documents(9, 20, Duration::from_secs(3723)),
            "9 documents: 7 ok, 1 failed, 1 left; 20 requests in 1:02:03"
        );
        assert_eq!(
            summary.of_results(Duration::from_millis(1234)),
            "8 results: 7 ok, 1 failed, in 1.2 s"
        );
        let summary = Summary {
            succeeded: 1,
            failed: 0,
            ..summary
        };
        assert_eq!(
            summary.of_documents(1, 1, Duration::ZERO),
            "1 document: 1 ok, 0 failed; 1 request in 0.0 s"
        );
    }
}

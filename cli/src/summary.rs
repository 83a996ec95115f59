//! How it went, in one line.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use typless::machine::BatchProgress;

/// Counts documents, and says at the end how it went.
pub(crate) struct Summary {
    started: Instant,
    is_wanted: bool,
    pub(crate) succeeded: usize,
    pub(crate) failed: usize,
}

impl Summary {
    /// Begins to count. At a terminal somebody wants to know in any case.
    pub(crate) fn new(is_wanted: bool) -> Self {
        Self { started: Instant::now(), is_wanted: is_wanted || io::stderr().is_terminal(), succeeded: 0, failed: 0 }
    }

    /// Counts a document that has come to its end.
    pub(crate) fn ended(&mut self, well: bool) {
        *if well { &mut self.succeeded } else { &mut self.failed } += 1;
    }

    pub(crate) fn done(&self) -> usize {
        self.succeeded + self.failed
    }

    /// Prints the line to the standard error, if anybody wants it.
    pub(crate) fn tell(&self, documents: usize, batch: &BatchProgress) {
        if self.is_wanted {
            let requests = batch.submits + batch.looks + batch.queue_calls;
            eprintln!("{}", self.line(documents, requests, self.started.elapsed()));
        }
    }

    fn line(&self, documents: usize, requests: u64, time: Duration) -> String {
        let Self { succeeded, failed, .. } = self;
        let left = documents.saturating_sub(self.done());
        let left = if left > 0 { format!(", {left} left") } else { String::new() };
        let seconds = time.as_secs();
        let time = if seconds < 60 {
            format!("{:.1} s", time.as_secs_f64())
        } else {
            format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
        };
        format!("typless: {documents} documents: {succeeded} ok, {failed} failed{left}; {requests} requests in {time}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_it_went() {
        let summary = Summary { started: Instant::now(), is_wanted: true, succeeded: 7, failed: 1 };
        assert_eq!(summary.line(8, 20, Duration::from_millis(1234)), "typless: 8 documents: 7 ok, 1 failed; 20 requests in 1.2 s");
        assert_eq!(summary.line(9, 20, Duration::from_secs(3723)), "typless: 9 documents: 7 ok, 1 failed, 1 left; 20 requests in 1:02:03");
    }
}

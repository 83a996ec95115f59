//! The progress line: what is going on, for people at a terminal.

use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use typless::machine::{BatchProgress, JobEventKind};
use typless::wire::printable;

/// A line on the standard error that is redrawn as things happen; nothing at all where that is no terminal. Clones are the same line.
#[derive(Clone)]
pub(crate) struct Progress {
    bar: ProgressBar,
    documents: usize,
}

/// For one document, what happens to it.
const ONE: &str = "{spinner} {elapsed} {wide_msg}";

/// For many, how far they are, how fast it goes, and how long it will take.
const MANY: &str = "{spinner} {bar:30} {pos}/{len} done, {msg}";

impl Progress {
    pub(crate) fn new(documents: usize) -> Self {
        let bar = ProgressBar::new(documents as u64);
        if let Ok(style) = ProgressStyle::with_template(if documents == 1 { ONE } else { MANY }) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, documents }
    }

    /// Something happened to a document.
    pub(crate) fn event(&self, file: &str, kind: &JobEventKind) {
        if self.documents != 1 {
            return;
        }
        let what = match kind {
            JobEventKind::Submitting { .. } => "submitting".to_owned(),
            JobEventKind::SubmitFailed { cause, .. } => format!("trying again: {cause}"),
            JobEventKind::Submitted(_) => "submitted".to_owned(),
            JobEventKind::LookDue { look, .. } => format!("look {look}"),
            JobEventKind::Progressed { status: Some(status), .. } => status.to_string(),
            JobEventKind::LookFailed { cause, .. } => format!("looking again: {cause}"),
            _ => return,
        };
        self.bar.set_message(format!("{}: {}", printable(file, 60), printable(&what, 200)));
    }

    /// So many documents are done, and have failed.
    pub(crate) fn counts(&self, done: usize, failed: usize, batch: &BatchProgress) {
        self.bar.set_position(done as u64);
        if self.documents != 1 {
            let pause = if batch.paused_until.is_some() { ", the service asks for a pause" } else { "" };
            let speed = speed(done, self.documents, self.bar.elapsed());
            self.bar.set_message(format!("{failed} failed, {} in flight{speed}{pause}", batch.submitting + batch.submitted));
        }
    }

    /// Prints something else in between.
    pub(crate) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        self.bar.suspend(print)
    }

    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// How fast it goes, and how long it will take at that speed; nothing before there is a speed.
fn speed(done: usize, documents: usize, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    if done == 0 || seconds <= 0.0 {
        return String::new();
    }
    let each = seconds / done as f64;
    let left = Duration::try_from_secs_f64(each * documents.saturating_sub(done) as f64).unwrap_or(Duration::MAX);
    format!(", {:.1}/s, {} left", each.recip(), HumanDuration(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_the_speed_so_far() {
        assert_eq!(speed(0, 100, Duration::from_secs(9)), "");
        assert_eq!(speed(20, 100, Duration::from_secs(10)), ", 2.0/s, 40 seconds left");
        assert_eq!(speed(100, 100, Duration::from_secs(10)), ", 10.0/s, 0 seconds left");
    }

    #[test]
    fn the_templates_are_ones() {
        for template in [ONE, MANY] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}

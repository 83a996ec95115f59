//! The progress line on a terminal.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use typless::machine::{BatchProgress, DrainProgress, JobEventKind};
use typless::wire::printable;

/// A line on standard error that is redrawn; nothing where standard error is no terminal. Clones
/// share the line.
#[derive(Clone)]
pub(crate) struct Progress {
    bar: ProgressBar,
    documents: usize,
    /// Why nothing is sent, if so.
    pause: Arc<Mutex<Option<&'static str>>>,
}

/// The template for one document, and for a queue of unknown length.
const ONE: &str = "{spinner} {elapsed} {wide_msg}";

/// The template for many documents: position, speed, and time left.
const MANY: &str = "{spinner} {bar:30} {pos}/{len} done, {msg}";

impl Progress {
    /// A progress line for this many documents.
    pub(crate) fn new(documents: usize, is_quiet: bool) -> Self {
        let template = if documents == 1 { ONE } else { MANY };
        Self {
            bar: bar(ProgressBar::new(documents as u64), template, is_quiet),
            documents,
            pause: Arc::default(),
        }
    }

    /// A progress line for a queue.
    pub(crate) fn for_queue(is_quiet: bool) -> Self {
        Self {
            bar: bar(ProgressBar::new_spinner(), ONE, is_quiet),
            documents: 0,
            pause: Arc::default(),
        }
    }

    /// Shows an event of a document. Ignored unless there is only one document.
    pub(crate) fn event(&self, file: &str, kind: &JobEventKind) {
        if self.documents != 1 {
            return;
        }
        let what = match kind {
            JobEventKind::Submitting { .. } => "submitting".to_owned(),
            JobEventKind::SubmitFailed { cause, .. } => format!("retrying: {cause}"),
            JobEventKind::Submitted(_) => "submitted".to_owned(),
            JobEventKind::PollDue { poll, .. } => format!("poll {poll}"),
            JobEventKind::Progressed {
                status: Some(status),
                ..
            } => status.to_string(),
            JobEventKind::PollFailed { cause, .. } => format!("polling again: {cause}"),
            _ => return,
        };
        self.bar.set_message(format!(
            "{}: {}",
            printable(file, 60),
            printable(&what, 200)
        ));
    }

    /// Shows how many documents are done, and how many of them failed.
    pub(crate) fn counts(&self, done: usize, failed: usize, batch: &BatchProgress) {
        self.bar.set_position(done as u64);
        if self.documents != 1 {
            let pause = self.pause_suffix();
            let speed = speed(done, self.documents, self.bar.elapsed());
            self.bar.set_message(format!(
                "{failed} failed, {} in flight{speed}{pause}",
                batch.submitting + batch.submitted
            ));
        }
    }

    /// Shows how many results were fetched, and how many of them failed.
    pub(crate) fn queue(&self, done: usize, failed: usize, drain: &DrainProgress) {
        let DrainProgress {
            waiting, in_flight, ..
        } = drain;
        self.bar.set_message(format!(
            "{done} done, {failed} failed, {in_flight} in flight, {waiting} waiting{}",
            self.pause_suffix()
        ));
    }

    /// Shows that nothing is sent, and why, or no longer.
    pub(crate) fn pause(&self, reason: Option<&'static str>) {
        *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = reason;
        if let (1, Some(reason)) = (self.documents, reason) {
            self.bar.set_message(reason);
        }
    }

    fn pause_suffix(&self) -> String {
        let pause = *self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        pause.map_or_else(String::new, |reason| format!(", {reason}"))
    }

    /// Hides the line while `print` writes something else.
    pub(crate) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        self.bar.suspend(print)
    }

    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

fn bar(bar: ProgressBar, template: &str, is_quiet: bool) -> ProgressBar {
    if is_quiet {
        return ProgressBar::hidden();
    }
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// The speed so far, and the time left at that speed; empty before there is a speed.
fn speed(done: usize, documents: usize, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    if done == 0 || seconds <= 0.0 {
        return String::new();
    }
    let each = seconds / done as f64;
    let left = Duration::try_from_secs_f64(each * documents.saturating_sub(done) as f64)
        .unwrap_or(Duration::MAX);
    format!(", {:.1}/s, {} left", each.recip(), HumanDuration(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_the_speed_so_far() {
        assert_eq!(speed(0, 100, Duration::from_secs(9)), "");
        assert_eq!(
            speed(20, 100, Duration::from_secs(10)),
            ", 2.0/s, 40 seconds left"
        );
        assert_eq!(
            speed(100, 100, Duration::from_secs(10)),
            ", 10.0/s, 0 seconds left"
        );
    }

    #[test]
    fn the_templates_are_ones() {
        for template in [ONE, MANY] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}

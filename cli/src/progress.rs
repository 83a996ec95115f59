//! The progress line: what is going on, for people at a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use typless::machine::JobEventKind;
use typless::wire::printable;

/// A line on the standard error that is redrawn as things happen; nothing at all where that is no terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new(documents: usize) -> Self {
        let bar = ProgressBar::new(documents as u64);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar }
    }

    /// Something happened to a document.
    pub(crate) fn event(&self, file: &str, kind: &JobEventKind) {
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

    /// A document has ended.
    pub(crate) fn finished(&mut self) {
        self.bar.inc(1);
    }

    /// Prints something else in between.
    pub(crate) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        self.bar.suspend(print)
    }

    pub(crate) fn end(self) {
        self.bar.finish_and_clear();
    }
}

//! Records a machine.

use std::fmt;

use bytes::Bytes;

use super::line::{self, INDENT, Offset, TITLE};
use super::recordable::Recordable;
use super::recorded_source::Drawn;
use crate::machine::{Failure, Machine, Output, RequestId, Time};

/// A machine around a machine, which records all inputs and outputs and changes nothing.
///
/// Put it around a new machine and drive it instead; around a batch before its first document.
/// [`Transcript::parse`](super::Transcript::parse) reads what it writes; the [module](super)
/// describes the contents. It writes to a `String`, or line by line to any [`fmt::Write`], for
/// example one that appends to a file and so survives a crash.
pub struct Recorder<M, W = String> {
    pub(super) machine: M,
    writer: W,
    start: Time,
    latest: Time,
    /// What a batch drew from iterators since its last output.
    pub(super) drawn: Drawn,
}

impl<M: Recordable> Recorder<M> {
    /// Records a machine that was created `now`.
    pub fn new(machine: M, now: Time) -> Self {
        Self::with_writer(machine, String::new(), now)
    }

    /// The transcript so far.
    pub fn transcript(&self) -> &str {
        &self.writer
    }
}

impl<M: Recordable, W: fmt::Write> Recorder<M, W> {
    /// Records a machine that was created `now`, into this writer. Errors of the writer are
    /// ignored: the line is lost, and the machine goes on.
    pub fn with_writer(machine: M, writer: W, now: Time) -> Self {
        let mut recorder = Self {
            machine,
            writer,
            start: now,
            latest: now,
            drawn: Drawn::default(),
        };
        let origin = recorder.machine.origin();
        recorder.line(&format!("{TITLE}\n@ {}", line::seconds(now.since_epoch())));
        origin
            .lines()
            .for_each(|line| recorder.line(&format!("{INDENT}{line}")));
        recorder
    }

    /// The machine, read-only. Inputs go through the recorder.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The machine and the writer, to stop recording.
    pub fn into_parts(self) -> (M, W) {
        (self.machine, self.writer)
    }

    /// Passes an input, given as text, to the machine; see [`Recordable::handle_input`]. Returns
    /// whether the machine knows it.
    pub fn handle_input(&mut self, input: &str, now: Time) -> bool {
        self.step(now, &line::input(input));
        self.machine.handle_input(input, now)
    }

    /// The latest time so far: that of an input which has none.
    pub(super) fn latest(&self) -> Time {
        self.latest
    }

    pub(super) fn step(&mut self, now: Time, what: &str) {
        self.latest = self.latest.max(now);
        let line = format!(
            "{} {what}",
            Offset {
                start: self.start,
                time: now
            }
        );
        self.line(&line);
    }

    fn line(&mut self, line: &str) {
        // There is nowhere to report the error, and the job matters more.
        let _ = writeln!(self.writer, "{line}");
    }
}

impl<M: Recordable, W: fmt::Write> Machine for Recorder<M, W> {
    type Event = M::Event;
    type Outcome = M::Outcome;

    fn next_output(&mut self, now: Time) -> Output<M::Event> {
        let output = self.machine.next_output(now);
        for draw in self.drawn.take() {
            self.step(now, &line::input(&draw));
        }
        let what = line::output(&output, self.start);
        self.step(now, &what);
        output
    }

    fn handle_response(&mut self, id: RequestId, response: http::Response<Bytes>, now: Time) {
        self.step(now, &line::response(id, &response));
        self.machine.handle_response(id, response, now);
    }

    fn handle_failure(&mut self, id: RequestId, failure: Failure, now: Time) {
        self.step(now, &line::failure(id, &failure));
        self.machine.handle_failure(id, failure, now);
    }

    fn into_outcome(event: M::Event) -> Result<M::Outcome, M::Event> {
        M::into_outcome(event)
    }
}

impl<M: fmt::Debug, W> fmt::Debug for Recorder<M, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("machine", &self.machine)
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}

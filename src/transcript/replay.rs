//! Replays a transcript.

use std::error::Error;
use std::fmt;

use super::line;
use super::parse::{Step, StepKind, Transcript};
use super::recordable::Recordable;
use crate::machine::Output;
use crate::wire::printable;

impl Transcript {
    /// Replays the recorded inputs on a new machine, compares its outputs with the recorded ones,
    /// and returns the machine.
    ///
    /// Create the machine like the recorded one: with the same options, at [`start`](Self::start),
    /// and a job with a document of the same names and length. A batch is created without any.
    ///
    /// # Errors
    ///
    /// The first step with another output, or with an input that the machine does not know.
    pub fn replay<M: Recordable>(&self, mut machine: M) -> Result<M, Divergence> {
        for step in self.steps() {
            self.take(step, &mut machine)?;
        }
        Ok(machine)
    }

    /// Takes one step with a machine. Returns the output, if the step is one.
    pub(super) fn take<M: Recordable>(
        &self,
        step: &Step,
        machine: &mut M,
    ) -> Result<Option<Output<M::Event>>, Divergence> {
        match &step.kind {
            StepKind::Output(recorded) => {
                let output = machine.next_output(step.at);
                let replayed = line::output(&output, self.start());
                if replayed != **recorded {
                    return Err(Divergence {
                        line: step.line,
                        recorded: recorded.clone(),
                        replayed: replayed.into(),
                    });
                }
                return Ok(Some(output));
            }
            StepKind::Response(id, response) => {
                machine.handle_response(*id, response.clone(), step.at);
            }
            StepKind::Failure(id, failure) => machine.handle_failure(*id, failure.clone(), step.at),
            StepKind::Input(input) => {
                if !machine.handle_input(input, step.at) {
                    return Err(Divergence {
                        line: step.line,
                        recorded: line::input(input).into(),
                        replayed: "no such input".into(),
                    });
                }
            }
        }
        Ok(None)
    }
}

/// The first difference between a replayed machine and the recorded one.
#[derive(Debug, Clone)]
pub struct Divergence {
    line: usize,
    recorded: Box<str>,
    replayed: Box<str>,
}

impl Divergence {
    /// The line number in the transcript, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The recorded output, without the time.
    pub fn recorded(&self) -> &str {
        &self.recorded
    }

    /// The output of the replayed machine.
    pub fn replayed(&self) -> &str {
        &self.replayed
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [recorded, replayed] =
            [&self.recorded, &self.replayed].map(|text| printable(text, 2000));
        write!(
            f,
            "the runs differ from line {} on:\nrecorded: {recorded}\nreplayed: {replayed}",
            self.line
        )
    }
}

impl Error for Divergence {}

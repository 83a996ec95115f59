//! The same run again.

use std::error::Error;
use std::fmt;

use super::line;
use super::parse::{Step, StepKind, Transcript};
use super::recordable::Recordable;
use crate::wire::printable;

impl Transcript {
    /// Sources what was recorded to a fresh machine, compares what it says with what was said, and hands it back.
    ///
    /// The machine is to be made as the recorded one was: with the same options, at [`start`](Self::start), and where there was a document, with one of the same names and length.
    ///
    /// # Errors
    ///
    /// The first step at which it says something else, or does not know an input.
    pub fn replay<M: Recordable>(&self, mut machine: M) -> Result<M, Divergence> {
        for step in self.steps() {
            self.take(step, &mut machine)?;
        }
        Ok(machine)
    }

    fn take<M: Recordable>(&self, step: &Step, machine: &mut M) -> Result<(), Divergence> {
        match &step.kind {
            StepKind::Output(said) => {
                let says = line::output(&machine.next_output(step.at), self.start());
                if says != **said {
                    return Err(Divergence {
                        line: step.line,
                        recorded: said.clone(),
                        replayed: says.into(),
                    });
                }
            }
            StepKind::Response(id, response) => {
                machine.handle_response(*id, response.clone(), step.at)
            }
            StepKind::Failure(id, failure) => machine.handle_failure(*id, failure.clone(), step.at),
            StepKind::Input(input) => {
                if !machine.take_input(input, step.at) {
                    return Err(Divergence {
                        line: step.line,
                        recorded: line::input(input).into(),
                        replayed: "no such input".into(),
                    });
                }
            }
        }
        Ok(())
    }
}

/// Where a replayed machine says something else than the recorded one did. Made by [`Transcript::replay`].
#[derive(Debug, Clone)]
pub struct Divergence {
    line: usize,
    recorded: Box<str>,
    replayed: Box<str>,
}

impl Divergence {
    /// The number of the line in the transcript, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What was recorded, without the time.
    pub fn recorded(&self) -> &str {
        &self.recorded
    }

    /// What the replayed machine says.
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
            "the runs part at line {}:\nrecorded: {recorded}\nreplayed: {replayed}",
            self.line
        )
    }
}

impl Error for Divergence {}

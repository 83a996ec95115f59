//! The laws, and their violations.

use std::error::Error;
use std::fmt;

/// A law that machines keep. Those with a number are the [laws of machines](crate::machine#laws).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Law {
    /// Law 1: a wait is later than now.
    WaitIsLater,
    /// Law 2: without an input, the next output at the same time is the same.
    StableOutput,
    /// Law 3: after `Done` comes only `Done`.
    DoneIsFinal,
    /// Law 4: if the clock goes back, the latest time counts.
    MonotonicTime,
    /// Law 5: no input panics.
    NoPanic,
    /// Law 6: events have consecutive sequences, the outcome is the last event and comes exactly
    /// once, and a repeated reply changes nothing.
    EventOrder,
    /// Law 8: no more submits may reach the service than the caller allowed.
    MaxSubmits,
    /// Law 9: no request follows the outcome.
    NoRequestAfterOutcome,
    /// Law 10: no more requests are in flight than the limits allow.
    MaxInFlight,
    /// Law 11: without the service, the outcome comes by the deadline, after one last poll.
    Deadline,
    /// The ids of requests grow and are never reused; see [`RequestId`](crate::machine::RequestId).
    IncreasingIds,
    /// The same inputs give the same outputs; see
    /// [`JobOptions::with_seed`](crate::machine::JobOptions::with_seed).
    Deterministic,
    /// At any time, a machine has nothing more to do after finitely many outputs; see
    /// [`Machine::next_output`](crate::machine::Machine::next_output).
    ReachesIdle,
    /// Your own law; see [`LawChecker::with_custom_law`](super::LawChecker::with_custom_law).
    Custom,
}

impl Law {
    /// The number among the [laws of machines](crate::machine#laws); `None` for the others.
    pub const fn number(self) -> Option<u8> {
        match self {
            Self::WaitIsLater => Some(1),
            Self::StableOutput => Some(2),
            Self::DoneIsFinal => Some(3),
            Self::MonotonicTime => Some(4),
            Self::NoPanic => Some(5),
            Self::EventOrder => Some(6),
            Self::MaxSubmits => Some(8),
            Self::NoRequestAfterOutcome => Some(9),
            Self::MaxInFlight => Some(10),
            Self::Deadline => Some(11),
            Self::IncreasingIds | Self::Deterministic | Self::ReachesIdle | Self::Custom => None,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::WaitIsLater => "a wait is for a time later than now",
            Self::StableOutput => "without an input, the next output is the same",
            Self::DoneIsFinal => "after done comes only done",
            Self::MonotonicTime => "if the clock goes back, the latest time counts",
            Self::NoPanic => "no input panics",
            Self::EventOrder => "events are in order, and the outcome comes last and once",
            Self::MaxSubmits => "no more submits may reach the service than allowed",
            Self::NoRequestAfterOutcome => "no request follows the outcome",
            Self::MaxInFlight => "no more requests are in flight than allowed",
            Self::Deadline => "the outcome comes by the deadline",
            Self::IncreasingIds => "the ids of requests grow",
            Self::Deterministic => "the same inputs give the same outputs",
            Self::ReachesIdle => {
                "at any time, it has nothing more to do after finitely many outputs"
            }
            Self::Custom => "a law of your own",
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number() {
            Some(number) => write!(f, "law {number}: {}", self.text()),
            None => f.write_str(self.text()),
        }
    }
}

/// A broken law: which one, how, and at which step of which script. What follows after that step is
/// not shown, since it made no difference.
///
/// `Display` is for the reader of a failed test: it contains the script and the last outputs.
#[derive(Debug, Clone)]
pub struct Violation {
    /// Boxed to keep results small.
    pub(super) inner: Box<Details>,
}

#[derive(Debug, Clone)]
pub(super) struct Details {
    pub(super) law: Law,
    pub(super) problem: String,
    pub(super) step: Option<usize>,
    pub(super) outputs: Vec<String>,
    pub(super) script: String,
}

impl Violation {
    /// The law that was broken.
    pub fn law(&self) -> Law {
        self.inner.law
    }

    /// How the law was broken.
    pub fn problem(&self) -> &str {
        &self.inner.problem
    }

    /// The step at which the law was broken, counted from 1; `None` before the first step, or after
    /// the last one, when the service no longer responds.
    pub fn step(&self) -> Option<usize> {
        self.inner.step
    }

    /// All outputs up to then, as their `Debug`.
    pub fn outputs(&self) -> &[String] {
        &self.inner.outputs
    }

    /// The script up to this step, as its `Display`; all of it if there is no such step.
    pub fn script(&self) -> &str {
        &self.inner.script
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details {
            law,
            problem,
            step,
            outputs,
            script,
        } = &*self.inner;
        match step {
            Some(step) => writeln!(f, "{law}\nat step {step}: {problem}")?,
            None => writeln!(f, "{law}\noutside the script: {problem}")?,
        }
        writeln!(f, "the script:\n{script}the last outputs:")?;
        let skipped = outputs.len().saturating_sub(SHOWN);
        outputs
            .iter()
            .skip(skipped)
            .try_for_each(|output| writeln!(f, "      {output}"))
    }
}

/// The number of outputs shown.
const SHOWN: usize = 20;

impl Error for Violation {}

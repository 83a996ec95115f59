//! What is checked, and how it is told that something is wrong.

use std::error::Error;
use std::fmt;

/// A law that machines keep; those with a number are the [laws of machines](crate::machine#laws).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Law {
    /// Law 1: a wait is for a time later than now.
    WaitsForLater,
    /// Law 2: asked again with no input and the same time, a machine says the same.
    SaysTheSame,
    /// Law 3: after `Done` comes only `Done`.
    StaysDone,
    /// Law 4: if time goes back, the latest time told counts.
    LatestTimeCounts,
    /// Law 5: no input panics.
    NeverPanics,
    /// Law 6: events are numbered in order, the end is the last and comes exactly once, and a reply that comes again changes nothing.
    EventsInOrder,
    /// Law 8: no more submits may reach the service than the caller asked for.
    SubmitsOnce,
    /// Law 9: no request follows the end.
    EndsPolling,
    /// Law 10: no more is in flight than the limits say.
    WithinLimits,
    /// Law 11: when nobody answers any more, the end comes by the deadline, with one last poll.
    EndsInTime,
    /// Of [`RequestId`](crate::machine::RequestId): numbers grow and are never used twice.
    IdsGrow,
    /// Of [`JobOptions::with_seed`](crate::machine::JobOptions::with_seed): the same inputs give the same outputs.
    Repeats,
    /// Of [`Machine::next_output`](crate::machine::Machine::next_output): asked again and again at one time, a machine comes to rest.
    ComesToRest,
    /// A law of your own; see [`LawChecker::with_own_law`](super::LawChecker::with_own_law).
    Own,
}

impl Law {
    /// Its number among the [laws of machines](crate::machine#laws); `None` for the others.
    pub const fn number(self) -> Option<u8> {
        match self {
            Self::WaitsForLater => Some(1),
            Self::SaysTheSame => Some(2),
            Self::StaysDone => Some(3),
            Self::LatestTimeCounts => Some(4),
            Self::NeverPanics => Some(5),
            Self::EventsInOrder => Some(6),
            Self::SubmitsOnce => Some(8),
            Self::EndsPolling => Some(9),
            Self::WithinLimits => Some(10),
            Self::EndsInTime => Some(11),
            Self::IdsGrow | Self::Repeats | Self::ComesToRest | Self::Own => None,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::WaitsForLater => "a wait is for a time later than now",
            Self::SaysTheSame => "asked again, it says the same",
            Self::StaysDone => "after done comes only done",
            Self::LatestTimeCounts => "if time goes back, the latest time told counts",
            Self::NeverPanics => "no input panics",
            Self::EventsInOrder => "events are in order, and the end comes last and once",
            Self::SubmitsOnce => "no more submits may reach the service than asked for",
            Self::EndsPolling => "no request follows the end",
            Self::WithinLimits => "no more is in flight than the limits say",
            Self::EndsInTime => "the end comes by the deadline",
            Self::IdsGrow => "the ids of requests grow",
            Self::Repeats => "the same inputs give the same outputs",
            Self::ComesToRest => "asked again and again, it comes to rest",
            Self::Own => "a law of your own",
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

/// A law that was broken: which, how, at what step of which script.
///
/// Made by [`LawChecker::check`](super::LawChecker::check). Its `Display` is for the person who reads the failed test: with the script, and what the machine said last.
#[derive(Debug, Clone)]
pub struct Violation {
    /// Boxed: it travels in results, which should stay small.
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

    /// How it was broken.
    pub fn problem(&self) -> &str {
        &self.inner.problem
    }

    /// The step at which it showed, from 1; `None` after the last, when nobody answered any more, or before the first.
    pub fn step(&self) -> Option<usize> {
        self.inner.step
    }

    /// All that the machine said up to then, as its `Debug`.
    pub fn outputs(&self) -> &[String] {
        &self.inner.outputs
    }

    /// The script, as its `Display`.
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

/// How many outputs are shown.
const SHOWN: usize = 20;

impl Error for Violation {}

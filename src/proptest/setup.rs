//! What the checker knows of a machine: how to build it, and what it is allowed to do.

use std::time::Duration;

use super::moment::Moment;
use crate::machine::{Machine, Output, Time};

/// What the checker knows of a machine.
pub(super) struct Setup<'a, M: Machine, I> {
    pub(super) build: Box<dyn Fn(Time) -> M + 'a>,
    pub(super) apply: Option<Apply<'a, M, I>>,
    pub(super) sequence: Option<Sequence<'a, M::Event>>,
    pub(super) custom_laws: Vec<CustomLaw<'a, M>>,
    pub(super) start: Time,
    pub(super) bounds: Bounds,
}

/// What a machine is allowed to do; `None` is not checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) outcomes: Option<usize>,
    pub(super) max_submits: Option<usize>,
    pub(super) trusts_overload: bool,
    pub(super) max_in_flight: Option<usize>,
    /// Every submit is an attempt at the same document.
    pub(super) one_document: bool,
    /// Counted from the start.
    pub(super) deadline: Option<Duration>,
    /// How long limits may delay the last poll after the deadline.
    pub(super) last_poll_delay: Duration,
}

/// Passes one of the machine's own inputs to it.
pub(super) type Apply<'a, M, I> = Box<dyn Fn(&I, &mut M, &Moment) + 'a>;

/// Checks an output against a law of the caller.
pub(super) type CustomLaw<'a, M> =
    Box<dyn Fn(&M, &Output<<M as Machine>::Event>, &Moment) -> Result<(), String> + 'a>;

/// How to read the sequence of an event.
pub(super) struct Sequence<'a, E> {
    pub(super) first: u64,
    pub(super) read: Box<dyn Fn(&E) -> u64 + 'a>,
}

//! What happens to a machine, step by step.

use std::convert::Infallible;
use std::fmt::{self, Debug, Display};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response};

use crate::machine::FailureKind;
use crate::wire::printable;

/// What happens to a machine, step by step: it is asked, time passes, answers come.
///
/// Made by [`scripts`](super::scripts) or by hand; consumed by [`LawChecker::check`](super::LawChecker::check). `I` is what the machine takes beside answers and failures, such as
/// [`JobInput`](super::JobInput); nothing, unless said otherwise.
#[derive(Clone)]
pub struct Script<I = Infallible> {
    steps: Vec<Step<I>>,
}

/// One step of a script.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Step<I = Infallible> {
    /// Ask for outputs until there is nothing to do.
    Pull,
    /// Ask for one output.
    PullOne,
    /// Time passes.
    Pass(Duration),
    /// Time passes until the machine last said to wait; if it said so.
    PassUntilDue,
    /// The clock is put back.
    PutBack(Duration),
    /// A request is answered, or fails.
    Answer(Which, Reply),
    /// The last reply to a request that was sent comes once more. The machine is asked until there is nothing to do, and then told the same again.
    Again,
    /// Something of the machine's own.
    Input(I),
}

/// Which request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Which {
    /// The oldest one that is in flight; if none is, nothing happens.
    InFlight,
    /// The newest, answered or not.
    Newest,
    /// The one this many before the newest, answered or not.
    Earlier(usize),
    /// The one with this number, whether there ever was one or not.
    Number(u64),
}

/// How a request is answered.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Reply {
    /// By this answer.
    Response(Response<Bytes>),
    /// By none, for this reason.
    Failure(FailureKind),
    /// By what fits the request.
    ByMethod {
        /// The reply to a `POST`.
        post: Box<Self>,
        /// The reply to anything else.
        other: Box<Self>,
    },
    /// By what fits the path.
    ByPath {
        /// The reply to a call of the queue.
        listing: Box<Self>,
        /// The reply to anything else.
        other: Box<Self>,
    },
}

impl<I> Script<I> {
    /// A script of these steps.
    pub fn new(steps: Vec<Step<I>>) -> Self {
        Self { steps }
    }

    /// The steps, first to last.
    pub fn steps(&self) -> &[Step<I>] {
        &self.steps
    }

    /// Whether the clock is put back somewhere.
    pub(super) fn puts_back(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step, Step::PutBack(_)))
    }

    /// Whether a reply comes twice somewhere.
    pub(super) fn repeats(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Again))
    }
}

impl Reply {
    /// What it is to a request of this method, which is no call of the queue.
    pub fn to_method(&self, method: &Method) -> &Self {
        self.to_request(method, "")
    }

    /// What it is to a request of this method and path.
    pub fn to_request(&self, method: &Method, path: &str) -> &Self {
        match self {
            Self::ByMethod { post, other } => {
                if method == Method::POST { post } else { other }.to_request(method, path)
            }
            Self::ByPath { listing, other } => if path.ends_with("awaiting-poll") {
                listing
            } else {
                other
            }
            .to_request(method, path),
            Self::Response(_) | Self::Failure(_) => self,
        }
    }
}

impl<I: Debug> Display for Script<I> {
    /// A line for each step, with its number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps
            .iter()
            .enumerate()
            .try_for_each(|(number, step)| writeln!(f, "{:>4}. {step}", number + 1))
    }
}

impl<I: Debug> Debug for Script<I> {
    /// As its `Display`: this is what a failed property test prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script:\n{self}")
    }
}

impl<I: Debug> Display for Step<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pull => f.write_str("pull until there is nothing to do"),
            Self::PullOne => f.write_str("pull one output"),
            Self::Pass(time) => write!(f, "{time:?} pass"),
            Self::PassUntilDue => f.write_str("time passes until the machine wanted to wait"),
            Self::PutBack(time) => write!(f, "the clock is put back by {time:?}"),
            Self::Answer(which, reply) => write!(f, "answer {which}: {reply}"),
            Self::Again => f.write_str("the last reply comes again"),
            Self::Input(input) => write!(f, "input {input:?}"),
        }
    }
}

impl Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InFlight => f.write_str("the oldest request in flight"),
            Self::Newest => f.write_str("the newest request"),
            Self::Earlier(by) => write!(f, "the request {by} before the newest"),
            Self::Number(number) => write!(f, "the request of number {number}"),
        }
    }
}

impl Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response(response) => {
                write!(f, "{}", response.status().as_u16())?;
                if let Some(wait) = response.headers().get(http::header::RETRY_AFTER) {
                    write!(f, ", to be asked again after {wait:?}")?;
                }
                write!(
                    f,
                    ", {}",
                    printable(&String::from_utf8_lossy(response.body()), 300)
                )
            }
            Self::Failure(kind) => write!(f, "none ({kind:?})"),
            Self::ByMethod { post, other } => write!(f, "to a POST {post}; to others {other}"),
            Self::ByPath { listing, other } => write!(f, "to the queue {listing}; else {other}"),
        }
    }
}

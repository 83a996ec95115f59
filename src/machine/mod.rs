//! Decisions: what to do next, given what came back and what time it is.
//!
//! A machine is pulled and pushed: [`next_output`](Machine::next_output) says what to do, and answers, failures and notifications are handed in as they come. This is all there is to a driver:
//!
//! ```
//! use typless::machine::{Job, JobEventKind, JobOptions, Machine, Output, Time};
//! # use typless::wire::{Api, Document};
//! # fn now() -> Time { Time::from_unix_seconds(1_700_000_000) }
//! # struct Http; impl Http { fn perform(&self, _: &typless::machine::Transmit) -> Result<http::Response<bytes::Bytes>, typless::machine::Failure> {
//! #     Ok(http::Response::builder().status(422).body(bytes::Bytes::from_static(b"{}")).unwrap()) } }
//! # let (http, api) = (Http, Api::new(Api::PRODUCTION, "key")?);
//! # let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF"[..])?;
//! let mut job = Job::submit(&api, document, JobOptions::default(), now());
//! loop {
//!     match job.next_output(now()) {
//!         Output::Send(transmit) => match http.perform(&transmit) {
//!             Ok(response) => job.handle_response(transmit.id, response, now()),
//!             Err(failure) => job.handle_failure(transmit.id, failure, now()),
//!         },
//!         Output::Event(event) => println!("{event:?}"), // what must survive a crash is stored here
//!         Output::Wait(until) => std::thread::sleep(until.saturating_since(now())),
//!         Output::NeedInput | Output::Done => break,
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Laws
//!
//! Every machine of this crate keeps them, and property tests hold it to them:
//!
//! 1. `Wait(t)` implies that `t` is later than now.
//! 2. Asked again with no input and the same time, a machine says the same.
//! 3. After `Done` comes only `Done`.
//! 4. Time may jump forward by any amount; if it goes back, the latest time told counts.
//! 5. No input panics: none is illegal in any state, in any order, any number of times.
//! 6. The events of a job are totally ordered; its end is the last and comes exactly once; duplicates and notifications change nothing but when the next poll is due.
//! 7. A step costs no more than the logarithm of the number of jobs.
//! 8. At most one submit of a document may reach the service, unless the caller asked for more.
//! 9. No poll follows an end.
//! 10. No more is in flight, or sent per second, than the limits say. A submit that an earlier attempt's late answer has overtaken no longer counts.
//! 11. A job ends by its deadline, with one last poll unless the service forbids it; then at once. What is in flight at the deadline is waited for within its own limit.
//!     In a batch the last poll may be held back by the limits: as long as the service answers others, and for a minute at most if it does not.
//! 12. Ticket (or, before it, snapshot) out, resume in, at any step: the same end.

mod batch;
mod call;
mod cause;
mod check;
mod collections;
mod delay;
mod drain;
mod exchange;
mod job;
mod limiter;
mod notifications;
mod poll_policy;
mod random;
mod retry_policy;
mod time;

use bytes::Bytes;

pub use batch::{
    Batch, BatchEvent, BatchEventKind, BatchOptions, BatchOutcome, BatchProgress, JobKey,
    QueueProblem,
};
pub use call::{Call, CallError, CallEvent, CallEventKind, CallOptions};
pub use cause::Cause;
pub use delay::{DelayEstimator, DelayEstimators};
pub use drain::{Drain, DrainError, DrainEvent, DrainEventKind, DrainOptions, DrainProgress};
pub use exchange::{Failure, FailureKind, Limits, RequestId, Transmit};
#[cfg(feature = "proptest")]
pub(crate) use job::DocumentMeta;
pub use job::{
    Job, JobError, JobEvent, JobEventKind, JobOptions, JobState, PollReason, Snapshot, Ticket,
    TicketError,
};
pub use poll_policy::PollPolicy;
pub use retry_policy::RetryPolicy;
pub use time::Time;

/// What a machine wants.
///
/// Made by [`Machine::next_output`], consumed by whoever drives the machine. Exhaustive on purpose: a driver that forgets one should not compile.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    clippy::large_enum_variant,
    reason = "a driver that forgets an output should not compile; one is alive at a time"
)]
pub enum Output<E> {
    /// Perform this exchange, and report its answer or failure under its id. Others may be asked for before it is reported.
    Send(Transmit),
    /// Tell the application. What must survive a crash is stored before the next output is asked for.
    Event(E),
    /// Nothing to do before this moment, which is later than now; an input may come sooner.
    Wait(Time),
    /// Nothing to do until an input comes, such as a confirmation.
    NeedInput,
    /// Finished, for ever.
    Done,
}

/// A state machine that follows something at the service, by exchanges it asks for and answers it is handed.
///
/// Implemented by [`Job`], [`Batch`], [`Drain`] and [`Call`], and open: machines of your own can be driven by the same drivers. Inputs return nothing and are legal at any time; what goes wrong is told as an event.
pub trait Machine {
    /// What it tells the application.
    type Event;

    /// How something it follows ends.
    type Outcome;

    /// Says what to do now. Call it again after every output but `Wait`, `NeedInput` and `Done`, and after every input.
    fn next_output(&mut self, now: Time) -> Output<Self::Event>;

    /// Takes the answer to an exchange. Answers nobody waits for are ignored.
    fn handle_response(&mut self, id: RequestId, response: http::Response<Bytes>, now: Time);

    /// Takes the failure of an exchange. Failures nobody waits for are ignored.
    fn handle_failure(&mut self, id: RequestId, failure: Failure, now: Time);

    /// Takes the outcome out of an event that brings one; gives back any other.
    ///
    /// # Errors
    ///
    /// The event itself, if it is no end.
    fn into_outcome(event: Self::Event) -> Result<Self::Outcome, Self::Event>;
}

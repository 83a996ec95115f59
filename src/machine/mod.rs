//! Decisions: what to do next, given what came back and what time it is.
//!
//! A machine is pulled for outputs and pushed inputs: [`next_output`](Machine::next_output) says
//! what to do, and responses, failures and notifications are passed in when they arrive. A driver
//! is this loop:
//!
//! ```
//! use typless::drive::MAX_SLEEP;
//! use typless::machine::{Job, JobEventKind, JobOptions, Machine, Output, Time};
//! # use typless::wire::{Api, Document};
//! # fn now() -> Time { Time::from_unix_seconds(1_700_000_000) }
//! # type Reply = Result<http::Response<bytes::Bytes>, typless::machine::Failure>;
//! # struct Http;
//! # impl Http {
//! #     fn perform(&self, _: &typless::machine::Transmit) -> Reply {
//! #         let body = bytes::Bytes::from_static(b"{}");
//! #         Ok(http::Response::builder().status(422).body(body).unwrap())
//! #     }
//! # }
//! # let (http, api) = (Http, Api::new(Api::PRODUCTION, "key")?);
//! # let document = Document::new("invoice.pdf", "line-item-invoice", &b"%PDF"[..])?;
//! let mut job = Job::submit(&api, document, JobOptions::default(), now());
//! loop {
//!     match job.next_output(now()) {
//!         Output::Send(transmit) => match http.perform(&transmit) {
//!             Ok(response) => job.handle_response(transmit.id, response, now()),
//!             Err(failure) => job.handle_failure(transmit.id, failure, now()),
//!         },
//!         // Store here what must survive a crash.
//!         Output::Event(event) => println!("{event:?}"),
//!         // Timers may stop while the system is asleep: the clock is read again soon.
//!         Output::Wait(until) => {
//!             std::thread::sleep(until.saturating_since(now()).min(MAX_SLEEP));
//!         }
//!         // Idle, not done: it needs a confirmation, or other input of the caller.
//!         Output::NeedInput => break,
//!         Output::Done => break,
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With several exchanges at once, as a [`Batch`] and a [`Drain`] want them, it is
//! [a few lines more](crate::drive#several-exchanges-at-once). Or take a driver of
//! `typless-transports`.
//!
//! # Laws
//!
//! Every machine of this crate keeps these laws. Property tests check them:
//!
//! 1. `Wait(t)` implies that `t` is later than now.
//! 2. Called again with no input in between and the same time, `next_output` gives the same output
//!    (after `Wait`, `NeedInput` and `Done`; other outputs are given once).
//! 3. After `Done` comes only `Done`.
//! 4. Time may jump forward by any amount. If it goes back, the latest time passed in counts.
//! 5. No input panics: every input is legal in every state, in any order, any number of times.
//! 6. The events of a job are totally ordered. Its outcome is the last event and comes exactly
//!    once. Duplicates and notifications change nothing except when the next poll is due.
//! 7. A step costs at most O(log n) for n jobs.
//! 8. At most one submit of a document may reach the service, unless the caller asked for more.
//! 9. A finished job is not polled.
//! 10. Requests in flight, and requests sent per second, never exceed the limits. A submit no
//!     longer counts as in flight once the late response to an earlier attempt has given the job
//!     its id.
//! 11. A job finishes by its deadline, after one last poll unless the service forbids it. A request
//!     that is in flight at the deadline is waited for within its own limit. In a batch the last
//!     poll may be delayed by the limits: as long as the service responds to other requests, and
//!     for at most a minute if it does not.
//! 12. A job that is restored from its snapshot behaves from there on as one whose exchange in
//!     flight was interrupted; a submit that was announced counts as in flight, sent or not. What a
//!     snapshot does not have: why earlier exchanges failed, and messages of webhooks that came
//!     before the id. A job of a batch reaches the same outcome and submits nothing twice. So does
//!     a job that is resumed from its ticket.
//! 13. A job that is reported as not submitted was not submitted, whatever ended it: abandoned,
//!     refused, out of attempts or of time. What an earlier attempt may have done counts.

mod batch;
mod call;
mod cause;
mod check;
mod collections;
mod decoded;
mod delay;
mod drain;
mod exchange;
mod exchange_result;
mod failed_attempts;
mod interpret;
#[cfg(test)]
mod interpret_tests;
mod job;
mod notifications;
mod pause;
mod poll_policy;
mod random;
mod retry_policy;
mod stored;
mod stored_json;
pub mod storing;
mod throttle;
mod time;

use bytes::Bytes;

pub use batch::{
    Batch, BatchEvent, BatchEventKind, BatchOptions, BatchOutcome, BatchProgress, JobKey,
    QueueProblem,
};
pub(crate) use batch::{Draw, Inside, origin as batch_origin};
pub use call::{Call, CallError, CallEvent, CallEventKind, CallOptions};
pub use cause::Cause;
pub use delay::{DelayEstimator, DelayEstimators};
pub use drain::{
    Drain, DrainError, DrainEvent, DrainEventKind, DrainOptions, DrainProgress, DrainSnapshot,
};
pub use exchange::{Failure, FailureKind, Limits, Purpose, RequestId, Transmit};
pub use exchange_result::ExchangeResult;
pub use failed_attempts::FailedAttempts;
pub use job::{
    DocumentDifference, Job, JobError, JobEvent, JobEventKind, JobOptions, JobState, LastPoll,
    PollReason, RestoreError, Snapshot, Ticket,
};
#[cfg(feature = "proptest")]
pub(crate) use job::{DocumentFacts, DocumentMeta, Record, State};
pub use pause::{ActivePause, Pause, PauseReason};
pub use poll_policy::PollPolicy;
pub use retry_policy::RetryPolicy;
pub use stored_json::TicketError;
pub use throttle::ThrottleState;
pub use time::Time;

/// What a machine wants.
///
/// Exhaustive on purpose: a driver that forgets a variant should not compile.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    clippy::large_enum_variant,
    reason = "a driver that forgets an output should not compile; one is alive at a time"
)]
pub enum Output<E> {
    /// Perform this exchange, and report its response or failure under its id. More exchanges may
    /// be requested before it is reported.
    Send(Transmit),
    /// Pass this to the application. Store what must survive a crash before the next call of
    /// `next_output`.
    Event(E),
    /// Nothing to do before this time, which is later than now. An input may come sooner.
    Wait(Time),
    /// Nothing to do until an input comes, such as a confirmation.
    NeedInput,
    /// Finished: every further output is `Done`.
    Done,
}

/// A state machine that follows something at the service: it asks for exchanges and takes their
/// responses.
///
/// Implemented by [`Job`], [`Batch`], [`Drain`] and [`Call`], and by `&mut` and `Box` of a machine.
/// The trait is open: the same drivers can drive your own machines. Inputs return nothing and are
/// legal at any time. Problems are reported as events.
pub trait Machine {
    /// What it reports to the application.
    type Event;

    /// The outcome of one thing that it follows.
    type Outcome;

    /// Returns what to do now. Call it again after every output except `Wait`, `NeedInput` and
    /// `Done`, and after every input.
    fn next_output(&mut self, now: Time) -> Output<Self::Event>;

    /// Takes the response to an exchange. Unknown or outdated ids are ignored.
    fn handle_response(&mut self, id: RequestId, response: http::Response<Bytes>, now: Time);

    /// Takes the failure of an exchange. Unknown or outdated ids are ignored.
    fn handle_failure(&mut self, id: RequestId, failure: Failure, now: Time);

    /// Takes the outcome out of an event that carries one.
    ///
    /// # Errors
    ///
    /// The event itself, if it carries no outcome.
    fn into_outcome(event: Self::Event) -> Result<Self::Outcome, Self::Event>;
}

/// Implements the trait for pointers that can change the machine.
macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<M: Machine> Machine for $pointer {
            type Event = M::Event;
            type Outcome = M::Outcome;

            fn next_output(&mut self, now: Time) -> Output<M::Event> {
                (**self).next_output(now)
            }

            fn handle_response(
                &mut self,
                id: RequestId,
                response: http::Response<Bytes>,
                now: Time,
            ) {
                (**self).handle_response(id, response, now);
            }

            fn handle_failure(&mut self, id: RequestId, failure: Failure, now: Time) {
                (**self).handle_failure(id, failure, now);
            }

            fn into_outcome(event: M::Event) -> Result<M::Outcome, M::Event> {
                M::into_outcome(event)
            }
        }
    )*};
}

forward!(&mut M, Box<M>);

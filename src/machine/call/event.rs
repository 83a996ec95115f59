//! The events of a call.

use super::super::cause::Cause;
use super::super::time::Time;
use super::CallError;

/// An event of a call, in order.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CallEvent<T> {
    /// The event's number: grows by one with each event of the call.
    pub sequence: u64,
    /// What happened.
    pub kind: CallEventKind<T>,
}

/// What happened to a call.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CallEventKind<T> {
    /// An attempt failed, and there will be another.
    AttemptFailed {
        /// Why.
        cause: Cause,
        /// When it will be tried again.
        retry_at: Time,
    },
    /// The call has finished; this is the last event.
    Finished(Result<T, CallError>),
}

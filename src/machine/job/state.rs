//! The state of a job, as shown to people.

use super::record::{OutcomeKind, State};

/// The state of a job. The README shows these states and their transitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum JobState {
    /// To be submitted now, or after a pause.
    Ready,
    /// The `Submitting` event was emitted or the submit sent, without a response yet: it may be
    /// billed.
    Submitting,
    /// Submitted; waiting for the next poll.
    Waiting,
    /// The `PollDue` event was emitted, or the poll is in flight.
    Polling,
    /// Ended with a result.
    Succeeded,
    /// Finished: the service could not process the document.
    Failed,
    /// Finished: the data is deleted.
    Expired,
    /// Finished: the service does not know the extraction.
    NotFound,
    /// Finished: the service refused a request.
    Refused,
    /// Finished: the result is larger than the limit.
    TooLarge,
    /// Finished: the result can't be read.
    Unreadable,
    /// Finished: the deadline passed.
    Deadline,
    /// Finished: it was not submitted.
    Exhausted,
    /// Finished: it is unknown whether it was submitted.
    SubmitUnknown,
    /// Finished: the document could not be read.
    SourceFailed,
    /// Finished: abandoned by the caller.
    Abandoned,
}

impl JobState {
    /// Whether the job has finished.
    pub fn is_finished(self) -> bool {
        !matches!(
            self,
            Self::Ready | Self::Submitting | Self::Waiting | Self::Polling
        )
    }

    pub(crate) fn from_state(state: State) -> Self {
        match state {
            State::Ready => Self::Ready,
            State::SubmitEmitted | State::Submitting => Self::Submitting,
            State::Waiting => Self::Waiting,
            State::PollEmitted | State::Polling => Self::Polling,
            State::Finished(OutcomeKind::Succeeded) => Self::Succeeded,
            State::Finished(OutcomeKind::Failed) => Self::Failed,
            State::Finished(OutcomeKind::Expired) => Self::Expired,
            State::Finished(OutcomeKind::NotFound) => Self::NotFound,
            State::Finished(OutcomeKind::Refused) => Self::Refused,
            State::Finished(OutcomeKind::TooLarge) => Self::TooLarge,
            State::Finished(OutcomeKind::Unreadable) => Self::Unreadable,
            State::Finished(OutcomeKind::Deadline) => Self::Deadline,
            State::Finished(OutcomeKind::Exhausted) => Self::Exhausted,
            State::Finished(OutcomeKind::SubmitUnknown) => Self::SubmitUnknown,
            State::Finished(OutcomeKind::SourceFailed) => Self::SourceFailed,
            State::Finished(OutcomeKind::Abandoned) => Self::Abandoned,
        }
    }
}

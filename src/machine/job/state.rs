//! Where a job stands, for people to see.

use super::record::{OutcomeKind, State};

/// Where a job stands. The README draws these states and the ways between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum JobState {
    /// To be submitted now, or again after a pause.
    Ready,
    /// Announced or sent, and not answered: it may be billed.
    Submitting,
    /// Submitted; waiting for the next poll.
    Waiting,
    /// A poll is announced or out.
    Polling,
    /// Ended with a result.
    Succeeded,
    /// Ended: the service could not process the document.
    Failed,
    /// Ended: the data is deleted.
    Expired,
    /// Ended: the service does not know the extraction.
    NotFound,
    /// Ended: the service refused a request.
    Refused,
    /// Ended: the result is larger than the limit.
    TooLarge,
    /// Ended: the result can't be read.
    Unreadable,
    /// Ended: the deadline passed.
    Deadline,
    /// Ended: it was not submitted.
    Exhausted,
    /// Ended: it is unknown whether it was submitted.
    SubmitUnknown,
    /// Ended: the document could not be read.
    SourceFailed,
    /// Ended: given up by the caller.
    Abandoned,
}

impl JobState {
    /// Whether the job has ended.
    pub fn is_end(self) -> bool {
        !matches!(
            self,
            Self::Ready | Self::Submitting | Self::Waiting | Self::Polling
        )
    }

    pub(crate) fn of(state: State) -> Self {
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

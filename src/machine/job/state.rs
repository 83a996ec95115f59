//! Where a job stands, for people to see.

use super::record::{End, State};

/// Where a job stands. The README draws these states and the ways between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum JobState {
    /// To be submitted now, or again after a pause.
    Ready,
    /// Announced or sent, and not answered: it may be billed.
    Submitting,
    /// Submitted; waiting for the next look.
    Waiting,
    /// A look is announced or out.
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
            State::SubmitAnnounced | State::Submitting => Self::Submitting,
            State::Waiting => Self::Waiting,
            State::LookAnnounced | State::Polling => Self::Polling,
            State::Ended(End::Succeeded) => Self::Succeeded,
            State::Ended(End::Failed) => Self::Failed,
            State::Ended(End::Expired) => Self::Expired,
            State::Ended(End::NotFound) => Self::NotFound,
            State::Ended(End::Refused) => Self::Refused,
            State::Ended(End::TooLarge) => Self::TooLarge,
            State::Ended(End::Unreadable) => Self::Unreadable,
            State::Ended(End::Deadline) => Self::Deadline,
            State::Ended(End::Exhausted) => Self::Exhausted,
            State::Ended(End::SubmitUnknown) => Self::SubmitUnknown,
            State::Ended(End::SourceFailed) => Self::SourceFailed,
            State::Ended(End::Abandoned) => Self::Abandoned,
        }
    }
}

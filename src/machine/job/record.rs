//! One job, as small as it can be told.

use std::time::Duration;

use super::snapshot::Snapshot;
use super::ticket::Ticket;
use crate::machine::time::Time;

/// Where one job stands, in at most 64 bytes and without a string: a batch keeps hundreds of thousands of them.
///
/// Changed by [`step`](super::transition::step) alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) state: State,
    /// When the next thing is to be done: submit, poll, or give up on the exchange that is out.
    pub(crate) due: Time,
    /// By when the job ends, but for one last poll.
    pub(crate) deadline: Time,
    /// Before this the service asked not to be asked.
    pub(crate) not_before: Time,
    /// When the submit was answered: age zero.
    pub(crate) submitted_at: Time,
    /// When the last poll was sent, or the queue asked that did not name it.
    pub(crate) polled_at: Time,
    /// The number of the newest exchange; submits come first, so one that is at most `submits` was a submit.
    pub(crate) exchange: u32,
    pub(crate) polls: u32,
    pub(crate) submits: u16,
    /// Submits that count against the retry budget.
    pub(crate) spent: u16,
    /// Submits that were repeated although they may have arrived.
    pub(crate) resubmissions: u16,
    /// Failures in a row; they lengthen the delays.
    pub(crate) failures: u16,
    /// Why the next poll is due.
    pub(crate) reason: PollReason,
    /// We saw the submit's answer ourselves, so an unknown id may just be young.
    pub(crate) fresh: bool,
    /// Given up by the caller while a submit is out.
    pub(crate) abandoned: bool,
    /// Said to have finished, by this, while a poll was out.
    pub(crate) said_by: Option<PollReason>,
}

/// The life cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// To be submitted when due.
    Ready,
    /// The intent to submit was told; nothing was sent yet.
    SubmitEmitted,
    /// The submit is out.
    Submitting,
    /// Accepted; the next poll is due some time.
    Waiting,
    /// The intent to poll was told; nothing was sent yet.
    PollEmitted,
    /// A poll is out.
    Polling,
    Finished(OutcomeKind),
}

/// How a job ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutcomeKind {
    Succeeded,
    Failed,
    Expired,
    NotFound,
    Refused,
    TooLarge,
    Unreadable,
    Deadline,
    Exhausted,
    SubmitUnknown,
    SourceFailed,
    Abandoned,
}

/// Why a poll is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PollReason {
    /// The poll policy says so.
    Policy,
    /// The service asked not to be asked sooner; or its queue named the job too soon, which was then left alone for an eighth of its age.
    Hint,
    /// The poll before failed.
    Retry,
    /// A notification said that it has finished.
    Notification,
    /// The job was resumed, and nothing is known of it.
    Resumed,
    /// The deadline is there: the last poll.
    Deadline,
    /// The queue of finished extractions names it. Only in a [`Batch`](crate::machine::Batch), as all that follow.
    Queue,
    /// It was due before, and was held back: by the rate, by the requests in flight, or by a pause.
    Limiter,
    /// The queue has not named it for so long that it is polled all the same.
    NotListed,
}

impl Record {
    /// A job to be submitted at once.
    pub(crate) fn ready(now: Time, deadline: Time) -> Self {
        Self {
            state: State::Ready,
            due: now,
            deadline,
            not_before: Time::EPOCH,
            submitted_at: Time::EPOCH,
            polled_at: Time::EPOCH,
            exchange: 0,
            polls: 0,
            submits: 0,
            spent: 0,
            resubmissions: 0,
            failures: 0,
            reason: PollReason::Policy,
            fresh: false,
            abandoned: false,
            said_by: None,
        }
    }

    /// A job that was submitted in another life, to be polled at once.
    pub(crate) fn resumed(submitted_at: Time, now: Time, deadline: Time) -> Self {
        Self {
            state: State::Waiting,
            submitted_at,
            reason: PollReason::Resumed,
            ..Self::ready(now, deadline)
        }
    }

    /// The job of a ticket. Without a deadline of its own, that of the ticket holds. A clock that has been put back makes the job as young as can be, and
    /// moves its deadline along.
    pub(crate) fn of_ticket(ticket: &Ticket, deadline: Option<Duration>, now: Time) -> Self {
        let submitted_at = ticket.submitted_at().min(now);
        let put_back = ticket.submitted_at().saturating_since(now);
        let left = ticket
            .deadline()
            .saturating_since(submitted_at)
            .saturating_sub(put_back);
        Self::resumed(
            submitted_at,
            now,
            deadline.map_or(submitted_at + left, |deadline| now + deadline),
        )
    }

    /// The job of a snapshot. If its submit may have been on its way, it counts as out.
    pub(crate) fn of_snapshot(snapshot: &Snapshot, deadline: Option<Duration>, now: Time) -> Self {
        let deadline = deadline.map_or(snapshot.deadline, |deadline| now + deadline);
        let ready = Self::ready(now, deadline);
        // A pause the service asked for outlives us; an hour is the longest there is, whatever became of the clock.
        let due = snapshot.due.max(now).min(now + Duration::from_secs(3600));
        let (state, due) = if snapshot.submitting {
            (State::Submitting, now)
        } else {
            (State::Ready, due)
        };
        let Snapshot {
            submits,
            spent,
            resubmissions,
            ..
        } = *snapshot;
        Self {
            state,
            due,
            submits,
            exchange: u32::from(submits),
            spent,
            resubmissions,
            ..ready
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_record_has_at_most_64_bytes() {
        assert!(
            size_of::<super::Record>() <= 64,
            "{}",
            size_of::<super::Record>()
        );
    }
}

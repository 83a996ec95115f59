//! The record of one job, kept small.

use std::time::Duration;

use super::snapshot::Snapshot;
use super::ticket::Ticket;
use crate::machine::time::Time;

/// The state of one job, in at most 64 bytes and without a string: a batch keeps hundreds of
/// thousands of them.
///
/// Only [`step`](super::transition::step) changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) state: State,
    /// When the next action is due: submit, poll, or the time limit of the exchange in flight.
    pub(crate) due: Time,
    /// When the job finishes at the latest, except for one last poll.
    pub(crate) deadline: Time,
    /// The service asked not to be polled before this time.
    pub(crate) not_before: Time,
    /// When the response to the submit came: age zero.
    pub(crate) submitted_at: Time,
    /// When the last poll was sent, or the last listing that did not list the job.
    pub(crate) polled_at: Time,
    /// The number of the newest exchange. Submits come first: an exchange up to `submits` was a
    /// submit.
    pub(crate) exchange: u32,
    pub(crate) polls: u32,
    pub(crate) submits: u32,
    /// Submits that count against the retry budget.
    pub(crate) spent: u16,
    /// Submits that were repeated although they may have arrived.
    pub(crate) resubmissions: u16,
    /// Failures in a row; they lengthen the retry delays.
    pub(crate) failures: u16,
    /// Why the next poll is due.
    pub(crate) reason: PollReason,
    /// This process received the submit's response, so an unknown id may just be new.
    pub(crate) fresh: bool,
    /// Abandoned by the caller while a submit was in flight.
    pub(crate) abandoned: bool,
    /// Reported as finished, for this reason, while a poll was in flight.
    pub(crate) reported_by: Option<PollReason>,
}

/// The life cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// To be submitted when due.
    Ready,
    /// The `Submitting` event was emitted; nothing was sent yet.
    SubmitEmitted,
    /// The submit is in flight.
    Submitting,
    /// Accepted; the next poll is due later.
    Waiting,
    /// The `PollDue` event was emitted; nothing was sent yet.
    PollEmitted,
    /// A poll is in flight.
    Polling,
    Finished(OutcomeKind),
}

/// The outcome of a job, without its data.
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

/// Why a poll is made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PollReason {
    /// It is due by the poll policy.
    Policy,
    /// The service asked not to be polled sooner. Or a listing listed the job too early; it is then
    /// not polled for an eighth of its age.
    Hint,
    /// The previous poll failed.
    Retry,
    /// A notification reported that the extraction has finished.
    Notification,
    /// The job was resumed, and its state is not known.
    Resumed,
    /// The deadline has passed: this is the last poll.
    Deadline,
    /// The listing of finished extractions contains the job. This reason and those that follow
    /// occur only in a [`Batch`](crate::machine::Batch).
    Listed,
    /// It was due earlier, and was delayed by the rate, by the requests in flight, or by a pause.
    Limiter,
    /// Listings have not contained the job for so long that it is polled anyway.
    NotListed,
    /// It finds out whether the service works again.
    Probe,
}

impl Record {
    /// How many submits there were, for events and snapshots, which count as far as this.
    pub(crate) fn attempts(&self) -> u16 {
        u16::try_from(self.submits).unwrap_or(u16::MAX)
    }

    /// Whether it may not go on before its deadline, so that it finishes at once.
    pub(crate) fn is_hopeless(&self) -> bool {
        match self.state {
            State::Ready => self.due > self.deadline,
            State::Waiting => self.not_before > self.deadline,
            _ => false,
        }
    }

    /// A job to be submitted immediately.
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
            reported_by: None,
        }
    }

    /// A job that was submitted by an earlier process, to be polled immediately.
    pub(crate) fn resumed(submitted_at: Time, now: Time, deadline: Time) -> Self {
        Self {
            state: State::Waiting,
            submitted_at,
            reason: PollReason::Resumed,
            ..Self::ready(now, deadline)
        }
    }

    /// The job of a ticket. Without a deadline of its own, the ticket's applies. If the clock was
    /// set back, the job counts as submitted now, and its deadline moves back by the same time.
    pub(crate) fn from_ticket(ticket: &Ticket, deadline: Option<Duration>, now: Time) -> Self {
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

    /// The job of a snapshot. A submit that may have been sent counts as in flight.
    pub(crate) fn from_snapshot(
        snapshot: &Snapshot,
        deadline: Option<Duration>,
        now: Time,
    ) -> Self {
        let deadline = deadline.map_or(snapshot.deadline, |deadline| now + deadline);
        let ready = Self::ready(now, deadline);
        // A pause that the service asked for still applies; at most an hour, even if the clock was
        // changed.
        let due = snapshot.due.max(now).min(now + Duration::from_secs(3600));
        let (state, due) = if snapshot.submitting {
            (State::Submitting, now)
        } else {
            (State::Ready, due)
        };
        let Snapshot {
            abandoned,
            submits,
            spent,
            resubmissions,
            ..
        } = *snapshot;
        Self {
            state,
            due,
            submits: submits.into(),
            exchange: submits.into(),
            spent,
            resubmissions,
            abandoned,
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

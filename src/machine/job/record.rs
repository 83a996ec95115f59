//! The record of one job, kept small.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::options::JobOptions;
use super::snapshot::Snapshot;
use super::ticket::Ticket;
use crate::machine::delay::DelayEstimator;
use crate::machine::poll_policy::PollPolicy;
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
    pub(crate) submits: u32,
    /// Its age when it was resumed, as its ticket says, in whole seconds; zero for other jobs.
    pub(crate) resumed_after: u32,
    /// Submits that count against the retry budget.
    pub(crate) spent: u16,
    /// Submits that were repeated although they may have arrived.
    pub(crate) resubmissions: u16,
    /// Failures in a row; they lengthen the retry delays.
    pub(crate) failures: u16,
    /// What `resumed_after` leaves of that age, in 256ths of a second, rounded down.
    pub(crate) resumed_after_part: u8,
    /// Why the next poll is due.
    pub(crate) reason: PollReason,
    /// This process received the submit's response, so an unknown id may just be new.
    pub(crate) fresh: bool,
    /// Abandoned by the caller while a submit was in flight.
    pub(crate) abandoned: bool,
    /// Reported as finished, for this reason, while a poll was in flight.
    pub(crate) reported_by: Option<PollReason>,
}

/// A job that nobody followed for longer has the age that the clock says, which may be wrong.
const MAX_CERTAIN_GAP: Duration = Duration::from_secs(60);

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

impl PollReason {
    /// As it is stored.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Hint => "hint",
            Self::Retry => "retry",
            Self::Notification => "notification",
            Self::Resumed => "resumed",
            Self::Deadline => "deadline",
            Self::Listed => "listed",
            Self::Limiter => "limiter",
            Self::NotListed => "not_listed",
            Self::Probe => "probe",
        }
    }
}

/// A 256th of a second, in nanoseconds.
const PART_NANOS: u32 = 1_000_000_000 / 256;

impl Record {
    /// How many polls there were: the exchanges after the submits, and one whose event was emitted.
    pub(crate) fn polls(&self) -> u32 {
        let sent = self.exchange.saturating_sub(self.submits);
        sent.saturating_add(u32::from(self.state == State::PollEmitted))
    }

    /// Whether its age is what a ticket says.
    pub(crate) fn is_resumed(&self) -> bool {
        self.resumed_after > 0 || self.resumed_after_part > 0
    }

    /// Since when this process follows the job: since the submit, or since it was resumed.
    pub(crate) fn followed_since(&self) -> Time {
        // Below 10^9, as a 256th has 3 906 250 ns.
        let part = u32::from(self.resumed_after_part) * PART_NANOS;
        self.submitted_at + Duration::new(self.resumed_after.into(), part)
    }

    /// When the next poll is due by the policy.
    ///
    /// The age of a resumed job is what its ticket says, and the clock that said so may have been
    /// wrong. What is certain is how long this process has followed it. So it is polled no later
    /// than a job that was submitted when this one was resumed.
    pub(crate) fn next_poll_by(
        &self,
        policy: PollPolicy,
        estimator: Option<&DelayEstimator>,
    ) -> Time {
        let due = |start: Time| {
            let age = self.polled_at.saturating_since(start);
            start + policy.next_poll_by(estimator, age, None)
        };
        let by_age = due(self.submitted_at);
        if self.is_resumed() {
            by_age.min(due(self.followed_since()))
        } else {
            by_age
        }
    }

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
            submits: 0,
            resumed_after: 0,
            spent: 0,
            resubmissions: 0,
            failures: 0,
            resumed_after_part: 0,
            reason: PollReason::Policy,
            fresh: false,
            abandoned: false,
            reported_by: None,
        }
    }

    /// A job that was submitted by an earlier process, to be polled immediately.
    pub(crate) fn resumed(submitted_at: Time, now: Time, deadline: Time) -> Self {
        let age = now.saturating_since(submitted_at);
        Self {
            state: State::Waiting,
            submitted_at,
            resumed_after: u32::try_from(age.as_secs()).unwrap_or(u32::MAX),
            // At most 255.
            resumed_after_part: (age.subsec_nanos() / PART_NANOS) as u8,
            reason: PollReason::Resumed,
            ..Self::ready(now, deadline)
        }
    }

    /// The job of a ticket. Without a deadline of its own, the ticket's applies, unless the ticket
    /// was written by another time than ours: see [`Job::resume`](crate::machine::Job::resume).
    pub(crate) fn from_ticket(ticket: &Ticket, deadline: Option<Duration>, now: Time) -> Self {
        let (submitted_at, end) = (ticket.submitted_at(), ticket.deadline());
        let span = end.saturating_since(submitted_at);
        let deadline = match deadline {
            Some(deadline) => now + deadline,
            None if submitted_at > now => now + span,
            None if end <= now => now + span.min(JobOptions::DEADLINE),
            None => end,
        };
        Self::resumed(submitted_at.min(now), now, deadline)
    }

    /// The job of a snapshot: as it was, but for the clock, and for the time that nobody followed
    /// it. See [`Job::restore`](crate::machine::Job::restore).
    pub(crate) fn from_snapshot(
        snapshot: &Snapshot,
        deadline: Option<Duration>,
        now: Time,
    ) -> Self {
        let mut record = snapshot.record;
        record.set_back(snapshot.taken_at.saturating_since(now));
        let away = now.saturating_since(snapshot.taken_at);
        let is_submitted = snapshot.extraction_id.is_some();
        if is_submitted && away > MAX_CERTAIN_GAP {
            let away = u32::try_from(away.as_secs()).unwrap_or(u32::MAX);
            record.resumed_after = record.resumed_after.saturating_add(away);
        }
        if let Some(deadline) = deadline {
            record.deadline = now + deadline;
        } else if !away.is_zero() && record.deadline <= now {
            // It passed while nobody followed the job: what was left is left.
            let left = record.deadline.saturating_since(snapshot.taken_at);
            record.deadline = now + left.min(JobOptions::DEADLINE);
        }
        if record.reason == PollReason::Deadline && now < record.deadline {
            record.reason = PollReason::Resumed;
        }
        if record.state == State::Waiting {
            record.due = record.due.min(record.deadline);
        }
        record
    }

    /// The clock was set back by so much: what was ahead stays as far ahead, and a poll is due.
    fn set_back(&mut self, by: Duration) {
        if by.is_zero() {
            return;
        }
        for time in [
            &mut self.due,
            &mut self.deadline,
            &mut self.not_before,
            &mut self.submitted_at,
            &mut self.polled_at,
        ] {
            *time = Time::from_unix(time.since_epoch().saturating_sub(by));
        }
        if self.state == State::Waiting {
            self.due = self.not_before;
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

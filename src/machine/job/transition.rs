//! The life cycle of a job: every transition there is, in one place.
//!
//! [`step`] is the only function that changes a [`Record`]. It reads no bodies: what an answer means was decided before
//! ([`response`](super::response)), so it can be tried on every combination of state and input.

use std::time::Duration;

use super::record::{OutcomeKind, PollReason, Record, State};
use super::response::{PollResult, SubmitResult};
use crate::machine::delay::DelayEstimator;
use crate::machine::poll_policy::PollPolicy;
use crate::machine::random;
use crate::machine::retry_policy::RetryPolicy;
use crate::machine::time::Time;

/// What a job is told.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Input {
    /// It is now this late, and somebody asks what to do.
    Clock,
    /// The announced submit may leave.
    Confirmed,
    /// The submit of this exchange was answered, or failed.
    Submit(u32, SubmitResult),
    /// The poll of this exchange was answered, or failed.
    Poll(u32, PollResult),
    /// Its turn to be polled has come, for this reason.
    Turn(PollReason),
    /// Somebody says that it has finished: a notification, or the queue.
    Finished(PollReason),
    /// The queue, asked at this time, did not name it: it probably was not finished then.
    Covered(Time),
    /// It may not be polled before this time, which is too late for it.
    Forbidden(Time),
    /// The caller gives up on it.
    Abandon,
}

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Nothing,
    /// Tell the intent to submit.
    EmitSubmitting,
    /// Send the submit.
    Submit,
    /// Tell that the submit failed and will be tried again when due.
    SubmitFailed,
    /// Tell that the service took it.
    Submitted,
    /// Tell that the service took it once more.
    SubmittedAgain,
    /// Tell the intent to poll.
    EmitPollDue,
    /// Send a poll.
    Poll,
    /// Tell that it is still in progress.
    Progressed,
    /// Tell that the poll failed.
    PollFailed,
    /// Tell the end.
    OutcomeKind(OutcomeKind),
}

/// What the transitions depend on beside the record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) poll_policy: PollPolicy,
    /// What is known of the time jobs like this one take; without it, what the policy assumes.
    pub(crate) estimator: Option<&'a DelayEstimator>,
    pub(crate) retry: RetryPolicy,
    pub(crate) seed: u64,
    /// How long a submit may be out.
    pub(crate) submit_limit: Duration,
    /// How long a poll may be out.
    pub(crate) poll_limit: Duration,
}

/// An id that we were given ourselves may be unknown for this long, and for fewer polls than this, before it counts as not found.
const GRACE: Duration = Duration::from_secs(60);
const GRACE_POLLS: u32 = 3;

/// Notifications are unsigned: however many come, polls keep this distance.
const NOTIFIED_GAP: Duration = Duration::from_secs(1);

/// A job that the queue named and a poll found in progress is left alone for this share of its age.
const MISNAMED_SHARE: u32 = 8;

/// Moves one job, and says what is to be done about it.
pub(crate) fn step(record: &mut Record, input: Input, now: Time, rules: &Rules<'_>) -> Effect {
    use State::{Finished, PollEmitted, Polling, Ready, SubmitEmitted, Submitting, Waiting};
    match (record.state, input) {
        // Nothing follows an end, whatever comes.
        (Finished(_), _) => Effect::Nothing,

        (Ready, Input::Clock) if record.due > record.deadline || now >= record.deadline => {
            end(record, OutcomeKind::Exhausted)
        }
        (Ready, Input::Clock) if now >= record.due => announce_submit(record),
        (SubmitEmitted, Input::Confirmed) => submit(record, now, rules),
        (SubmitEmitted, Input::Clock) if now >= record.deadline => {
            end(record, OutcomeKind::Exhausted)
        }
        (Submitting, Input::Clock) if now >= record.due => submit_unknown(record, now, rules),
        (Waiting, Input::Clock) if record.not_before > record.deadline => {
            end(record, OutcomeKind::Deadline)
        }
        (Waiting, Input::Clock) if now >= record.due => emit_poll_due(record, now),
        (PollEmitted, Input::Clock) => poll(record, now, rules),
        (Polling, Input::Clock) if now >= record.due => poll_failed(record, None, now, rules),

        // An id is worth having whichever attempt it answers.
        (Ready | SubmitEmitted | Submitting, Input::Submit(_, SubmitResult::Accepted { hint })) => {
            accepted(record, hint, now, rules)
        }
        (Waiting | PollEmitted | Polling, Input::Submit(_, SubmitResult::Accepted { .. })) => {
            Effect::SubmittedAgain
        }
        (Submitting, Input::Submit(exchange, answer)) if exchange == record.exchange => {
            refused(record, answer, now, rules)
        }
        (Polling, Input::Poll(exchange, answer)) if exchange == record.exchange => {
            polled(record, answer, now, rules)
        }

        (Waiting, Input::Finished(reason)) => said_to_be_finished(record, reason, now),
        (PollEmitted | Polling, Input::Finished(reason)) => {
            record.said_by = Some(reason);
            Effect::Nothing
        }
        (Waiting, Input::Covered(at)) => covered(record, at, now, rules),

        (Waiting, Input::Turn(reason)) => {
            record.reason = reason;
            emit_poll_due(record, now)
        }
        (Waiting | PollEmitted, Input::Forbidden(until)) if now >= record.deadline => {
            record.not_before = record.not_before.max(until);
            end(record, OutcomeKind::Deadline)
        }

        // Once a submit is out, its id is worth waiting for: it ends with its answer, or at its limit.
        (Submitting, Input::Abandon) => {
            record.abandoned = true;
            Effect::Nothing
        }
        (Ready | SubmitEmitted | Waiting | PollEmitted | Polling, Input::Abandon) => {
            end(record, OutcomeKind::Abandoned)
        }

        // Too early, too late, or meant for another state.
        (_, Input::Clock | Input::Confirmed | Input::Submit(..) | Input::Poll(..)) => {
            Effect::Nothing
        }
        (_, Input::Turn(_) | Input::Finished(_) | Input::Covered(_) | Input::Forbidden(_)) => {
            Effect::Nothing
        }
    }
}

fn end(record: &mut Record, end: OutcomeKind) -> Effect {
    record.state = State::Finished(end);
    Effect::OutcomeKind(end)
}

fn announce_submit(record: &mut Record) -> Effect {
    record.state = State::SubmitEmitted;
    record.submits = record.submits.saturating_add(1);
    record.exchange = record.exchange.saturating_add(1);
    Effect::EmitSubmitting
}

fn submit(record: &mut Record, now: Time, rules: &Rules<'_>) -> Effect {
    record.state = State::Submitting;
    record.due = now + rules.submit_limit;
    Effect::Submit
}

fn accepted(record: &mut Record, hint: Option<Duration>, now: Time, rules: &Rules<'_>) -> Effect {
    record.submitted_at = now;
    record.fresh = true;
    record.failures = 0;
    if record.abandoned {
        return end(record, OutcomeKind::Abandoned);
    }
    record.state = State::Waiting;
    record.polled_at = now;
    schedule(record, hint, now, rules);
    Effect::Submitted
}

/// A submit that brought no id.
fn refused(record: &mut Record, answer: SubmitResult, now: Time, rules: &Rules<'_>) -> Effect {
    if record.abandoned {
        return end(record, OutcomeKind::Abandoned);
    }
    match answer {
        SubmitResult::Accepted { hint } => accepted(record, hint, now, rules),
        SubmitResult::NotProcessed { hint } => {
            record.spent = record.spent.saturating_add(1);
            if record.spent >= rules.retry.attempts() {
                end(record, OutcomeKind::Exhausted)
            } else {
                submit_again(record, hint, now, rules)
            }
        }
        SubmitResult::Throttled { hint } => submit_again(record, hint, now, rules),
        SubmitResult::Refused => end(record, OutcomeKind::Refused),
        SubmitResult::Source => end(record, OutcomeKind::SourceFailed),
        SubmitResult::Unknown => submit_unknown(record, now, rules),
    }
}

/// It may have arrived, and be billed: the end, unless the caller asked for more.
fn submit_unknown(record: &mut Record, now: Time, rules: &Rules<'_>) -> Effect {
    if record.abandoned {
        return end(record, OutcomeKind::Abandoned);
    }
    if record.resubmissions >= rules.retry.resubmissions() {
        return end(record, OutcomeKind::SubmitUnknown);
    }
    record.resubmissions += 1;
    submit_again(record, None, now, rules)
}

fn submit_again(
    record: &mut Record,
    hint: Option<Duration>,
    now: Time,
    rules: &Rules<'_>,
) -> Effect {
    record.state = State::Ready;
    record.due = now + back_off(record, rules).max(hint.unwrap_or_default());
    Effect::SubmitFailed
}

fn emit_poll_due(record: &mut Record, now: Time) -> Effect {
    record.state = State::PollEmitted;
    record.polls = record.polls.saturating_add(1);
    if now >= record.deadline {
        record.reason = PollReason::Deadline;
    }
    Effect::EmitPollDue
}

/// Its time begins now, however long the application took over the announcement.
fn poll(record: &mut Record, now: Time, rules: &Rules<'_>) -> Effect {
    record.state = State::Polling;
    record.exchange = record.exchange.saturating_add(1);
    record.polled_at = now;
    record.due = now + rules.poll_limit;
    Effect::Poll
}

fn polled(record: &mut Record, answer: PollResult, now: Time, rules: &Rules<'_>) -> Effect {
    match answer {
        PollResult::InProgress { hint } => in_progress(record, hint, now, rules),
        PollResult::NotFound if is_young(record, now) => in_progress(record, None, now, rules),
        PollResult::NotFound => end(record, OutcomeKind::NotFound),
        PollResult::Failed { hint } => poll_failed(record, hint, now, rules),
        PollResult::Final(last) => end(record, last),
    }
}

fn is_young(record: &Record, now: Time) -> bool {
    record.fresh && record.polls < GRACE_POLLS && now.saturating_since(record.submitted_at) <= GRACE
}

fn in_progress(
    record: &mut Record,
    hint: Option<Duration>,
    now: Time,
    rules: &Rules<'_>,
) -> Effect {
    record.failures = 0;
    if now >= record.deadline {
        return end(record, OutcomeKind::Deadline);
    }
    record.state = State::Waiting;
    if record.reason == PollReason::Queue {
        // The queue may go on naming it for long.
        let age = now.saturating_since(record.submitted_at);
        record.not_before = record
            .not_before
            .max(now + age / MISNAMED_SHARE)
            .min(record.deadline);
    }
    schedule(record, hint, now, rules);
    if let Some(reason) = record.said_by.take() {
        said_to_be_finished(record, reason, now);
    }
    Effect::Progressed
}

fn poll_failed(
    record: &mut Record,
    hint: Option<Duration>,
    now: Time,
    rules: &Rules<'_>,
) -> Effect {
    if now >= record.deadline {
        return end(record, OutcomeKind::Deadline);
    }
    record.state = State::Waiting;
    let delay = back_off(record, rules);
    record.due = now + delay;
    record.reason = PollReason::Retry;
    heed(record, hint, now);
    Effect::PollFailed
}

/// Sets when the next poll is due: by the policy, not sooner than asked, and not after the deadline.
fn schedule(record: &mut Record, hint: Option<Duration>, now: Time, rules: &Rules<'_>) {
    let age = record.polled_at.saturating_since(record.submitted_at);
    let by_policy =
        record.submitted_at + rules.poll_policy.next_poll_by(rules.estimator, age, None);
    // A slow answer may come after the next poll was due already.
    record.due = by_policy.max(now + rules.poll_policy.smallest_gap());
    record.reason = PollReason::Policy;
    heed(record, hint, now);
}

/// Waits at least as long as the service asks, and at most to the deadline.
fn heed(record: &mut Record, hint: Option<Duration>, now: Time) {
    if let Some(hint) = hint {
        record.not_before = record.not_before.max(now + hint);
    }
    if record.not_before > record.due {
        record.due = record.not_before;
        record.reason = PollReason::Hint;
    }
    record.due = record.due.min(record.deadline);
}

/// Silence of the queue is evidence, not proof: the next poll is due as if this had been one.
fn covered(record: &mut Record, at: Time, now: Time, rules: &Rules<'_>) -> Effect {
    record.polled_at = record.polled_at.max(at);
    schedule(record, None, now, rules);
    Effect::Nothing
}

fn said_to_be_finished(record: &mut Record, reason: PollReason, now: Time) -> Effect {
    let since_last = if record.polls > 0 && reason == PollReason::Notification {
        record.polled_at + NOTIFIED_GAP
    } else {
        now
    };
    let soonest = now.max(record.not_before).max(since_last);
    if soonest < record.due {
        record.due = soonest;
        record.reason = reason;
    } else if record.due <= now {
        // It only waits for its turn, and this is the better reason.
        record.reason = reason;
    }
    Effect::Nothing
}

/// The delay after one more failure.
fn back_off(record: &mut Record, rules: &Rules<'_>) -> Duration {
    record.failures = record.failures.saturating_add(1);
    rules
        .retry
        .delay(record.failures, random::draw(rules.seed, record.exchange))
}

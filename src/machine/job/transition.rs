//! The life cycle of a job: all transitions, in one place.
//!
//! Only [`step`] changes a [`Record`]. It reads no bodies: what a response means was decided before
//! ([`interpret`](crate::machine::interpret)), so tests can try it on every state and input.

use std::time::Duration;

use super::record::{OutcomeKind, PollReason, Record, State};
use crate::machine::delay::DelayEstimator;
use crate::machine::interpret::{PollResult, SubmitResult};
use crate::machine::poll_policy::PollPolicy;
use crate::machine::random;
use crate::machine::retry_policy::RetryPolicy;
use crate::machine::time::Time;

/// An input of a job.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Input {
    /// Time has passed, and the caller wants the next output.
    Clock,
    /// The `Submitting` event is confirmed: the submit may be sent.
    Confirmed,
    /// The submit of this exchange got a response, or failed.
    Submit(u32, SubmitResult),
    /// The poll of this exchange got a response, or failed.
    Poll(u32, PollResult),
    /// The job is selected to be polled, for this reason.
    Turn(PollReason),
    /// A notification or a listing reported that the extraction has finished.
    Named(PollReason),
    /// A listing requested at this time did not list it: it probably was not finished then.
    NotListed(Time),
    /// It may not be polled before this time, which is after its deadline.
    Forbidden(Time),
    /// The caller abandons it.
    Abandon,
    /// What was announced is not sent, since the caller stops.
    Withdrawn,
    /// It was restored: what comes of the exchange that was out, nobody will know.
    Restored {
        /// Whether its document is there, to be submitted again where that is allowed.
        has_document: bool,
    },
}

/// What the caller must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Nothing,
    /// Emit `Submitting`.
    EmitSubmitting,
    /// Send the submit.
    Submit,
    /// Emit `SubmitFailed`: the submit will be retried when due.
    SubmitFailed,
    /// Emit `Submitted`.
    Submitted,
    /// Emit `SubmittedAgain`.
    SubmittedAgain,
    /// Keep the id, which came after the outcome.
    SubmittedLate,
    /// Emit `PollDue`.
    EmitPollDue,
    /// Send a poll.
    Poll,
    /// Emit `Progressed`.
    Progressed,
    /// Emit `PollFailed`.
    PollFailed,
    /// Emit `Finished`. Where the outcome is `SubmitUnknown` only because of an earlier attempt,
    /// `otherwise` is the outcome of the last one.
    Finished {
        outcome: OutcomeKind,
        otherwise: Option<OutcomeKind>,
    },
}

/// What the transitions depend on besides the record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) poll_policy: PollPolicy,
    /// The estimator for jobs of this type; without it, the policy's assumption applies.
    pub(crate) estimator: Option<&'a DelayEstimator>,
    pub(crate) retry: RetryPolicy,
    pub(crate) seed: u64,
    /// The time limit of a submit.
    pub(crate) submit_limit: Duration,
    /// The time limit of a poll.
    pub(crate) poll_limit: Duration,
}

/// A new id may be unknown to the service for this long, and for fewer polls than this, before it
/// counts as not found.
const GRACE: Duration = Duration::from_secs(60);
const GRACE_POLLS: u32 = 3;

/// The minimum time between polls caused by notifications, which are unsigned and may come in any
/// number.
const NOTIFIED_GAP: Duration = Duration::from_secs(1);

/// A job that was listed but found in progress is not polled for this share of its age: 1/8.
const MISNAMED_SHARE: u32 = 8;

/// Applies an input to one job; returns what the caller must do.
pub(crate) fn step(record: &mut Record, input: Input, now: Time, rules: &Rules<'_>) -> Effect {
    use State::{Finished, PollEmitted, Polling, Ready, SubmitEmitted, Submitting, Waiting};
    match (record.state, input) {
        // A finished job ignores every input, but keeps an id that comes late.
        (Finished(_), Input::Submit(_, SubmitResult::Accepted { .. })) if !record.fresh => {
            record.submitted_at = now;
            record.fresh = true;
            Effect::SubmittedLate
        }
        (Finished(_), _) => Effect::Nothing,

        (Ready, Input::Clock) if record.due > record.deadline || now >= record.deadline => {
            finish(record, OutcomeKind::Exhausted)
        }
        (Ready, Input::Clock) if now >= record.due => emit_submitting(record),
        (SubmitEmitted, Input::Confirmed) => submit(record, now, rules),
        (SubmitEmitted, Input::Clock) if now >= record.deadline => {
            finish(record, OutcomeKind::Exhausted)
        }
        (Submitting, Input::Clock) if now >= record.due => submit_unknown(record, now, rules),
        (Waiting, Input::Clock) if record.not_before > record.deadline => {
            finish(record, OutcomeKind::Deadline)
        }
        (Waiting, Input::Clock) if now >= record.due => emit_poll_due(record, now),
        (PollEmitted, Input::Clock) => poll(record, now, rules),
        (Polling, Input::Clock) if now >= record.due => poll_failed(record, None, now, rules),

        // An id is kept, whichever attempt it belongs to.
        (Ready | SubmitEmitted | Submitting, Input::Submit(_, SubmitResult::Accepted { hint })) => {
            accepted(record, hint, now, rules)
        }
        (Waiting | PollEmitted | Polling, Input::Submit(_, SubmitResult::Accepted { .. })) => {
            Effect::SubmittedAgain
        }
        (Submitting, Input::Submit(exchange, result)) if exchange == record.exchange => {
            not_accepted(record, result, now, rules)
        }
        (Polling, Input::Poll(exchange, result)) if exchange == record.exchange => {
            polled(record, result, now, rules)
        }

        (Waiting, Input::Named(reason)) => reported_finished(record, reason, now),
        (PollEmitted | Polling, Input::Named(reason)) => {
            record.reported_by = Some(reason);
            Effect::Nothing
        }
        (Waiting, Input::NotListed(at)) => not_listed(record, at, now, rules),

        (Waiting, Input::Turn(reason)) => {
            record.reason = reason;
            emit_poll_due(record, now)
        }
        (Waiting | PollEmitted, Input::Forbidden(until)) if now >= record.deadline => {
            record.not_before = record.not_before.max(until);
            finish(record, OutcomeKind::Deadline)
        }

        // A submit in flight is waited for, to keep its id: the job finishes with its response, or
        // at its limit.
        (Submitting, Input::Abandon) => {
            record.abandoned = true;
            Effect::Nothing
        }
        (Ready | SubmitEmitted | Waiting | PollEmitted | Polling, Input::Abandon) => {
            finish(record, OutcomeKind::Abandoned)
        }

        (SubmitEmitted, Input::Withdrawn) => {
            // It was no attempt.
            record.state = Ready;
            record.submits = record.submits.saturating_sub(1);
            record.exchange = record.exchange.saturating_sub(1);
            Effect::Nothing
        }
        (PollEmitted, Input::Withdrawn) => {
            record.state = Waiting;
            Effect::Nothing
        }

        (Submitting, Input::Restored { has_document: true }) => submit_unknown(record, now, rules),
        (
            Submitting,
            Input::Restored {
                has_document: false,
            },
        ) => finish(record, OutcomeKind::SubmitUnknown),
        (Polling, Input::Restored { .. }) => poll_failed(record, None, now, rules),

        // Too early, too late, or meant for another state.
        (_, Input::Restored { .. } | Input::Withdrawn) => Effect::Nothing,
        (_, Input::Clock | Input::Confirmed | Input::Submit(..) | Input::Poll(..)) => {
            Effect::Nothing
        }
        (_, Input::Turn(_) | Input::Named(_) | Input::NotListed(_) | Input::Forbidden(_)) => {
            Effect::Nothing
        }
    }
}

/// Finishes the job. Before it has an id, a job of which an earlier attempt may have arrived is not
/// known not to be submitted, whatever became of the last attempt.
fn finish(record: &mut Record, outcome: OutcomeKind) -> Effect {
    let is_unnamed = matches!(
        record.state,
        State::Ready | State::SubmitEmitted | State::Submitting
    );
    let is_unknown =
        is_unnamed && record.resubmissions > 0 && outcome != OutcomeKind::SubmitUnknown;
    let otherwise = is_unknown.then_some(outcome);
    let outcome = otherwise.map_or(outcome, |_| OutcomeKind::SubmitUnknown);
    record.state = State::Finished(outcome);
    Effect::Finished { outcome, otherwise }
}

fn emit_submitting(record: &mut Record) -> Effect {
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
    record.state = State::Waiting;
    if record.abandoned {
        return finish(record, OutcomeKind::Abandoned);
    }
    record.polled_at = now;
    schedule(record, hint, now, rules);
    Effect::Submitted
}

/// A submit that returned no id.
fn not_accepted(record: &mut Record, result: SubmitResult, now: Time, rules: &Rules<'_>) -> Effect {
    match result {
        SubmitResult::Accepted { hint } => accepted(record, hint, now, rules),
        SubmitResult::Unknown => submit_unknown(record, now, rules),
        // It certainly did not arrive.
        _ if record.abandoned => finish(record, OutcomeKind::Abandoned),
        SubmitResult::NotProcessed { hint } => {
            record.spent = record.spent.saturating_add(1);
            if record.spent >= rules.retry.attempts() {
                finish(record, OutcomeKind::Exhausted)
            } else {
                submit_again(record, hint, now, rules)
            }
        }
        SubmitResult::Deferred { hint } => submit_again(record, hint, now, rules),
        SubmitResult::Refused | SubmitResult::KeyRefused => finish(record, OutcomeKind::Refused),
        SubmitResult::SourceFailed => finish(record, OutcomeKind::SourceFailed),
    }
}

/// It may have arrived, and be billed: the job finishes, unless resubmissions are allowed.
fn submit_unknown(record: &mut Record, now: Time, rules: &Rules<'_>) -> Effect {
    if record.abandoned || record.resubmissions >= rules.retry.resubmissions() {
        return finish(record, OutcomeKind::SubmitUnknown);
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
    if now >= record.deadline {
        record.reason = PollReason::Deadline;
    }
    Effect::EmitPollDue
}

/// The time limit starts now, however long the application took to handle the event.
fn poll(record: &mut Record, now: Time, rules: &Rules<'_>) -> Effect {
    record.state = State::Polling;
    record.exchange = record.exchange.saturating_add(1);
    record.polled_at = now;
    record.due = now + rules.poll_limit;
    Effect::Poll
}

fn polled(record: &mut Record, result: PollResult, now: Time, rules: &Rules<'_>) -> Effect {
    match result {
        PollResult::InProgress { hint } => in_progress(record, hint, now, rules),
        PollResult::NotFound { hint } if is_young(record, now) => {
            in_progress(record, hint, now, rules)
        }
        PollResult::NotFound { .. } => finish(record, OutcomeKind::NotFound),
        PollResult::Failed { hint } | PollResult::Deferred { hint } => {
            poll_failed(record, hint, now, rules)
        }
        PollResult::KeyRefused => finish(record, OutcomeKind::Refused),
        PollResult::Final(outcome) => finish(record, outcome),
    }
}

fn is_young(record: &Record, now: Time) -> bool {
    record.fresh
        && record.polls() < GRACE_POLLS
        && now.saturating_since(record.submitted_at) <= GRACE
}

fn in_progress(
    record: &mut Record,
    hint: Option<Duration>,
    now: Time,
    rules: &Rules<'_>,
) -> Effect {
    record.failures = 0;
    if now >= record.deadline {
        return finish(record, OutcomeKind::Deadline);
    }
    record.state = State::Waiting;
    if record.reason == PollReason::Listed {
        // Later listings may still contain it for long.
        let age = now.saturating_since(record.followed_since());
        record.not_before = record
            .not_before
            .max(now + age / MISNAMED_SHARE)
            .min(record.deadline);
    }
    schedule(record, hint, now, rules);
    if let Some(reason) = record.reported_by.take() {
        reported_finished(record, reason, now);
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
        return finish(record, OutcomeKind::Deadline);
    }
    record.state = State::Waiting;
    let delay = back_off(record, rules);
    record.due = now + delay;
    record.reason = PollReason::Retry;
    apply_hint(record, hint, now);
    Effect::PollFailed
}

/// Sets when the next poll is due: by the policy, not before the time the service asked for, and
/// not after the deadline.
fn schedule(record: &mut Record, hint: Option<Duration>, now: Time, rules: &Rules<'_>) {
    let by_policy = record.next_poll_by(rules.poll_policy, rules.estimator);
    // A slow response may come after the next poll was due already.
    record.due = by_policy.max(now + rules.poll_policy.smallest_gap());
    record.reason = PollReason::Policy;
    apply_hint(record, hint, now);
}

/// Waits at least as long as the service asked, and at most until the deadline.
fn apply_hint(record: &mut Record, hint: Option<Duration>, now: Time) {
    if let Some(hint) = hint {
        record.not_before = record.not_before.max(now + hint);
    }
    if record.not_before > record.due {
        record.due = record.not_before;
        record.reason = PollReason::Hint;
    }
    record.due = record.due.min(record.deadline);
}

/// A listing without the job is evidence, not proof: the next poll is due as if the listing had
/// been a poll.
fn not_listed(record: &mut Record, at: Time, now: Time, rules: &Rules<'_>) -> Effect {
    record.polled_at = record.polled_at.max(at);
    schedule(record, None, now, rules);
    Effect::Nothing
}

fn reported_finished(record: &mut Record, reason: PollReason, now: Time) -> Effect {
    let since_last = if record.polls() > 0 && reason == PollReason::Notification {
        record.polled_at + NOTIFIED_GAP
    } else {
        now
    };
    let soonest = now.max(record.not_before).max(since_last);
    if soonest < record.due {
        record.due = soonest;
        record.reason = reason;
    } else if record.due <= now {
        // It is due already and waits to be selected; this is the better reason.
        record.reason = reason;
    }
    Effect::Nothing
}

/// Counts a failure; returns the retry delay after it.
fn back_off(record: &mut Record, rules: &Rules<'_>) -> Duration {
    record.failures = record.failures.saturating_add(1);
    rules
        .retry
        .delay(record.failures, random::draw(rules.seed, record.exchange))
}

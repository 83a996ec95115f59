//! The life cycle of a job: every transition there is, in one place.
//!
//! [`step`] is the only function that changes a [`Record`]. It reads no bodies: what an answer means was decided before
//! ([`answer`](super::answer)), so it can be tried on every combination of state and input.

use std::time::Duration;

use super::answer::{LookAnswer, SubmitAnswer};
use super::record::{End, LookReason, Record, State};
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
    Submit(u32, SubmitAnswer),
    /// The look of this exchange was answered, or failed.
    Look(u32, LookAnswer),
    /// Its turn to be looked at has come, for this reason.
    Turn(LookReason),
    /// Somebody says that it has finished: a notification, or the queue.
    Finished(LookReason),
    /// The queue, asked at this time, did not name it: it probably was not finished then.
    Covered(Time),
    /// It may not be looked at before this time, which is too late for it.
    Forbidden(Time),
    /// The caller gives up on it.
    Abandon,
}

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Nothing,
    /// Tell the intent to submit.
    AnnounceSubmit,
    /// Send the submit.
    Submit,
    /// Tell that the submit failed and will be tried again when due.
    SubmitFailed,
    /// Tell that the service took it.
    Submitted,
    /// Tell that the service took it once more.
    SubmittedAgain,
    /// Tell the intent to look.
    AnnounceLook,
    /// Send a look.
    Look,
    /// Tell that it is still in progress.
    Progressed,
    /// Tell that the look failed.
    LookFailed,
    /// Tell the end.
    End(End),
}

/// What the transitions depend on beside the record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) poll: PollPolicy,
    /// What is known of the time jobs like this one take; without it, what the policy assumes.
    pub(crate) estimator: Option<&'a DelayEstimator>,
    pub(crate) retry: RetryPolicy,
    pub(crate) seed: u64,
    /// How long a submit may be out.
    pub(crate) submit_limit: Duration,
    /// How long a look may be out.
    pub(crate) look_limit: Duration,
}

/// An id that we were given ourselves may be unknown for this long, and for fewer looks than this, before it counts as not found.
const GRACE: Duration = Duration::from_secs(60);
const GRACE_LOOKS: u32 = 3;

/// Notifications are unsigned: however many come, looks keep this distance.
const NOTIFIED_GAP: Duration = Duration::from_secs(1);

/// A job that the queue named and a look found in progress is left alone for this share of its age.
const MISNAMED_SHARE: u32 = 8;

/// Moves one job, and says what is to be done about it.
pub(crate) fn step(record: &mut Record, input: Input, now: Time, rules: &Rules<'_>) -> Effect {
    use State::{Ended, LookAnnounced, Polling, Ready, SubmitAnnounced, Submitting, Waiting};
    match (record.state, input) {
        // Nothing follows an end, whatever comes.
        (Ended(_), _) => Effect::Nothing,

        (Ready, Input::Clock) if record.due > record.deadline || now >= record.deadline => {
            end(record, End::Exhausted)
        }
        (Ready, Input::Clock) if now >= record.due => announce_submit(record),
        (SubmitAnnounced, Input::Confirmed) => submit(record, now, rules),
        (SubmitAnnounced, Input::Clock) if now >= record.deadline => end(record, End::Exhausted),
        (Submitting, Input::Clock) if now >= record.due => submit_unknown(record, now, rules),
        (Waiting, Input::Clock) if record.not_before > record.deadline => {
            end(record, End::Deadline)
        }
        (Waiting, Input::Clock) if now >= record.due => announce_look(record, now),
        (LookAnnounced, Input::Clock) => look(record, now, rules),
        (Polling, Input::Clock) if now >= record.due => look_failed(record, None, now, rules),

        // An id is worth having whichever attempt it answers.
        (
            Ready | SubmitAnnounced | Submitting,
            Input::Submit(_, SubmitAnswer::Accepted { hint }),
        ) => accepted(record, hint, now, rules),
        (Waiting | LookAnnounced | Polling, Input::Submit(_, SubmitAnswer::Accepted { .. })) => {
            Effect::SubmittedAgain
        }
        (Submitting, Input::Submit(exchange, answer)) if exchange == record.exchange => {
            refused(record, answer, now, rules)
        }
        (Polling, Input::Look(exchange, answer)) if exchange == record.exchange => {
            looked(record, answer, now, rules)
        }

        (Waiting, Input::Finished(reason)) => said_to_be_finished(record, reason, now),
        (LookAnnounced | Polling, Input::Finished(reason)) => {
            record.said_by = Some(reason);
            Effect::Nothing
        }
        (Waiting, Input::Covered(at)) => covered(record, at, now, rules),

        (Waiting, Input::Turn(reason)) => {
            record.reason = reason;
            announce_look(record, now)
        }
        (Waiting | LookAnnounced, Input::Forbidden(until)) if now >= record.deadline => {
            record.not_before = record.not_before.max(until);
            end(record, End::Deadline)
        }

        // Once a submit is out, its id is worth waiting for: it ends with its answer, or at its limit.
        (Submitting, Input::Abandon) => {
            record.abandoned = true;
            Effect::Nothing
        }
        (Ready | SubmitAnnounced | Waiting | LookAnnounced | Polling, Input::Abandon) => {
            end(record, End::Abandoned)
        }

        // Too early, too late, or meant for another state.
        (_, Input::Clock | Input::Confirmed | Input::Submit(..) | Input::Look(..)) => {
            Effect::Nothing
        }
        (_, Input::Turn(_) | Input::Finished(_) | Input::Covered(_) | Input::Forbidden(_)) => {
            Effect::Nothing
        }
    }
}

fn end(record: &mut Record, end: End) -> Effect {
    record.state = State::Ended(end);
    Effect::End(end)
}

fn announce_submit(record: &mut Record) -> Effect {
    record.state = State::SubmitAnnounced;
    record.submits = record.submits.saturating_add(1);
    record.exchange = record.exchange.saturating_add(1);
    Effect::AnnounceSubmit
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
        return end(record, End::Abandoned);
    }
    record.state = State::Waiting;
    record.looked_at = now;
    schedule(record, hint, now, rules);
    Effect::Submitted
}

/// A submit that brought no id.
fn refused(record: &mut Record, answer: SubmitAnswer, now: Time, rules: &Rules<'_>) -> Effect {
    if record.abandoned {
        return end(record, End::Abandoned);
    }
    match answer {
        SubmitAnswer::Accepted { hint } => accepted(record, hint, now, rules),
        SubmitAnswer::NotProcessed { hint } => {
            record.spent = record.spent.saturating_add(1);
            if record.spent >= rules.retry.attempts() {
                end(record, End::Exhausted)
            } else {
                submit_again(record, hint, now, rules)
            }
        }
        SubmitAnswer::Throttled { hint } => submit_again(record, hint, now, rules),
        SubmitAnswer::Refused => end(record, End::Refused),
        SubmitAnswer::Source => end(record, End::SourceFailed),
        SubmitAnswer::Unknown => submit_unknown(record, now, rules),
    }
}

/// It may have arrived, and be billed: the end, unless the caller asked for more.
fn submit_unknown(record: &mut Record, now: Time, rules: &Rules<'_>) -> Effect {
    if record.abandoned {
        return end(record, End::Abandoned);
    }
    if record.resubmissions >= rules.retry.resubmissions() {
        return end(record, End::SubmitUnknown);
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

fn announce_look(record: &mut Record, now: Time) -> Effect {
    record.state = State::LookAnnounced;
    record.looks = record.looks.saturating_add(1);
    if now >= record.deadline {
        record.reason = LookReason::Deadline;
    }
    Effect::AnnounceLook
}

/// Its time begins now, however long the application took over the announcement.
fn look(record: &mut Record, now: Time, rules: &Rules<'_>) -> Effect {
    record.state = State::Polling;
    record.exchange = record.exchange.saturating_add(1);
    record.looked_at = now;
    record.due = now + rules.look_limit;
    Effect::Look
}

fn looked(record: &mut Record, answer: LookAnswer, now: Time, rules: &Rules<'_>) -> Effect {
    match answer {
        LookAnswer::InProgress { hint } => in_progress(record, hint, now, rules),
        LookAnswer::NotFound if is_young(record, now) => in_progress(record, None, now, rules),
        LookAnswer::NotFound => end(record, End::NotFound),
        LookAnswer::Failed { hint } => look_failed(record, hint, now, rules),
        LookAnswer::Final(last) => end(record, last),
    }
}

fn is_young(record: &Record, now: Time) -> bool {
    record.fresh && record.looks < GRACE_LOOKS && now.saturating_since(record.submitted_at) <= GRACE
}

fn in_progress(
    record: &mut Record,
    hint: Option<Duration>,
    now: Time,
    rules: &Rules<'_>,
) -> Effect {
    record.failures = 0;
    if now >= record.deadline {
        return end(record, End::Deadline);
    }
    record.state = State::Waiting;
    if record.reason == LookReason::Queue {
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

fn look_failed(
    record: &mut Record,
    hint: Option<Duration>,
    now: Time,
    rules: &Rules<'_>,
) -> Effect {
    if now >= record.deadline {
        return end(record, End::Deadline);
    }
    record.state = State::Waiting;
    let delay = back_off(record, rules);
    record.due = now + delay;
    record.reason = LookReason::Retry;
    heed(record, hint, now);
    Effect::LookFailed
}

/// Sets when the next look is due: by the policy, not sooner than asked, and not after the deadline.
fn schedule(record: &mut Record, hint: Option<Duration>, now: Time, rules: &Rules<'_>) {
    let age = record.looked_at.saturating_since(record.submitted_at);
    let by_policy = record.submitted_at + rules.poll.next_look_by(rules.estimator, age, None);
    // A slow answer may come after the next look was due already.
    record.due = by_policy.max(now + rules.poll.smallest_gap());
    record.reason = LookReason::Policy;
    heed(record, hint, now);
}

/// Waits at least as long as the service asks, and at most to the deadline.
fn heed(record: &mut Record, hint: Option<Duration>, now: Time) {
    if let Some(hint) = hint {
        record.not_before = record.not_before.max(now + hint);
    }
    if record.not_before > record.due {
        record.due = record.not_before;
        record.reason = LookReason::Hint;
    }
    record.due = record.due.min(record.deadline);
}

/// Silence of the queue is evidence, not proof: the next look is due as if this had been one.
fn covered(record: &mut Record, at: Time, now: Time, rules: &Rules<'_>) -> Effect {
    record.looked_at = record.looked_at.max(at);
    schedule(record, None, now, rules);
    Effect::Nothing
}

fn said_to_be_finished(record: &mut Record, reason: LookReason, now: Time) -> Effect {
    let since_last = if record.looks > 0 && reason == LookReason::Notification {
        record.looked_at + NOTIFIED_GAP
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

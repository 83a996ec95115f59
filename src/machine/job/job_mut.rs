//! The effects of a step of one job: its events, its requests, its outcome. Shared by
//! [`Job`](crate::machine::Job), which has one, and [`Batch`](crate::machine::Batch), which has
//! many.

use std::sync::Arc;
use std::time::Duration;

use super::error::{JobError, LastPoll};
use super::event::JobEventKind;
use super::options::JobOptions;
use super::record::{OutcomeKind, Record, State};
use super::snapshot::DocumentFacts;
use super::ticket::{DocumentMeta, Ticket};
use super::transition::{Effect, Input, Rules, step};
use crate::machine::cause::Cause;
use crate::machine::exchange::Limits;
use crate::machine::failed_attempts::FailedAttempts;
use crate::machine::interpret::{Decoded, PollResult, SubmitResult};
use crate::machine::time::Time;
use crate::wire::{
    Api, Body, Document, Extraction, ExtractionId, Status, StatusRequest, SubmitRequest,
};

/// One job and its data, borrowed for a step.
pub(crate) struct JobMut<'a> {
    pub(crate) record: &'a mut Record,
    pub(crate) meta: &'a Arc<DocumentMeta>,
    pub(crate) extraction_id: &'a mut Option<ExtractionId>,
    pub(crate) pending: &'a mut Option<Box<Pending>>,
}

/// What a job has only for a while: its document until it is accepted, the cause of a failure until
/// a success.
#[derive(Default)]
pub(crate) struct Pending {
    pub(crate) submission: Option<Submission>,
    failed: Option<Failed>,
    /// What the last poll brought, if that was no failure, and more than `IN_PROGRESS`.
    last_poll: Option<LastPoll>,
    /// Why it is unknown whether an earlier attempt to submit arrived.
    unknown: Option<FailedAttempts>,
    /// Other extractions of the document that were reported: a duplicate response is not reported
    /// again. At most as many as there were submits.
    reported_again: Vec<ExtractionId>,
    /// How often the key was refused, each time after another request had found it taken.
    refusals: u8,
    /// The number of the key that was refused last; 0 for none.
    refused_key: u16,
}

/// After so many refusals of a key that others use, it is the document that is refused.
const MAX_REFUSALS: u8 = 3;

/// The exchanges that failed last.
struct Failed {
    attempts: FailedAttempts,
    /// How many of them, up to the last, failed for a cause of this kind.
    alike: u16,
    /// Whether the reason is not specific to this job: a pause, an outage, a refused key.
    is_general: bool,
}

/// The data needed until the document is accepted.
pub(crate) struct Submission {
    pub(crate) request: SubmitRequest,
    pub(crate) limits: Limits,
}

impl Submission {
    /// The length of the document.
    pub(crate) fn bytes(&self) -> u64 {
        self.request.document().len()
    }

    /// What the document is recognised by.
    pub(crate) fn facts(&self) -> DocumentFacts {
        let document = self.request.document();
        DocumentFacts {
            bytes: document.len(),
            digest: document.shared_digest().cloned(),
        }
    }
}

/// What the caller must do.
#[derive(Debug)]
pub(crate) enum Action {
    Emit(JobEventKind),
    SendSubmit,
    SendPoll,
}

impl Pending {
    /// For a job that submits this document.
    pub(crate) fn with_document(document: Document, options: &JobOptions) -> Box<Self> {
        let request = SubmitRequest::new(document);
        let request = if options.text_blocks {
            request.with_text_blocks()
        } else {
            request
        };
        let limits = Limits::for_exchange(request.body().len(), options.response_bytes);
        Box::new(Self {
            submission: Some(Submission { request, limits }),
            ..Self::default()
        })
    }

    /// Whether the last exchange failed for a reason that may be specific to this job.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed
            .as_ref()
            .is_some_and(|failed| !failed.is_general)
    }

    /// Takes note that the key of this number was refused. Says whether that is specific to this
    /// job: others have found the key taken, again and again, since it was refused here first.
    pub(crate) fn refuse_key(&mut self, key_number: u16) -> bool {
        let is_again = key_number == self.refused_key.wrapping_add(1);
        self.refusals = if is_again {
            self.refusals.saturating_add(1)
        } else {
            1
        };
        self.refused_key = key_number;
        self.refusals >= MAX_REFUSALS
    }

    fn is_empty(&self) -> bool {
        self.submission.is_none()
            && self.failed.is_none()
            && self.last_poll.is_none()
            && self.unknown.is_none()
            && self.reported_again.is_empty()
            && self.refusals == 0
    }
}

impl JobMut<'_> {
    /// Applies an input to the job; returns the action for the caller, if any.
    pub(crate) fn take(
        &mut self,
        input: Input,
        decoded: Decoded,
        now: Time,
        rules: &Rules<'_>,
    ) -> Option<Action> {
        let before = *self.record;
        let effect = step(self.record, input, now, rules);
        let action = match effect {
            Effect::Nothing => None,
            Effect::Submit => Some(Action::SendSubmit),
            Effect::Poll => Some(Action::SendPoll),
            effect => {
                let step = Step { before, input, now };
                self.event(effect, decoded, &step).map(Action::Emit)
            }
        };
        if self.pending.as_deref().is_some_and(Pending::is_empty) {
            *self.pending = None;
        }
        action
    }

    /// The ticket, once there is an id.
    pub(crate) fn ticket(&self) -> Option<Ticket> {
        Ticket::from_record(self.meta, self.extraction_id.as_ref(), self.record)
    }

    /// The event of an effect; `None` if there is nothing to report.
    fn event(&mut self, effect: Effect, decoded: Decoded, step: &Step) -> Option<JobEventKind> {
        let (due, polls) = (self.record.due, self.record.polls());
        Some(match effect {
            Effect::Nothing | Effect::Submit | Effect::Poll => return None,
            Effect::EmitSubmitting => JobEventKind::Submitting {
                attempt: self.record.attempts(),
            },
            Effect::SubmitFailed => {
                let (failed, _) = self.failed(decoded, step);
                let cause = failed.cause().clone();
                if self.record.resubmissions > step.before.resubmissions {
                    self.pending.get_or_insert_default().unknown = Some(failed);
                }
                JobEventKind::SubmitFailed {
                    cause,
                    retry_at: due,
                }
            }
            Effect::Submitted => {
                self.accept(decoded);
                JobEventKind::Submitted(self.ticket()?)
            }
            Effect::SubmittedAgain => JobEventKind::SubmittedAgain(self.other_id(decoded)?),
            Effect::SubmittedLate => {
                self.accept(decoded);
                return None;
            }
            Effect::EmitPollDue => JobEventKind::PollDue {
                poll: polls,
                reason: self.record.reason,
            },
            Effect::Progressed => {
                self.forget_failure();
                let status = self.progressed(decoded, step);
                JobEventKind::Progressed {
                    status,
                    next_poll: due,
                }
            }
            Effect::PollFailed => {
                let (failed, alike) = self.failed(decoded, step);
                JobEventKind::PollFailed {
                    cause: failed.cause().clone(),
                    alike,
                    next_poll: due,
                }
            }
            Effect::Finished { outcome, otherwise } => {
                let outcome = self.outcome(outcome, otherwise, decoded, step);
                self.drop_document();
                JobEventKind::Finished(outcome)
            }
        })
    }

    fn accept(&mut self, decoded: Decoded) {
        if let Decoded::Id(id) = decoded {
            *self.extraction_id = Some(id);
        }
        *self.pending = None;
    }

    /// The id of another extraction of the same document, unless it was reported already.
    fn other_id(&mut self, decoded: Decoded) -> Option<ExtractionId> {
        let Decoded::Id(id) = decoded else {
            return None;
        };
        let reported_again = &mut self.pending.get_or_insert_default().reported_again;
        if self.extraction_id.as_ref() == Some(&id) || reported_again.contains(&id) {
            return None;
        }
        reported_again.push(id.clone());
        Some(id)
    }

    /// Stores a failure for the outcome; returns it with those before it, and how many in a row
    /// were alike. A failure without a report is a time limit.
    fn failed(&mut self, decoded: Decoded, step: &Step) -> (FailedAttempts, u16) {
        let cause = decoded.into_cause().unwrap_or(Cause::TimeLimit);
        let pending = self.pending.get_or_insert_default();
        let before = pending.failed.take();
        let alike = match &before {
            Some(before) if before.attempts.cause().is_like(&cause) => {
                before.alike.saturating_add(1)
            }
            _ => 1,
        };
        let before = before.map(|before| before.attempts);
        let attempts = FailedAttempts::after(before, cause, step.now);
        pending.failed = Some(Failed {
            attempts: attempts.clone(),
            alike,
            is_general: step.is_deferred(),
        });
        (attempts, alike)
    }

    fn forget_failure(&mut self) {
        if let Some(pending) = self.pending {
            (pending.failed, pending.last_poll, pending.refusals) = (None, None, 0);
        }
    }

    /// Stores what a poll brought that is no failure, for an outcome without another poll; returns
    /// the status, if it brought one.
    fn progressed(&mut self, decoded: Decoded, step: &Step) -> Option<Status> {
        let (last, status) = match decoded {
            // Nearly all: what is not stored is that.
            Decoded::Status(Status::InProgress) => return Some(Status::InProgress),
            Decoded::Status(status) => (LastPoll::Status(status.clone()), Some(status)),
            // An id so young that it may be unknown.
            other => {
                let failed = FailedAttempts::after(None, other.into_reason(), step.now);
                (LastPoll::Failed(failed), None)
            }
        };
        self.pending.get_or_insert_default().last_poll = Some(last);
        status
    }

    /// What the last poll brought, of a job that finishes without another one.
    fn last_poll(&mut self, decoded: Decoded, step: &Step) -> Option<LastPoll> {
        if let Decoded::Status(status) = decoded {
            return Some(LastPoll::Status(status));
        }
        if let Some(failed) = self.last_failed(decoded, step) {
            return Some(LastPoll::Failed(failed));
        }
        let stored = self.pending.as_mut().and_then(|it| it.last_poll.take());
        // One whose event was emitted only is none.
        let has_polled = self.record.exchange > self.record.submits;
        stored.or_else(|| has_polled.then_some(LastPoll::Status(Status::InProgress)))
    }

    /// What failed last, if that is how the job finishes.
    fn last_failed(&mut self, decoded: Decoded, step: &Step) -> Option<FailedAttempts> {
        match decoded {
            // It waited for something else than a response.
            Decoded::Nothing if !step.is_exchange_out() => {
                let failed = self.pending.as_mut()?.failed.take()?;
                Some(failed.attempts)
            }
            decoded => Some(self.failed(decoded, step).0),
        }
    }

    /// Drops the document, which is not needed any more.
    fn drop_document(&mut self) {
        if let Some(pending) = self.pending {
            pending.submission = None;
        }
    }

    fn outcome(
        &mut self,
        outcome: OutcomeKind,
        otherwise: Option<OutcomeKind>,
        decoded: Decoded,
        step: &Step,
    ) -> Result<Extraction, JobError> {
        let decoded = match decoded {
            Decoded::Extraction(extraction) if outcome == OutcomeKind::Succeeded => {
                return Ok(*extraction);
            }
            Decoded::Id(id) => {
                *self.extraction_id = Some(id);
                Decoded::Nothing
            }
            other => other,
        };
        let Some(otherwise) = otherwise else {
            return Err(self.error(outcome, decoded, step));
        };
        let otherwise = Box::new(self.error(otherwise, decoded, step));
        let unknown = self.pending.as_mut().and_then(|it| it.unknown.take());
        Err(JobError::SubmitUnknown {
            failed: unknown
                .unwrap_or_else(|| FailedAttempts::after(None, Cause::Restarted, step.now)),
            otherwise: Some(otherwise),
        })
    }

    fn error(&mut self, outcome: OutcomeKind, decoded: Decoded, step: &Step) -> JobError {
        match outcome {
            OutcomeKind::Abandoned => JobError::Abandoned {
                ticket: self.ticket(),
            },
            OutcomeKind::Refused => JobError::Refused {
                ticket: self.ticket(),
                error: decoded.into_service_error(),
            },
            OutcomeKind::SourceFailed => JobError::SourceFailed {
                cause: self.failed(decoded, step).0.cause().clone(),
            },
            OutcomeKind::SubmitUnknown => self.submit_unknown(decoded, step),
            OutcomeKind::Exhausted => JobError::Exhausted {
                attempts: self.record.attempts(),
                failed: self.last_failed(decoded, step),
            },
            OutcomeKind::Succeeded
            | OutcomeKind::Failed
            | OutcomeKind::Expired
            | OutcomeKind::NotFound
            | OutcomeKind::TooLarge
            | OutcomeKind::Unreadable
            | OutcomeKind::Deadline => match self.ticket() {
                Some(ticket) => self.error_with_ticket(outcome, ticket, decoded, step),
                // These come from polls, and none is made without an id.
                None => self.submit_unknown(decoded, step),
            },
        }
    }

    fn submit_unknown(&mut self, decoded: Decoded, step: &Step) -> JobError {
        JobError::SubmitUnknown {
            failed: self.failed(decoded, step).0,
            otherwise: None,
        }
    }

    fn error_with_ticket(
        &mut self,
        outcome: OutcomeKind,
        ticket: Ticket,
        decoded: Decoded,
        step: &Step,
    ) -> JobError {
        match outcome {
            OutcomeKind::Failed => JobError::Failed {
                ticket,
                error: decoded.into_service_error(),
            },
            OutcomeKind::Expired => JobError::Expired { ticket },
            OutcomeKind::NotFound => JobError::NotFound {
                ticket,
                cause: decoded.into_cause(),
            },
            OutcomeKind::TooLarge => JobError::TooLarge {
                ticket,
                cause: decoded.into_cause(),
            },
            OutcomeKind::Deadline => {
                let beyond = self.record.not_before > self.record.deadline;
                let retry_after = beyond.then(|| self.record.not_before.saturating_since(step.now));
                JobError::Deadline {
                    ticket,
                    at: step.now,
                    retry_after,
                    last: self.last_poll(decoded, step),
                }
            }
            // A result that is not there is one that cannot be read.
            _ => JobError::Unreadable {
                ticket,
                error: decoded.into_decode_error(),
            },
        }
    }
}

/// One step, as far as its events depend on it.
struct Step {
    before: Record,
    input: Input,
    now: Time,
}

impl Step {
    fn is_exchange_out(&self) -> bool {
        matches!(self.before.state, State::Submitting | State::Polling)
    }

    /// Whether what failed did so for a reason that is not specific to the job.
    fn is_deferred(&self) -> bool {
        matches!(
            self.input,
            Input::Submit(_, SubmitResult::Deferred { .. })
                | Input::Poll(_, PollResult::Deferred { .. })
        )
    }
}

/// The request that submits the document, if it is still stored.
pub(crate) fn submit_request(
    pending: Option<&Pending>,
    api: &Api,
) -> Option<(http::Request<Body>, Limits)> {
    let submission = pending?.submission.as_ref()?;
    Some((submission.request.request(api), submission.limits))
}

/// The request that polls an extraction.
pub(crate) fn poll_request(
    id: &ExtractionId,
    api: &Api,
    text_blocks: bool,
    response_bytes: Option<u64>,
) -> (http::Request<Body>, Limits) {
    let request = StatusRequest::new(id.clone());
    let request = if text_blocks {
        request.with_text_blocks()
    } else {
        request
    }
    .request(api);
    (request, Limits::for_exchange(0, response_bytes))
}

/// The longest that the submit of this document may be in flight.
pub(crate) fn submission_limit(pending: Option<&Pending>) -> Duration {
    let submission = pending.and_then(|pending| pending.submission.as_ref());
    submission
        .map_or_else(Limits::default, |submission| submission.limits)
        .total
}

//! The effects of a step of one job: its events, its requests, its outcome. Shared by
//! [`Job`](crate::machine::Job), which has one, and [`Batch`](crate::machine::Batch), which has
//! many.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;

use super::error::JobError;
use super::event::JobEventKind;
use super::record::{OutcomeKind, Record, State};
use super::response::{self, Decoded};
use super::ticket::{DocumentMeta, Ticket};
use super::transition::{Effect, Input, Rules, step};
use crate::machine::cause::Cause;
use crate::machine::exchange::{Failure, Limits};
use crate::machine::time::Time;
use crate::wire::{Api, Body, Document, Extraction, ExtractionId, StatusRequest, SubmitRequest};

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
    /// Why the last exchange failed.
    cause: Option<Cause>,
    /// Other extractions of the document that were reported: a duplicate response is not reported
    /// again. At most as many as there were submits.
    reported_again: Vec<ExtractionId>,
}

/// The data needed until the document is accepted.
pub(crate) struct Submission {
    pub(crate) request: SubmitRequest,
    pub(crate) limits: Limits,
    /// The length of the document.
    pub(crate) bytes: u64,
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
    pub(crate) fn with_document(
        document: Document,
        text_blocks: bool,
        response_bytes: Option<u64>,
    ) -> Box<Self> {
        let bytes = document.len();
        let request = SubmitRequest::new(document);
        let request = if text_blocks {
            request.with_text_blocks()
        } else {
            request
        };
        let limits = Limits::for_exchange(request.body().len(), response_bytes);
        Box::new(Self {
            submission: Some(Submission {
                request,
                limits,
                bytes,
            }),
            ..Self::default()
        })
    }

    /// Whether the last exchange failed for a reason other than a general pause.
    pub(crate) fn has_failed(&self) -> bool {
        match &self.cause {
            Some(Cause::Service(error)) => !matches!(
                error.http_status().map(|status| status.as_u16()),
                Some(401 | 403 | 429)
            ),
            Some(_) => true,
            None => false,
        }
    }

    fn is_empty(&self) -> bool {
        self.submission.is_none() && self.cause.is_none() && self.reported_again.is_empty()
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
        let unanswered = self.record.state == State::Polling && matches!(input, Input::Clock);
        let effect = step(self.record, input, now, rules);
        let action = match effect {
            Effect::Nothing => None,
            Effect::Submit => Some(Action::SendSubmit),
            Effect::Poll => Some(Action::SendPoll),
            effect => self
                .event(effect, decoded, unanswered, now)
                .map(Action::Emit),
        };
        if self.pending.as_deref().is_some_and(Pending::is_empty) {
            *self.pending = None;
        }
        action
    }

    /// The ticket, once there is an id.
    pub(crate) fn ticket(&self) -> Option<Ticket> {
        let extraction_id = self.extraction_id.clone()?;
        Some(Ticket::for_document(
            self.meta.clone(),
            extraction_id,
            self.record.submitted_at,
            self.record.deadline,
        ))
    }

    /// The event of an effect; `None` if it was reported already.
    fn event(
        &mut self,
        effect: Effect,
        decoded: Decoded,
        unanswered: bool,
        now: Time,
    ) -> Option<JobEventKind> {
        let (due, submits, polls, reason) = (
            self.record.due,
            self.record.submits,
            self.record.polls,
            self.record.reason,
        );
        Some(match effect {
            Effect::Nothing | Effect::Submit | Effect::Poll => return None,
            Effect::EmitSubmitting => JobEventKind::Submitting { attempt: submits },
            Effect::SubmitFailed => JobEventKind::SubmitFailed {
                cause: self.failed(decoded),
                retry_at: due,
            },
            Effect::Submitted => {
                self.accept(decoded);
                JobEventKind::Submitted(self.ticket()?)
            }
            Effect::SubmittedAgain => JobEventKind::SubmittedAgain(self.other_id(decoded)?),
            Effect::EmitPollDue => JobEventKind::PollDue {
                poll: polls,
                reason,
            },
            Effect::Progressed => {
                self.forget_cause();
                let status = if let Decoded::Status(status) = decoded {
                    Some(status)
                } else {
                    None
                };
                JobEventKind::Progressed {
                    status,
                    next_poll: due,
                }
            }
            Effect::PollFailed => JobEventKind::PollFailed {
                cause: self.failed(decoded),
                next_poll: due,
            },
            Effect::Finished(kind) => {
                // The cause must be that of the last poll, not of an earlier one.
                if unanswered {
                    self.pending.get_or_insert_default().cause = Some(Cause::TimeLimit);
                } else if matches!(decoded, Decoded::Status(_)) {
                    self.forget_cause();
                }
                let outcome = self.outcome(kind, decoded, now);
                self.drop_document();
                JobEventKind::Finished(outcome)
            }
        })
    }

    fn accept(&mut self, decoded: Decoded) {
        if let Decoded::Id(id) = decoded {
            *self.extraction_id = Some(id);
        }
        self.forget_cause();
        self.drop_document();
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

    /// Stores the cause of a failure for the outcome. A failure without a report is a time limit.
    fn failed(&mut self, decoded: Decoded) -> Cause {
        let cause = decoded.into_cause().unwrap_or(Cause::TimeLimit);
        self.pending.get_or_insert_default().cause = Some(cause.clone());
        cause
    }

    fn forget_cause(&mut self) {
        self.take_cause();
    }

    fn take_cause(&mut self) -> Option<Cause> {
        self.pending
            .as_mut()
            .and_then(|pending| pending.cause.take())
    }

    /// Drops the document, which is not needed any more.
    fn drop_document(&mut self) {
        if let Some(pending) = self.pending {
            pending.submission = None;
        }
    }

    fn outcome(
        &mut self,
        kind: OutcomeKind,
        decoded: Decoded,
        now: Time,
    ) -> Result<Extraction, JobError> {
        let decoded = match decoded {
            Decoded::Extraction(extraction) if kind == OutcomeKind::Succeeded => {
                return Ok(*extraction);
            }
            Decoded::Id(id) => {
                *self.extraction_id = Some(id);
                Decoded::Nothing
            }
            other => other,
        };
        Err(self.error(kind, decoded, now))
    }

    fn error(&mut self, kind: OutcomeKind, decoded: Decoded, now: Time) -> JobError {
        let ticket = self.ticket();
        match (kind, ticket) {
            (OutcomeKind::Abandoned, ticket) => JobError::Abandoned { ticket },
            (OutcomeKind::Refused, ticket) => JobError::Refused {
                ticket,
                error: decoded.into_service_error(),
            },
            (OutcomeKind::Failed, Some(ticket)) => JobError::Failed {
                ticket,
                error: decoded.into_service_error(),
            },
            (OutcomeKind::Expired, Some(ticket)) => JobError::Expired { ticket },
            (OutcomeKind::NotFound, Some(ticket)) => JobError::NotFound {
                ticket,
                cause: decoded.into_cause(),
            },
            (OutcomeKind::TooLarge, Some(ticket)) => JobError::TooLarge {
                ticket,
                cause: decoded.into_cause(),
            },
            (OutcomeKind::Unreadable | OutcomeKind::Succeeded, Some(ticket)) => {
                JobError::Unreadable {
                    ticket,
                    error: decoded.into_decode_error(),
                }
            }
            (OutcomeKind::Deadline, Some(ticket)) => {
                let beyond = self.record.not_before > self.record.deadline;
                let retry_after = beyond.then(|| self.record.not_before.saturating_since(now));
                JobError::Deadline {
                    ticket,
                    retry_after,
                    cause: decoded.into_cause().or_else(|| self.take_cause()),
                }
            }
            (OutcomeKind::SourceFailed, _) => JobError::SourceFailed {
                cause: self.failed(decoded),
            },
            (OutcomeKind::SubmitUnknown, _) => JobError::SubmitUnknown {
                cause: self.failed(decoded),
            },
            // In all other cases without a ticket the document was never submitted.
            (_, _) => JobError::Exhausted {
                attempts: self.record.submits,
                cause: decoded.into_cause().or_else(|| self.take_cause()),
            },
        }
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

/// The result of an exchange: a response or a failure.
pub(crate) enum Reply {
    Response(Response<Bytes>),
    Failure(Failure),
}

impl Reply {
    /// What it means for the submit of this exchange.
    pub(crate) fn for_submit(self, exchange: u32, trusts_overload: bool) -> (Input, Decoded) {
        let (result, decoded) = match self {
            Self::Response(response) => response::for_submit(&response, trusts_overload),
            Self::Failure(failure) => response::for_submit_failure(failure),
        };
        (Input::Submit(exchange, result), decoded)
    }

    /// What it means for the poll of this exchange.
    pub(crate) fn for_poll(self, exchange: u32) -> (Input, Decoded) {
        let (result, decoded) = match self {
            Self::Response(response) => response::for_poll(&response),
            Self::Failure(failure) => response::for_poll_failure(failure),
        };
        (Input::Poll(exchange, result), decoded)
    }
}

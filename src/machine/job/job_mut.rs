//! What follows from a step of one job: what is told, what is sent, how it ends. Shared by [`Job`](crate::machine::Job), which has one, and [`Batch`](crate::machine::Batch), which has many.

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

/// One job and what goes with it, borrowed for a step.
pub(crate) struct JobMut<'a> {
    pub(crate) record: &'a mut Record,
    pub(crate) meta: &'a Arc<DocumentMeta>,
    pub(crate) extraction_id: &'a mut Option<ExtractionId>,
    pub(crate) pending: &'a mut Option<Box<Pending>>,
}

/// What a job has for a while only: its document until it is taken, the cause of a failure until it has passed.
#[derive(Default)]
pub(crate) struct Pending {
    pub(crate) submission: Option<Submission>,
    /// Why the last exchange failed.
    cause: Option<Cause>,
    /// Other extractions of the document that were told: a duplicate of an answer is not told again. No more than were submitted.
    told_again: Vec<ExtractionId>,
}

/// What is needed until the document is submitted.
pub(crate) struct Submission {
    pub(crate) request: SubmitRequest,
    pub(crate) limits: Limits,
    /// Of the document.
    pub(crate) bytes: u64,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Action {
    Emit(JobEventKind),
    SendSubmit,
    SendPoll,
}

impl Pending {
    /// That of a job which is to submit this document.
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

    /// Whether the last exchange failed, other than because everything was to pause.
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
        self.submission.is_none() && self.cause.is_none() && self.told_again.is_empty()
    }
}

impl JobMut<'_> {
    /// Moves the job, and says what is to be done; `None` for nothing.
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

    /// The handle by which another process can go on, once there is an id.
    pub(crate) fn ticket(&self) -> Option<Ticket> {
        let extraction_id = self.extraction_id.clone()?;
        Some(Ticket::of(
            self.meta.clone(),
            extraction_id,
            self.record.submitted_at,
            self.record.deadline,
        ))
    }

    /// What a step's effect tells; `None` where it was told already.
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
            Effect::SubmittedAgain => JobEventKind::SubmittedAgain(self.another(decoded)?),
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
            Effect::OutcomeKind(end) => {
                // What the last poll brought, not one before it.
                if unanswered {
                    self.pending.get_or_insert_default().cause = Some(Cause::TimeLimit);
                } else if matches!(decoded, Decoded::Status(_)) {
                    self.forget_cause();
                }
                let outcome = self.conclude(end, decoded, now);
                self.let_go();
                JobEventKind::Finished(outcome)
            }
        })
    }

    fn accept(&mut self, decoded: Decoded) {
        if let Decoded::Id(id) = decoded {
            *self.extraction_id = Some(id);
        }
        self.forget_cause();
        self.let_go();
    }

    /// The id of another extraction of the same document, unless it was told.
    fn another(&mut self, decoded: Decoded) -> Option<ExtractionId> {
        let Decoded::Id(id) = decoded else {
            return None;
        };
        let told_again = &mut self.pending.get_or_insert_default().told_again;
        if self.extraction_id.as_ref() == Some(&id) || told_again.contains(&id) {
            return None;
        }
        told_again.push(id.clone());
        Some(id)
    }

    /// Keeps the cause of a failure, for the end. A failure that nobody reported is that the time was up.
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

    /// The document is not needed any more.
    fn let_go(&mut self) {
        if let Some(pending) = self.pending {
            pending.submission = None;
        }
    }

    fn conclude(
        &mut self,
        end: OutcomeKind,
        decoded: Decoded,
        now: Time,
    ) -> Result<Extraction, JobError> {
        let decoded = match decoded {
            Decoded::Extraction(extraction) if end == OutcomeKind::Succeeded => {
                return Ok(*extraction);
            }
            Decoded::Id(id) => {
                *self.extraction_id = Some(id);
                Decoded::Nothing
            }
            other => other,
        };
        Err(self.error(end, decoded, now))
    }

    fn error(&mut self, end: OutcomeKind, decoded: Decoded, now: Time) -> JobError {
        let ticket = self.ticket();
        match (end, ticket) {
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
            // Whatever else comes without a ticket was never submitted.
            (_, _) => JobError::Exhausted {
                attempts: self.record.submits,
                cause: decoded.into_cause().or_else(|| self.take_cause()),
            },
        }
    }
}

/// The request that submits the document, if it is still here.
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

/// What came of an exchange: an answer or none.
pub(crate) enum Reply {
    Response(Response<Bytes>),
    Failure(Failure),
}

impl Reply {
    /// What it says of the submit of this exchange.
    pub(crate) fn for_submit(self, exchange: u32, trusts_overload: bool) -> (Input, Decoded) {
        let (answer, decoded) = match self {
            Self::Response(response) => response::for_submit(&response, trusts_overload),
            Self::Failure(failure) => response::for_submit_failure(failure),
        };
        (Input::Submit(exchange, answer), decoded)
    }

    /// What it says of the poll of this exchange.
    pub(crate) fn for_poll(self, exchange: u32) -> (Input, Decoded) {
        let (answer, decoded) = match self {
            Self::Response(response) => response::for_poll(&response),
            Self::Failure(failure) => response::for_poll_failure(failure),
        };
        (Input::Poll(exchange, answer), decoded)
    }
}

//! Why there is no result: a sentence and advice for people, a status for programs.

use std::borrow::Cow;

use bytes::Bytes;
use typless::machine::{CallError, DrainError, FailedAttempts, JobError, LastPoll, Ticket};
use typless::wire::{DecodeError, ServiceError};

use crate::exit::Exit;
use crate::failure::CHECK_KEY;

/// Why there is no result.
#[derive(Clone)]
pub(crate) struct Problem {
    /// The service's status, or a name in the same style for an outcome of our own.
    pub(super) status: &'static str,
    /// What programs read: the `code` of the library's error.
    pub(super) code: &'static str,
    pub(super) exit: Exit,
    /// What happened.
    pub(super) sentence: String,
    /// What to do about it.
    pub(super) advice: Cow<'static, str>,
    /// The service's error, if it sent one.
    pub(super) service_error: Option<ServiceError>,
    /// The ticket to resume, if there is one.
    pub(crate) ticket: Option<Ticket>,
    /// The response, if it may be a result that can't be read.
    pub(super) raw: Option<Bytes>,
}

/// The emulator's code for an unknown document type; the service's own is not documented.
const UNKNOWN_DOCUMENT_TYPE: &str = "document_type_not_found";

/// What to do about a document of which it is unknown whether it was submitted.
pub(crate) const CHECK_SUBMIT: &str = "check with the service whether the document arrived before \
                                       you submit it again: it may be billed twice";

const CHECK_NETWORK: &str = "check the base URL and the network, and try again";
const SUBMIT_AGAIN: &str = "submit the document again";
const FIX_DOCUMENT: &str = "fix the document and submit it again";
const REPORT_RAW: &str = "keep the response, and report this as a bug of typless";
const REPORT_BUG: &str = "keep the ticket, and report this as a bug of typless";

impl Problem {
    /// The problem of a job.
    pub(crate) fn from_job_error(error: &JobError) -> Self {
        let (status, exit) = (job_status(error), job_exit(error));
        let sentence = error.to_string();
        let advice = match error {
            JobError::Deadline { ticket, .. } => format!(
                "wait longer with --deadline, or poll it later: typless get {}",
                ticket.extraction_id()
            )
            .into(),
            error => job_advice(error).into(),
        };
        Self {
            status,
            code: error.code(),
            exit,
            sentence,
            advice,
            service_error: error.service_error().cloned(),
            ticket: error.ticket().cloned(),
            raw: match error {
                JobError::Unreadable { error, .. } => Some(error.raw().clone()),
                _ => None,
            },
        }
    }

    pub(super) fn is_unknown_submit(&self) -> bool {
        self.code == "submit_unknown"
    }

    /// Whether the service has said the last word.
    pub(super) fn is_final(&self) -> bool {
        matches!(self.status, "ERROR" | "EXPIRED" | "UNREADABLE")
    }

    /// The problem of a single poll.
    pub(crate) fn from_poll_error(error: CallError) -> Self {
        let sentence = error.to_string();
        let mut code = error.code();
        let (status, exit, advice) = match &error {
            CallError::Refused(error) => match error.http_status().map(|status| status.as_u16()) {
                Some(401 | 403) => ("REFUSED", Exit::ServiceUnavailable, CHECK_KEY),
                Some(404) => {
                    code = "not_found";
                    (
                        "NOT_FOUND",
                        Exit::DocumentFailed,
                        "check the id, the key and the base URL",
                    )
                }
                // Only the id of such a request can be wrong.
                Some(400 | 422) => ("REFUSED", Exit::DocumentFailed, "check the id"),
                _ => ("REFUSED", Exit::ServiceUnavailable, "check the base URL"),
            },
            CallError::TooLarge { .. } => (
                "TOO_LARGE",
                Exit::DocumentFailed,
                "report this as a bug of typless",
            ),
            _ => ("NO_RESPONSE", Exit::ServiceUnavailable, CHECK_NETWORK),
        };
        let service_error = if let CallError::Refused(error) = error {
            Some(error)
        } else {
            None
        };
        Self {
            status,
            code,
            exit,
            sentence,
            advice: advice.into(),
            service_error,
            ticket: None,
            raw: None,
        }
    }

    /// Why a listed extraction has no result.
    pub(crate) fn from_drain_error(error: &DrainError) -> Self {
        let (status, advice) = match error {
            DrainError::Failed { error } => return Self::failed(Some(error)),
            DrainError::Expired => return Self::expired(),
            DrainError::Unreadable { error } => return Self::unreadable(error),
            DrainError::NotFound { .. } => ("NOT_FOUND", "check the key and the base URL"),
            DrainError::Refused { .. } => ("REFUSED", "check the base URL"),
            DrainError::TooLarge { .. } => (
                "TOO_LARGE",
                "keep the id, and report this as a bug of typless",
            ),
            DrainError::Unfinished { .. } => ("IN_PROGRESS", "try again later"),
            _ => ("NO_RESPONSE", "check the network, and try again"),
        };
        let service_error = match error {
            DrainError::NotFound { error } | DrainError::Refused { error } => Some(error.clone()),
            _ => None,
        };
        Self {
            service_error,
            ..Self::document_failed(status, error.code(), error.to_string(), advice)
        }
    }

    /// No connection to the service could be made, so the document was not polled.
    pub(crate) fn unreachable(failed: &FailedAttempts, ticket: &Ticket) -> Self {
        Self {
            status: "NO_RESPONSE",
            code: "unanswered",
            exit: Exit::ServiceUnavailable,
            sentence: format!("the document was not polled: {failed}"),
            advice: CHECK_NETWORK.into(),
            service_error: None,
            ticket: Some(ticket.clone()),
            raw: None,
        }
    }

    /// The time of the whole call is used up.
    pub(crate) fn given_up(ticket: Option<&Ticket>) -> Self {
        let (status, code, exit, sentence, advice) = if ticket.is_some() {
            (
                "DEADLINE",
                "deadline",
                Exit::DocumentFailed,
                "the extraction did not finish before the time of --give-up-after",
                "continue with `typless resume`",
            )
        } else {
            (
                "NOT_SUBMITTED",
                "exhausted",
                Exit::ServiceUnavailable,
                "the document was not submitted before the time of --give-up-after",
                "try again: nothing was submitted",
            )
        };
        Self {
            status,
            code,
            exit,
            sentence: sentence.to_owned(),
            advice: advice.into(),
            service_error: None,
            ticket: ticket.cloned(),
            raw: None,
        }
    }

    /// The service could not process the document.
    pub(crate) fn failed(error: Option<&ServiceError>) -> Self {
        let explanation = error.map_or_else(
            || "the service gave no explanation".to_owned(),
            ToString::to_string,
        );
        Self {
            service_error: error.cloned(),
            ..Self::document_failed(
                "ERROR",
                "failed",
                format!("the service could not process the document: {explanation}"),
                FIX_DOCUMENT,
            )
        }
    }

    /// The result was deleted.
    pub(crate) fn expired() -> Self {
        Self::document_failed(
            "EXPIRED",
            "expired",
            "the result expired: it was not fetched within 48 hours and is deleted".to_owned(),
            SUBMIT_AGAIN,
        )
    }

    /// The result can't be decoded.
    pub(crate) fn unreadable(error: &DecodeError) -> Self {
        Self {
            raw: Some(error.raw().clone()),
            ..Self::document_failed(
                "UNREADABLE",
                "unreadable",
                format!("the extraction succeeded, but {error}"),
                REPORT_RAW,
            )
        }
    }

    /// The response is JSON, but not from the service.
    pub(crate) fn no_status() -> Self {
        let problem = Self::document_failed(
            "NO_RESPONSE",
            "unanswered",
            "the response has no status".to_owned(),
            "check the base URL",
        );
        Self {
            exit: Exit::ServiceUnavailable,
            ..problem
        }
    }

    pub(super) fn document_failed(
        status: &'static str,
        code: &'static str,
        sentence: String,
        advice: &'static str,
    ) -> Self {
        Self {
            status,
            code,
            exit: Exit::DocumentFailed,
            sentence,
            advice: advice.into(),
            service_error: None,
            ticket: None,
            raw: None,
        }
    }
}

fn job_exit(error: &JobError) -> Exit {
    match error {
        JobError::Refused { error, .. } if error.code() == Some(UNKNOWN_DOCUMENT_TYPE) => {
            Exit::InvalidUsage
        }
        JobError::SourceFailed { .. } => Exit::InvalidUsage,
        JobError::Refused { .. } | JobError::Exhausted { .. } => Exit::ServiceUnavailable,
        // The last poll failed; if the service never did better, it is not the document.
        JobError::Deadline {
            last: Some(LastPoll::Failed(_)),
            ..
        } => Exit::ServiceUnavailable,
        _ => Exit::DocumentFailed,
    }
}

fn job_advice(error: &JobError) -> &'static str {
    match error {
        JobError::Failed { .. } => FIX_DOCUMENT,
        JobError::Expired { .. } => SUBMIT_AGAIN,
        JobError::NotFound { .. } => "check the key and the base URL",
        JobError::Refused { error, .. } => {
            match error.http_status().map(|status| status.as_u16()) {
                Some(401 | 403) => CHECK_KEY,
                Some(404) if error.code() != Some(UNKNOWN_DOCUMENT_TYPE) => "check the base URL",
                Some(413) => "make the document smaller",
                Some(300..=399) => "use the address it redirects to as --base-url",
                _ => "check the document type and the document",
            }
        }
        JobError::TooLarge { .. } => REPORT_BUG,
        JobError::Unreadable { .. } => REPORT_RAW,
        JobError::Exhausted { failed: None, .. } => {
            "wait longer with --deadline, and try again: nothing was submitted"
        }
        JobError::Exhausted { .. } => {
            "check the base URL and the network, and try again: nothing was submitted"
        }
        JobError::SubmitUnknown { .. } => CHECK_SUBMIT,
        JobError::SourceFailed { .. } => {
            "do not change the file while it is sent, and try again: nothing was submitted"
        }
        _ => "try again",
    }
}

fn job_status(error: &JobError) -> &'static str {
    match error {
        JobError::Failed { .. } => "ERROR",
        JobError::Expired { .. } => "EXPIRED",
        JobError::NotFound { .. } => "NOT_FOUND",
        JobError::Refused { .. } => "REFUSED",
        JobError::TooLarge { .. } => "TOO_LARGE",
        JobError::Unreadable { .. } => "UNREADABLE",
        JobError::Deadline { .. } => "DEADLINE",
        JobError::Exhausted { .. } => "NOT_SUBMITTED",
        JobError::SubmitUnknown { .. } => "SUBMIT_UNKNOWN",
        JobError::SourceFailed { .. } => "SOURCE_FAILED",
        _ => "ABANDONED",
    }
}

//! Why there is no result: for people a sentence with what to do, for programs a word.

use std::borrow::Cow;

use typless::machine::{CallError, DrainError, JobError, Ticket};
use typless::wire::{DecodeError, ServiceError};

use crate::exit::Exit;
use crate::failure::CHECK_KEY;

/// Why there is no result.
pub(crate) struct Problem {
    /// The service's status, or for an end that is ours its name in the same style.
    pub(super) status: &'static str,
    pub(super) exit: Exit,
    /// What happened.
    pub(super) sentence: String,
    /// What to do about it.
    pub(super) advice: Cow<'static, str>,
    /// What the service said, where it said something.
    pub(super) said: Option<ServiceError>,
    /// What to go on with, where that is possible.
    pub(super) ticket: Option<Ticket>,
}

/// The emulator's code for a document type it does not know; the service's own is not documented.
const UNKNOWN_DOCUMENT_TYPE: &str = "document_type_not_found";

const SUBMIT_AGAIN: &str = "submit the document again";
const MEND: &str = "mend the document and submit it again";
const REPORT: &str = "keep the ticket, and report this to the makers of typless";

impl Problem {
    /// How a job ended.
    pub(crate) fn of_job(error: &JobError) -> Self {
        let (status, exit) = (status_of_job(error), exit_of_job(error));
        let sentence = error.to_string();
        let advice = match error {
            JobError::Deadline { ticket, .. } => format!(
                "wait longer with --deadline, or poll it later: typless get {}",
                ticket.extraction_id()
            )
            .into(),
            error => advice_for_job(error).into(),
        };
        Self {
            status,
            exit,
            sentence,
            advice,
            said: error.service_error().cloned(),
            ticket: error.ticket().cloned(),
        }
    }

    /// How a poll by hand ended without an answer.
    pub(crate) fn for_poll(error: CallError) -> Self {
        let sentence = error.to_string();
        let (status, exit, advice) = match &error {
            CallError::Refused(error) => match error.http_status().map(|status| status.as_u16()) {
                Some(401 | 403) => ("REFUSED", Exit::NoService, CHECK_KEY),
                Some(404) => (
                    "NOT_FOUND",
                    Exit::DocumentFailed,
                    "check the id, the key and the base URL",
                ),
                // Of such a request nothing can be wrong but the id.
                Some(400 | 422) => ("REFUSED", Exit::DocumentFailed, "check the id"),
                _ => ("REFUSED", Exit::NoService, "check the base URL"),
            },
            CallError::TooLarge { .. } => (
                "TOO_LARGE",
                Exit::DocumentFailed,
                "report this to the makers of typless",
            ),
            _ => (
                "NO_ANSWER",
                Exit::NoService,
                "check the base URL and the network, and call again",
            ),
        };
        let said = if let CallError::Refused(error) = error {
            Some(error)
        } else {
            None
        };
        Self {
            status,
            exit,
            sentence,
            advice: advice.into(),
            said,
            ticket: None,
        }
    }

    /// Why a listed extraction brings no result.
    pub(crate) fn of_drain(error: &DrainError) -> Self {
        let (status, advice) = match error {
            DrainError::Failed { error } => return Self::failed(Some(error)),
            DrainError::Expired => return Self::expired(),
            DrainError::Unreadable { error } => return Self::unreadable(error),
            DrainError::NotFound { .. } => ("NOT_FOUND", "check the key and the base URL"),
            DrainError::Refused { .. } => ("REFUSED", "check the base URL"),
            DrainError::TooLarge { .. } => (
                "TOO_LARGE",
                "keep the id, and report this to the makers of typless",
            ),
            DrainError::Unfinished { .. } => ("IN_PROGRESS", "call again later"),
            _ => ("NO_ANSWER", "check the network, and call again"),
        };
        let said = match error {
            DrainError::NotFound { error } | DrainError::Refused { error } => Some(error.clone()),
            _ => None,
        };
        Self {
            said,
            ..Self::found(status, error.to_string(), advice)
        }
    }

    /// The service could not process the document.
    pub(crate) fn failed(error: Option<&ServiceError>) -> Self {
        let explanation = error.map_or_else(
            || "the service gave no explanation".to_owned(),
            ToString::to_string,
        );
        Self {
            said: error.cloned(),
            ..Self::found(
                "ERROR",
                format!("the service could not process the document: {explanation}"),
                MEND,
            )
        }
    }

    /// The result is there no more.
    pub(crate) fn expired() -> Self {
        Self::found(
            "EXPIRED",
            "the result expired: it was not fetched within 48 hours and is deleted".to_owned(),
            SUBMIT_AGAIN,
        )
    }

    /// The result can't be read.
    pub(crate) fn unreadable(error: &DecodeError) -> Self {
        Self::found(
            "UNREADABLE",
            format!("the extraction succeeded, but {error}"),
            "keep the id, and report this to the makers of typless",
        )
    }

    /// The answer is JSON, and not that of the service.
    pub(crate) fn no_status() -> Self {
        let problem = Self::found(
            "NO_ANSWER",
            "the answer names no status".to_owned(),
            "check the base URL",
        );
        Self {
            exit: Exit::NoService,
            ..problem
        }
    }

    fn found(status: &'static str, sentence: String, advice: &'static str) -> Self {
        Self {
            status,
            exit: Exit::DocumentFailed,
            sentence,
            advice: advice.into(),
            said: None,
            ticket: None,
        }
    }
}

fn exit_of_job(error: &JobError) -> Exit {
    match error {
        JobError::Refused { error, .. } if error.code() == Some(UNKNOWN_DOCUMENT_TYPE) => {
            Exit::WrongCall
        }
        JobError::SourceFailed { .. } => Exit::WrongCall,
        JobError::Refused { .. } | JobError::Exhausted { .. } => Exit::NoService,
        _ => Exit::DocumentFailed,
    }
}

fn advice_for_job(error: &JobError) -> &'static str {
    match error {
        JobError::Failed { .. } => MEND,
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
        JobError::TooLarge { .. } | JobError::Unreadable { .. } => REPORT,
        JobError::Exhausted { cause: None, .. } => {
            "wait longer with --deadline, and call again: nothing was submitted"
        }
        JobError::Exhausted { .. } => {
            "check the base URL and the network, and call again: nothing was submitted"
        }
        JobError::SubmitUnknown { .. } => {
            "poll the service whether the document arrived before you submit it again: it may be billed"
        }
        JobError::SourceFailed { .. } => {
            "leave the file alone while it is sent, and call again: nothing was submitted"
        }
        _ => "call again",
    }
}

fn status_of_job(error: &JobError) -> &'static str {
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
